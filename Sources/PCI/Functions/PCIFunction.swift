import Foundations

/// One function of a PCI device: what it is, what it decodes, what it can do.
///
/// A value with what was read when the function was found, and the way to its configuration space. Holding one does not keep
/// the function there: once it is gone, reads give all ones.
public struct PCIFunction {
  /// Where it is.
  public let address: PCIAddress
  /// Its configuration space.
  public let space: PCIConfigurationSpace

  /// The manufacturer.
  public let vendor: UInt16
  /// The manufacturer's number for the device.
  public let device: UInt16
  /// The manufacturer of the board, 0 for none.
  public internal(set) var subsystemVendor: UInt16 = 0
  /// The number of the board.
  public internal(set) var subsystemDevice: UInt16 = 0
  /// The manufacturer's number for the revision.
  public let revision: UInt8
  /// Base class, subclass and programming interface, eight bits each.
  public let classCode: UInt32
  /// How its header is laid out.
  public let layout: PCIConfiguration.HeaderType.Layout
  /// Whether the device says that it has more functions.
  public let isMultiFunction: Bool
  /// Its interrupt pin: 1 for INTA to 4 for INTD, 0 for none.
  public let interruptPin: UInt8
  /// The line of the legacy controllers that firmware had wired the pin to when the function was found; nil for none.
  public let firmwareInterruptLine: UInt8?

  /// How many bytes of its configuration space it uses: 256, or 4096 when it has extended ones.
  public internal(set) var usedByteCount = 0
  /// Where its capabilities are in configuration space, 0 for those that it has not.
  public internal(set) var capabilities = PCICapabilityPlaces()
  var resources = InlineArray<10, PCIResource>(repeating: PCIResource())
  /// The bus behind a bridge; 0 when it is no bridge or has none.
  public internal(set) var secondaryBus: UInt8 = 0
  /// Whether it is a bridge to slots that can be filled while the system runs: it gets bus numbers and addresses for that.
  public internal(set) var isForHotPlug = false
  /// Whether it was found since addresses were given last.
  var isNew = true
  /// Of a bridge to slots: the windows that it got first, which it has again when nothing is behind it.
  var firstWindows = InlineArray<3, PCIResource>(repeating: PCIResource())
  /// Whether it decoded ports when it was found.
  var decodedPorts = false
  /// Whether it decoded memory when it was found.
  var decodedMemory = false
  /// The driver that has it, by the name that programs see; nil for none.
  public internal(set) var boundDriver: StaticString?
  /// The last bus that is reached through a bridge; 0 when it is no bridge or has none.
  public internal(set) var subordinateBus: UInt8 = 0

  /// Whether it decoded ports and memory when it was found, as the display does that the firmware has used.
  public var wasDecoded: Bool { decodedPorts && decodedMemory }
  /// Whether it leads to another bus.
  public var isBridge: Bool { layout == .bridge }
  /// What the device broadly is.
  public var baseClass: UInt8 { UInt8(truncatingIfNeeded: classCode >> 16) }
  /// The kind of device inside the base class.
  public var subclass: UInt8 { UInt8(truncatingIfNeeded: classCode >> 8) }
  /// The programming interface inside the subclass.
  public var programmingInterface: UInt8 { UInt8(truncatingIfNeeded: classCode) }

  /// Whether it still answers, as the device that was found.
  public var isPresent: Bool {
    let registers = registers
    let (vendor, device) = (registers.vendor, registers.device)
    return vendor == self.vendor && device == self.device
  }

  /// The registers of its header.
  public var registers: PCIConfigurationRegisters<PCIConfigurationSpace> { PCIConfigurationRegisters(space) }

  /// What is in one of its slots.
  public internal(set) subscript(slot: PCIResourceSlot) -> PCIResource {
    get { resources[slot.rawValue] }
    set { resources[slot.rawValue] = newValue }
  }

  /// Reads what the function at `address` is. Changes nothing.
  ///
  /// - Returns: nil when nobody answers. A function that is not ready yet (`isNotReady`) does.
  init?(_ access: any PCIConfigurationAccess, _ address: PCIAddress) {
    let space = PCIConfigurationSpace(access, address)
    let registers = PCIConfigurationRegisters(space)
    // Old boards that are not there have been seen to give zeros, on one half or both.
    let (vendor, device) = (registers.vendor, registers.device)
    guard space.count > 0, vendor != .max, vendor != 0 else { return nil }
    self.address = address
    self.space = space
    self.vendor = vendor
    self.device = device
    revision = registers.revision
    classCode =
      UInt32(registers.baseClass) << 16 | UInt32(registers.subclass) << 8 | UInt32(registers.programmingInterface)
    let header = registers.headerType
    layout = header.layout
    isMultiFunction = header.isMultiFunction
    let pin = registers.interruptPin
    interruptPin = pin <= 4 ? pin : 0
    let line = registers.interruptLine
    firmwareInterruptLine = line == .max || interruptPin == 0 ? nil : line
    capabilities = PCICapabilityPlaces(space)
    isForHotPlug = isBridge && (isHotPlugPort || space.find(.hotPlug) != nil)
    if layout == .device {
      subsystemVendor = registers.subsystemVendor
      subsystemDevice = registers.subsystemDevice
    } else if layout == .bridge, let place = space.find(PCICapability.Identifier.Kind.bridgeSubsystem) {
      let subsystem = PCIBridgeSubsystemRegisters(space.from(place))
      subsystemVendor = subsystem.vendor
      subsystemDevice = subsystem.device
    }
    usedByteCount = Self.usedByteCount(of: space, mayBeExtended: capabilities.express != 0 || classCode >> 8 == 0x0600)
  }

  /// Extended bytes are reached for every function, but those that have none answer with ones, or with their first 256 again.
  private static func usedByteCount(of space: PCIConfigurationSpace, mayBeExtended: Bool) -> Int {
    let basicCount = 0x100
    guard space.count > basicCount else { return space.count }
    guard mayBeExtended, space.read32(at: basicCount) != .max else { return basicCount }
    let first = space.read32(at: 0)
    var place = basicCount
    while place <= space.count - 4 {
      if space.read32(at: place) != first { return space.count }
      place += basicCount
    }
    return basicCount
  }

  /// Whether a function at `address` asks for patience: until it is ready it shows a vendor of 1, and ones behind it.
  ///
  /// Source: PCI Express Base Specification 4.0, section 2.3.2.
  static func isNotReady(_ access: any PCIConfigurationAccess, _ address: PCIAddress) -> Bool {
    let registers = PCIConfigurationRegisters(PCIConfigurationSpace(access, address))
    let (vendor, device) = (registers.vendor, registers.device)
    return vendor == 1 && device == .max
  }
}
