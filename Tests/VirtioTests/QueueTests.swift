import DeviceModels
import Foundations
import Machine
import TestSupport
import Testing

@testable import Virtio

/// A device with one queue, and memory for its requests.
final class QueueBench {
  let model: VirtioDeviceModel
  let device: VirtioDevice
  let queue: VirtioQueue
  let buffer: DMABuffer

  init(_ form: QueueForm, size: Int = 8, mostSegments: Int = 3, messages: Int = 0) throws {
    model = VirtioDeviceModel(kind: 4, offered: form.bits | Bit.reset, queueSizes: [size])
    model.messageLimit = messages
    device = VirtioDevice(transport(model), pacer: VirtioPacer(attempts: 10))
    buffer = try DMABuffer(byteCount: 1 << 16)
    try device.begin([])
    queue = try device.makeQueue(0, .init(size: size, mostSegments: mostSegments))
    try device.start(messageCount: messages)
  }

  /// Segment `index` of the memory, of 256 bytes.
  func segment(_ index: Int, _ count: Int = 256) throws -> DMASegment {
    let segment = buffer.segment(at: index * 256, count: count)
    return try #require(segment)
  }
}

@Suite("VirtioQueue")
struct QueueTests {
  @Test("A request reaches the device as it was made, and comes back with its length", arguments: QueueForm.all)
  func oneRequest(form: QueueForm) throws {
    try SimulatedMemory.exclusive {
      let bench = try QueueBench(form)
      let data: [UInt8] = [1, 2, 3, 4, 5]
      bench.buffer.copyIn(data.span, at: 0)
      bench.model.onRequest = { _, request in
        #expect(request.bytes == data)
        #expect(request.writable.map(\.byteCount) == [16, 256])
        return request.write([UInt8](100..<140))
      }
      bench.queue.add(try bench.segment(0, 5), .toDevice)
      bench.queue.add(try bench.segment(1, 16), .fromDevice)
      bench.queue.add(try bench.segment(2), .fromDevice)
      try bench.queue.submit(token: 77)
      #expect(bench.queue.inFlightCount == 1)
      #expect(try bench.queue.takeCompletion() == nil)
      #expect(bench.queue.notify())
      #expect(try bench.queue.takeCompletion() == VirtioCompletion(token: 77, byteCount: 40))
      #expect(try bench.queue.takeCompletion() == nil)
      #expect(bench.buffer.bytes(at: 256, count: 16) == [UInt8](100..<116))
      #expect(bench.buffer.bytes(at: 512, count: 24) == [UInt8](116..<140))
      #expect(bench.queue.inFlightCount == 0 && bench.model.queues[0].violations == [])
    }
  }

