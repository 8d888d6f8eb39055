import ACPI
import DriverKit
import Foundations
import Logging
import Machine
import PCI
import Synchronization
import SystemFileSystem
import Time
import Waiting

/// The slots that firmware lets devices come to and go from, and what programs want of them.
///
/// Firmware's code runs on one thread, so what programs want waits for that.
enum FirmwareSlots {
  private static let orders = SpinLock(GrowableArray<FirmwareSlotOrder>())
  private static let orderCame = Atomic<Bool>(false)

  /// Whether a program waits.
  static var hasOrder: Bool { orderCame.load(ordering: .acquiring) }

  /// What a program wants next; nil for nothing.
  static func takeOrder() -> FirmwareSlotOrder? {
    orders.withLock { orders in
      if orders.count <= 1 { orderCame.store(false, ordering: .relaxed) }
      return orders.count > 0 ? orders.remove(at: 0) : nil
    }
  }

  /// Has `order` carried out, and waits for that.
  ///
  /// - Throws: what became of it; `EINTR`, `ETIMEDOUT`, and then it may still be carried out; `ENOMEM`.
  /// - Context: a thread other than firmware's and the tree's.
  static func perform(_ order: FirmwareSlotOrder, timeoutNanoseconds: UInt64) throws(Errno) {
    try orders.withLock { orders throws(Errno) in
      try orders.append(order)
      orderCame.store(true, ordering: .releasing)
    }
    Firmware.workQueue.wake()
    _ = try order.wait(until: Clock.nanoseconds &+ timeoutNanoseconds)
  }

  /// Shows all slots that there are now in `system`; those of ports are not firmware's when the kernel controls these.
  ///
  /// - Context: the boot thread, once, before anybody else evaluates.
  static func show(in system: SystemFileSystem) {
    Firmware.withCurrent { firmware in
      do throws(AMLError) {
        var shown = GrowableArray<PCIAddress>()
        try firmware.interpreter.forEachDevice { device throws(AMLError) in
          if let slot = try firmware.interpreter.slot(of: device) { show(slot, in: system, &shown) }
          return true
        }
      } catch {
        KernelLog.add(.warning, .acpi, "firmware's slots cannot be listed: \(error.text)")
      }
    }
  }

  private static func show(_ slot: ACPISlot, in system: SystemFileSystem, _ shown: inout GrowableArray<PCIAddress>) {
    let address = PCIAddress(segment: slot.segment, bus: slot.bus, device: slot.device, function: 0)
    // The functions of a device are taken out together.
    for index in 0..<shown.count where shown[index] == address { return }
    guard !KernelPortChanges.isGranted || !isBehindSlot(address) else { return }
    do throws(Errno) {
      try shown.append(address)
      try system.addSlot(slot.number ?? UInt64(shown.count), FirmwareSlot(slot.node, address))
    } catch {
      KernelLog.add(.warning, .acpi, "a slot is not shown: error \(error.rawValue)")
    }
  }

  private static func isBehindSlot(_ address: PCIAddress) -> Bool {
    let found: Bool? = PCISystem.withHierarchy { hierarchy in
      guard let bridge = hierarchy.bridge(toBus: address.bus, segment: address.segment) else { return false }
      return hierarchy[bridge].isHotPlugPort
    }
    return found ?? false
  }
}

/// What a program wants of a slot.
final class FirmwareSlotOrder: DriverRequest {
  /// The slot's name.
  let node: AMLNode
  /// Where it is.
  let address: PCIAddress
  /// Whether what is in it is to work, or to be taken out.
  let isOn: Bool

  init(_ node: AMLNode, _ address: PCIAddress, isOn: Bool) {
    (self.node, self.address, self.isOn) = (node, address, isOn)
    super.init(isRepeatable: false)
  }
}

/// A slot as /sys shows it.
private final class FirmwareSlot: PCIFirmwareSlot {
  /// Drivers let go, and firmware waits for the device.
  private static let patience: UInt64 = 90_000_000_000

  private let node: AMLNode
  private let place: PCIAddress

  init(_ node: AMLNode, _ place: PCIAddress) {
    (self.node, self.place) = (node, place)
    super.init()
  }

  override var address: PCIAddress { place }

  override var isPowered: Bool {
    for function in UInt8(0)..<8 {
      let address = PCIAddress(
        segment: place.segment, bus: place.bus, device: place.device, function: function)
      if PCISystem.function(at: address) != nil { return true }
    }
    return false
  }

  /// What is in it is known, and has power.
  override var isOccupied: Bool { isPowered }

  override func setPower(isOn: Bool) throws(Errno) {
    try FirmwareSlots.perform(FirmwareSlotOrder(node, place, isOn: isOn), timeoutNanoseconds: Self.patience)
  }
}

extension Firmware {
  /// How long drivers may take to let go of what a program wants taken out, in nanoseconds.
  private static let slotPatience: UInt64 = 40_000_000_000

  /// Does what a program wants of a slot.
  ///
  /// - Context: the thread that evaluates; may wait.
  func serve(_ order: FirmwareSlotOrder) {
    guard !order.isOn else {
      let scan = BusScan(order.address.segment, order.address.bus)
      let isMade = DeviceTree.perform(scan, timeoutNanoseconds: Self.slotPatience)
      return order.complete(isMade ? .success(0) : .failure(.EBUSY))
    }
    guard DeviceTree.perform(DeviceRelease(order.address), timeoutNanoseconds: Self.slotPatience) else {
      return order.complete(.failure(.EBUSY))
    }
    do throws(AMLError) {
      order.complete(try interpreter.takeOut(order.node) ? .success(0) : .failure(.EIO))
    } catch {
      KernelLog.add(.warning, .acpi, "a slot is not emptied: \(error.text)")
      order.complete(.failure(.EIO))
    }
  }
}
