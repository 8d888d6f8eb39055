import DeviceModels
import Foundations
import Machine
import TestSupport
import Testing

@testable import Virtio

@Suite("Queues that the device breaks")
struct CorruptQueueTests {
  /// A queue with two requests in flight, of 256 bytes to be written each.
  private func bench(_ form: QueueForm) throws -> QueueBench {
    let bench = try QueueBench(form)
    bench.model.worksAtOnce = false
    for token in UInt64(0)..<2 { try bench.queue.submit(try bench.segment(Int(token)), .fromDevice, token: token) }
    bench.queue.notify()
    return bench
  }

  private func expectBroken(_ bench: QueueBench) {
    #expect(throws: VirtioError.corruptQueue) { try bench.queue.takeCompletion() }
    #expect(throws: VirtioError.corruptQueue) { try bench.queue.takeCompletion() }
    #expect(throws: VirtioError.corruptQueue) {
      try bench.queue.submit(try bench.segment(0), .toDevice, token: 9)
    }
    #expect(!bench.queue.hasCompletion && !bench.queue.hasRoom && bench.queue.isBroken)
  }

  @Test("An identifier that was never given breaks it", arguments: QueueForm.all)
  func identifiers(form: QueueForm) throws {
    try SimulatedMemory.exclusive {
      for identifier in [UInt32(7), 8, 9, 0x7fff, 0xffff] {
        let bench = try bench(form)
        bench.model.queues[0].forge(identifier: identifier, byteCount: 0)
        expectBroken(bench)
        #expect(bench.queue.inFlightCount == 2)
      }
    }
  }

  @Test("A request that is given back twice breaks it", arguments: QueueForm.all)
  func twice(form: QueueForm) throws {
    try SimulatedMemory.exclusive {
      let bench = try bench(form)
      let taken = bench.model.queues[0].take()
      let request = try #require(taken)
      bench.model.queues[0].use(request, byteCount: 1)
      #expect(try bench.queue.takeCompletion()?.byteCount == 1)
      bench.model.queues[0].use(request, byteCount: 1)
      expectBroken(bench)
    }
  }

  @Test("A length beyond what can be written breaks it", arguments: QueueForm.all)
  func lengths(form: QueueForm) throws {
    try SimulatedMemory.exclusive {
      for byteCount in [UInt32(257), 4096, .max] {
        let bench = try bench(form)
        let taken = bench.model.queues[0].take()
        bench.model.queues[0].forge(identifier: try #require(taken).identifier, byteCount: byteCount)
        expectBroken(bench)
      }
    }
  }

  @Test("The length of a request with nothing to write does not matter", arguments: QueueForm.all)
  func readOnlyLength(form: QueueForm) throws {
    try SimulatedMemory.exclusive {
      let bench = try QueueBench(form)
      bench.model.onRequest = { _, request in 1 << 20 }
      try bench.queue.submit(try bench.segment(0), .toDevice, token: 3)
      bench.queue.notify()
      #expect(try bench.queue.takeCompletion() == VirtioCompletion(token: 3, byteCount: 0))
    }
  }

  @Test("An index that runs ahead of what was made available breaks a split queue")
  func indexAhead() throws {
    try SimulatedMemory.exclusive {
      for form in QueueForm.all where !form.isPacked {
        for distance in [UInt16(3), 9, 0x8000, 0xffff] {
          let bench = try bench(form)
          bench.model.queues[0].jump(by: distance)
          expectBroken(bench)
        }
      }
    }
  }

  @Test("What was in flight in a broken queue can be taken back after the reset", arguments: QueueForm.all)
  func takeBackBroken(form: QueueForm) throws {
    try SimulatedMemory.exclusive {
      let bench = try bench(form)
      bench.model.queues[0].forge(identifier: 0xffff, byteCount: 0)
      expectBroken(bench)
      try bench.device.stop(isGone: false)
      var taken: Set<UInt64> = []
      while let token = bench.queue.takeBack() { taken.insert(token) }
      #expect(taken == [0, 1])
    }
  }

  @Test(
    "Random writes to the ring never give back what was not in flight, and never end in a loop",
    arguments: QueueForm.all)
  func fuzz(form: QueueForm) throws {
    try SimulatedMemory.exclusive {
      for seed in UInt64(1)...150 { try fuzzOnce(form, seed) }
    }
  }

  private func fuzzOnce(_ form: QueueForm, _ seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let bench = try QueueBench(form)
    bench.model.worksAtOnce = false
    let queue = bench.queue
    var inFlight: Set<UInt64> = []
    var nextToken: UInt64 = 0
    let base = queue.places.descriptors
    for _ in 0..<200 {
      switch Int.random(in: 0..<4, using: &generator) {
      case 0:
        for index in 0..<Int.random(in: 1...3, using: &generator) {
          queue.add(try bench.segment(index), .fromDevice)
        }
        do throws(VirtioError) {
          try queue.submit(token: nextToken)
          inFlight.insert(nextToken)
          nextToken += 1
        } catch {
          #expect(error == .full || error == .corruptQueue)
        }
        queue.notify()
      case 1:
        // Anywhere in the memory of the queue, as a device can.
        let count = Int.random(in: 1...4, using: &generator)
        let offset = UInt64.random(in: 0..<UInt64(queue.layout.byteCount - count), using: &generator)
        let small = Bool.random(using: &generator)
        let bytes = (0..<count).map { _ in UInt8.random(in: 0...(small ? 7 : 255), using: &generator) }
        #expect(SimulatedBus.write(bytes, at: base + offset))
      case 2:
        let known = UInt32.random(in: 0..<8, using: &generator)
        bench.model.queues[0].forge(
          identifier: Bool.random(using: &generator) ? known : UInt32(truncatingIfNeeded: generator.next()),
          byteCount: UInt32.random(in: 0...300, using: &generator))
      default:
        for _ in 0..<20 {
          do throws(VirtioError) {
            guard let completion = try queue.takeCompletion() else { break }
            #expect(inFlight.remove(completion.token) != nil, "seed \(seed)")
            #expect(completion.byteCount <= 3 * 256)
          } catch {
            #expect(error == .corruptQueue)
            break
          }
        }
        _ = queue.enableInterrupts()
      }
      #expect(queue.inFlightCount == inFlight.count)
    }
    var taken: Set<UInt64> = []
    while let token = queue.takeBack() { taken.insert(token) }
    #expect(taken == inFlight, "seed \(seed)")
  }
}
