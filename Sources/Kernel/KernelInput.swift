import DeviceFileSystem
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

  /// Begins to make files of input devices in `devices`.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: a thread, once, before any input device is registered or after.
  static func start(_ devices: DeviceFileSystem) throws(Errno) {
    try devices.addDirectory("input", permissions: 0o755)
    try devices.add("input/mice", .characterDevice, InputFiles.miceNumber, permissions: 0o600)
    let new = KernelInputNames(devices)
    names.fill(new)
    try InputFiles.start(new)
  }

  /// Shows the devices in /sys from now on, also those that are there.
  ///
  /// - Context: a thread, once.
  static func show(in system: SystemFileSystem) {
    let names = names.withValue { $0 }
    names?.show(in: system)
  }
}

/// Makes and removes the names of input devices.
final class KernelInputNames: InputNames {
  /// A device's directory in /sys, and how many nodes are in it.
  private struct Shown {
    let device: InputDevice
    let directory: SystemDevice
    var nodeCount: Int
  }

  private struct ShownNode {
    let node: InputNode
    let directory: SystemDevice
  }

  private struct State: ~Copyable {
    var system: SystemFileSystem?
    var nodes = GrowableArray<InputNode>()
    var shown = GrowableArray<Shown>()
    var shownNodes = GrowableArray<ShownNode>()
  }

  private let devices: DeviceFileSystem
  private let state = SpinLock(State())

  init(_ devices: DeviceFileSystem) {
    self.devices = devices
    super.init()
  }

  override func add(_ node: InputNode) throws(Errno) {
    try state.withLock { state throws(Errno) in try state.nodes.append(node) }
    let path = Self.path(of: node)
    try devices.add(path.bytes, .characterDevice, node.deviceNumber, permissions: 0o600)
    if let system = state.withLock({ $0.system }) { try show(node, in: system) }
  }

  override func remove(_ node: InputNode) {
    state.withLock { state in
      for index in 0..<state.nodes.count where state.nodes[index] === node {
        _ = state.nodes.remove(at: index)
        break
      }
    }
    hide(node)
    let path = Self.path(of: node)
    // Somebody may have removed the name.
    try? devices.remove(path.bytes)
  }

  private static func path(of node: InputNode) -> Message {
    var path: Message = "input/"
    let name = node.name
    path.write(name.bytes)
    return path
  }

  // MARK: /sys

  func show(in system: SystemFileSystem) {
    state.withLock { $0.system = system }
    var index = 0
    while let node = state.withLock({ index < $0.nodes.count ? $0.nodes[index] : nil }) {
      do throws(Errno) {
        try show(node, in: system)
      } catch {
        KernelLog.add(.warning, .drivers, "an input device is not in /sys: error \(error.rawValue)")
      }
      index += 1
    }
  }

  private func show(_ node: InputNode, in system: SystemFileSystem) throws(Errno) {
    let parent = try directory(of: node.device, in: system)
    var description = SystemDeviceDescription()
    (description.className, description.number) = ("input", node.deviceNumber)
    description.folder = "input"
    let name = node.name
    let directory = try system.addDevice(name.bytes, below: parent, description)
    do throws(Errno) {
      try state.withLock { state throws(Errno) in
        try state.shownNodes.append(ShownNode(node: node, directory: directory))
        for index in 0..<state.shown.count where state.shown[index].device === node.device {
          state.shown[index].nodeCount += 1
        }
      }
    } catch {
      directory.remove()
      throw error
    }
  }

  /// The directory of a device, which is made with its first node.
  private func directory(of device: InputDevice, in system: SystemFileSystem) throws(Errno) -> SystemDevice {
    let known: SystemDevice? = state.withLock { state in
      for index in 0..<state.shown.count where state.shown[index].device === device {
        return state.shown[index].directory
      }
      return nil
    }
    if let known { return known }
    var description = SystemDeviceDescription()
    description.className = "input"
    description.facts = { (text: inout TextBuffer) throws(Errno) in InputFacts.write(device, to: &text) }
    var name: Message = "input"
    name.write(decimal: UInt64(device.number ?? 0))
    let new = try system.addDevice(name.bytes, below: nil, description) { directory throws(Errno) in
      try addAttributes(of: device, to: directory)
    }
    do throws(Errno) {
      try state.withLock { state throws(Errno) in
        try state.shown.append(Shown(device: device, directory: new, nodeCount: 0))
      }
    } catch {
      new.remove()
      throw error
    }
    return new
  }

  private func addAttributes(of device: InputDevice, to directory: SyntheticDirectory) throws(Errno) {
    let identity = try directory.addDirectory("id")
    let capabilities = try directory.addDirectory("capabilities")
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
  }

  private func hide(_ node: InputNode) {
    let directory: SystemDevice? = state.withLock { state in
      for index in 0..<state.shownNodes.count where state.shownNodes[index].node === node {
        return state.shownNodes.remove(at: index).directory
      }
      return nil
    }
    guard let directory else { return }
    directory.remove()
    let parent: SystemDevice? = state.withLock { state in
      for index in 0..<state.shown.count where state.shown[index].device === node.device {
        state.shown[index].nodeCount -= 1
        return state.shown[index].nodeCount == 0 ? state.shown.remove(at: index).directory : nil
      }
      return nil
    }
    parent?.remove()
  }
}
