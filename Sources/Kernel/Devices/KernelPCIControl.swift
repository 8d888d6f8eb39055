import DriverKit
import Foundations
import Machine
import PCI

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
    guard type.matches(device) else { throw .ENODEV }
    try DeviceTree.bind(device, type)
    guard DeviceTree.settle(device, timeoutNanoseconds: Self.patience), device.state == .running else { throw .EIO }
  }

  override func unbind(_ address: PCIAddress, from driver: StaticString) throws(Errno) {
    let (device, type) = (try Self.device(address), try Self.type(driver))
    guard device.driver === type else { throw .ENODEV }
    try DeviceTree.unbind(device)
  }

  override func probe(_ address: PCIAddress) throws(Errno) {
    let device = try Self.device(address)
    do throws(Errno) { try DeviceTree.bindBest(device) } catch {
      // Without a driver it stays as it is.
      if error != .ENODEV && error != .EBUSY { throw error }
    }
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
    try buses.append(PCIAddress(bus: 0, place: 0))
    var last: PCIAddress?
    while let function = PCISystem.function(after: last) {
      last = function.address
      guard function.secondaryBus != 0 else { continue }
      try buses.append(PCIAddress(segment: function.address.segment, bus: function.secondaryBus, place: 0))
    }
    for index in 0..<buses.count { try rescan(bus: buses[index]) }
  }

  override func reset(_ address: PCIAddress) throws(Errno) { try DeviceTree.order(.reset, try Self.device(address)) }

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
    _ = try? PCISystem.change { (hierarchy: inout PCIHierarchy) throws(Errno) in
      hierarchy.remove(address) { _ in }
    }
  }
}
