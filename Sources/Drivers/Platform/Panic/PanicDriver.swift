import DeviceFiles
public import DriverKit
public import Foundations
import Logging
import Machine
import PCI
import SyntheticFiles

/// A channel to the register of a panic device, wherever that is.
final class RegisterPanicChannel<Space: RegisterSpace & ~Copyable>: PanicChannel {
  private let registers: PanicDeviceRegisters<Space>

  init(_ space: consuming Space, address: UInt64) {
    registers = PanicDeviceRegisters(space)
    super.init(address: address)
  }

  override func readKnown() -> UInt8 { registers.events.rawValue }

  override func send(_ events: PanicEvents) { registers.events = PanicDevice.Events(rawValue: events.rawValue) }
}

/// The driver of QEMU's panic device on ISA, which firmware describes. Source: QEMU, docs/specs/pvpanic.rst.
public final class PanicPortDriverType: DriverType {
  /// Creates the type.
  public init() { super.init(PlatformDriver.panicPort.linuxName, .platform) }

  public override func matches(_ device: DeviceNode) -> Bool { device.platformDriver == .panicPort }

  public override func makeDriver(for device: DeviceNode) throws(Errno) -> Driver {
    guard let ports = device.firmware.flatMap({ PlatformDriver.panicPort.ports(of: $0) }) else { throw .ENODEV }
    return PanicDriver(.port(ports.first))
  }
}

/// The driver of QEMU's panic device on PCI.
public final class PanicFunctionDriverType: DriverType {
  /// Creates the type.
  public init() { super.init("pvpanic-pci", .pci) }

  public override func matches(_ device: DeviceNode) -> Bool { device.function?.driver == .panicDevice }

  public override func makeDriver(for device: DeviceNode) throws(Errno) -> Driver { PanicDriver(.memory) }
}

/// A panic device: it is found, tested, and left to `PanicReports`.
final class PanicDriver: Driver {
  enum Place: Equatable {
    case port(UInt16)
    case memory
  }

  let place: Place
  private var channel: PanicChannel?

  init(_ place: Place) {
    self.place = place
    super.init()
  }

  override func start(_ context: DriverContext) throws(Errno) {
    // The kernel's, for the moment when it fails.
    let channel = try context.outside { () throws(Errno) in try findChannel(context) }
    try channel.activate()
    self.channel = channel
    try context.outside { () throws(Errno) in
      _ = try context.publish { () throws(Errno) in PanicPublication(channel) }
      try AttributesPublication(context.device, PanicAttributes(channel)).publish(through: context)
    }
    context.log(.info, "the host is told of failures \(hex: channel.capability.rawValue)")
  }

  private func findChannel(_ context: DriverContext) throws(Errno) -> PanicChannel {
    switch place {
    case .port(let port):
      // The kernel keeps the port for the moment when it fails.
      if let channel = PanicReports.find(UInt64(port)) { return channel }
      let channel = RegisterPanicChannel(
        try context.claimPorts(port, count: PanicDevice.length), address: UInt64(port))
      try Containment.outside { () throws(Errno) in try PanicReports.add(channel) }
      return channel
    case .memory:
      try context.enable(isMaster: false)
      guard let range = context.device.function?[.bar0].range else { throw .ENODEV }
      if let channel = PanicReports.find(range.lowerBound) { return channel }
      let channel = RegisterPanicChannel(try context.mapRegisters(.bar0), address: range.lowerBound)
      try Containment.outside { () throws(Errno) in try PanicReports.add(channel) }
      return channel
    }
  }

  override func health(_ context: DriverContext) -> DriverHealth {
    guard let channel else { return .failed }
    // It answers as it did when it was found, or it is not there.
    return channel.readKnown() & 7 == channel.capability.rawValue ? .good : .failed
  }
}

/// The use of a panic device, which ends with its driver.
final class PanicPublication: Publication {
  private let channel: PanicChannel

  init(_ channel: PanicChannel) {
    self.channel = channel
    super.init()
  }

  override func withdraw() { channel.deactivate() }

  // A failure while the driver is replaced is told, too.
  override func continues(as successor: Publication) -> Bool {
    (successor as? PanicPublication)?.channel === channel
  }
}

/// What the device tells of itself in /sys. Source: Linux Documentation/ABI/testing/sysfs-bus-pci-devices-pvpanic.
final class PanicAttributes: DeviceAttributes {
  private let channel: PanicChannel

  init(_ channel: PanicChannel) {
    self.channel = channel
    super.init()
  }

  override func add(to directory: SyntheticDirectory) throws(Errno) {
    try directory.add("capability") { [channel] text in
      text.write(hex: UInt64(channel.capability.rawValue), width: 1)
      text.write("\n")
    }
    try directory.add(
      "events", permissions: 0o644,
      { [channel] text in
        text.write(hex: UInt64(channel.events.rawValue), width: 1)
        text.write("\n")
      }, accepts: { [channel] (text: Span<UInt8>) throws(Errno) in channel.events = try Self.events(text, channel) })
  }

  override func remove(from directory: SyntheticDirectory) {
    let (capability, events): (Message, Message) = ("capability", "events")
    directory.remove(capability.bytes)
    directory.remove(events.bytes)
  }

  override func isSame(as other: DeviceAttributes) -> Bool { (other as? PanicAttributes)?.channel === channel }

  /// The events that `text` names, one hexadecimal digit.
  ///
  /// - Throws: `EINVAL` for anything else, and for events that the device does not know.
  static func events(_ text: Span<UInt8>, _ channel: PanicChannel) throws(Errno) -> PanicEvents {
    let isPrefixed = text.starts(with: "0x")
    let start = isPrefixed ? 2 : 0
    guard text.count == start + 1 || text.count == start + 2 && text[start + 1] == 0x0a else { throw .EINVAL }
    guard (0x30...0x37).contains(text[start]) else { throw .EINVAL }
    let events = PanicEvents(rawValue: text[start] - 0x30)
    guard channel.capability.isSuperset(of: events) else { throw .EINVAL }
    return events
  }
}
