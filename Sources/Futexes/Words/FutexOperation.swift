public import Foundations

/// What FUTEX_WAKE_OP does to its second word, and when it wakes there. Source: futex(2), FUTEX_WAKE_OP.
public struct FutexWordOperation: Sendable {
  private enum Change: UInt32 { case set, add, or, andNot, exclusiveOr }
  private enum Comparison: UInt32 { case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual }

  private let change: Change
  private let operand: UInt32
  private let comparison: Comparison
  private let compared: Int32

  /// Decodes `value3` of the call.
  ///
  /// - Throws: `ENOSYS` for an operation or comparison that there is not.
  public init(_ encoded: UInt32) throws(Errno) {
    guard let change = Change(rawValue: encoded >> 28 & 7), let comparison = Comparison(rawValue: encoded >> 24 & 15)
    else { throw .ENOSYS }
    self.change = change
    self.comparison = comparison
    let operand = Self.signExtended(encoded >> 12)
    // FUTEX_OP_OPARG_SHIFT: the operand is a bit's number. Linux, too, takes it by the low five bits.
    self.operand = encoded >> 31 != 0 ? 1 << (operand & 31) : operand
    compared = Int32(bitPattern: Self.signExtended(encoded))
  }

  /// The low 12 bits as a signed number.
  private static func signExtended(_ bits: UInt32) -> UInt32 { UInt32(bitPattern: Int32(bitPattern: bits << 20) >> 20) }

  /// What the word becomes.
  func changed(_ value: UInt32) -> UInt32 {
    switch change {
    case .set: operand
    case .add: value &+ operand
    case .or: value | operand
    case .andNot: value & ~operand
    case .exclusiveOr: value ^ operand
    }
  }

  /// Whether those who wait at the second word are woken, by what it was.
  func wakes(_ old: UInt32) -> Bool {
    let old = Int32(bitPattern: old)
    return switch comparison {
    case .equal: old == compared
    case .notEqual: old != compared
    case .less: old < compared
    case .lessOrEqual: old <= compared
    case .greater: old > compared
    case .greaterOrEqual: old >= compared
    }
  }
}
