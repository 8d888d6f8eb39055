import DeviceModels
import Foundations
import Machine
import TestSupport
import Testing

@testable import Virtio

private final class Sink: VirtioConsoleSink {
  var log: [String] = []
  var received: [Int: [UInt8]] = [:]
  override func portAdded(_ port: Int) { log.append("added \(port)") }
  override func portIsConsole(_ port: Int) { log.append("console \(port)") }
  override func portNamed(_ port: Int, _ name: Span<UInt8>) {
    log.append("named \(port) \(String(decoding: array(name), as: UTF8.self))")
  }
  override func portChanged(_ port: Int, isOpen: Bool) { log.append("\(isOpen ? "opened" : "closed") \(port)") }
  override func portRemoved(_ port: Int) { log.append("removed \(port)") }
  override func receive(_ port: Int, _ bytes: Span<UInt8>) { received[port, default: []] += array(bytes) }
  override func hasRoom(_ port: Int) { log.append("room \(port)") }
  var room = Int.max
  override func room(_ port: Int) -> Int { room }
  override func resized(_ port: Int, columns: Int, rows: Int) { log.append("size \(port) \(columns)x\(rows)") }
}

/// The host's side of a console.
private final class Host {
  let model: VirtioDeviceModel
  var buffers: [Int: [VirtioRequestModel]] = [:]
  var sent: [Int: [UInt8]] = [:]
  var control: [[Int]] = []
  static let size: UInt64 = 1
  static let multiple: UInt64 = 2

  init(_ offered: UInt64, ports: Int) {
    let isMultiple = offered & Host.multiple != 0
    model = VirtioDeviceModel(
      kind: 3, offered: offered, queueSizes: [Int](repeating: 64, count: isMultiple ? ports * 2 + 2 : 2),
      configuration: littleEndian(80, 2) + littleEndian(25, 2) + littleEndian(ports, 4) + [0, 0, 0, 0])
    model.onReset = { [unowned self] in buffers = [:] }
    model.onRequest = { [unowned self] queue, request in
      if queue % 2 == 0 {
        buffers[queue, default: []].append(request)
        return nil
      }
      if queue == 3 {
        let bytes = request.bytes
        control.append([number(bytes[0..<4]), number(bytes[4..<6]), number(bytes[6..<8])])
      } else {
        sent[queue, default: []] += request.bytes
      }
      return 0
    }
  }

  func send(_ bytes: [UInt8], queue: Int) -> Bool {
    guard var list = buffers[queue], !list.isEmpty else { return false }
    let request = list.removeFirst()
    buffers[queue] = list
    model.complete(queue, request, byteCount: request.write(bytes))
    return true
  }

  func say(_ port: Int, _ event: Int, _ value: Int, _ detail: [UInt8] = []) {
    #expect(send(littleEndian(port, 4) + littleEndian(event, 2) + littleEndian(value, 2) + detail, queue: 2))
  }
}

@Suite("VirtioConsole")
struct ConsoleTests {
  private func driver(_ host: Host, _ sink: Sink, mostPorts: Int = 8) -> VirtioConsole {
    VirtioConsole(transport(host.model), sink: sink, pacer: VirtioPacer(attempts: 10), mostPorts: mostPorts)
  }

  private func settle(_ driver: VirtioConsole, _ host: Host) throws {
    for _ in 0..<1000 {
      var isBusy = false
      for number in host.model.queues.indices where try driver.handleQueue(number) { isBusy = true }
      if !isBusy { return }
    }
    Issue.record("it never rests")
  }

  @Test("A console with one port is open at once, and has a size", arguments: driverForms)
  func onePort(offered: UInt64) throws {
    try SimulatedMemory.exclusive {
      let (host, sink) = (Host(offered | Host.size, ports: 1), Sink())
      let driver = driver(host, sink)
      #expect(throws: VirtioError.stopped) { try driver.write([1].span, to: 0) }
      _ = try driver.start(messageCount: 0)
      #expect(sink.log == ["added 0", "console 0", "opened 0", "size 0 80x25"])
      #expect(try driver.write(Array("hello".utf8).span, to: 0) == 5)
      #expect(host.sent[1] == Array("hello".utf8))
      var expected: [UInt8] = []
      for round in 0..<300 {
        let bytes = (0..<round * 7 % 513).map { UInt8(truncatingIfNeeded: $0 + round) }
        expected += bytes
        #expect(host.send(bytes, queue: 0))
        try settle(driver, host)
      }
      #expect(sink.received[0] == expected)
      host.model.configuration.replaceSubrange(0..<4, with: littleEndian(132, 2) + littleEndian(43, 2))
      host.model.configurationChanged()
      try driver.handleConfigurationChange()
      #expect(sink.log.last == "size 0 132x43")
      #expect(throws: VirtioError.stopped) { try driver.write([1].span, to: 1) }
      try driver.stop(isGone: false)
      #expect(sink.log.last == "removed 0" && host.model.queues.allSatisfy { $0.violations == [] })
    }
  }

