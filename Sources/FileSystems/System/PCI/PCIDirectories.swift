public import Foundations
import KernelEvents
import Machine
public import PCI
public import SyntheticFiles

/// A function in /sys, with what programs have said of it.
final class PCIFunctionDirectory {
  /// What programs have set.
  struct Settings: ~Copyable {
    /// Whether a program has enabled it, while no driver had it.
    var isEnabled = false
    /// Whether its parity errors are to be ignored.
    var ignoresParity = false
    /// The memory that it is next to; -1 for none.
    var node = -1
    /// Whether programs may read its ROM.
    var showsROM = false
    /// The interrupt that it has connected, by the number in /proc/interrupts, when that is its pin's or the first message's of MSI.
    var interrupt: UInt32?
  }

  /// What it was when it was found.
  let function: PCIFunction
  /// Its directory.
  let device: SystemDevice
  /// The bus behind it, when it is a bridge.
  let bus: SystemDevice?
  /// Its slot's name, when it is a port with a slot that is filled while the system runs.
  let slot: Message?
  let settings = SpinLock(Settings())
  /// The only driver that programs let it have.
  let driverOverride = DriverOverride()

  init(_ function: PCIFunction, _ device: SystemDevice, bus: SystemDevice?, slot: Message?) {
    (self.function, self.device, self.bus, self.slot) = (function, device, bus, slot)
  }

  /// Where it is.
  var address: PCIAddress { function.address }

  /// It as it is now.
  ///
  /// - Throws: `ENODEV` when it is gone.
  func current() throws(Errno) -> PCIFunction {
    guard let function = PCISystem.function(at: address) else { throw .ENODEV }
    return function
  }
}

/// The functions and root buses that /sys shows, and who does what programs ask of them.
final class PCIDirectories {
  private struct State: ~Copyable {
    var roots = GrowableArray<(bus: PCIAddress, device: SystemDevice)>()
    var functions = GrowableArray<PCIFunctionDirectory>()
  }

  private let state = SpinLock(State())
  /// Set before any program runs.
  var control: PCIControl

  init(_ control: PCIControl) { self.control = control }

  func root(_ bus: PCIAddress) -> SystemDevice? {
    state.withLock { state in
      for index in 0..<state.roots.count where state.roots[index].bus == bus { return state.roots[index].device }
      return nil
    }
  }

  func addRoot(_ bus: PCIAddress, _ device: SystemDevice) throws(Errno) {
    try state.withLock { state throws(Errno) in try state.roots.append((bus, device)) }
  }

  func function(_ address: PCIAddress) -> PCIFunctionDirectory? {
    state.withLock { state in
      for index in 0..<state.functions.count where state.functions[index].address == address {
        return state.functions[index]
      }
      return nil
    }
  }

  /// The function that programs call `name`.
  func function(named name: Span<UInt8>) -> PCIFunctionDirectory? {
    for index in 0..<state.withLock({ $0.functions.count }) {
      guard let function = self.function(number: index) else { return nil }
      let own = PCIText.name(of: function.address)
      if Self.isEqual(own.bytes, name) { return function }
    }
    return nil
  }

  private func function(number: Int) -> PCIFunctionDirectory? {
    state.withLock { state in number < state.functions.count ? state.functions[number] : nil }
  }

  private static func isEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    for index in left.indices where left[index] != right[index] { return false }
    return true
  }

  func add(_ function: PCIFunctionDirectory) throws(Errno) {
    try state.withLock { state throws(Errno) in try state.functions.append(function) }
  }

  /// Takes the last function out that is at `address` or behind it.
  func takeLast(behind address: PCIAddress, _ buses: ClosedRange<UInt8>?) -> PCIFunctionDirectory? {
    state.withLock { state in
      var index = state.functions.count - 1
      while index >= 0 {
        let other = state.functions[index].address
        let isBehind = other.segment == address.segment && (buses?.contains(other.bus) ?? false)
        if other == address || isBehind { return state.functions.remove(at: index) }
        index -= 1
      }
      return nil
    }
  }
}

/// Functions that come and go.
extension SystemFileSystem {
  /// Who does what programs ask of functions and drivers.
  ///
  /// It is set before programs run.
  public var pciControl: PCIControl {
    get { pci.control }
    set { pci.control = newValue }
  }

  /// Shows the function at `address`, which the machine's hierarchy has, below the bridge that leads to it, with its links.
  ///
  /// Those of a bridge come after it. Programs are told when all of it is there: first of the function, then of its bus, then of its driver.
  ///
  /// - Parameter attributes: adds more files to its directory. May not add a device.
  /// - Throws: `ENODEV` when the hierarchy has no such function, or its bridge is not shown; `EEXIST`, `ENOMEM`; then nothing has
  ///   changed.
  /// - Context: a thread without spin locks.
  public func addFunction(
    _ address: PCIAddress, attributes: (SyntheticDirectory) throws(Errno) -> Void = { _ throws(Errno) in }
  ) throws(Errno) {
    guard let function = PCISystem.function(at: address) else { throw .ENODEV }
    let name = PCIText.name(of: address)
    var description = SystemDeviceDescription()
    description.bus = "pci"
    description.facts = { text in PCIText.writeFacts(function, to: &text) }
    let device = try addDevice(name.bytes, below: try parent(of: function), description, .later)
    let entry: PCIFunctionDirectory
    do throws(Errno) {
      entry = PCIFunctionDirectory(
        function, device, bus: try addBus(behind: function, device), slot: try slotName(of: function))
      try addAttributes(of: entry)
      try attributes(device.directory)
      try addSlot(of: entry)
      do throws(Errno) {
        try pci.add(entry)
      } catch {
        removeSlot(of: entry)
        throw error
      }
    } catch {
      device.remove()
      throw error
    }
    device.announce(.add)
    entry.bus?.announce(.add)
    guard let driver = function.boundDriver else { return }
    do throws(Errno) { try setDriver(driver, of: address) } catch {
      removeFunction(address)
      throw error
    }
  }

