import Foundations

/// Interrupts that a device uses or could use. Source: ACPI 6.5, sections 6.4.2.1 and 6.4.3.6.
public struct ACPIInterrupts: Equatable, Sendable {
  /// More than any device has; what a descriptor lists beyond is left out.
  public static let capacity = 32

  private var numbers = InlineArray<32, UInt32>(repeating: 0)
  /// How many numbers there are.
  public private(set) var count = 0
  /// A pulse, not a level, is an interrupt.
  public var isEdgeTriggered = true
  /// The line is low when it is active.
  public var isActiveLow = false
  /// Other devices may use the same line.
  public var isShared = false
  /// It can wake the machine.
  public var isWakeCapable = false
  /// They came in the long form, which can name any global system interrupt, not just the first 16.
  public var isExtended = false

  init() {}

  mutating func append(_ number: UInt32) {
    guard count < Self.capacity else { return }
    numbers[count] = number
    count += 1
  }

  /// Number `index`, 0..<count.
  public subscript(index: Int) -> UInt32 { numbers[index] }

  /// Whether both list the same numbers and are wired the same.
  public static func == (left: ACPIInterrupts, right: ACPIInterrupts) -> Bool {
    guard left.count == right.count, left.isEdgeTriggered == right.isEdgeTriggered,
      left.isActiveLow == right.isActiveLow, left.isShared == right.isShared,
      left.isWakeCapable == right.isWakeCapable, left.isExtended == right.isExtended
    else { return false }
    for index in 0..<left.count where left[index] != right[index] { return false }
    return true
  }
}

/// A range that a device uses, or a place it can be moved to.
public struct ACPIRange: Equatable, Sendable {
  /// The lowest address it may begin at.
  public var minimum: UInt64
  /// The highest address it may begin at.
  public var maximum: UInt64
  /// What its start must be a multiple of; zero and one for no restriction.
  public var alignment: UInt64
  /// Its length in bytes or ports.
  public var length: UInt64

  /// Creates a range.
  public init(minimum: UInt64, maximum: UInt64, alignment: UInt64, length: UInt64) {
    self.minimum = minimum
    self.maximum = maximum
    self.alignment = alignment
    self.length = length
  }
}

/// A window of a bus: what a bridge passes on, or a device uses. Source: ACPI 6.5, section 6.4.3.5.
public struct ACPIWindow: Equatable, Sendable {
  /// What the addresses are.
  public enum Kind: Equatable, Sendable {
    /// Memory.
    case memory(isWritable: Bool, isPrefetchable: Bool)
    /// Ports; `isTranslated` when they lie in memory on the other side.
    case ports(isTranslated: Bool)
    /// Bus numbers.
    case buses
    /// A vendor's own.
    case other(UInt8)
  }

  /// What the addresses are.
  public var kind: Kind
  /// The device uses it itself and passes nothing on.
  public var isConsumer: Bool
  /// The device passes on everything but this.
  public var isSubtractive: Bool
  /// `minimum` cannot be changed.
  public var isMinimumFixed: Bool
  /// `maximum` cannot be changed.
  public var isMaximumFixed: Bool
  /// One less than a power of two: what both ends are aligned to.
  public var granularity: UInt64
  /// The first address on the device's own side.
  public var minimum: UInt64
  /// The last address on the device's own side.
  public var maximum: UInt64
  /// What to add to get the address on the CPU's side.
  public var translation: UInt64
  /// How many addresses.
  public var length: UInt64
}

/// One thing that a device uses or could use. Source: ACPI 6.5, section 6.4.
public enum ACPIResource: Equatable, Sendable {
  /// Interrupts.
  case interrupts(ACPIInterrupts)
  /// Channels of the 8237 as a mask; widths 0 for 8 bits, 1 for both, 2 for 16.
  case dma(channels: UInt8, width: UInt8, isBusMaster: Bool)
  /// A channel of a DMA controller.
  case fixedDMA(request: UInt16, channel: UInt16, width: UInt8)
  /// I/O ports.
  case ports(ACPIRange, decodesAllBits: Bool)
  /// Memory.
  case memory(ACPIRange, isWritable: Bool)
  /// A window of a bus.
  case window(ACPIWindow)
  /// A register somewhere.
  case register(GenericAddress)
  /// Alternatives begin; of several the firmware prefers the lowest priority number.
  case startAlternatives(priority: UInt8)
  /// Alternatives end.
  case endAlternatives
  /// What this kernel does not use: GPIO, serial buses, vendors' own. The descriptor's first byte.
  case other(UInt8)
}
