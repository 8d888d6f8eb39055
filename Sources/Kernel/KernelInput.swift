import DeviceFileSystem
import DeviceFiles
import Foundations
import Input
import InputFiles
import Logging
import Machine
import SyntheticFiles
import SystemFileSystem
import VFS

/// The files of input devices: their names in /dev/input, and what /sys says of them.
enum KernelInput {
  private static let names = BootCell<KernelInputNames>()

  /// Begins to make files of input devices in `devices`, and to show them in `system`.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: a thread, once, before any input device is registered or after.
  static func start(_ devices: DeviceFileSystem, _ system: SystemFileSystem?) throws(Errno) {
    try devices.addDirectory("input", permissions: 0o755)
    try devices.add("input/mice", .characterDevice, InputFiles.miceNumber, permissions: 0o600)
    let new = KernelInputNames(devices, system)
    names.fill(new)
    try InputFiles.start(new)
  }

  /// Writes where a device is in /sys.
  static func writePath(of device: InputDevice, to text: inout TextBuffer) {
    guard let names = names.withValue({ $0 }) else { return }
    names.writePath(of: device, to: &text)
  }
}

/// Makes and removes the names of input devices.
final class KernelInputNames: InputNames {
  private struct File {
    let node: InputNode
    let placed: PlacedName
  }

  private let devices: DeviceFileSystem
  /// Those that were made; a program may have something in the place of others.
  private let files = SpinLock(GrowableArray<File>())
  /// Their places in /sys; nil where there is none.
  private let directories: InputDirectories?

  init(_ devices: DeviceFileSystem, _ system: SystemFileSystem?) {
    self.devices = devices
    directories = system.map { InputDirectories($0) }
    super.init()
  }

  override func add(_ device: InputDevice) throws(Errno) {
    do throws(Errno) {
      try directories?.add(device, below: try directory(of: device.parent))
    } catch {
      KernelLog.add(.warning, .drivers, "an input device is not in /sys: error \(error.rawValue)")
      throw error
    }
  }

  /// What `parent` is in /sys; nil for no parent.
  ///
  /// - Throws: `ENODEV` when it is not there, or not any more.
  private func directory(of parent: InputParent?) throws(Errno) -> SystemDevice? {
    guard let parent else { return nil }
    if let parent = parent as? InputParentDirectory { return parent.device }
    guard let parent = parent as? DeviceInputParent, let shown = SystemDeviceObserver.shownDevice(of: parent.device)
    else { throw .ENODEV }
    return shown
  }

  override func remove(_ device: InputDevice) { directories?.remove(device) }

  override func add(_ node: InputNode) throws(Errno) {
    let path = Self.path(of: node)
    if let placed = try devices.place(path.bytes, .characterDevice, node.deviceNumber, permissions: 0o600) {
      do throws(Errno) {
        try files.withLock { files throws(Errno) in try files.append(File(node: node, placed: placed)) }
      } catch {
        try? devices.remove(path.bytes, placed)
        throw error
      }
    }
    try directories?.add(node)
  }

  override func remove(_ node: InputNode) {
    let path = Self.path(of: node)
    // Somebody may have removed the name. It goes first, so that programs that are told do not find it.
    if let placed = takeFile(of: node) { try? devices.remove(path.bytes, placed) }
    directories?.remove(node)
  }

  private func takeFile(of node: InputNode) -> PlacedName? {
    files.withLock { files in
      for index in 0..<files.count where files[index].node === node { return files.remove(at: index).placed }
      return nil
    }
  }

  override func add(_ light: InputLight) throws(Errno) { try directories?.add(light) }

  override func remove(_ light: InputLight) { directories?.remove(light) }

  private static func path(of node: InputNode) -> Message {
    var path: Message = "input/"
    let name = node.name
    path.write(name.bytes)
    return path
  }

  func writePath(of device: InputDevice, to text: inout TextBuffer) { directories?.writePath(of: device, to: &text) }
}
