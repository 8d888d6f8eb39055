import DeviceModels
import FileTestSupport
import Foundations
import LinuxABI
import TerminalFiles
import Terminals
import TestSupport
import Testing
import VFS

@testable import DeviceFiles
@testable import DriverKit
@testable import Machine
@testable import Virtio
@testable import VirtioDrivers

@Suite("A port as a program has it", .serialized)
struct PortTests {
  private func publish(_ link: NotingLink) throws -> (PortServer, DeviceFilePublication) {
    let server = try PortServer(1, link)
    let files = DeviceFilePublication(server)
    try files.add(PortServer.template(device: 0, port: 1))
    try files.show()
    return (server, files)
  }

  @Test("One opens it at a time, reading ends while the host has it closed, and writing waits")
  func life() throws {
    try World.run { world in
      let link = NotingLink()
      let (server, files) = try publish(link)
      defer { files.withdraw() }
      do {
        let file = try world.open("vport0p1")
        #expect(link.requests.count == 1 && server.isOpen)
        #expect(throws: Errno.EBUSY) { try world.open("vport0p1") }
        // Nobody at the host.
        #expect(try file.read(4) == [])
        #expect(throws: Errno.EAGAIN) { try file.write([1]) }
        #expect(file.poll() == [.input, .readNormal, .hangUp] && file.canPoll)
        server.noteHost(isOpen: true)
        #expect(file.poll() == [.output, .writeNormal])
        #expect(throws: Errno.EAGAIN) { try file.read(4) }
        #expect(try file.write([1, 2, 3]) == 3)
        // The driver was told once and has not looked.
        #expect(link.requests.count == 1)
        server.noteServed()
        #expect(try file.write([4]) == 1 && link.requests.count == 2)
        server.receive([7, 8, 9].span)
        #expect(file.poll().contains(.input))
        #expect(try file.read(2) == [7, 8])
        server.noteHost(isOpen: false)
        // What has come is read before the end.
        #expect(file.poll() == [.input, .readNormal, .hangUp])
        #expect(try file.read(4) == [9] && file.read(4) == [])
        // And what was not sent is lost.
        var rest = [UInt8](repeating: 0, count: 8)
        var span = rest.mutableSpan
        #expect(server.output(into: &span) == 0)
      }
      #expect(!server.isOpen)
      server.receive([5].span)
      server.noteHost(isOpen: true)
      let again = try world.open("vport0p1")
      #expect(throws: Errno.EAGAIN) { try again.read(1) }
    }
  }

  @Test("There is room for so much each way, and who waits for room is told of it")
  func room() throws {
    try World.run { world in
      let link = NotingLink()
      let (server, files) = try publish(link)
      defer { files.withdraw() }
      #expect(server.room(512) == .max)
      server.noteHost(isOpen: true)
      let file = try world.open("vport0p1")
      let text = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
      #expect(try file.write(text) == 16_384)
      #expect(throws: Errno.EAGAIN) { try file.write([1]) }
      #expect(!file.poll().contains(.output))
      var sent: [UInt8] = []
      while true {
        var piece = [UInt8](repeating: 0, count: 256)
        var span = piece.mutableSpan
        let count = server.output(into: &span)
        if count == 0 { break }
        sent += piece[..<count]
        server.noteSent(count)
      }
      #expect(sent == Array(text[..<16_384]) && file.poll().contains(.output))
      server.noteServed()
      let piece = Array(text[..<512])
      while server.room(512) >= 512 { server.receive(piece.span) }
      let asked = link.requests.count
      #expect(try file.read(1) == [text[0]])
      #expect(link.requests.count == asked + 1)
      // Only who was refused room waits for it.
      server.noteServed()
      #expect(try file.read(1).count == 1 && link.requests.count == asked + 1)
      #expect(try file.read(40_000).count == 16_382)
    }
  }

  @Test("A port that goes hangs up and fails, and a console's is not opened")
  func gone() throws {
    try World.run { world in
      let (server, files) = try publish(NotingLink())
      let file = try world.open("vport0p1")
      files.withdraw()
      #expect(file.poll() == .hangUp && !world.has("vport0p1"))
      #expect(throws: Errno.ENODEV) { try file.read(1) }
      #expect(throws: Errno.ENODEV) { try file.write([1]) }
      server.noteServed()
      let (other, kept) = try publish(NotingLink())
      other.noteConsole()
      #expect(throws: Errno.ENXIO) { try world.open("vport0p1") }
      kept.withdraw()
    }
  }

  @Test("A name has no byte that a file's name may not have")
  func name() throws {
    try SimulatedMemory.exclusive {
      let server = try PortServer(1, NotingLink())
      server.setName(Array("org.qemu\n .agent\u{7f}\0".utf8).span)
      #expect(text(server.name) == "org.qemu.agent")
    }
  }
}

