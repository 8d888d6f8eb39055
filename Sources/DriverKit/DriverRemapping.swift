public import DMARemapping
import Foundations
import Interrupts
import Machine
import PCI
import Synchronization

/// The IOMMUs, for drivers: a device whose driver runs reaches what the driver shares, and nothing else.
public enum DriverRemapping {
  private static let units = BootCell<RemappingUnits>()
  private static let sources = SpinLock(GrowableArray<FaultSource>())
  private static let looks = Atomic<UInt64>(0)
  /// The watch looks so often in the time between two polls.
  private static var looksPerPoll: UInt64 { 4 }

  /// Has devices whose drivers are started from now on held by `units`, which are on, and listens to their faults. Only the first time
  /// counts.
  ///
  /// - Returns: how many units interrupt; the others are looked at once in a while.
  /// - Context: boot, when devices can have vectors, before `DeviceTree.start`.
  public static func start(_ units: RemappingUnits) -> Int {
    self.units.fill(units)
    var index = 0
    var count = 0
    while let unit = units.unit(at: index) {
      index += 1
      do throws(Errno) {
        try listen(to: unit, units)
        count += 1
      } catch {
        // Without a vector its faults wait for the watch.
        continue
      }
    }
    return count
  }

  private static func listen(to unit: RemappingUnit, _ units: RemappingUnits) throws(Errno) {
    // Room first: a source that is dropped takes its vector back from under the unit.
    try sources.withLock { sources throws(Errno) in try sources.reserveCapacity(sources.count + 1) }
    let source = FaultSource(try DeviceVectors.allocate(handler: FaultInterrupt(units, unit)))
    try sources.withLock { sources throws(Errno) in try sources.append(source) }
    unit.setFaultMessage(address: source.message.address, data: source.message.data)
  }

  /// Gives `device` a domain, if a unit serves the PCI function that it is or that leads to it.
  ///
  /// - Throws: as `DMAPath.init` and `RemappingUnits.attach`.
  /// - Context: the device's thread, outside of its driver.
  static func attach(_ device: DeviceNode, _ listener: RemappingFaultSink) throws(Errno) -> DriverDomain? {
    guard let units = units.withValue({ $0 }) else { return nil }
    let attached: DriverDomain?? = try PCISystem.withHierarchy { hierarchy throws(Errno) in
      try attach(device, listener, units, hierarchy)
    }
    return attached ?? nil
  }

  /// The same with these units and functions.
  static func attach(
    _ device: DeviceNode, _ listener: RemappingFaultSink, _ units: RemappingUnits, _ hierarchy: borrowing PCIHierarchy
  ) throws(Errno) -> DriverDomain? {
    guard let function = device.carrier else { return nil }
    let path = try DMAPath(to: function.address, in: hierarchy)
    guard let remapped = try units.attach(path, listener: listener) else { return nil }
    return DriverDomain(units, remapped)
  }

  /// Takes faults that have not interrupted.
  ///
  /// - Context: the watch's thread, with each of its looks.
  static func poll() {
    guard looks.wrappingAdd(1, ordering: .relaxed).newValue % looksPerPoll == 0 else { return }
    units.withValue { $0 }?.poll()
  }
}

/// What a device has of its unit while its driver runs.
final class DriverDomain {
  private let units: RemappingUnits
  private let device: RemappedDevice

  init(_ units: RemappingUnits, _ device: RemappedDevice) { (self.units, self.device) = (units, device) }

  /// What the device may reach.
  var domain: DMADomain { device.domain }

  /// Takes all of it from the device.
  ///
  /// - Returns: false when the unit does not confirm that.
  func detach() -> Bool { units.detach(device) }
}

/// The vector of a unit, for good.
private final class FaultSource {
  private let source: InterruptSource
  /// What the unit writes to interrupt.
  let message: InterruptMessage

  init(_ source: consuming InterruptSource) {
    message = source.message
    self.source = source
  }
}

/// The interrupt of a unit with faults.
private final class FaultInterrupt: InterruptHandler {
  private let units: RemappingUnits
  private let unit: RemappingUnit

  init(_ units: RemappingUnits, _ unit: RemappingUnit) {
    (self.units, self.unit) = (units, unit)
    super.init()
  }

  override func handle() -> Bool {
    units.handleInterrupt(of: unit)
    return true
  }
}
