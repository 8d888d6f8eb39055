import DeviceFileSystem
import DriverKit
import Foundations
import InputFiles
import Logging
import Machine
import PlatformDrivers
import SerialDriver
import SyntheticFiles
import SystemFileSystem
import Terminals
import VFS

/// Shows in /sys the files of /dev that are there from the beginning and belong to no driver of the tree.
///
/// Source: Linux Documentation/admin-guide/sysfs-rules.rst, and what Linux has in `/sys/class/mem` and `/sys/class/tty`.
enum KernelDeviceNodes {
  /// A terminal's file.
  struct TerminalNode {
    let name: StaticString
    let number: DeviceNumber
    let permissions: UInt16
  }

  private static let terminals = SpinLock(GrowableArray<TerminalNode>())
  /// What is told as DEVMODE: files for everybody.
  private static let everybody: UInt16 = 0o666

  /// Notes a terminal's file, to be shown later.
  ///
  /// - Throws: `ENOMEM`.
  static func note(_ node: TerminalNode) throws(Errno) {
    try terminals.withLock { terminals throws(Errno) in try terminals.append(node) }
  }

  /// Shows them.
  ///
  /// - Context: a thread, once, when all of them are there.
  static func show(in system: SystemFileSystem) {
    for device in MemoryDevice.allCases {
      log(device.name) { () throws(Errno) in
        try add(device.name, "mem", DeviceNumber(MemoryDevice.major, device.rawValue), everybody, system)
      }
    }
    log("mice") { () throws(Errno) in
      var description = SystemDeviceDescription()
      (description.className, description.number, description.folder) = ("input", InputFiles.miceNumber, "input")
      let name: Message = "mice"
      _ = try system.addDevice(name.bytes, below: nil, description)
    }
    var port: SystemDevice?
    log("serial8250") { () throws(Errno) in port = try addPort(system) }
    log("ttyS0") { () throws(Errno) in if let described = try describedPort() { port = described } }
    var index = 0
    while let node = terminals.withLock({ index < $0.count ? $0[index] : nil }) {
      index += 1
      log(node.name) { () throws(Errno) in try show(node, below: port, system) }
    }
  }

  private static func log(_ name: StaticString, _ body: () throws(Errno) -> Void) {
    do throws(Errno) { try body() } catch {
      KernelLog.add(.warning, .drivers, "\(name.description) is not in /sys: error \(error.rawValue)")
    }
  }

  private static func add(
    _ name: StaticString, _ className: StaticString, _ number: DeviceNumber, _ permissions: UInt16?,
    below parent: SystemDevice? = nil, _ system: SystemFileSystem,
    _ attributes: (SyntheticDirectory) throws(Errno) -> Void = { _ throws(Errno) in }
  ) throws(Errno) {
    var description = SystemDeviceDescription()
    (description.className, description.number, description.permissions) = (className, number, permissions)
    let text: Message = "\(name.description)"
    _ = try system.addDevice(text.bytes, below: parent, description, attributes: attributes)
  }

  /// The serial ports that every PC has, whatever firmware says: a device of the platform.
  private static func addPort(_ system: SystemFileSystem) throws(Errno) -> SystemDevice? {
    guard KernelTerminals.serial.isFilled else { return nil }
    var description = SystemDeviceDescription()
    description.bus = "platform"
    description.facts = { text in text.write("MODALIAS=platform:serial8250\n") }
    let name: Message = "serial8250"
    let device = try system.addDevice(name.bytes, below: nil, description) { directory throws(Errno) in
      try directory.add("modalias") { text in text.write("platform:serial8250\n") }
    }
    try device.setDriver("serial8250")
    return device
  }

  /// The first serial port, where firmware describes it: then the terminal is a part of that, as on Linux.
  private static func describedPort() throws(Errno) -> SystemDevice? {
    guard KernelTerminals.serial.isFilled else { return nil }
    var found: DeviceNode?
    DeviceTree.forEach { device in
      guard found == nil, device.bus == .pnp, device.platformDriver == .serial,
        device.firmware?.resources.ports(from: firstPort) != nil
      else { return }
      found = device
    }
    guard let found, let shown = SystemDeviceObserver.shownDevice(of: found) else { return nil }
    // Linux's 8250_pnp is known by this name.
    try shown.setDriver("serial")
    return shown
  }

  /// Where the first serial port of every PC is. Source: IBM Personal Computer AT Technical Reference, serial adapter.
  private static var firstPort: UInt16 { 0x3f8 }

  private static func show(_ node: TerminalNode, below port: SystemDevice?, _ system: SystemFileSystem) throws(Errno) {
    let permissions = node.permissions == everybody ? everybody : nil
    switch (node.number.major, node.number.minor) {
    case (4, 64):
      try add(node.name, "tty", node.number, permissions, below: port, system) { directory throws(Errno) in
        guard let port = Consoles.serial.withValue({ $0 }) else { return }
        try SerialAttributes.add(to: directory, of: port, number: 0)
      }
    case (4, 0):
      try add(node.name, "tty", node.number, permissions, system) { directory throws(Errno) in
        // There is one terminal on the screen.
        try directory.add("active") { text in text.write("tty1\n") }
      }
    case (5, 1):
      try add(node.name, "tty", node.number, permissions, system) { directory throws(Errno) in
        // All that shows the kernel's text; the last is what /dev/console is.
        try directory.add("active") { text in writeConsoles(to: &text) }
      }
    default: try add(node.name, "tty", node.number, permissions, system)
    }
  }

  private static func writeConsoles(to text: inout TextBuffer) {
    switch Consoles.controlling {
    case .serial: text.write(KernelScreen.terminal.isFilled ? "tty0 ttyS0\n" : "ttyS0\n")
    case .screen: text.write(KernelTerminals.serial.isFilled ? "ttyS0 tty0\n" : "tty0\n")
    case nil: text.write("\n")
    }
  }
}
