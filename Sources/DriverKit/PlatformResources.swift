/// What a device of the platform uses: ports, memory, interrupts. Source: ACPI 6.5, section 6.4.
public struct PlatformResources: Sendable {
  /// A range of ports.
  public struct Ports: Equatable, Sendable {
    /// The first.
    public var first: UInt16
    /// How many, 1 or more; `first + count` is at most 0x10000.
    public var count: Int

    /// The range; nil when it is empty or passes port 0xffff.
    public init?(first: UInt64, count: UInt64) {
      guard first <= 0xffff, count > 0, count <= 0x1_0000 - first else { return nil }
      (self.first, self.count) = (UInt16(truncatingIfNeeded: first), Int(truncatingIfNeeded: count))
    }
  }

  /// An interrupt line.
  public struct Interrupt: Equatable, Sendable {
    /// The global system interrupt, or the line of ISA when `isISA`.
    public var number: UInt32
    /// Whether it is one of the 16 lines of ISA, which the wiring may take elsewhere.
    public var isISA: Bool
    /// Whether it lasts until the device is served; of ISA's lines the wiring knows that.
    public var isLevelTriggered: Bool
    /// Whether the line is low while it lasts.
    public var isActiveLow: Bool

    /// Describes a line.
    public init(number: UInt32, isISA: Bool, isLevelTriggered: Bool = false, isActiveLow: Bool = false) {
      (self.number, self.isISA) = (number, isISA)
      (self.isLevelTriggered, self.isActiveLow) = (isLevelTriggered, isActiveLow)
    }
  }

  /// How many of each kind are kept; devices of the platform have fewer.
  public static let capacity = 8

  private var portList = InlineArray<8, Ports?>(repeating: nil)
  private var interruptList = InlineArray<8, Interrupt?>(repeating: nil)
  private var memoryList = InlineArray<8, Range<UInt64>?>(repeating: nil)
  /// How many ranges of ports there are.
  public private(set) var portCount = 0
  /// How many interrupts there are.
  public private(set) var interruptCount = 0
  /// How many ranges of memory there are.
  public private(set) var memoryCount = 0

  /// Nothing.
  public init() {}

  /// Adds a range of ports; one too many is left out.
  public mutating func append(_ ports: Ports) {
    guard portCount < Self.capacity else { return }
    portList[portCount] = ports
    portCount += 1
  }

  /// Adds an interrupt; one too many is left out.
  public mutating func append(_ interrupt: Interrupt) {
    guard interruptCount < Self.capacity else { return }
    interruptList[interruptCount] = interrupt
    interruptCount += 1
  }

  /// Adds a range of physical memory; one too many, and an empty one, are left out.
  public mutating func append(memory range: Range<UInt64>) {
    guard memoryCount < Self.capacity, !range.isEmpty else { return }
    memoryList[memoryCount] = range
    memoryCount += 1
  }

  /// Range `index` of ports; nil when there are not so many.
  public func ports(_ index: Int) -> Ports? { index >= 0 && index < portCount ? portList[index] : nil }

  /// Interrupt `index`; nil when there are not so many.
  public func interrupt(_ index: Int) -> Interrupt? {
    index >= 0 && index < interruptCount ? interruptList[index] : nil
  }

  /// Range `index` of memory; nil when there are not so many.
  public func memory(_ index: Int) -> Range<UInt64>? { index >= 0 && index < memoryCount ? memoryList[index] : nil }

  /// The first range of at least `count` ports; nil when there is none.
  public func ports(count: Int) -> Ports? {
    for index in 0..<portCount {
      if let ports = portList[index], ports.count >= count { return ports }
    }
    return nil
  }

  /// The range that begins at `first`; nil when there is none.
  public func ports(from first: UInt16) -> Ports? {
    for index in 0..<portCount {
      if let ports = portList[index], ports.first == first { return ports }
    }
    return nil
  }
}
