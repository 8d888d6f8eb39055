import Foundations
public import Input
public import InputFiles
import KernelEvents
import Machine
public import SyntheticFiles
import VFS

/// What an input device is a part of, where that is a device of /sys that no driver of the tree's has: a port of the keyboard controller.
public final class InputParentDirectory: InputParent {
  /// The device.
  public let device: SystemDevice

  /// Says that an input device is a part of `device`.
  public init(_ device: SystemDevice) {
    self.device = device
    super.init()
  }
}

/// The directories of input devices and of their files: `virtio0/input/input3/event3`, and the links to them in `class/input`.
///
/// Each is there from when its device comes until it goes; when what a device is a part of goes first, they go before that. Source:
/// Linux Documentation/input/input-programming.rst and Documentation/ABI/testing/sysfs-class-input.
///
/// - Context: a thread without spin locks; for one device after the other.
public final class InputDirectories {
  private struct Shown {
    let device: InputDevice
    let directory: SystemDevice
  }

  private struct ShownNode {
    let node: InputNode
    let directory: SystemDevice
  }

  private struct ShownLight {
    let light: InputLight
    let attributes: LightAttributes
    let directory: SystemDevice
  }

  private struct State: ~Copyable {
    var devices = GrowableArray<Shown>()
    var nodes = GrowableArray<ShownNode>()
    var lights = GrowableArray<ShownLight>()
  }

  private let system: SystemFileSystem
  private let state = SpinLock(State())

  /// Directories in `system`, none yet.
  public init(_ system: SystemFileSystem) { self.system = system }

  // MARK: Devices

  /// Shows a device that has been registered, before its files.
  ///
  /// - Parameter parent: what it is a part of; nil for nothing that is known, as what a program has made.
  /// - Throws: `ENODEV` when `parent` has gone; `ENOMEM`; then there is nothing of it.
  public func add(_ device: InputDevice, below parent: SystemDevice?) throws(Errno) {
    guard let number = device.number else { throw .EINVAL }
    var description = SystemDeviceDescription()
    description.className = "input"
    description.facts = { (text: inout TextBuffer) throws(Errno) in InputFacts.write(device, to: &text) }
    let name: Message = "input\(UInt64(number))"
    let directory: SystemDevice
    do throws(Errno) {
      directory = try system.addDevice(name.bytes, below: parent, description) { directory throws(Errno) in
        try addAttributes(of: device, to: directory)
      }
    } catch {
      // No names can be added to a directory that has been removed.
      throw error == .ENOENT ? .ENODEV : error
    }
    do throws(Errno) {
      try state.withLock { state throws(Errno) in
        try state.devices.append(Shown(device: device, directory: directory))
      }
    } catch {
      directory.remove()
      throw error
    }
  }

  /// The device has gone, and all of its files before. Does nothing for one that is not shown.
  public func remove(_ device: InputDevice) {
    let directory: SystemDevice? = state.withLock { state in
      for index in 0..<state.devices.count where state.devices[index].device === device {
        return state.devices.remove(at: index).directory
      }
      return nil
    }
    directory?.remove()
  }

  /// The directory of a device; nil when it is not shown.
  private func directory(of device: InputDevice) -> SystemDevice? {
    state.withLock { state in
      for index in 0..<state.devices.count where state.devices[index].device === device {
        return state.devices[index].directory
      }
      return nil
    }
  }

  /// Writes where a device is, from /sys on, with a slash before it: nothing when it is not shown.
  public func writePath(of device: InputDevice, to text: inout TextBuffer) {
    guard let directory = directory(of: device) else { return }
    text.write("/")
    text.write(directory.path)
  }

  // MARK: Their files

  /// Shows a file of a device that is shown.
  ///
  /// - Throws: `ENODEV` when the device is not; `ENOMEM`; then there is nothing of it.
  public func add(_ node: InputNode) throws(Errno) {
    guard let parent = directory(of: node.device) else { throw .ENODEV }
    var description = SystemDeviceDescription()
    (description.className, description.number, description.folder) = ("input", node.deviceNumber, "input")
    let name = node.name
    let directory: SystemDevice
    do throws(Errno) {
      directory = try system.addDevice(name.bytes, below: parent, description)
    } catch {
      throw error == .ENOENT ? .ENODEV : error
    }
    do throws(Errno) {
      try state.withLock { state throws(Errno) in
        try state.nodes.append(ShownNode(node: node, directory: directory))
      }
    } catch {
      directory.remove()
      throw error
    }
  }

  /// The file has gone. Does nothing for one that is not shown.
  public func remove(_ node: InputNode) {
    let directory: SystemDevice? = state.withLock { state in
      for index in 0..<state.nodes.count where state.nodes[index].node === node {
        return state.nodes.remove(at: index).directory
      }
      return nil
    }
    directory?.remove()
  }

  // MARK: Their lights

  /// Shows a light of a device that is shown, in the class `leds`.
  ///
  /// - Throws: `ENODEV` when the device is not; `ENOMEM`; then there is nothing of it.
  public func add(_ light: InputLight) throws(Errno) {
    guard let parent = directory(of: light.device) else { throw .ENODEV }
    var description = SystemDeviceDescription()
    description.className = "leds"
    let name = light.name
    let attributes = LightAttributes(light)
    let directory: SystemDevice
    do throws(Errno) {
      directory = try system.addDevice(name.bytes, below: parent, description, .later) { directory throws(Errno) in
        try attributes.add(to: directory)
      }
    } catch {
      throw error == .ENOENT ? .ENODEV : error
    }
    do throws(Errno) {
      try state.withLock { state throws(Errno) in
        try state.lights.append(ShownLight(light: light, attributes: attributes, directory: directory))
      }
    } catch {
      directory.remove()
      throw error
    }
    attributes.device = directory
    directory.announce(.add)
  }

  /// The light has gone. Does nothing for one that is not shown.
  public func remove(_ light: InputLight) {
    let shown: ShownLight? = state.withLock { state in
      for index in 0..<state.lights.count where state.lights[index].light === light {
        return state.lights.remove(at: index)
      }
      return nil
    }
    shown?.attributes.device = nil
    shown?.directory.remove()
  }

  // MARK: Attributes

  private func addAttributes(of device: InputDevice, to directory: SyntheticDirectory) throws(Errno) {
    let identity = try system.add("id", to: directory)
    let capabilities = try system.add("capabilities", to: directory)
    for attribute in InputAttribute.allCases {
      let place =
        switch attribute {
        case .name, .phys, .uniq, .properties, .modalias: directory
        case .bustype, .vendor, .product, .version: identity
        case .ev, .key, .rel, .abs, .msc, .led, .snd, .ff, .sw: capabilities
        }
      try place.add(attribute.fileName) { (text: inout TextBuffer) throws(Errno) in
        attribute.write(device, to: &text)
      }
    }
    try directory.add(
      "inhibited", permissions: 0o644, { text in text.write(device.isInhibited ? "1\n" : "0\n") },
      accepts: { (text: Span<UInt8>) throws(Errno) in device.setInhibited(try AttributeText.truth(text)) })
  }
}