  /// Takes away the function at `address`, and before it all that is behind or below it: it is unplugged. What programs have open of
  /// it fails with `ENODEV`. Does nothing when it is not shown.
  ///
  /// - Context: a thread without spin locks.
  public func removeFunction(_ address: PCIAddress) {
    guard let function = pci.function(address)?.function else { return }
    let buses =
      function.secondaryBus == 0
      ? nil : function.secondaryBus...max(function.secondaryBus, function.subordinateBus)
    while let entry = pci.takeLast(behind: address, buses) {
      removeSlot(of: entry)
      entry.device.remove()
    }
  }

  /// Notes that the function at `address` is the driver's that programs know as `driver`, or nobody's: the links between them come
  /// and go, and with them what programs may write to configuration space.
  ///
  /// - Parameter announcement: as `SystemDevice.setDriver` has it.
  /// - Throws: `ENODEV` when the function is not shown; `ENOMEM`.
  /// - Context: a thread without spin locks.
  public func setDriver(
    _ driver: StaticString?, of address: PCIAddress, _ announcement: SystemDeviceAnnouncement = .atOnce
  ) throws(Errno) {
    guard let entry = pci.function(address) else { throw .ENODEV }
    if let driver { try addPCIDriver(driver) }
    // First what keeps programs out, last what lets them in again.
    if driver != nil { try PCISystem.setDriver(driver, of: address) }
    try entry.device.setDriver(driver, announcement)
    if driver == nil { try? PCISystem.setDriver(nil, of: address) }
    entry.settings.withLock { $0.isEnabled = false }
  }

  /// The device of the function at `address`, for what belongs to it; nil when it is not shown.
  public func device(of address: PCIAddress) -> SystemDevice? { pci.function(address)?.device }

  /// The only driver that programs let the function at `address` have; nil for any.
  public func driverOverride(of address: PCIAddress) -> Message? {
    pci.function(address)?.driverOverride.name
  }

  /// Adds all functions that were found.
  func addPCI() throws(Errno) {
    try addPCIBusFiles()
    for driver in PCIDriver.allCases where driver.isDone { try addPCIDriver(driver.linuxName) }
    var last: PCIAddress?
    // A bridge comes before what is behind it.
    while let function = PCISystem.function(after: last) {
      last = function.address
      try addFunction(function.address)
    }
  }

  private func parent(of function: PCIFunction) throws(Errno) -> SystemDevice {
    let address = function.address
    let bridge: PCIAddress? =
      PCISystem.withHierarchy { hierarchy in
        hierarchy.bridge(toBus: address.bus, segment: address.segment).map { hierarchy[$0].address }
      } ?? nil
    if let bridge {
      guard let entry = pci.function(bridge) else { throw .ENODEV }
      return entry.device
    }
    let bus = PCIAddress(segment: address.segment, bus: address.bus, place: 0)
    if let found = pci.root(bus) { return found }
    let root = try addDevice(PCIText.rootName(bus).bytes, below: nil, SystemDeviceDescription())
    do throws(Errno) {
      _ = try addBus(bus, below: root, .atOnce)
      try pci.addRoot(bus, root)
    } catch {
      root.remove()
      throw error
    }
    return root
  }

  private func addBus(behind function: PCIFunction, _ device: SystemDevice) throws(Errno) -> SystemDevice? {
    guard function.secondaryBus != 0 else { return nil }
    let bus = PCIAddress(segment: function.address.segment, bus: function.secondaryBus, place: 0)
    return try addBus(bus, below: device, .later)
  }

  /// A bus itself. Source: Linux Documentation/ABI/testing/sysfs-bus-pci.
  private func addBus(
    _ bus: PCIAddress, below device: SystemDevice, _ announcement: SystemDeviceAnnouncement
  ) throws(Errno) -> SystemDevice {
    var description = SystemDeviceDescription()
    description.className = "pci_bus"
    let pci = pci
    return try addDevice(PCIText.name(ofBus: bus).bytes, below: device, description, announcement) {
      directory throws(Errno) in
      try directory.add("cpuaffinity") { text in
        text.write(processorMask: Processor.online)
        text.write("\n")
      }
      try directory.add("cpulistaffinity") { text in
        text.write(processorList: Processor.online)
        text.write("\n")
      }
      try directory.addSwitch("rescan") { () throws(Errno) in try pci.control.rescan(bus: bus) }
    }
  }
}