/// Takes bytes when it has been given room.
private final class HoldingSink: VirtioConsoleSink {
  var capacity = 0
  var received: [UInt8] = []

  override func room(_ port: Int) -> Int { capacity }
  override func receive(_ port: Int, _ bytes: Span<UInt8>) { received += array(bytes) }
}

@Suite("The driver of consoles", .serialized)
struct ConsoleDriverTests {
  private func start(_ host: Host, _ context: DriverContext) throws -> VirtioConsoleDriver {
    let driver = VirtioConsoleDriver(TerminalJobControl())
    _ = try driver.begin(transport(host.model), VirtioPacer(attempts: 10), messageCount: 0, context)
    return driver
  }

  private func makeContext() -> DriverContext {
    DriverContext(DeviceNode("virtio0", .virtio, .virtio(type: 3, vendor: 0x1af4)), DriverSignals())
  }

  private func settle(_ driver: VirtioConsoleDriver, _ host: Host) throws {
    for _ in 0..<1_000 {
      var isBusy = false
      for number in host.model.queues.indices where try driver.handleQueue(number) { isBusy = true }
      if !isBusy { return }
    }
    Issue.record("it never rests")
  }

  private func serve(_ driver: VirtioConsoleDriver, _ context: DriverContext, _ port: Int) throws {
    let work = PortWork(port, for: nil)
    try driver.serve(work, context)
    #expect(work.outcome != nil)
  }

  @Test("Ports come with names, are opened on both sides, carry bytes, and go while the machine runs")
  func ports() throws {
    try World.run { world in
      let (host, context) = (Host(ports: 4), makeContext())
      let driver = try start(host, context)
      #expect(host.say(0, 1, 1) && host.say(0, 4, 1) && host.say(2, 1, 1))
      #expect(host.say(2, 7, 1, Array("org.apus.test".utf8)))
      try settle(driver, host)
      #expect(world.has("hvc0") && world.has("vport0p0") && world.has("vport0p2") && !world.has("vport0p1"))
      #expect(world.changes == ["vport0p2"])
      #expect(throws: Errno.ENXIO) { try world.open("vport0p0") }

      do {
        let file = try world.open("vport0p2")
        try serve(driver, context, 2)
        #expect(host.said.last == [2, 6, 1])
        #expect(host.say(2, 6, 1))
        try settle(driver, host)
        #expect(try file.write(Array("to the host".utf8)) == 11)
        try serve(driver, context, 2)
        #expect(host.sent[2] == Array("to the host".utf8))
        #expect(host.send(Array("from the host".utf8), port: 2))
        try settle(driver, host)
        #expect(try file.read(100) == Array("from the host".utf8))
      }
      try serve(driver, context, 2)
      #expect(host.said.last == [2, 6, 0])

      let file = try world.open("vport0p2")
      #expect(host.say(2, 2, 1))
      try settle(driver, host)
      #expect(!world.has("vport0p2") && file.poll() == .hangUp)
      #expect(throws: Errno.ENODEV) { try file.read(1) }
      try serve(driver, context, 2)

      // Another one in its place.
      #expect(host.say(2, 1, 1) && host.say(3, 1, 1))
      try settle(driver, host)
      #expect(world.has("vport0p2") && world.has("vport0p3"))
      context.resources.withdrawPublications()
      #expect(!world.has("vport0p2") && !world.has("hvc0"))
      #expect(host.model.queues.allSatisfy { $0.violations == [] })
    }
  }

  @Test("A reader that rests stops the host, and loses nothing")
  func pressure() throws {
    try World.run { world in
      let (host, context) = (Host(ports: 2), makeContext())
      let driver = try start(host, context)
      #expect(host.say(1, 1, 1) && host.say(1, 6, 1))
      try settle(driver, host)
      let file = try world.open("vport0p1")
      try serve(driver, context, 1)
      var expected: [UInt8] = []
      var read: [UInt8] = []
      for round in 0..<400 {
        let bytes = (0..<500).map { UInt8(truncatingIfNeeded: $0 * 3 + round) }
        while !host.send(bytes, port: 1) {
          try settle(driver, host)
          if !host.send([], port: 1) {
            read += try file.read(3_000)
            try serve(driver, context, 1)
          }
        }
        expected += bytes
      }
      for _ in 0..<100 {
        try settle(driver, host)
        do throws(Errno) { read += try file.read(9_999) } catch { break }
        try serve(driver, context, 1)
      }
      #expect(read == expected)
      context.resources.withdrawPublications()
    }
  }

