import DeviceModels
import Foundations
import Machine
import Testing

@testable import Virtio

private final class Sink: EntropySink {}

private final class CountingInput: VirtioInputSink {
  var count = 0
  override func receive(type: UInt16, code: UInt16, value: Int32) { count += 1 }
}

/// A source of random numbers whose driver spoils its queue, and a clock.
private final class Bench {
  let model: VirtioDeviceModel
  let driver: VirtioRandom
  var now: UInt64 = 1_000

  init(_ offered: UInt64) throws {
    model = VirtioDeviceModel(kind: 4, offered: offered, queueSizes: [8])
    model.refusesViolations = true
    model.onRequest = { _, request in request.write([UInt8](repeating: 0x5a, count: request.room)) }
    driver = try VirtioRandom(transport(model), sink: Sink(), pacer: VirtioPacer(attempts: 10))
    _ = try driver.start(messageCount: 0)
    try settle()
  }

  func settle() throws {
    for _ in 0..<100 where try !driver.handleQueue(0) { return }
    Issue.record("it never rests")
  }

  /// What DriverKit's driver does when it is interrupted, or its timer comes.
  func look() throws(VirtioError) {
    if model.needsReset { try driver.handleConfigurationChange() }
    for _ in 0..<64 where try !driver.handleQueue(0) { break }
    _ = try driver.checkAnswer(now: now)
  }

  /// Looks for ten seconds.
  ///
  /// - Returns: what ended the driver.
  func end() -> VirtioError? {
    for _ in 0..<20 {
      do throws(VirtioError) { try look() } catch { return error }
      now += 500_000_000
    }
    return nil
  }

  func read(_ count: Int) -> Int {
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    let count = driver.read(into: &span)
    #expect(bytes[..<count].allSatisfy { $0 == 0x5a })
    return count
  }

  func restart() throws {
    try driver.stop(isGone: false)
    _ = try driver.start(messageCount: 0)
    try settle()
  }
}

@Suite("Queues that the driver breaks")
struct CorruptionTests {
  @Test("Whatever is left in the queue, the driver ends, and the next one has bytes", arguments: driverForms)
  func everyKind(offered: UInt64) throws {
    try SimulatedMemory.exclusive {
      let bench = try Bench(offered)
      // Three times: the queue has gone round a different number of times before each.
      for round in 0..<3 * VirtioCorruption.allCases.count {
        for _ in 0..<round {
          _ = bench.read(VirtioRandom.requestByteCount)
          try bench.settle()
        }
        let resets = bench.model.resetCount
        bench.driver.corrupt(round)
        let error = bench.end()
        let (_, kind) = VirtioCorruption.choose(round, of: 1)
        #expect(error == .corruptQueue || error == .needsReset || error == .noAnswer, "round \(round), \(kind)")
        try bench.restart()
        #expect(bench.model.resetCount > resets)
        #expect(bench.read(100) == 100, "round \(round), \(kind)")
        #expect(!bench.model.needsReset)
        try bench.settle()
      }
    }
  }

  @Test("A device that checks nothing leaves a driver that does", arguments: driverForms)
  func trustingDevice(offered: UInt64) throws {
    try SimulatedMemory.exclusive {
      for kind in VirtioCorruption.allCases where !kind.isForDevice {
        let bench = try Bench(offered)
        bench.model.refusesViolations = false
        bench.driver.corrupt(Int(kind.rawValue))
        let error = bench.end()
        #expect(error == .corruptQueue || error == .noAnswer, "\(kind)")
        try bench.restart()
        #expect(bench.read(100) == 100)
      }
    }
  }

