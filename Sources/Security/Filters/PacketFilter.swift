public import Foundations
import Machine

/// A program that decides which packets a socket receives, and how much of each. Never changes.
///
/// Source: socket(7), SO_ATTACH_FILTER; Linux Documentation/networking/filter.rst. What is beside a packet, such as its
/// device, it cannot load.
public final class PacketFilter {
  /// How many instructions a filter may have.
  public static let instructionLimit = FilterProgram.instructionLimit

  private let program: FilterProgram

  /// Checks `program`.
  ///
  /// - Throws: `EINVAL` for what is no program that ends, `ENOMEM`.
  public init(_ program: Span<RawFilterInstruction>) throws(Errno) {
    self.program = try FilterProgram(program, of: .packet)
  }

  /// How many bytes of a packet are received; 0 when it is not.
  ///
  /// - Parameters:
  ///   - count: how many bytes it has.
  ///   - byte: gives one of them, 0..<count.
  public func keptCount(of count: Int, _ byte: (Int) -> UInt8) -> Int {
    let decision = program.run(count: UInt32(clamping: count)) { offset, width in
      let start = Int(offset)
      guard start <= count - width else { return nil }
      // Numbers are in network order.
      var number: UInt32 = 0
      for index in start..<start + width { number = number << 8 | UInt32(byte(index)) }
      return number
    }
    return min(count, Int(decision))
  }
}
