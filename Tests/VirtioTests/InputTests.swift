import DeviceModels
import Foundations
import Machine
import TestSupport
import Testing

@testable import Virtio

private final class Events: VirtioInputSink {
  var description: VirtioInputDescription?
  var events: [[Int]] = []
  var detachCount = 0
  override func attach(_ description: VirtioInputDescription) { self.description = description }
  override func receive(type: UInt16, code: UInt16, value: Int32) { events.append([Int(type), Int(code), Int(value)]) }
  override func detach() { detachCount += 1 }
}

/// A tablet: answers questions, keeps buffers for events, and remembers what it was sent.
private final class Tablet {
  let model: VirtioDeviceModel
  var buffers: [VirtioRequestModel] = []
  var sent: [[UInt8]] = []
  var answers: [[UInt8]: [UInt8]] = [
    [1, 0]: Array("Tablet".utf8), [2, 0]: Array("serial 7".utf8),
    [3, 0]: [6, 0, 0x27, 6, 3, 0, 1, 0], [0x10, 0]: [1], [0x11, 1]: [0, 0, 0, 8], [0x11, 3]: [3],
    [0x12, 0]: littleEndian(0, 4) + littleEndian(0x7fff, 4) + littleEndian(1, 4) + littleEndian(2, 4)
      + littleEndian(3, 4),
    [0x12, 1]: littleEndian(-5, 4) + littleEndian(5, 4) + littleEndian(0, 12), [0x11, 0x11]: [7],
  ]

  init(_ offered: UInt64) {
    model = VirtioDeviceModel(
      kind: 18, offered: offered, queueSizes: [64, 64], configuration: [UInt8](repeating: 0, count: 136))
    model.onConfigurationWrite = { [unowned self] _ in
      let answer = answers[[model.configuration[0], model.configuration[1]]] ?? []
      model.configuration[2] = UInt8(min(answer.count, 255))
      model.configuration.replaceSubrange(8..<136, with: (answer + [UInt8](repeating: 0xee, count: 128)).prefix(128))
    }
    model.onRequest = { [unowned self] queue, request in
      if queue == 0 {
        buffers.append(request)
        return nil
      }
      sent.append(request.bytes)
      return 0
    }
  }

  /// Sends an event; false when the driver has given no buffer.
  func send(_ type: Int, _ code: Int, _ value: Int) -> Bool {
    guard !buffers.isEmpty else { return false }
    let request = buffers.removeFirst()
    let bytes = littleEndian(type, 2) + littleEndian(code, 2) + littleEndian(value, 4)
    model.complete(0, request, byteCount: request.write(bytes))
    return true
  }
}

@Suite("VirtioInput")
struct InputTests {
  private func driver(_ tablet: Tablet, _ sink: Events) throws -> VirtioInput {
    try VirtioInput(transport(tablet.model), sink: sink, pacer: VirtioPacer(attempts: 10))
  }

  @Test("The device is described as it describes itself")
  func description() throws {
    try SimulatedMemory.exclusive {
      let (tablet, sink) = (Tablet(Bit.version1), Events())
      let driver = try driver(tablet, sink)
      #expect(try driver.start(messageCount: 0) == .line)
      let description = try #require(sink.description)
      #expect(array(description.name.span) == Array("Tablet".utf8))
      #expect(array(description.serial.span) == Array("serial 7".utf8))
      #expect([description.bus, description.vendor, description.product, description.version] == [6, 0x627, 3, 1])
      #expect(description.properties.contains(bit: 0) && !description.properties.contains(bit: 1))
      #expect(description.typeCount == 3)
      #expect(description.has(type: 1, code: 27) && !description.has(type: 1, code: 26))
      #expect(description.has(type: 17, code: 2) && !description.has(type: 17, code: 3))
      #expect(description.axes.count == 2)
      #expect(
        description.axes[0]
          == VirtioInputAxis(code: 0, minimum: 0, maximum: 0x7fff, fuzz: 1, flat: 2, resolution: 3))
      #expect(description.axes[1].minimum == -5)
    }
  }

  @Test("Answers longer than there is room for, of ones, or none at all do no harm")
  func badAnswers() throws {
    try SimulatedMemory.exclusive {
      let (tablet, sink) = (Tablet(Bit.version1), Events())
      tablet.answers = [
        [1, 0]: [UInt8](repeating: 65, count: 255), [0x11, 3]: [UInt8](repeating: 255, count: 255), [0x12, 5]: [1, 2],
      ]
      _ = try driver(tablet, sink).start(messageCount: 0)
      let description = try #require(sink.description)
      #expect(description.name.count == 128 && description.serial.count == 0 && description.axes.count == 0)
      tablet.model.configuration = [0, 0, 0, 0]
      #expect(throws: VirtioError.badStructure) { try driver(tablet, sink).start(messageCount: 0) }
    }
  }

  @Test("Events arrive in order, however many, and buffers go back", arguments: driverForms)
  func events(offered: UInt64) throws {
    try SimulatedMemory.exclusive {
      let (tablet, sink) = (Tablet(offered), Events())
      let driver = try driver(tablet, sink)
      _ = try driver.start(messageCount: 0)
      var expected: [[Int]] = []
      for round in 0..<2000 {
        let event = [round % 5, round % 700, round - 1000]
        expected.append(event)
        #expect(tablet.send(event[0], event[1], event[2]), "round \(round)")
        if round % 37 == 0 { while try driver.handleQueue(0) {} }
      }
      while try driver.handleQueue(0) {}
      #expect(sink.events == expected && tablet.model.queues[0].violations == [])
      #expect(try !driver.handleQueue(7))
      try driver.stop(isGone: false)
      #expect(sink.detachCount == 1 && driver.description == nil)
    }
  }

  @Test("An event that is cut off is none; the buffer is used again")
  func shortEvents() throws {
    try SimulatedMemory.exclusive {
      let (tablet, sink) = (Tablet(Bit.version1), Events())
      let driver = try driver(tablet, sink)
      _ = try driver.start(messageCount: 0)
      for byteCount in 0..<8 {
        tablet.model.complete(0, tablet.buffers.removeFirst(), byteCount: byteCount)
        while try driver.handleQueue(0) {}
      }
      #expect(sink.events == [] && tablet.buffers.count == 64)
      tablet.model.queues[0].forge(identifier: 64, byteCount: 8)
      #expect(throws: VirtioError.corruptQueue) { try driver.handleQueue(0) }
    }
  }

  @Test("Lights are sent; a device that does not take them is an error and not a wait")
  func lights() throws {
    try SimulatedMemory.exclusive {
      let (tablet, sink) = (Tablet(Bit.version1 | Bit.packed), Events())
      let driver = try driver(tablet, sink)
      #expect(throws: VirtioError.stopped) { try driver.send(type: 17, code: 0, value: 1) }
      _ = try driver.start(messageCount: 0)
      for round in 0..<100 { try driver.send(type: 17, code: 1, value: Int32(round) - 50) }
      #expect(tablet.sent.count == 100)
      #expect(tablet.sent[0] == [17, 0, 1, 0] + littleEndian(-50, 4))
      tablet.model.worksAtOnce = false
      for _ in 0..<16 { try driver.send(type: 17, code: 1, value: 1) }
      #expect(throws: VirtioError.full) { try driver.send(type: 17, code: 1, value: 1) }
      tablet.model.work()
      try driver.send(type: 17, code: 1, value: 1)
    }
  }
}
