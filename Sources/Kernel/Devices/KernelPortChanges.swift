import DriverKit
import Foundations
import Logging
import Machine
import PCI
import PCIPortDriver
import Scheduler
import Synchronization
import Time

/// What follows when slots of PCI Express ports are filled and emptied.
final class KernelPortChanges: PortChanges {
  private static let nativeControl = Atomic<Bool>(false)

  /// Says that firmware has granted control of slots.
  static func grant() { nativeControl.store(true, ordering: .releasing) }

  /// Whether it has.
  static var isGranted: Bool { nativeControl.load(ordering: .acquiring) }

  override var ownsSlots: Bool { Self.isGranted }

  override func filled(_ port: PCIFunction) -> DeviceChange { BusScan(port.address.segment, port.secondaryBus) }

  override func emptying(_ port: PCIFunction) -> DeviceChange { BusRelease(port, isGone: false) }

  override func emptied(_ port: PCIFunction) -> DeviceChange { BusRelease(port, isGone: true) }
}

/// Looks at a bus again: functions that are gone are removed, new ones added.
final class BusScan: DeviceChange {
  private let segment: UInt16
  private let bus: UInt8

  init(_ segment: UInt16, _ bus: UInt8) {
    (self.segment, self.bus) = (segment, bus)
    super.init()
  }

  override func run() {
    // Drivers of what is gone end first: what comes may get its addresses.
    PCIDevices.removeMissing(from: bus, segment)
    var found = GrowableArray<PCIFunction>()
    var lost = GrowableArray<PCIAddress>()
    var isOut = false
    do throws(Errno) {
      _ = try PCISystem.change { (hierarchy: inout PCIHierarchy) throws(Errno) in
        try hierarchy.rescan(bus: bus, segment: segment, delay: Self.wait) { change in
          do throws(Errno) {
            switch change {
            case .added(let function): try found.append(function)
            case .removed(let function): try lost.append(function.address)
            }
          } catch { isOut = true }
        }
      }
    } catch {
      KernelLog.add(.error, .pci, "bus \(bus) cannot be looked at: error \(error.rawValue)")
    }
    if isOut { KernelLog.add(.error, .pci, "there is no memory for all that has changed on bus \(bus)") }
    for index in 0..<lost.count { PCIDevices.remove(at: lost[index], isGone: true) }
    for index in 0..<found.count { PCIDevices.add(found[index]) }
  }

  private static func wait(milliseconds: Int) {
    try? Scheduler.sleep(nanoseconds: UInt64(max(0, milliseconds)) * 1_000_000)
  }
}

/// Removes all behind a port.
final class BusRelease: DeviceChange {
  private let port: PCIFunction
  private let isGone: Bool

  init(_ port: PCIFunction, isGone: Bool) {
    (self.port, self.isGone) = (port, isGone)
    super.init()
  }

  override func run() {
    PCIDevices.remove(behind: port, isGone: isGone)
    guard isGone else { return }
    do throws(Errno) {
      _ = try PCISystem.change { (hierarchy: inout PCIHierarchy) throws(Errno) in
        hierarchy.removeAll(behind: port.address) { _ in }
      }
    } catch {
      KernelLog.add(.error, .pci, "what was behind a port is still known: error \(error.rawValue)")
    }
  }
}

/// Removes all functions of a device, which firmware is about to take out.
final class DeviceRelease: DeviceChange {
  private let address: PCIAddress

  init(_ address: PCIAddress) {
    self.address = address
    super.init()
  }

  override func run() {
    for function in UInt8(0)..<8 {
      PCIDevices.remove(
        at: PCIAddress(segment: address.segment, bus: address.bus, device: address.device, function: function),
        isGone: false)
    }
    do throws(Errno) {
      _ = try PCISystem.change { (hierarchy: inout PCIHierarchy) throws(Errno) in
        hierarchy.removeDevice(address) { _ in }
      }
    } catch {
      KernelLog.add(.error, .pci, "a device that goes is still known: error \(error.rawValue)")
    }
  }
}

/// PCI functions as devices of the tree.
///
/// Context: the tree's thread.
enum PCIDevices {
  static func add(_ function: PCIFunction) {
    var line = Message()
    function.writeListing(to: &line)
    KernelLog.add(.info, .pci, line)
    do throws(Errno) { try DeviceTree.add(KernelDevices.node(for: function)) } catch {
      KernelLog.add(.error, .pci, "a function that came cannot be added: error \(error.rawValue)")
    }
  }

  static func find(_ address: PCIAddress) -> DeviceNode? {
    var found: DeviceNode?
    DeviceTree.forEach { if $0.function?.address == address { found = $0 } }
    return found
  }

  static func remove(at address: PCIAddress, isGone: Bool) {
    if let device = find(address) { DeviceTree.remove(device, isGone: isGone) }
  }

  static func remove(behind port: PCIFunction, isGone: Bool) {
    guard port.secondaryBus != 0 else { return }
    let buses = port.secondaryBus...max(port.secondaryBus, port.subordinateBus)
    while let device = first(on: buses, port.address.segment) { DeviceTree.remove(device, isGone: isGone) }
  }

  /// Removes the functions of a bus that are gone or are others now, and all behind them.
  static func removeMissing(from bus: UInt8, _ segment: UInt16) {
    while let function = missing(on: bus, segment) {
      remove(at: function.address, isGone: true)
      forget(function.address)
    }
  }

  /// Has the function not known any more, nor those behind it: a scan finds it as a new one.
  static func forget(_ address: PCIAddress) {
    do throws(Errno) {
      _ = try PCISystem.change { (hierarchy: inout PCIHierarchy) throws(Errno) in
        hierarchy.remove(address) { _ in }
      }
    } catch {
      KernelLog.add(.error, .pci, "a function that was removed is still known: error \(error.rawValue)")
    }
  }

  private static func missing(on bus: UInt8, _ segment: UInt16) -> PCIFunction? {
    var found: PCIFunction?
    DeviceTree.forEach { device in
      guard found == nil, let function = device.function, function.address.bus == bus else { return }
      if function.address.segment == segment, !function.isPresent { found = function }
    }
    return found
  }

  private static func first(on buses: ClosedRange<UInt8>, _ segment: UInt16) -> DeviceNode? {
    var found: DeviceNode?
    DeviceTree.forEach { device in
      guard found == nil, let address = device.function?.address, address.segment == segment else { return }
      if buses.contains(address.bus) { found = device }
    }
    return found
  }
}
