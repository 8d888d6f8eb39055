public import Foundations
public import Input
import Machine
public import VFS

/// Makes the names of input devices: /dev/input/event0, /sys/class/input. The kernel derives from it.
open class InputNames {
  /// Creates it.
  public init() {}

  /// A device has come: before any of its files.
  ///
  /// - Throws: `ENOMEM`, `ENODEV`; the device is there without the name.
  /// - Context: a thread without locks.
  open func add(_ device: InputDevice) throws(Errno) {}

  /// A device has gone: after all of its files. Also told of one that `add` has thrown for.
  ///
  /// - Context: a thread without locks.
  open func remove(_ device: InputDevice) {}

  /// A file has come: its name is to be made. Names of one device come one after the other.
  ///
  /// - Throws: `ENOMEM`; the device is there without the name.
  /// - Context: a thread without locks.
  open func add(_ node: InputNode) throws(Errno) {}

  /// A file has gone.
  ///
  /// - Context: a thread without locks.
  open func remove(_ node: InputNode) {}

  /// A light of a device has come: behind the device, and before its files.
  ///
  /// - Throws: `ENOMEM`, `ENODEV`; the device is there without the name.
  /// - Context: a thread without locks.
  open func add(_ light: InputLight) throws(Errno) {}

  /// A light has gone, with its device. Also told of one that `add` has thrown for.
  ///
  /// - Context: a thread without locks.
  open func remove(_ light: InputLight) {}
}

/// The files of input devices: who opens them, and which there are.
public enum InputFiles {
  /// The major number of them all. Source: Linux Documentation/admin-guide/devices.txt.
  public static let major: UInt32 = 13

  /// The number of /dev/input/mice.
  public static var miceNumber: DeviceNumber { DeviceNumber(major, InputMinors.allMice) }

  private struct State: ~Copyable {
    var minors = InputMinors()
    var nodes = GrowableArray<InputNode>()
  }

  private static let all = BootCell<SpinLock<State>>()
  private static let names = BootCell<InputNames>()

  /// Begins to make files of input devices, also of those that are there.
  ///
  /// The name "mice", for all mice together, is for the caller to make: `miceNumber`.
  ///
  /// - Parameter names: who makes the names.
  /// - Throws: `EBUSY` when somebody has the major number, `ENOMEM`.
  /// - Context: a thread without locks, once.
  public static func start(_ names: InputNames) throws(Errno) {
    let handlers = try prepare(names)
    try InputDevices.add(handlers.devices)
    try InputDevices.add(handlers.lights)
    try InputDevices.add(handlers.events)
    try InputDevices.add(handlers.mice)
  }

  /// As `start`, with handlers that hear nothing yet.
  ///
  /// - Returns: the handlers, each to be added before the next: a device's handles go in the reverse of the order in which they came.
  static func prepare(
    _ names: InputNames
  ) throws(Errno) -> (devices: InputHandler, lights: InputHandler, events: InputHandler, mice: InputHandler) {
    all.fill(SpinLock(State()))
    self.names.fill(names)
    let mice = MouseClients()
    try SpecialFiles.register(
      .characterDevice, major: major, minors: 0..<InputMinors.others.upperBound, InputOpener(mice))
    return (DeviceHandler(), LightHandler(), EventHandler(), MouseHandler(all: mice))
  }

  private static func withState<Result>(_ body: (inout State) throws(Errno) -> Result) throws(Errno) -> Result {
    guard let result = try all.withValue({ lock throws(Errno) in try lock.withLock(body) }) else { throw .ENODEV }
    return result
  }

  /// Takes a minor number for a new node of `kind`.
  static func takeMinor(_ kind: InputNode.Kind) throws(Errno) -> UInt32 {
    try withState { state throws(Errno) in
      try state.minors.take(from: kind == .events ? InputMinors.events : InputMinors.mice)
    }
  }

  /// Makes a node known, and has its name made.
  ///
  /// - Throws: `ENOMEM`; then its number is free again.
  static func add(_ node: InputNode) throws(Errno) {
    do throws(Errno) {
      try withState { state throws(Errno) in try state.nodes.append(node) }
    } catch {
      releaseMinor(node.minor)
      throw error
    }
    // Without memory for a name the device still serves who makes the node with mknod(2).
    do throws(Errno) { try names.withValue { names throws(Errno) in try names.add(node) } } catch {}
  }

  /// Forgets a node whose device is gone.
  static func remove(_ node: InputNode) {
    names.withValue { $0.remove(node) }
    _ = try? withState { state throws(Errno) in
      for index in 0..<state.nodes.count where state.nodes[index] === node {
        _ = state.nodes.remove(at: index)
        break
      }
    }
    releaseMinor(node.minor)
  }

  /// Has the names of a device itself made.
  static func add(_ device: InputDevice) {
    // Without memory for them it is there for its events.
    do throws(Errno) { try names.withValue { names throws(Errno) in try names.add(device) } } catch {}
  }

  /// Has them removed.
  static func remove(_ device: InputDevice) { names.withValue { $0.remove(device) } }

  /// Has the name of a light made.
  static func add(_ light: InputLight) {
    // Without memory for it the light still shows what it is to show.
    do throws(Errno) { try names.withValue { names throws(Errno) in try names.add(light) } } catch {}
  }

  /// Has it removed.
  static func remove(_ light: InputLight) { names.withValue { $0.remove(light) } }

  private static func releaseMinor(_ minor: UInt32) {
    _ = try? withState { state throws(Errno) in state.minors.release(minor) }
  }

  /// The node with this minor number; nil when there is none.
  static func node(_ minor: UInt32) -> InputNode? {
    (try? withState { state throws(Errno) in
      for index in 0..<state.nodes.count where state.nodes[index].minor == minor { return state.nodes[index] }
      return nil
    }) ?? nil
  }
}

/// Has every device named itself, before its files are, and that name removed after theirs.
private final class DeviceHandler: InputHandler {
  override func connect(_ device: InputDevice) throws(Errno) -> InputHandle? {
    InputFiles.add(device)
    return DeviceHandle(device)
  }
}

private final class DeviceHandle: InputHandle {
  override func disconnect() { InputFiles.remove(device) }
}

/// Makes a file of every device's events.
private final class EventHandler: InputHandler {
  override var name: StaticString? { "evdev" }
  override var firstMinor: UInt32? { InputMinors.events.lowerBound }

  override func connect(_ device: InputDevice) throws(Errno) -> InputHandle? {
    let node = EventNode(device, minor: try InputFiles.takeMinor(.events))
    try InputFiles.add(node)
    return node
  }
}

/// Opens the files of input devices.
private final class InputOpener: SpecialFileOpener {
  private let mice: MouseClients

  init(_ mice: MouseClients) {
    self.mice = mice
    super.init()
  }

  override var driverName: StaticString { "input" }

  /// - Throws: `ENXIO` when there is no such device, `ENODEV` when it goes just now, `ENOMEM`.
  override func open(_ request: OpenRequest, _ inode: Inode) throws(Errno) -> OpenFile {
    try ObjectMemory.check()
    let minor = inode.device.minor
    if minor == InputMinors.allMice { return try MouseFile(request, inode, mice) }
    guard let node = InputFiles.node(minor) else { throw .ENXIO }
    switch node.kind {
    case .events:
      guard let node = node as? EventNode else { throw .ENXIO }
      return try EventFile(request, inode, node)
    case .mouse:
      guard let node = node as? MouseNode else { throw .ENXIO }
      return try MouseFile(request, inode, node.clients)
    }
  }
}
