public import Foundations
import Machine
public import PCI
import Processors
public import SyntheticFiles
public import VFS
import Waiting

/// /sys: devices and settings as files. Source: sysfs(5).
///
/// There is one, and it stays for ever.
public final class SystemFileSystem: SyntheticFileSystem {
  /// Gives what is known of each CPU.
  public typealias ProcessorSource = () throws(Errno) -> ProcessorList

  let processors: ProcessorSource
  /// Held while devices are made or removed.
  let changing = SleepLock()
  /// The devices, each behind what it is below: guarded by `changing`.
  var present = GrowableArray<SystemDevice>()
  let busControls = BusControls()
  /// What there is of PCI.
  let pci: PCIDirectories
  private var root: Dentry?
  // The directories that devices are in, or are found by.
  private(set) var devices: SyntheticDirectory?
  private(set) var buses: SyntheticDirectory?
  private(set) var classes: SyntheticDirectory?
  private(set) var virtualDevices: SyntheticDirectory?
  /// What is below nothing else of the platform.
  public private(set) var platform: SystemDevice?
  private(set) var characterNumbers: SyntheticDirectory?
  private(set) var blockNumbers: SyntheticDirectory?
  private(set) var modules: SyntheticDirectory?
  private(set) var power: SyntheticDirectory?

  /// A page, as sysfs says of all its texts.
  public override var textSize: Int64 { 4_096 }

  /// Creates the file system, with CPUs and the PCI functions that there are.
  ///
  /// - Parameter pciControl: who does what programs ask of functions; without one, that is refused.
  /// - Throws: `ENOMEM`.
  public init(
    names: DentryCache, clock: FileClock, pciControl: PCIControl = PCIControl(), processors: @escaping ProcessorSource
  ) throws(Errno) {
    self.processors = processors
    pci = PCIDirectories(pciControl)
    // SYSFS_MAGIC of linux/magic.h.
    super.init(typeName: "sysfs", magic: 0x6265_6572, names: names, clock: clock)
    let top = SyntheticDirectory(self, permissions: 0o755)
    root = try makeRoot(top)
    _ = try add("block", to: top)
    buses = try add("bus", to: top)
    classes = try add("class", to: top)
    let numbers = try add("dev", to: top)
    blockNumbers = try add("block", to: numbers)
    characterNumbers = try add("char", to: numbers)
    let devices = try add("devices", to: top)
    self.devices = devices
    _ = try add("firmware", to: top)
    _ = try add("fs", to: top)
    let kernel = try add("kernel", to: top)
    modules = try add("module", to: top)
    power = try add("power", to: top)
    let system = try add("system", to: devices)
    virtualDevices = try add("virtual", to: devices)
    platform = try addDevice("platform", below: nil)
    let systemDevices = try container("system", system)
    let cpu = try addDevice("cpu", below: systemDevices)
    try addProcessors(below: cpu)
    try addMemoryNodes(below: try addDevice("node", below: systemDevices), cpu)
    try addSettings(to: kernel)
    for bus: StaticString in ["acpi", "platform", "serio", "virtio"] { _ = try busDirectory("devices", bus) }
    try addPCI()
  }

  /// Adds a device that is in no class and on no bus.
  private func addDevice(_ name: StaticString, below parent: SystemDevice?) throws(Errno) -> SystemDevice {
    let text: Message = "\(name.description)"
    return try addDevice(text.bytes, below: parent, SystemDeviceDescription())
  }

  /// Adds a directory as those of Linux are.
  func add(_ name: StaticString, to directory: SyntheticDirectory) throws(Errno) -> SyntheticDirectory {
    let new = SyntheticDirectory(self, permissions: 0o755)
    try directory.add(name, new)
    return new
  }

  /// The directory `name` in `directory`, which is made if it does not exist.
  func directory(_ name: StaticString, in directory: SyntheticDirectory) throws(Errno) -> SyntheticDirectory {
    let text: Message = "\(name.description)"
    if let found = try directory.lookUp(text.bytes) as? SyntheticDirectory { return found }
    return try add(name, to: directory)
  }

  /// A mount of the file system that is nowhere yet.
  public func makeMount(_ restrictions: MountRestrictions = []) throws(Errno) -> Mount {
    guard let root else { throw .EINVAL }
    return Mount(self, root: root, restrictions)
  }
}

/// The type `sysfs`, for mount(2): there is one file system of it, which is mounted as often as somebody likes.
public final class SystemFileSystemType: FileSystemType {
  private let fileSystem: SystemFileSystem

  /// The type of `fileSystem`.
  public init(_ fileSystem: SystemFileSystem) {
    self.fileSystem = fileSystem
    super.init("sysfs")
  }

  /// Makes one more mount of it. It has no options.
  public override func makeMount(
    _ source: Span<UInt8>, options: Span<UInt8>, by actor: FileActor, _ restrictions: MountRestrictions
  ) throws(Errno) -> Mount { try fileSystem.makeMount(restrictions) }
}