  @Test("What the device is to see, it sees", arguments: driverForms)
  func seenByDevice(offered: UInt64) throws {
    try SimulatedMemory.exclusive {
      for kind in [VirtioCorruption.loop, .stray] {
        let bench = try Bench(offered)
        // Of a packed queue it is something else, for the sake of QEMU.
        if kind == .stray, bench.driver.device.queue(at: 0)?.isPacked ?? false { continue }
        bench.driver.corrupt(Int(kind.rawValue))
        #expect(bench.model.needsReset, "\(kind)")
        #expect(bench.model.lineCount > 0)
        #expect(throws: VirtioError.needsReset) { try bench.driver.handleConfigurationChange() }
        #expect(throws: VirtioError.stopped) { try bench.driver.device.check() }
      }
    }
  }

  @Test("A health check finds what no interrupt told of", arguments: driverForms)
  func health(offered: UInt64) throws {
    try SimulatedMemory.exclusive {
      let bench = try Bench(offered)
      try bench.driver.device.check()
      // A queue with nothing in flight, of which something seems to be used.
      let queue = try #require(bench.driver.device.queue(at: 0))
      #expect(queue.inFlightCount == 0)
      queue.corrupt(.unknown)
      #expect(throws: VirtioError.corruptQueue) { try bench.driver.device.check() }
      #expect(queue.isBroken)
    }
  }

  @Test("A request without an answer ends the driver after two seconds, not before")
  func noAnswer() throws {
    try SimulatedMemory.exclusive {
      let bench = try Bench(Bit.version1)
      #expect(try bench.driver.checkAnswer(now: 5) == nil)
      bench.model.onRequest = { _, _ in nil }
      _ = bench.read(10)
      #expect(try bench.driver.checkAnswer(now: 1_000) == VirtioRandom.patience)
      #expect(try bench.driver.checkAnswer(now: 1_000 + VirtioRandom.patience - 1) == 1)
      #expect(throws: VirtioError.noAnswer) { try bench.driver.checkAnswer(now: 1_000 + VirtioRandom.patience) }
      // A clock that goes back is no reason.
      #expect(try bench.driver.checkAnswer(now: 0) == VirtioRandom.patience)
    }
  }

  @Test("Every device that asks for a reset is believed, at a change of its configuration and at a look")
  func needsReset() throws {
    try SimulatedMemory.exclusive {
      let pacer = VirtioPacer(attempts: 10)
      let input = VirtioDeviceModel(
        kind: 18, offered: Bit.version1, queueSizes: [64, 64], configuration: [UInt8](repeating: 0, count: 136))
      let inputDriver = try VirtioInput(transport(input), sink: VirtioInputSink(), pacer: pacer)
      _ = try inputDriver.start(messageCount: 0)
      input.askForReset()
      #expect(throws: VirtioError.needsReset) { try inputDriver.handleConfigurationChange() }

      let console = VirtioDeviceModel(
        kind: 3, offered: Bit.version1, queueSizes: [16, 16], configuration: [UInt8](repeating: 0, count: 12))
      let consoleDriver = VirtioConsole(transport(console), sink: VirtioConsoleSink(), pacer: pacer)
      _ = try consoleDriver.start(messageCount: 0)
      console.askForReset()
      #expect(throws: VirtioError.needsReset) { try consoleDriver.handleConfigurationChange() }

      let balloon = VirtioDeviceModel(
        kind: 5, offered: Bit.version1, queueSizes: [16, 16], configuration: [UInt8](repeating: 0, count: 8))
      let balloonDriver = try VirtioBalloon(transport(balloon), source: BalloonPageSource(), pacer: pacer)
      _ = try balloonDriver.start(messageCount: 0)
      balloon.askForReset()
      #expect(throws: VirtioError.needsReset) { try balloonDriver.device.check() }
    }
  }

  /// What ends a driver when it looks at all its queues, and somebody at its health.
  private func end(_ model: VirtioDeviceModel, _ device: VirtioDevice, _ look: (Int) throws(VirtioError) -> Void)
    -> VirtioError?
  {
    for _ in 0..<3 {
      do throws(VirtioError) {
        if model.needsReset { try device.check() }
        for queue in model.queues.indices { try look(queue) }
        try device.check()
      } catch {
        return error
      }
    }
    return nil
  }

