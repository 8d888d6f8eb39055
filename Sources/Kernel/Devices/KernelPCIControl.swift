import DriverKit
import Foundations
import Machine
import PCI
import PCIPortDriver
import Time

/// What programs ask for of PCI functions, through /sys, done by the tree of devices.
final class KernelPCIControl: PCIControl {
  private static let patience: UInt64 = 60_000_000_000

  private static func device(_ address: PCIAddress) throws(Errno) -> DeviceNode {
    guard let device = PCIDevices.find(address) else { throw .ENODEV }
    return device
  }

  private static func type(_ name: StaticString) throws(Errno) -> DriverType {
    let text: Message = "\(name.description)"
    guard let type = DeviceTree.findType(.pci, text.bytes) else { throw .ENODEV }
    return type
  }

  override func bind(_ address: PCIAddress, to driver: StaticString) throws(Errno) {
    let (device, type) = (try Self.device(address), try Self.type(driver))
    try DeviceTree.attach(device, type, timeoutNanoseconds: Self.patience)
  }

  override func unbind(_ address: PCIAddress, from driver: StaticString) throws(Errno) {
    let (device, type) = (try Self.device(address), try Self.type(driver))
    guard device.driver === type else { throw .ENODEV }
    try DeviceTree.unbind(device)
  }

  override func probe(_ address: PCIAddress) throws(Errno) {
    try KernelBusControl.probe(try Self.device(address), timeoutNanoseconds: Self.patience)
  }

  override var bindsByItself: Bool { DeviceTree.bindsByItself(.pci) }

  override func setBindsByItself(_ does: Bool) throws(Errno) { DeviceTree.setBindsByItself(.pci, does) }

  override func add(_ identity: PCIDynamicIdentity, to driver: StaticString) throws(Errno) {
    let type = try Self.type(driver)
    if !identity.isComplete {
      guard !Self.isSpecified(identity, for: type), !type.identities.covers(identity) else { throw .EEXIST }
    }
    try type.identities.add(identity)
    DeviceTree.attachAll(to: type, timeoutNanoseconds: Self.patience)
  }

  private static func isSpecified(_ identity: PCIDynamicIdentity, for type: DriverType) -> Bool {
    guard let driver = identity.specifiedDriver else { return false }
    let name: Message = "\(driver.linuxName.description)"
    return name.bytes.isEqual(to: type.name.description)
  }

  override func remove(_ identity: PCIDynamicIdentity, from driver: StaticString) throws(Errno) {
    try Self.type(driver).identities.remove(identity)
  }

  override func remove(_ address: PCIAddress) throws(Errno) {
    _ = try Self.device(address)
    guard DeviceTree.perform(FunctionRemoval(address), timeoutNanoseconds: Self.patience) else { throw .EBUSY }
  }

  override func rescan(bus: PCIAddress?) throws(Errno) {
    if let bus {
      guard DeviceTree.perform(BusScan(bus.segment, bus.bus), timeoutNanoseconds: Self.patience) else { throw .EBUSY }
      return
    }
    // A bus that appears meanwhile has been looked at when it did.
    var buses = GrowableArray<PCIAddress>()
    var root = 0
    while let bus = PCISystem.rootBus(root) {
      try buses.append(bus)
      root += 1
    }
    var last: PCIAddress?
    while let function = PCISystem.function(after: last) {
      last = function.address
      guard function.secondaryBus != 0 else { continue }
      try buses.append(PCIAddress(segment: function.address.segment, bus: function.secondaryBus, place: 0))
    }
    for index in 0..<buses.count { try rescan(bus: buses[index]) }
  }

  override func reset(_ address: PCIAddress) throws(Errno) { try DeviceTree.order(.reset, try Self.device(address)) }

  override func setSlotPower(_ port: PCIAddress, isOn: Bool) throws(Errno) {
    try Self.perform(SlotRequest(isOn ? .turnOn : .turnOff), try Self.device(port))
  }

  override func setSlotAttention(_ port: PCIAddress, _ indicator: PCIExpress.Indicator) throws(Errno) {
    try Self.perform(SlotRequest(.showAttention(indicator)), try Self.device(port))
  }

  private static func perform(_ request: SlotRequest, _ port: DeviceNode) throws(Errno) {
    try port.submit(request)
    _ = try request.wait(until: Clock.nanoseconds &+ patience)
  }

  override var ownsPortSlots: Bool { KernelPortChanges.isGranted }

  override func addressBits(of address: PCIAddress) -> Int { 64 }
}

/// Removes one function and all behind it, as a program has asked for.
private final class FunctionRemoval: DeviceChange {
  private let address: PCIAddress

  init(_ address: PCIAddress) {
    self.address = address
    super.init()
  }

  override func run() {
    PCIDevices.remove(at: address, isGone: false)
    PCIDevices.forget(address)
  }
}
