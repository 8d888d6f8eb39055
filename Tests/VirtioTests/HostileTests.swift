import DeviceModels
import Foundations
import Machine
import TestSupport
import Testing

@testable import Virtio

/// Registers that give chance, and keep nothing.
private final class Noise: RegisterSpace {
  var generator: SeededGenerator
  /// How many reads are answered with zeros instead, of eight: so that resets end and features are agreed on now and
  /// then.
  let zeros: Int

  init(_ seed: UInt64) {
    generator = SeededGenerator(seed: seed)
    zeros = Int(seed % 8)
  }

  private func next() -> UInt64 { Int.random(in: 0..<8, using: &generator) < zeros ? 0 : generator.next() }
  func read8(at offset: Int) -> UInt8 { UInt8(truncatingIfNeeded: next()) }
  func read16(at offset: Int) -> UInt16 { UInt16(truncatingIfNeeded: next()) }
  func read32(at offset: Int) -> UInt32 { UInt32(truncatingIfNeeded: next()) }
  func read64(at offset: Int) -> UInt64 { next() }
  func write8(_ value: UInt8, at offset: Int) {}
  func write16(_ value: UInt16, at offset: Int) {}
  func write32(_ value: UInt32, at offset: Int) {}
  func write64(_ value: UInt64, at offset: Int) {}
}

/// The four drivers, as one who does not care which it is sees them.
private enum Driver: CaseIterable {
  case random, input, balloon, console, severalPorts

  struct Actions {
    var start: () throws(VirtioError) -> Void
    var handle: (Int) throws(VirtioError) -> Bool
    var change: () throws(VirtioError) -> Void
    var stop: (_ isGone: Bool) throws(VirtioError) -> Void
  }

  var kind: UInt16 {
    switch self {
    case .random: 4
    case .input: 18
    case .balloon: 5
    case .console, .severalPorts: 3
    }
  }

  func actions(_ way: VirtioTransport) throws -> Actions {
    let pacer = VirtioPacer(attempts: 10)
    switch self {
    case .random:
      let driver = try VirtioRandom(way, sink: EntropySink(), pacer: pacer)
      return Actions(
        start: { () throws(VirtioError) in _ = try driver.start(messageCount: 3) }, handle: driver.handleQueue,
        change: driver.handleConfigurationChange, stop: driver.stop)
    case .input:
      let driver = try VirtioInput(way, sink: VirtioInputSink(), pacer: pacer)
      return Actions(
        start: { () throws(VirtioError) in _ = try driver.start(messageCount: 3) }, handle: driver.handleQueue,
        change: driver.handleConfigurationChange, stop: driver.stop)
    case .balloon:
      let driver = try VirtioBalloon(way, source: BalloonPageSource(), pacer: pacer)
      return Actions(
        start: { () throws(VirtioError) in _ = try driver.start(messageCount: 3) }, handle: driver.handleQueue,
        change: driver.handleConfigurationChange, stop: driver.stop)
    case .console, .severalPorts:
      let driver = VirtioConsole(way, sink: VirtioConsoleSink(), pacer: pacer)
      return Actions(
        start: { () throws(VirtioError) in _ = try driver.start(messageCount: 3) }, handle: driver.handleQueue,
        change: driver.handleConfigurationChange, stop: driver.stop)
    }
  }

  /// A device of its kind that does what is good for it.
  func model() -> VirtioDeviceModel {
    let features: UInt64 = self == .severalPorts ? 3 : self == .console ? 1 : self == .balloon ? 7 : 0
    let model = VirtioDeviceModel(
      kind: kind, offered: Bit.version1 | Bit.event | features, queueSizes: [Int](repeating: 16, count: 8),
      configuration: littleEndian(3, 4) + littleEndian(2, 4) + [UInt8](repeating: 1, count: 128))
    model.messageLimit = 3
    model.onRequest = { _, request in request.write([UInt8](repeating: 1, count: min(request.room, 8))) }
    return model
  }
}

