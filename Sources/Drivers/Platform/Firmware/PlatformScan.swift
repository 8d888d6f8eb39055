public import ACPI
public import DriverKit
public import Foundations
import Machine

/// What the fixed hardware has, as the FADT says. Source: ACPI 6.5, table 5.9, flags PWR_BUTTON and SLP_BUTTON.
public struct FixedButtons: Sendable {
  /// Whether there is a power button.
  public var hasPower: Bool
  /// Whether there is a sleep button.
  public var hasSleep: Bool

  /// Says which there are; a machine without ACPI has none.
  public init(hasPower: Bool = false, hasSleep: Bool = false) { (self.hasPower, self.hasSleep) = (hasPower, hasSleep) }
}

/// Makes devices of the tree from what firmware describes, and from what is taken for granted where it says nothing.
///
/// Names are Linux's: `PNP0B00:00` on the bus `acpi`, as `LNXSYSTM:00` leads to it; `00:04` on `pnp`, below `pnp0`; `pcspkr` on
/// `platform`. Source: Linux Documentation/firmware-guide/acpi/namespace.rst and Documentation/ABI/testing/sysfs-bus-acpi.
///
/// - Context: a thread; who uses it says where what it makes is added.
public final class PlatformScan {
  /// A device of the namespace that has been added.
  private struct Known {
    let node: AMLNode
    let device: DeviceNode
  }

  private struct Family: Sendable {
    let identifier: HardwareIdentifier
    var count: UInt64
  }

  private let publish: (DeviceNode) throws(Errno) -> Void
  private var top: DeviceNode?
  private var known = GrowableArray<Known>()
  private var families = GrowableArray<Family>()
  private var plugAndPlay: DeviceNode?
  private var platform: DeviceNode?
  private var plugAndPlayCount: UInt64 = 0
  /// One bit for each driver that firmware has described a device of.
  private var described: UInt64 = 0

  /// Begins.
  ///
  /// - Parameter publish: adds a device to the tree, after that below which it is.
  public init(_ publish: @escaping (DeviceNode) throws(Errno) -> Void) { self.publish = publish }

  // MARK: What firmware describes

  /// Adds all devices of the namespace that are there and say what they are.
  ///
  /// - Throws: `ENOMEM`. A device that firmware tells nonsense of is left out.
  public func addNamespace(_ interpreter: AMLInterpreter) throws(Errno) {
    let bus = try system()
    var nodes = GrowableArray<AMLNode>()
    var failure: Errno?
    do throws(AMLError) {
      try interpreter.forEachDevice { node throws(AMLError) in
        do throws(Errno) { try nodes.append(node) } catch { failure = error }
        return failure == nil
      }
    } catch {
      if error == .outOfMemory { throw .ENOMEM }
      // What was found before counts.
    }
    if let failure { throw failure }
    for index in 0..<nodes.count {
      let found: FirmwareDevice?
      do throws(AMLError) { found = try interpreter.describe(nodes[index]) } catch { throw .ENOMEM }
      guard let found else { continue }
      try add(found, nodes[index], below: parent(of: nodes[index], interpreter) ?? bus)
    }
  }

  /// The system, on which the firmware's devices hang.
  private func system() throws(Errno) -> DeviceNode {
    let system = try make("LNXSYSTM", .acpi, below: nil)
    top = system
    return try make("LNXSYBUS", .acpi, below: system)
  }

  private func make(_ name: String, _ bus: DeviceBus, below parent: DeviceNode?) throws(Errno) -> DeviceNode {
    let identifier = HardwareIdentifier(name)
    let new = DeviceNode(
      try nextName(identifier), bus, .firmware(FirmwareDevice(identifier)), below: parent)
    try publish(new)
    return new
  }

  private func parent(of node: AMLNode, _ interpreter: AMLInterpreter) -> DeviceNode? {
    var here = interpreter.parent(of: node)
    while let place = here {
      for index in 0..<known.count where known[index].node == place { return known[index].device }
      here = interpreter.parent(of: place)
    }
    return nil
  }