  @Test("Ports stay while a driver is replaced, those who have them open go on, and those that are gone go")
  func replacement() throws {
    try World.run { world in
      let (host, context) = (Host(ports: 4), makeContext())
      let first = try start(host, context)
      #expect(host.say(1, 1, 1) && host.say(2, 1, 1) && host.say(1, 6, 1))
      try settle(first, host)
      let file = try world.open("vport0p1")
      try serve(first, context, 1)
      #expect(host.send([1, 2], port: 1))
      try settle(first, host)
      try first.end(isGone: false)
      context.resources.keepPublications()
      #expect(world.has("vport0p1") && world.has("vport0p2"))

      let second = try start(host, context)
      context.resources.withdrawInherited()
      host.said = []
      #expect(host.say(1, 1, 1) && host.say(1, 6, 1))
      try settle(second, host)
      try second.timer(context)
      #expect(host.said.contains([1, 6, 1]))
      #expect(host.send([3], port: 1))
      try settle(second, host)
      #expect(try file.read(9) == [1, 2, 3])
      #expect(world.has("vport0p2"))
      context.resources.withdrawPublications()
      #expect(file.poll() == .hangUp)
    }
  }

  @Test("A console's terminal has the size that the host told of before anybody opened it")
  func size() throws {
    try World.run { world in
      let (host, context) = (Host(ports: 2), makeContext())
      let driver = try start(host, context)
      #expect(host.say(0, 1, 1) && host.say(0, 4, 1))
      // 132 columns, 43 rows.
      #expect(host.say(0, 5, 0, [132, 0, 43, 0]))
      try settle(driver, host)
      let file = try #require(try world.open("hvc0", [.O_RDWR, .O_NOCTTY, .O_NONBLOCK]) as? TerminalFile)
      #expect(file.terminal.size == WindowSize(rows: 43, columns: 132))
      #expect(host.say(0, 5, 0, [80, 0, 25, 0]))
      try settle(driver, host)
      #expect(file.terminal.size == WindowSize(rows: 25, columns: 80))
      context.resources.withdrawPublications()
    }
  }

  @Test("Ports stay while the machine rests, and go afterwards when the host says so")
  func rest() throws {
    try World.run { world in
      let (host, context) = (Host(ports: 4), makeContext())
      let driver = try start(host, context)
      #expect(host.say(1, 1, 1) && host.say(2, 1, 1) && host.say(1, 6, 1))
      try settle(driver, host)
      let file = try world.open("vport0p1")
      try serve(driver, context, 1)
      try driver.suspend(context)
      #expect(world.has("vport0p1") && world.has("vport0p2") && file.poll() != .hangUp)

      try driver.resume(context)
      host.said = []
      #expect(host.say(1, 1, 1) && host.say(2, 1, 1) && host.say(1, 6, 1))
      try settle(driver, host)
      #expect(host.said.contains([1, 6, 1]))
      #expect(host.send([4, 5], port: 1))
      try settle(driver, host)
      #expect(try file.read(9) == [4, 5])
      // Both are unplugged.
      #expect(host.say(1, 2, 1) && host.say(2, 2, 1))
      try settle(driver, host)
      #expect(!world.has("vport0p1") && !world.has("vport0p2") && file.poll() == .hangUp)
      context.resources.withdrawPublications()
    }
  }

  @Test("A port that comes in place of another has nothing of what came by that one")
  func successor() throws {
    try World.run { _ in
      let (host, sink) = (Host(ports: 2), HoldingSink())
      let console = VirtioConsole(transport(host.model), sink: sink, pacer: VirtioPacer(attempts: 10))
      _ = try console.start(messageCount: 0)
      func takeMessages() throws { while try console.handleQueue(2) {} }
      #expect(host.say(1, 1, 1) && host.say(1, 6, 1))
      try takeMessages()
      #expect(host.send([1, 2, 3], port: 1))
      #expect(try console.handleQueue(4) == false && sink.received == [])
      // Nobody has taken it when the port is unplugged, and another comes.
      #expect(host.say(1, 2, 1) && host.say(1, 1, 1) && host.say(1, 6, 1))
      try takeMessages()
      sink.capacity = .max
      while try console.resume(1) {}
      while try console.handleQueue(4) {}
      #expect(sink.received == [])
      #expect(host.send([4, 5], port: 1))
      while try console.handleQueue(4) {}
      #expect(sink.received == [4, 5])
      #expect(host.model.queues.allSatisfy { $0.violations == [] })
    }
  }

  @Test("Without ports at the host there are no files, and work for ports that are not there does no harm")
  func nothing() throws {
    try World.run { world in
      let (host, context) = (Host(ports: 2), makeContext())
      let driver = try start(host, context)
      try settle(driver, host)
      try serve(driver, context, 0)
      try serve(driver, context, -1)
      try serve(driver, context, 99)
      let other = DriverRequest(isRepeatable: true)
      try driver.serve(other, context)
      var isRefused = false
      if case .failure(.EINVAL) = other.outcome { isRefused = true }
      #expect(isRefused)
      #expect(!world.has("vport0p0") && !world.has("hvc0"))
      context.resources.withdrawPublications()
    }
  }
}