  /// A device that keeps all requests.
  private func keeper(_ kind: UInt16, _ offered: UInt64, queues: [Int], configuration: Int) -> VirtioDeviceModel {
    let model = VirtioDeviceModel(
      kind: kind, offered: offered, queueSizes: queues, configuration: [UInt8](repeating: 0, count: configuration))
    model.refusesViolations = true
    model.onRequest = { _, _ in nil }
    return model
  }

  @Test("Whatever is left in an input device's queue, its driver ends, and the next hears it", arguments: driverForms)
  func input(offered: UInt64) throws {
    try SimulatedMemory.exclusive {
      let model = keeper(18, offered, queues: [64, 64], configuration: 136)
      var requests: [VirtioRequestModel] = []
      model.onRequest = { queue, request in
        if queue == 0 { requests.append(request) }
        return nil
      }
      let sink = CountingInput()
      let driver = try VirtioInput(transport(model), sink: sink, pacer: VirtioPacer(attempts: 10))
      _ = try driver.start(messageCount: 0)
      for turn in 0..<2 * VirtioCorruption.allCases.count {
        driver.device.corrupt(turn)
        let error = end(model, driver.device) { queue throws(VirtioError) in _ = try driver.handleQueue(queue) }
        #expect(error == .corruptQueue || error == .needsReset, "\(VirtioCorruption.choose(turn, of: 2))")
        try driver.stop(isGone: false)
        requests = []
        _ = try driver.start(messageCount: 0)
        let before = sink.count
        let request = try #require(requests.first)
        request.write([1, 0, 30, 0, 1, 0, 0, 0])
        model.complete(0, request, byteCount: 8)
        _ = try driver.handleQueue(0)
        #expect(sink.count == before + 1)
      }
    }
  }

  @Test(
    "Whatever is left in a console's or balloon's queue, its driver ends, and the next works", arguments: driverForms)
  func others(offered: UInt64) throws {
    try SimulatedMemory.exclusive {
      let pacer = VirtioPacer(attempts: 10)
      let console = keeper(3, offered, queues: [16, 16], configuration: 12)
      let consoleDriver = VirtioConsole(transport(console), sink: VirtioConsoleSink(), pacer: pacer)
      _ = try consoleDriver.start(messageCount: 0)
      let balloon = keeper(5, offered | 1 << 1, queues: [16, 16, 16], configuration: 8)
      let balloonDriver = try VirtioBalloon(transport(balloon), source: BalloonPageSource(), pacer: pacer)
      _ = try balloonDriver.start(messageCount: 0)
      for turn in 0..<3 * VirtioCorruption.allCases.count {
        consoleDriver.device.corrupt(turn)
        var error = end(console, consoleDriver.device) { queue throws(VirtioError) in
          _ = try consoleDriver.handleQueue(queue)
        }
        #expect(error == .corruptQueue || error == .needsReset, "console, \(VirtioCorruption.choose(turn, of: 2))")
        try consoleDriver.stop(isGone: false)
        _ = try consoleDriver.start(messageCount: 0)
        try consoleDriver.device.check()

        balloonDriver.device.corrupt(turn)
        error = end(balloon, balloonDriver.device) { queue throws(VirtioError) in
          _ = try balloonDriver.handleQueue(queue)
        }
        #expect(error == .corruptQueue || error == .needsReset, "balloon, \(VirtioCorruption.choose(turn, of: 3))")
        try balloonDriver.stop(isGone: false)
        _ = try balloonDriver.start(messageCount: 0)
        try balloonDriver.device.check()
      }
    }
  }

  @Test("Every kind is had, of every queue")
  func choice() {
    let count = VirtioCorruption.allCases.count
    let pairs = (0..<2 * count).map { VirtioCorruption.choose($0, of: 2) }
    #expect(Set(pairs.map { "\($0.thing) \($0.kind)" }).count == 2 * count)
    #expect(VirtioCorruption.choose(-5, of: 0).thing == 0)
  }
}
