import Foundations
import KernelEvents
import LinuxABI
import Machine
import Security
import SyntheticFiles
import Testing
import VFS

@testable import SystemFileSystem

@Suite("Events of devices")
struct EventTests {
  /// Keeps the events that come.
  final class Collector: KernelEventReceiver {
    var texts: [[String]] = []
    /// Called with the first line of each, while it is being sent.
    var onEvent: ((String) -> Void)?

    override func receive(_ text: Span<UInt8>) {
      let text = String(decoding: text.indices.map { text[$0] }, as: UTF8.self)
      texts.append(text.split(separator: "\0").map(String.init))
      onEvent?(texts.last?.first ?? "")
    }

    /// The events since the last time, without their numbers.
    func take() -> [[String]] {
      defer { texts = [] }
      return texts.map { $0.filter { !$0.hasPrefix("SEQNUM=") } }
    }
  }

  func withEvents(_ body: (World, Collector) throws -> Void) throws {
    try withWorld { world in
      let collector = Collector()
      KernelEvents.install(collector)
      try body(world, collector)
    }
  }

  /// A terminal below a port of the bus `platform`.
  private func makePort(_ world: World) throws(Errno) -> (port: SystemDevice, terminal: SystemDevice) {
    var port = SystemDeviceDescription()
    port.bus = "platform"
    port.facts = { text in text.write("MODALIAS=platform:serial\n") }
    let parent = try world.fileSystem.addDevice("serial0", below: nil, port)
    var terminal = SystemDeviceDescription()
    (terminal.className, terminal.number) = ("tty", DeviceNumber(4, 64))
    return (parent, try world.fileSystem.addDevice("ttyS0", below: parent, terminal))
  }

  private static func head(_ action: String, _ path: String, _ subsystem: String) -> [String] {
    ["\(action)@/\(path)", "ACTION=\(action)", "DEVPATH=/\(path)", "SUBSYSTEM=\(subsystem)"]
  }

  private static let port = "devices/platform/serial0"
  private static let terminal = "devices/platform/serial0/tty/ttyS0"
  private static let facts = ["MAJOR=4", "MINOR=64", "DEVNAME=ttyS0"]

