import DeviceModels
import Foundations
import Machine
import TestSupport
import Testing

@testable import Virtio

private final class Pool: EntropySink {
  var wanted = 0
  var bytes: [UInt8] = []
  override var wantedByteCount: Int { max(0, wanted - bytes.count) }
  override func receive(_ bytes: Span<UInt8>) { self.bytes += array(bytes) }
}

@Suite("VirtioRandom")
struct RandomTests {
  private func model(_ offered: UInt64) -> VirtioDeviceModel {
    let model = VirtioDeviceModel(kind: 4, offered: offered, queueSizes: [8])
    var next: UInt8 = 0
    model.onRequest = { _, request in
      #expect(request.readable.isEmpty)
      return request.write(
        (0..<request.room).map { _ in
          next &+= 1
          return next
        })
    }
    return model
  }

  /// Lets the driver and the device work until neither has anything to do.
  private func settle(_ driver: VirtioRandom) throws {
    for _ in 0..<100 where try !driver.handleQueue(0) { return }
    Issue.record("it never rests")
  }

  @Test("Sink and pool get each byte once, and no more is asked for than is wanted", arguments: driverForms)
  func filling(offered: UInt64) throws {
    try SimulatedMemory.exclusive {
      let (model, sink) = (model(offered), Pool())
      sink.wanted = 300
      let driver = try VirtioRandom(transport(model), sink: sink, pacer: VirtioPacer(attempts: 10))
      _ = try driver.start(messageCount: 2)
      try settle(driver)
      #expect(sink.bytes == (1...300).map { UInt8(truncatingIfNeeded: $0) })
      #expect(driver.receivedByteCount == 300 + UInt64(VirtioRandom.poolByteCount))
      let requests = model.queues[0].usedCount
      try settle(driver)
      #expect(model.queues[0].usedCount == requests, "nobody wants anything")
      var bytes = [UInt8](repeating: 0, count: 700)
      var span = bytes.mutableSpan
      #expect(driver.read(into: &span) == 700)
      try settle(driver)
      #expect(driver.receivedByteCount == 1000 + UInt64(VirtioRandom.poolByteCount))
      #expect(model.queues[0].violations == [])
      try driver.stop(isGone: false)
      #expect(throws: VirtioError.stopped) { try driver.refill() }
    }
  }

  @Test("A device that has nothing is not asked for ever, and again when somebody reads")
  func empty() throws {
    try SimulatedMemory.exclusive {
      let (model, sink) = (model(Bit.version1), Pool())
      model.onRequest = { _, _ in 0 }
      let driver = try VirtioRandom(transport(model), sink: sink, pacer: VirtioPacer(attempts: 10))
      _ = try driver.start(messageCount: 0)
      try settle(driver)
      let requests = model.queues[0].usedCount
      #expect(requests < 20)
      var bytes = [UInt8](repeating: 0, count: 10)
      var span = bytes.mutableSpan
      #expect(driver.read(into: &span) == 0)
      #expect(model.queues[0].usedCount > requests)
    }
  }

  @Test("A length that is too long is an error, and one that never comes leaves nothing behind")
  func broken() throws {
    try SimulatedMemory.exclusive {
      let before = SimulatedMemory.freeCount
      do {
        let (model, sink) = (model(Bit.version1), Pool())
        model.onRequest = { _, request in request.room + 1 }
        let driver = try VirtioRandom(transport(model), sink: sink, pacer: VirtioPacer(attempts: 10))
        _ = try driver.start(messageCount: 0)
        #expect(throws: VirtioError.corruptQueue) { try driver.handleQueue(0) }
        try driver.stop(isGone: false)
        model.onRequest = { _, _ in nil }
        _ = try driver.start(messageCount: 0)
        #expect(try !driver.handleQueue(0))
        model.isGone = true
        #expect(throws: VirtioError.gone) { try driver.handleConfigurationChange() }
        try driver.stop(isGone: true)
      }
      #expect(SimulatedMemory.freeCount == before)
    }
  }
}