  private func add(
    _ found: FirmwareDevice, _ node: AMLNode, below parent: DeviceNode
  ) throws(Errno) {
    let device = DeviceNode(
      try nextName(found.identifier), .acpi, .firmware(found), below: parent, attachment: FirmwareAttachment(node))
    try publish(device)
    try known.append(Known(node: node, device: device))
    guard let driver = device.platformDriver else { return }
    described |= 1 << UInt64(driver.rawValue)
    // What every PC has is there already, whatever firmware says of its ports.
    guard driver.presence != .always else { return }
    switch driver.bus {
    case .acpi: return
    case .pnp: try addPlugAndPlay(found)
    case .platform: try publish(DeviceNode(device.name, .platform, .firmware(found), below: try platformRoot()))
    }
  }

  private func addPlugAndPlay(_ found: FirmwareDevice) throws(Errno) {
    var name: Message = "00:"
    name.write(hex: plugAndPlayCount, width: 2)
    plugAndPlayCount += 1
    try publish(DeviceNode(name, .pnp, .firmware(found), below: try plugAndPlayRoot()))
  }

  /// `PNP0B00:00`, `PNP0B00:01`, and so on.
  private func nextName(_ identifier: HardwareIdentifier) throws(Errno) -> Message {
    var number: UInt64 = 0
    var place: Int?
    for index in 0..<families.count where families[index].identifier == identifier { place = index }
    if let place {
      number = families[place].count
      families[place].count += 1
    } else {
      try families.append(Family(identifier: identifier, count: 1))
    }
    var name = Message()
    identifier.write(to: &name)
    name.write(":")
    name.write(hex: number, width: 2)
    return name
  }

  // MARK: What hangs together

  private func plugAndPlayRoot() throws(Errno) -> DeviceNode {
    if let plugAndPlay { return plugAndPlay }
    let root = try Self.root("pnp0", publish)
    plugAndPlay = root
    return root
  }

  private func platformRoot() throws(Errno) -> DeviceNode {
    if let platform { return platform }
    let root = try Self.root("platform", publish)
    platform = root
    return root
  }

  private static func root(
    _ name: StaticString, _ publish: (DeviceNode) throws(Errno) -> Void
  ) throws(Errno) -> DeviceNode {
    let root = DeviceNode("\(name.description)", .root, .platform(name))
    try publish(root)
    return root
  }

  // MARK: What is taken for granted

  /// Adds what is there though firmware does not describe it. After `addNamespace`, if that is called at all.
  ///
  /// - Throws: `ENOMEM`.
  public func addUsual(_ buttons: FixedButtons) throws(Errno) {
    for driver in PlatformDriver.allCases where isThere(driver, buttons) {
      guard let name = driver.usualName else { continue }
      switch driver.bus {
      case .acpi:
        try publish(
          DeviceNode(
            try nextName(HardwareIdentifier(code: driver.firstIdentifier)), .acpi, .firmware(driver.usualDevice),
            below: top))
      case .pnp, .platform:
        try publish(
          DeviceNode("\(name.description)", .platform, .firmware(driver.usualDevice), below: try platformRoot()))
      }
    }
  }

  private func isThere(_ driver: PlatformDriver, _ buttons: FixedButtons) -> Bool {
    switch driver.presence {
    case nil: false
    case .always: true
    case .undescribed: described & 1 << UInt64(driver.rawValue) == 0
    case .fixedPowerButton: buttons.hasPower
    case .fixedSleepButton: buttons.hasSleep
    }
  }
}

/// Which name of the namespace a device is, for who hears the firmware's notifications.
public final class FirmwareAttachment: DeviceAttachment {
  /// The name.
  public let node: AMLNode

  init(_ node: AMLNode) {
    self.node = node
    super.init()
  }
}
