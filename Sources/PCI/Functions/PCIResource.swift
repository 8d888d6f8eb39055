/// One of the places where a function keeps a range of addresses.
public enum PCIResourceSlot: Int, CaseIterable, Sendable {
  case bar0, bar1, bar2, bar3, bar4, bar5
  /// The expansion ROM.
  case rom
  /// The ports that a bridge forwards.
  case portWindow
  /// The memory that a bridge forwards; below 4 GiB.
  case memoryWindow
  /// The prefetchable memory that a bridge forwards.
  case prefetchableWindow

  /// How many there are.
  public static var count: Int { 10 }
}

/// A range of ports or memory to which a function answers, or which a bridge forwards.
///
/// Invariant: when it is assigned, `base` is a multiple of `alignment` and the range does not pass the end of its space.
public struct PCIResource: Equatable, Sendable {
  /// What the addresses are.
  public enum Kind: UInt8, Sendable {
    /// The slot is empty.
    case none
    case ports
    case memory
    /// Memory whose reads have no side effects.
    case prefetchable
  }

  /// What the addresses are.
  public internal(set) var kind: Kind = .none
  /// Whether the addresses have 64 bits.
  public internal(set) var is64Bit = false
  /// Whether it has an address.
  public internal(set) var isAssigned = false
  /// The first address, when it is assigned.
  public internal(set) var base: UInt64 = 0
  /// How many addresses there are; 0 for a window that forwards nothing.
  public internal(set) var size: UInt64 = 0
  /// What the first address is a multiple of; a power of two.
  public internal(set) var alignment: UInt64 = 1

  /// An empty slot.
  public init() {}

  /// The addresses; nil when it has none.
  public var range: Range<UInt64>? {
    guard isAssigned, kind != .none, size > 0 else { return nil }
    return base..<(base &+ size)
  }

  /// The highest address that it can have. The CPU has no ports above 64 KiB, whatever a bus has.
  var limit: UInt64 { kind == .ports ? 0xffff : is64Bit ? .max >> 1 : UInt64(UInt32.max) }

  /// Gives it `base`, if that is an address that it can have.
  ///
  /// - Returns: Whether it is.
  mutating func assign(_ base: UInt64) -> Bool {
    isAssigned = size > 0 && base & (alignment - 1) == 0 && base <= limit && size - 1 <= limit - base
    self.base = isAssigned ? base : 0
    return isAssigned
  }

  /// Takes its address away.
  mutating func unassign() {
    isAssigned = false
    base = 0
  }
}
