import DriverKit
import EducationalDriver
import Foundations
import Logging
import Machine
import PCI
import PCIPortDriver
import Processes
import Synchronization
import VirtioDrivers

/// The devices of the machine, put into the tree, and the drivers that there are for them.
enum KernelDevices {
  /// How long a driver may take to start before boot goes on without it, in nanoseconds.
  private static let patience: UInt64 = 5_000_000_000

  private static let faults = Atomic<Bool>(false)
  private static let started = Atomic<Bool>(false)

  /// Whether there is a tree of devices: not where tests have the machine to themselves.
  static var areStarted: Bool { started.load(ordering: .acquiring) }

  /// Whether programs may make drivers fail: `driver_faults` on the command line, for tests.
  static var allowsFaults: Bool { faults.load(ordering: .relaxed) }

  static func allowFaults() { faults.store(true, ordering: .relaxed) }

  /// Starts the tree, makes drivers known, and adds the PCI functions.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: once, the boot thread, when there are threads.
  static func start(_ observer: DeviceObserver, centuryIndex: UInt8) throws(Errno) {
    DriverLog.start(KernelDriverLog())
    try DeviceTree.start(observer)
    started.store(true, ordering: .releasing)
    try registerDrivers()
    try PlatformDevices.registerDrivers(centuryIndex: centuryIndex)
    try PlatformDevices.addAll()
    var index = 0
    while let function = function(at: index) {
      try DeviceTree.add(node(for: function))
      index += 1
    }
  }

  /// The drivers: one line for each that `Specs/pci/drivers.json` calls done.
  private static func registerDrivers() throws(Errno) {
    try DeviceTree.register(PCIDriverType(.educational) { EducationalDriver() })
    try DeviceTree.register(PCIDriverType(.virtio) { VirtioBusDriver() })
    let changes = KernelPortChanges()
    try DeviceTree.register(PCIDriverType(.pciBridge) { PortDriver(changes) })
    try VirtioDriverType.registerAll(ProcessJobControl())
  }

  private static func function(at index: Int) -> PCIFunction? {
    let found: PCIFunction?? = PCISystem.withHierarchy { index < $0.count ? $0[index] : nil }
    return found ?? nil
  }

  /// A function as a device, below the bridge that leads to it.
  static func node(for function: PCIFunction) -> DeviceNode {
    var name = Message()
    function.writeAddress(to: &name)
    return DeviceNode(name, .pci, .pci(function), below: bridge(of: function))
  }

  private static func bridge(of function: PCIFunction) -> DeviceNode? {
    var found: DeviceNode?
    DeviceTree.forEach { device in
      guard let bridge = device.function, bridge.secondaryBus != 0, bridge.secondaryBus == function.address.bus,
        bridge.address.segment == function.address.segment
      else { return }
      found = device
    }
    return found
  }

  /// Waits until every driver works or has failed.
  ///
  /// - Returns: how many devices have a driver that works, and how many one that does not.
  static func settle() -> (running: Int, failed: Int) {
    var counts = (running: 0, failed: 0)
    DeviceTree.forEach { device in
      guard device.driver != nil else { return }
      let hasSettled = DeviceTree.settle(device, timeoutNanoseconds: patience)
      switch device.state {
      case .running: counts.running += 1
      // It was not such a device after all.
      case .unbound where hasSettled: break
      default: counts.failed += 1
      }
    }
    return counts
  }
}

/// Drivers for the PCI functions that a spec's entry matches.
private final class PCIDriverType: DriverType {
  private let kind: PCIDriver
  private let maker: () -> Driver

  init(_ kind: PCIDriver, _ maker: @escaping () -> Driver) {
    (self.kind, self.maker) = (kind, maker)
    super.init(kind.linuxName, .pci)
  }

  override func matches(_ device: DeviceNode) -> Bool { device.function?.driver == kind }

  override func makeDriver(for device: DeviceNode) throws(Errno) -> Driver { maker() }
}

private final class KernelDriverLog: DriverLogOutput {
  override func add(_ level: LogLevel, _ text: Message) { KernelLog.add(level, .drivers, text) }
}
