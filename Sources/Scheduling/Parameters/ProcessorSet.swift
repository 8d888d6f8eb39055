/// A set of CPUs, numbers 0...63.
public struct ProcessorSet: Equatable, Sendable {
  /// A bit for each CPU.
  public var bits: UInt64

  /// Creates a set of the CPUs whose bits are set.
  @inline(__always)
  public init(bits: UInt64) { self.bits = bits }

  /// Creates a set of one CPU, 0...63.
  @inline(__always)
  public init(_ processor: Int) { bits = 1 << UInt64(processor & 63) }

  /// Every CPU.
  public static let all = ProcessorSet(bits: .max)
  /// No CPU.
  public static let none = ProcessorSet(bits: 0)

  /// Whether there is none.
  @inline(__always)
  public var isEmpty: Bool { bits == 0 }
  /// How many there are.
  public var count: Int { bits.nonzeroBitCount }
  /// The lowest number; nil when there is none.
  public var first: Int? { bits == 0 ? nil : bits.trailingZeroBitCount }

  /// Whether CPU `processor` is in it.
  @inline(__always)
  public func contains(_ processor: Int) -> Bool {
    processor >= 0 && processor < 64 && bits & 1 << UInt64(processor) != 0
  }

  /// Adds CPU `processor`, 0...63.
  public mutating func insert(_ processor: Int) { bits |= 1 << UInt64(processor & 63) }
  /// Takes CPU `processor` out.
  public mutating func remove(_ processor: Int) { bits &= ~(1 << UInt64(processor & 63)) }

  /// Takes the lowest number out; nil when there is none.
  public mutating func popFirst() -> Int? {
    guard bits != 0 else { return nil }
    let processor = bits.trailingZeroBitCount
    bits &= bits &- 1
    return processor
  }

  /// Those in both.
  @inline(__always)
  public static func & (left: ProcessorSet, right: ProcessorSet) -> ProcessorSet {
    ProcessorSet(bits: left.bits & right.bits)
  }
  /// Those in either.
  public static func | (left: ProcessorSet, right: ProcessorSet) -> ProcessorSet {
    ProcessorSet(bits: left.bits | right.bits)
  }
  /// Those in `left` only.
  public static func - (left: ProcessorSet, right: ProcessorSet) -> ProcessorSet {
    ProcessorSet(bits: left.bits & ~right.bits)
  }
}