  @Test("What a slow host does not take is not lost, and the writer is told of room")
  func slowHost() throws {
    try SimulatedMemory.exclusive {
      let (host, sink) = (Host(Bit.version1, ports: 1), Sink())
      let driver = driver(host, sink)
      _ = try driver.start(messageCount: 0)
      host.model.worksAtOnce = false
      let text = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 / 3) }
      var done = 0
      for _ in 0..<100 where done < text.count {
        let count = try driver.write(Array(text[done...]).span, to: 0)
        done += count
        if count == 0 {
          sink.log = []
          try settle(driver, host)
          #expect(!sink.log.contains("room 0"))
          host.model.work()
          try settle(driver, host)
          #expect(sink.log == ["room 0"])
        }
      }
      host.model.work()
      #expect(done == text.count && host.sent[1] == text)
    }
  }

  @Test("Ports come with a name, open, close and go", arguments: driverForms)
  func severalPorts(offered: UInt64) throws {
    try SimulatedMemory.exclusive {
      let (host, sink) = (Host(offered | Host.multiple, ports: 4), Sink())
      let driver = driver(host, sink)
      _ = try driver.start(messageCount: 0)
      #expect(driver.hasSeveralPorts && host.control == [[0, 0, 1]] && sink.log == [])
      host.say(0, 1, 1)
      host.say(2, 1, 1)
      try settle(driver, host)
      #expect(host.control.suffix(2) == [[0, 3, 1], [2, 3, 1]])
      host.say(0, 4, 1)
      host.say(2, 7, 1, Array("org.qemu.guest_agent.0".utf8))
      host.say(2, 6, 1)
      host.say(0, 5, 0, littleEndian(100, 2) + littleEndian(40, 2))
      try settle(driver, host)
      #expect(
        sink.log == [
          "added 0", "added 2", "console 0", "named 2 org.qemu.guest_agent.0", "opened 2", "size 0 100x40",
        ])
      #expect(host.control.last == [0, 6, 1])
      #expect(try driver.write([9, 8].span, to: 2) == 2)
      #expect(host.sent[7] == [9, 8])
      #expect(host.send([5, 6, 7], queue: 6))
      try settle(driver, host)
      #expect(sink.received[2] == [5, 6, 7])
      try driver.setOpen(true, port: 2)
      #expect(host.control.last == [2, 6, 1])
      host.say(2, 6, 0)
      try settle(driver, host)
      #expect(throws: VirtioError.stopped) { try driver.write([1].span, to: 2) }
      host.say(2, 2, 1)
      try settle(driver, host)
      #expect(sink.log.suffix(2) == ["closed 2", "removed 2"])
      #expect(throws: VirtioError.stopped) { try driver.setOpen(true, port: 2) }
      #expect(throws: VirtioError.stopped) { try driver.setOpen(true, port: 1) }
      #expect(host.model.queues.allSatisfy { $0.violations == [] })
    }
  }

  @Test("What nobody has room for waits at the host, and comes in order once there is", arguments: driverForms)
  func heldInput(offered: UInt64) throws {
    try SimulatedMemory.exclusive {
      let (host, sink) = (Host(offered, ports: 1), Sink())
      let driver = driver(host, sink)
      _ = try driver.start(messageCount: 0)
      sink.room = 511
      #expect(host.send([1, 2], queue: 0) && host.send([3], queue: 0))
      try settle(driver, host)
      #expect(sink.received[0] == nil)
      #expect(try !driver.resume(0))
      #expect(sink.received[0] == nil)
      // Fourteen buffers are left; after that the host has none.
      for byte in 4..<18 { #expect(host.send([UInt8(byte)], queue: 0)) }
      #expect(!host.send([99], queue: 0))
      sink.room = 512
      _ = try driver.resume(0)
      #expect(sink.received[0] == (1..<18).map { UInt8($0) })
      #expect(try !driver.resume(0) && !driver.resume(1) && !driver.resume(-1))
      #expect(host.send([18], queue: 0))
      try settle(driver, host)
      #expect(sink.received[0]?.last == 18 && host.model.queues.allSatisfy { $0.violations == [] })
    }
  }

  @Test("Messages about ports that are not there, of unknown kinds or cut off do no harm")
  func badMessages() throws {
    try SimulatedMemory.exclusive {
      let (host, sink) = (Host(Bit.version1 | Host.multiple, ports: 31), Sink())
      let driver = driver(host, sink, mostPorts: 2)
      _ = try driver.start(messageCount: 0)
      host.say(5, 1, 1)
      host.say(0xffff_ffff, 1, 1)
      host.say(0xffff_ffff, 7, 1, [65])
      host.say(1, 6, 1)
      host.say(1, 99, 1)
      #expect(host.send([1, 0, 0, 0, 1, 0, 1], queue: 2))
      try settle(driver, host)
      #expect(sink.log == [])
      #expect(host.control.dropFirst() == [[5, 3, 0], [0xffff_ffff, 3, 0]])
      host.say(1, 1, 1)
      host.say(1, 1, 1)
      host.say(1, 7, 1)
      host.say(1, 7, 1, [UInt8](repeating: 66, count: 200))
      try settle(driver, host)
      #expect(sink.log == ["added 1", "named 1 " + String(repeating: "B", count: 128)])
    }
  }

  @Test("A host that never takes control messages ends in an error, not in memory")
  func floodedControl() throws {
    try SimulatedMemory.exclusive {
      let (host, sink) = (Host(Bit.version1 | Host.multiple, ports: 2), Sink())
      let driver = driver(host, sink)
      _ = try driver.start(messageCount: 0)
      host.say(0, 1, 1)
      try settle(driver, host)
      host.model.worksAtOnce = false
      #expect(throws: VirtioError.full) { for _ in 0..<1000 { try driver.setOpen(true, port: 0) } }
      host.model.worksAtOnce = true
      host.model.work()
      try settle(driver, host)
      try driver.setOpen(false, port: 0)
      for _ in 0..<50 { try settle(driver, host) }
      #expect(host.control.last == [0, 6, 0] && host.control.count > 256)
    }
  }
}