  @Test("What does not make a request is refused, and the queue stays as it was", arguments: QueueForm.all)
  func badRequests(form: QueueForm) throws {
    try SimulatedMemory.exclusive {
      let bench = try QueueBench(form)
      #expect(throws: VirtioError.badRequest) { try bench.queue.submit(token: 0) }
      bench.queue.add(try bench.segment(0), .fromDevice)
      bench.queue.add(try bench.segment(1), .toDevice)
      #expect(throws: VirtioError.badRequest) { try bench.queue.submit(token: 0) }
      for index in 0..<4 { bench.queue.add(try bench.segment(index), .toDevice) }
      #expect(throws: VirtioError.badRequest) { try bench.queue.submit(token: 0) }
      for index in 0..<8 { try bench.queue.submit(try bench.segment(index), .toDevice, token: UInt64(index)) }
      #expect(!bench.queue.hasRoom)
      #expect(throws: VirtioError.full) { try bench.queue.submit(try bench.segment(0), .toDevice, token: 8) }
      bench.model.onRequest = { _, _ in 0 }
      bench.queue.notify()
      for index in 0..<8 { #expect(try bench.queue.takeCompletion()?.token == UInt64(index)) }
      #expect(bench.queue.hasRoom && bench.model.queues[0].violations == [])
    }
  }

  @Test("Random requests, done in any order, all come back once with what was written", arguments: QueueForm.all)
  func randomWorkload(form: QueueForm) throws {
    try SimulatedMemory.exclusive {
      for seed in UInt64(1)...6 {
        var workload = try Workload(form, seed: seed)
        try workload.run(steps: 3000)
      }
    }
  }

  @Test("Indices run around 65,536", arguments: QueueForm.all)
  func wrapAround(form: QueueForm) throws {
    try SimulatedMemory.exclusive {
      let bench = try QueueBench(form, size: 4)
      bench.model.onRequest = { _, _ in 0 }
      let segment = try bench.segment(0)
      // A packed ring has no index that runs on; it goes around every fourth request.
      for round in UInt64(0)..<(form.isPacked ? 500 : 16_500) {
        for part in UInt64(0)..<4 { try bench.queue.submit(segment, .toDevice, token: round * 4 + part) }
        bench.queue.notify()
        for part in UInt64(0)..<4 {
          let token = try bench.queue.takeCompletion()?.token
          if token != round * 4 + part { Issue.record("\(String(describing: token)) in round \(round)") }
        }
      }
      #expect(bench.model.queues[0].violations == [])
    }
  }

  @Test("The device is told only when it wants to be", arguments: QueueForm.all)
  func notifications(form: QueueForm) throws {
    try SimulatedMemory.exclusive {
      let bench = try QueueBench(form)
      let queue = bench.model.queues[0]
      bench.model.onRequest = { _, _ in 0 }
      #expect(!bench.queue.notify(), "nothing was submitted")
      queue.wish = .never
      try bench.queue.submit(try bench.segment(0), .toDevice, token: 0)
      #expect(bench.queue.notify())
      #expect(try bench.queue.takeCompletion()?.token == 0)
      for token in UInt64(1)..<4 {
        try bench.queue.submit(try bench.segment(0), .toDevice, token: token)
        #expect(!bench.queue.notify())
      }
      bench.queue.notifyAnyway()
      for token in UInt64(1)..<4 { #expect(try bench.queue.takeCompletion()?.token == token) }
      queue.wish = .events
      bench.model.work()
      for token in UInt64(4)..<30 {
        try bench.queue.submit(try bench.segment(0), .toDevice, token: token)
        #expect(bench.queue.notify())
        #expect(try bench.queue.takeCompletion()?.token == token)
      }
      // One notification for several.
      let before = bench.model.notifications.count
      for token in UInt64(0)..<4 { try bench.queue.submit(try bench.segment(0), .toDevice, token: token) }
      #expect(bench.queue.notify())
      #expect(bench.model.notifications.count == before + 1 && queue.violations == [])
    }
  }

  @Test("The device interrupts only when it is asked to, and nothing is missed", arguments: QueueForm.all)
  func interrupts(form: QueueForm) throws {
    try SimulatedMemory.exclusive {
      let bench = try QueueBench(form, messages: 2)
      bench.model.onRequest = { _, _ in 0 }
      func make(_ token: UInt64) throws {
        try bench.queue.submit(try bench.segment(0), .toDevice, token: token)
        bench.queue.notify()
      }
      for round in UInt64(0)..<40 {
        bench.model.forgetInterrupts()
        #expect(!bench.queue.enableInterrupts())
        try make(round)
        #expect(bench.model.messages == [1], "round \(round)")
        bench.queue.disableInterrupts()
        try make(round + 1000)
        #expect(bench.model.messages == [1], "round \(round)")
        #expect(bench.queue.enableInterrupts(), "two are waiting")
        #expect(try bench.queue.takeCompletion()?.token == round)
        #expect(try bench.queue.takeCompletion()?.token == round + 1000)
      }
      #expect(bench.model.queues[0].violations == [])
    }
  }

  @Test("After a reset all that was in flight can be listed and taken back", arguments: QueueForm.all)
  func takeBack(form: QueueForm) throws {
    try SimulatedMemory.exclusive {
      let bench = try QueueBench(form)
      for token in UInt64(10)..<14 { try bench.queue.submit(try bench.segment(0), .toDevice, token: token) }
      bench.queue.notify()
      var listed: [UInt64] = []
      bench.queue.forEachInFlight { listed.append($0) }
      try bench.device.stop(isGone: false)
      var taken: [UInt64] = []
      while let token = bench.queue.takeBack() { taken.append(token) }
      #expect(listed.sorted() == [10, 11, 12, 13] && taken.sorted() == listed.sorted())
      #expect(bench.queue.inFlightCount == 0)
    }
  }

  @Test("A queue that is reset on its own gives everything back and works again", arguments: QueueForm.all)
  func queueReset(form: QueueForm) throws {
    try SimulatedMemory.exclusive {
      let bench = try QueueBench(form)
      bench.model.onRequest = { _, request in request.bytes[0] == 0 ? nil : 0 }
      for token in UInt64(1)...5 { try bench.queue.submit(try bench.segment(0), .toDevice, token: token) }
      bench.queue.notify()
      var taken: [UInt64] = []
      try bench.device.resetQueue(bench.queue) { taken.append($0) }
      #expect(taken.sorted() == [1, 2, 3, 4, 5])
      bench.buffer.write8(1, at: 0)
      for token in UInt64(6)..<30 {
        try bench.queue.submit(try bench.segment(0), .toDevice, token: token)
        bench.queue.notify()
        #expect(try bench.queue.takeCompletion()?.token == token)
      }
      bench.model.resetsQueuesForEver = true
      #expect(throws: VirtioError.resetTimeout) { try bench.device.resetQueue(bench.queue) { _ in } }
      #expect(bench.model.queues[0].violations == [])
    }
  }
}

/// Requests of random shapes, done in random order, against a list of what must come back.
private struct Workload {
  let bench: QueueBench
  var generator: SeededGenerator

  private struct Expected {
    var token: UInt64
    var slot: Int
    var written: [UInt8]
  }

  init(_ form: QueueForm, seed: UInt64) throws {
    bench = try QueueBench(form, size: 16, mostSegments: 4)
    generator = SeededGenerator(seed: seed)
  }

  mutating func run(steps: Int) throws {
    var held: [(VirtioRequestModel, [UInt8])] = []
    var expected: [UInt64: Expected] = [:]
    var freeSlots = Array(0..<64)
    var nextToken: UInt64 = 1
    bench.model.worksAtOnce = false
    bench.model.queues[0].wish = [.always, .never, .events].randomElement(using: &generator) ?? .always
    for _ in 0..<steps {
      switch Int.random(in: 0..<4, using: &generator) {
      case 0, 1:
        guard let slot = freeSlots.popLast() else { continue }
        let reads = Int.random(in: 0...2, using: &generator)
        let writes = Int.random(in: reads == 0 ? 1...2 : 0...2, using: &generator)
        for index in 0..<reads + writes {
          let segment = bench.buffer.segment(at: slot * 1024 + index * 256, count: 64)
          bench.queue.add(try #require(segment), index < reads ? .toDevice : .fromDevice)
        }
        do throws(VirtioError) {
          try bench.queue.submit(token: nextToken)
          expected[nextToken] = Expected(token: nextToken, slot: slot, written: [])
          if reads > 0 { bench.buffer.write64(nextToken, at: slot * 1024) }
          nextToken += 1
        } catch {
          #expect(error == .full)
          freeSlots.append(slot)
        }
      case 2:
        bench.queue.notify()
        while let request = bench.model.queues[0].take() { held.append((request, [])) }
      default:
        guard !held.isEmpty else { continue }
        let index = Int.random(in: 0..<held.count, using: &generator)
        let (request, _) = held.remove(at: index)
        let count = Int.random(in: 0...request.room, using: &generator)
        let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
        bench.model.complete(0, request, byteCount: request.write(bytes))
        let taken = try bench.queue.takeCompletion()
        let completion = try #require(taken)
        let removed = expected.removeValue(forKey: completion.token)
        let known = try #require(removed)
        #expect(completion.byteCount == count)
        let first = request.writable.first.map { Int($0.address - bench.buffer.deviceAddress) }
        if let first { #expect(bench.buffer.bytes(at: first, count: min(count, 64)) == Array(bytes.prefix(64))) }
        #expect(request.writable.allSatisfy { Int($0.address - bench.buffer.deviceAddress) / 1024 == known.slot })
        freeSlots.append(known.slot)
      }
      #expect(bench.queue.inFlightCount == expected.count)
    }
    #expect(bench.model.queues[0].violations == [])
  }
}