@Suite("Hostile virtio devices")
struct HostileTests {
  private func run(_ actions: Driver.Actions) throws(VirtioError) {
    try actions.start()
    for round in 0..<20 {
      for number in 0..<8 { _ = try actions.handle(number) }
      if round % 5 == 0 { try actions.change() }
    }
  }

  @Test("Registers full of chance end in an error or not, and never in a trap")
  func noise() throws {
    try SimulatedMemory.exclusive {
      let before = SimulatedMemory.freeCount
      var outcomes: Set<UInt8> = []
      for seed in UInt64(0)..<48 {
        for driver in Driver.allCases {
          func region(_ byteCount: Int) -> VirtioRegion<Noise> { VirtioRegion(Noise(seed), byteCount: byteCount) }
          let way = VirtioPCITransport(
            kind: driver.kind, common: region(0x3c), notification: region(0x1000), multiplier: 4,
            interruptStatus: region(1), configuration: region(0x100))
          let actions = try driver.actions(way)
          do throws(VirtioError) {
            try run(actions)
          } catch {
            outcomes.insert(error.rawValue)
          }
          try? actions.stop(true)
        }
      }
      #expect(outcomes.count >= 3)
      #expect(SimulatedMemory.freeCount == before)
    }
  }

  @Test("A device that goes away after any number of accesses is an error, and all memory comes back")
  func vanishing() throws {
    try SimulatedMemory.exclusive {
      let before = SimulatedMemory.freeCount
      for driver in Driver.allCases {
        for limit in stride(from: 0, to: 400, by: 13) {
          let model = driver.model()
          model.common.beforeAccess = { if $0.accessCount > limit { model.isGone = true } }
          let actions = try driver.actions(transport(model))
          do throws(VirtioError) {
            try run(actions)
          } catch {
            #expect(error != .corruptQueue && error != .badRequest, "\(driver) after \(limit): \(error)")
          }
          try? actions.stop(true)
          model.common.beforeAccess = nil
        }
      }
      #expect(SimulatedMemory.freeCount == before)
    }
  }

  @Test("Drivers work with a device that does what is good for it, again after they were stopped")
  func restart() throws {
    try SimulatedMemory.exclusive {
      for driver in Driver.allCases {
        let model = driver.model()
        let actions = try driver.actions(transport(model))
        for _ in 0..<3 {
          try run(actions)
          #expect(model.isDriven)
          try actions.stop(false)
          #expect(!model.isDriven)
        }
        #expect(model.common.violations == [])
        for queue in model.queues { #expect(queue.violations == []) }
      }
    }
  }

  @Test("Random bytes in the queues of a driver end in an error or not, and never in a trap")
  func scribbling() throws {
    try SimulatedMemory.exclusive {
      let before = SimulatedMemory.freeCount
      var generator = SeededGenerator(seed: 5)
      for driver in Driver.allCases {
        for round in 0..<8 {
          let model = driver.model()
          model.offered |= round % 2 == 0 ? Bit.packed : 0
          let actions = try driver.actions(transport(model))
          try actions.start()
          do throws(VirtioError) {
            for _ in 0..<15 {
              let queue = model.queues[Int.random(in: 0..<model.queues.count, using: &generator)]
              let place: UInt64 = Bool.random(using: &generator) ? queue.descriptors : queue.device
              let bytes = (0..<4).map { _ in UInt8.random(in: 0...255, using: &generator) }
              if place != 0 {
                let offset = UInt64.random(in: 0..<64, using: &generator)
                _ = SimulatedBus.write(bytes, at: place + offset)
              }
              for number in 0..<8 { _ = try actions.handle(number) }
            }
          } catch {
            #expect(error == .corruptQueue || error == .full || error == .noMemory, "\(driver): \(error)")
          }
          try actions.stop(false)
        }
      }
      #expect(SimulatedMemory.freeCount == before)
    }
  }
}
