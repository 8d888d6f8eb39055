import DriverKit
import Foundations
import Machine
import SystemFileSystem

/// What programs ask of devices that are not PCI's and their drivers, through /sys, done by the tree of devices.
final class KernelBusControl: BusControl {
  private static let patience: UInt64 = 60_000_000_000

  private static func bus(_ name: StaticString) throws(Errno) -> DeviceBus {
    let text: Message = "\(name.description)"
    guard let bus = DeviceBus(name: text.bytes) else { throw .ENODEV }
    return bus
  }

  private static func device(_ name: Span<UInt8>, on bus: StaticString) throws(Errno) -> DeviceNode {
    guard let device = DeviceTree.find(try Self.bus(bus), name) else { throw .ENODEV }
    return device
  }

  private static func type(_ driver: StaticString, on bus: StaticString) throws(Errno) -> DriverType {
    let text: Message = "\(driver.description)"
    guard let type = DeviceTree.findType(try Self.bus(bus), text.bytes) else { throw .ENODEV }
    return type
  }

  override func bind(_ name: Span<UInt8>, on bus: StaticString, to driver: StaticString) throws(Errno) {
    let (device, type) = (try Self.device(name, on: bus), try Self.type(driver, on: bus))
    try DeviceTree.attach(device, type, timeoutNanoseconds: Self.patience)
  }

  override func unbind(_ name: Span<UInt8>, on bus: StaticString, from driver: StaticString) throws(Errno) {
    let (device, type) = (try Self.device(name, on: bus), try Self.type(driver, on: bus))
    guard device.driver === type else { throw .ENODEV }
    try DeviceTree.unbind(device)
  }

  override func probe(_ name: Span<UInt8>, on bus: StaticString) throws(Errno) {
    try Self.probe(try Self.device(name, on: bus), timeoutNanoseconds: Self.patience)
  }

  /// Looks for a driver for a device that has none, and waits until it works or does not: neither is an error, as on Linux.
  static func probe(_ device: DeviceNode, timeoutNanoseconds: UInt64) throws(Errno) {
    do throws(Errno) { try DeviceTree.bindBest(device) } catch {
      guard error == .ENODEV || error == .EBUSY else { throw error }
      return
    }
    _ = DeviceTree.settle(device, timeoutNanoseconds: timeoutNanoseconds)
  }

  override func bindsByItself(on bus: StaticString) -> Bool {
    do throws(Errno) { return DeviceTree.bindsByItself(try Self.bus(bus)) } catch { return true }
  }

  override func setBindsByItself(_ does: Bool, on bus: StaticString) throws(Errno) {
    DeviceTree.setBindsByItself(try Self.bus(bus), does)
  }
}
