import Foundations
import Machine

/// A control method. Source: ACPI 6.5, section 19.6.85.
struct AMLMethod: Sendable {
  var node: AMLNode
  /// Where its code is.
  var table: UInt32
  var start: UInt32
  var end: UInt32
  var argumentCount: UInt8
  var isSerialized: Bool
  var syncLevel: UInt8
  /// What the kernel does instead of code.
  var builtIn: BuiltIn?
  /// Held while a serialized method runs.
  var lock = AMLMutex(syncLevel: 0)

  enum BuiltIn: Sendable { case osi }
}

/// A mutex. Source: ACPI 6.5, section 19.6.87.
struct AMLMutex: Sendable {
  var syncLevel: UInt8
  /// The execution that holds it, zero for none.
  var owner: UInt32 = 0
  /// How often the owner acquired it.
  var depth: UInt32 = 0
  /// The owner's sync level before it acquired this one.
  var previousSyncLevel: UInt8 = 0
  /// `\_GL`: the lock that is shared with the firmware.
  var isGlobalLock = false
}

/// An address space. Source: ACPI 6.5, section 5.5.2.4.
public struct AMLAddressSpace: Equatable, Sendable {
  /// Its number: the predefined ones, 0x80... the vendor's.
  public var rawValue: UInt8

  /// Creates one from its number.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Physical memory.
  public static let systemMemory = AMLAddressSpace(rawValue: 0)
  /// I/O ports.
  public static let systemIO = AMLAddressSpace(rawValue: 1)
  /// Configuration space of the PCI function that the region's device is.
  public static let pciConfiguration = AMLAddressSpace(rawValue: 2)
  /// The embedded controller.
  public static let embeddedController = AMLAddressSpace(rawValue: 3)
  /// An SMBus controller.
  public static let smBus = AMLAddressSpace(rawValue: 4)
  /// The real-time clock's memory.
  public static let systemCMOS = AMLAddressSpace(rawValue: 5)
  /// A BAR of the PCI function that the region's device is.
  public static let pciBar = AMLAddressSpace(rawValue: 6)
  /// IPMI.
  public static let ipmi = AMLAddressSpace(rawValue: 7)
  /// GPIO pins.
  public static let generalPurposeIO = AMLAddressSpace(rawValue: 8)
  /// A serial bus: I2C, SPI, UART.
  public static let genericSerialBus = AMLAddressSpace(rawValue: 9)
  /// A platform communications channel.
  public static let platformCommunications = AMLAddressSpace(rawValue: 10)
  /// An ACPI table, of a data table region.
  static let table = AMLAddressSpace(rawValue: 0x7e)
}

/// A PCI function. Source: ACPI 6.5, section 6.1.1.
public struct PCIFunctionAddress: Equatable, Sendable {
  /// The segment group.
  public var segment: UInt16
  /// The bus, 0...255.
  public var bus: UInt8
  /// The device, 0...31.
  public var device: UInt8
  /// The function, 0...7.
  public var function: UInt8

  /// Creates an address.
  public init(segment: UInt16, bus: UInt8, device: UInt8, function: UInt8) {
    self.segment = segment
    self.bus = bus
    self.device = device
    self.function = function
  }
}

/// An operation region: a range of an address space. Source: ACPI 6.5, section 19.6.100.
struct AMLRegion: Sendable {
  var node: AMLNode
  var space: AMLAddressSpace
  var base: UInt64
  var length: UInt64
  /// Of a PCI region, once it is known.
  var function: PCIFunctionAddress?
  /// Of a data table region: the host's number of the table.
  var table: UInt32 = 0
  /// Whether `_REG` has told the firmware that the region can be used.
  var isConnected = false
}

/// How a field is accessed. Source: ACPI 6.5, table 19.8.
struct AMLFieldAccess: Equatable, Sendable {
  /// AccessType 0...5, of which 0 is "any".
  var type: UInt8
  var isLocked: Bool
  /// 0 keeps the other bits, 1 writes ones, 2 writes zeros.
  var update: UInt8

  init(flags: UInt8) {
    type = flags & 0xf
    isLocked = flags & 0x10 != 0
    update = flags >> 5 & 3
  }

  /// The width of one access in bytes: 1, 2, 4 or 8. "Any" is one byte, as in ACPICA.
  var width: Int {
    switch type {
    case 2: 2
    case 3: 4
    case 4: 8
    default: 1
    }
  }
}

/// A field: some bits of a region, of a buffer, or behind a bank or index register.
struct AMLField: Sendable {
  enum Storage: Equatable, Sendable {
    case region(AMLNode)
    /// Bits of a buffer or string.
    case buffer(AMLObjectIndex)
    /// Behind the value that the bank register must have.
    case bank(region: AMLNode, register: AMLNode, value: UInt64)
    case index(register: AMLNode, data: AMLNode)
  }
  var storage: Storage
  var access: AMLFieldAccess
  /// The first bit, from the start of the region or buffer.
  var bitOffset: UInt64
  var bitCount: UInt64
  /// Made by CreateField, which reads as a buffer however narrow it is.
  var isAlwaysBuffer = false

  /// Whether it is bits of a buffer.
  var isBufferField: Bool { if case .buffer = storage { true } else { false } }
}

/// A table with AML in it.
struct AMLTable: ~Copyable {
  var bytes: GrowableArray<UInt8>
  var isUnloaded = false
}

/// Definitions that names lead to by number. A number is used again after `remove`.
struct AMLDefinitionList<Definition: Sendable>: ~Copyable {
  private var items = GrowableArray<Definition?>()
  private var free = GrowableArray<UInt32>()

  /// Room for all, used or not.
  var placeCount: Int { items.count }

  mutating func add(_ item: Definition, limit: Int) throws(AMLError) -> UInt32 {
    if let place = free.popLast() {
      items[Int(place)] = item
      return place
    }
    guard items.count < limit else { throw .namespaceLimit }
    do {
      // Room for every place on the free list, so that `remove` never wants memory.
      if items.count + 1 > free.capacity { try free.reserveCapacity(max(16, items.count * 2)) }
      try items.append(item)
    } catch { throw .outOfMemory }
    return UInt32(items.count - 1)
  }

  mutating func remove(_ place: UInt32) {
    guard Int(place) < items.count, items[Int(place)] != nil else { return }
    items[Int(place)] = nil
    try? free.append(place)
  }

  /// The definition at `place`; nil when there is none.
  subscript(place: UInt32) -> Definition? {
    get { Int(place) < items.count ? items[Int(place)] : nil }
    set { if Int(place) < items.count { items[Int(place)] = newValue } }
  }
}