  @Test("programs are told of devices that come and go, and of their drivers, in this order")
  func lifetime() throws {
    try withEvents { world, events in
      let (port, terminal) = try makePort(world)
      let alias = ["MODALIAS=platform:serial"]
      #expect(
        events.take() == [
          Self.head("add", Self.port, "platform") + alias,
          Self.head("add", Self.terminal, "tty") + Self.facts,
        ])
      try port.setDriver("one")
      let driver = "bus/platform/drivers/one"
      let bound = Self.head("bind", Self.port, "platform") + ["DRIVER=one"] + alias
      #expect(events.take() == [Self.head("add", driver, "drivers"), bound])
      #expect(try world.text("\(Self.port)/uevent") == "DRIVER=one\nMODALIAS=platform:serial\n")
      try port.setDriver("other")
      #expect(
        events.take().map { $0[0] } == [
          "unbind@/\(Self.port)", "add@/bus/platform/drivers/other", "bind@/\(Self.port)",
        ])
      terminal.announce(.change)
      #expect(events.take() == [Self.head("change", Self.terminal, "tty") + Self.facts])
      terminal.remove()
      port.remove()
      #expect(
        events.take() == [
          Self.head("remove", Self.terminal, "tty") + Self.facts, Self.head("unbind", Self.port, "platform") + alias,
          Self.head("remove", Self.port, "platform") + alias,
        ])
    }
  }

  @Test("attributes are there when programs are told, and a device that could not be made is not told of")
  func attributes() throws {
    try withEvents { world, events in
      var null = SystemDeviceDescription()
      (null.className, null.number) = ("mem", DeviceNumber(1, 3))
      let name = Array("null".utf8)
      let device = try world.fileSystem.addDevice(name.span, below: nil, null) { directory throws(Errno) in
        #expect(events.texts.isEmpty)
        try directory.add("extra") { text in text.write("42\n") }
      }
      #expect(try world.text("devices/virtual/mem/null/extra") == "42\n")
      #expect(events.take().count == 1)
      null.number = nil
      #expect(throws: Errno.ENOSPC) {
        let name = Array("zero".utf8)
        _ = try world.fileSystem.addDevice(name.span, below: nil, null) { _ throws(Errno) in throw .ENOSPC }
      }
      #expect(throws: Errno.ENOENT) { try world.names("devices/virtual/mem/zero") }
      #expect(throws: Errno.EEXIST) { try world.fileSystem.addDevice("null", below: nil, null) }
      #expect(events.take() == [])
      device.remove()
    }
  }

  @Test("root has events sent by writing to uevent, and nobody else does")
  func synthetic() throws {
    try withEvents { world, events in
      let (port, terminal) = try makePort(world)
      _ = events.take()
      let file = "\(Self.terminal)/uevent"
      for action in ["add", "remove", "change\n", "move", "online", "offline", "bind", "unbind"] {
        try world.write(action, to: file)
        let name = action.filter { $0 != "\n" }
        #expect(events.take() == [Self.head(name, Self.terminal, "tty") + ["SYNTH_UUID=0"] + Self.facts])
      }
      let identifier = "fe4d7c9d-b8c6-4a70-9ef1-3d8a58d18eed"
      try world.write("add \(identifier) A=1 B=abc", to: file)
      #expect(
        events.take() == [
          Self.head("add", Self.terminal, "tty") + ["SYNTH_UUID=\(identifier)", "SYNTH_ARG_A=1", "SYNTH_ARG_B=abc"]
            + Self.facts
        ])
      for wrong in ["\n", "nonsense", "add x", "add \(identifier) A", String(repeating: "add ", count: 100)] {
        #expect(throws: Errno.EINVAL) { try world.write(wrong, to: file) }
      }
      #expect(throws: Errno.ENOMEM) {
        try world.write("add \(identifier) A=\(String(repeating: "1", count: 2_100))", to: file)
      }
      try world.write("add", to: "bus/platform/uevent")
      #expect(events.take() == [Self.head("add", "bus/platform", "bus") + ["SYNTH_UUID=0"]])
      _ = try world.fileSystem.addDevice("lonely", below: nil, SystemDeviceDescription())
      // What is in no class and on no bus has a file, but no events, as on Linux.
      try world.write("add", to: "devices/lonely/uevent")
      #expect(events.take() == [])
      let path = Array("/\(file)".utf8)
      let open = try world.actor.open(path.span, .O_WRONLY)
      world.credentials = Credentials(user: UserID(rawValue: 1), group: GroupID(rawValue: 1))
      #expect(throws: Errno.EACCES) { try world.write("add", to: file) }
      #expect(try world.text(file) == "MAJOR=4\nMINOR=64\nDEVNAME=ttyS0\n")
      terminal.remove()
      port.remove()
      _ = events.take()
      let bytes = Array("add".utf8)
      #expect(throws: Errno.ENODEV) {
        try IOBuffer.withBuffer(draining: bytes.span) { buffer throws(Errno) in try open.write(&buffer) }
      }
      #expect(events.take() == [])
    }
  }

  @Test("a file in a directory of /dev is named with it, and its kind and permissions are told")
  func nodes() throws {
    try withEvents { world, events in
      var event = SystemDeviceDescription()
      (event.className, event.number, event.folder, event.permissions) = ("input", DeviceNumber(13, 64), "input", 0o660)
      event.type = "keys"
      let device = try world.fileSystem.addDevice("event0", below: nil, event)
      let facts = "MAJOR=13\nMINOR=64\nDEVNAME=input/event0\nDEVMODE=0660\nDEVTYPE=keys\n"
      #expect(try world.text("class/input/event0/uevent") == facts)
      #expect(events.take().last?.dropFirst(4).joined(separator: "\n") == String(facts.dropLast()))
      device.remove()
    }
  }

  @Test("uevent_seqnum is the number of the last event")
  func numbers() throws {
    try withEvents { world, events in
      let (port, terminal) = try makePort(world)
      let last = try #require(events.texts.last?.last)
      #expect(try world.text("kernel/uevent_seqnum") == "\(last.dropFirst("SEQNUM=".count))\n")
      let numbers = events.texts.compactMap { Int($0.last?.dropFirst("SEQNUM=".count) ?? "") }
      #expect(numbers.count == 2 && zip(numbers, numbers.dropFirst()).allSatisfy { $0 + 1 == $1 })
      terminal.remove()
      port.remove()
    }
  }
}
