import PageFrames
import Slabs
import Synchronization
import TestSupport
import Testing

/// A machine whose memory, frames and caches several threads use at once.
private final class SharedMachine: Sendable {
  /// A frame's memory. A class of its own, as atomics cannot be moved into an array.
  final class Frame: Sendable {
    let words = InlineArray<512, Atomic<UInt64>> { _ in Atomic(0) }
  }

  final class Lock: SlabCacheLock, Sendable {
    private let mutex = Mutex(SlabCache())

    func withLock<Result: ~Copyable, Failure: Error>(
      _ body: (inout SlabCache) throws(Failure) -> Result
    ) throws(Failure) -> Result {
      try mutex.withLock { cache throws(Failure) in try body(&cache) }
    }
  }

  let table = FrameTable()
  let frames = (0..<1024).map { _ in Frame() }
  let locks = (0..<MagazineRack.count).map { _ in Lock() }
  /// Runs of one frame and runs of eight, which serve every larger order.
  let singles = Mutex<[UInt32]>(Array(1..<512))
  let eights = Mutex<[UInt32]>((64..<128).map { $0 * 8 })
  /// Objects on their way from one CPU to another.
  let exchange = Mutex<[UInt]>([])

  func word(_ address: UInt) -> UInt64 {
    let offset = Int(address - SimulatedMachine.base)
    return frames[offset >> 12].words[offset >> 3 & 511].load(ordering: .relaxed)
  }

  func setWord(_ address: UInt, _ value: UInt64) {
    let offset = Int(address - SimulatedMachine.base)
    frames[offset >> 12].words[offset >> 3 & 511].store(value, ordering: .relaxed)
  }

  func withSystem<Result, Failure: Error>(
    _ body: (borrowing SlabSystem<Lock, SharedMemory>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let locks = locks
    return try table.withSpan { frames throws(Failure) in
      try body(SlabSystem(caches: locks.span, frames: frames, memory: SharedMemory(machine: self)))
    }
  }
}

private struct SharedMemory: ObjectMemory {
  let machine: SharedMachine

  func load(at address: UInt) -> UInt64 { machine.word(address) }
  func store(_ value: UInt64, at address: UInt) { machine.setWord(address, value) }
  func address(of frame: FrameNumber) -> UInt { SimulatedMachine.base + UInt(frame.address) }
  func frame(containing address: UInt) -> FrameNumber {
    FrameNumber(containing: UInt64(address &- SimulatedMachine.base))
  }
}

private struct SharedPages: SlabPageSource {
  let machine: SharedMachine

  mutating func allocate(order: Int) -> FrameNumber? {
    let first =
      order == 0 ? machine.singles.withLock { $0.popLast() } : machine.eights.withLock { $0.popLast() }
    guard let first else { return nil }
    for index in 0..<1 << order { machine.table.frames[Int(first) + index].kind = .slab }
    return FrameNumber(first)
  }

  mutating func release(_ frame: FrameNumber, order: Int) {
    for index in 0..<1 << order { machine.table.frames[Int(frame.rawValue) + index].kind = .absent }
    if order == 0 {
      machine.singles.withLock { $0.append(frame.rawValue) }
    } else {
      machine.eights.withLock { $0.append(frame.rawValue) }
    }
  }
}

/// One CPU: what a thread does.
private struct Worker: ~Copyable {
  let machine: SharedMachine
  let number: UInt64
  var magazines = MagazineRack()
  var live: [UInt] = []
  var mistakes: [String] = []
  var generator: SeededGenerator

  init(_ machine: SharedMachine, number: UInt64) {
    self.machine = machine
    self.number = number
    generator = SeededGenerator(seed: 90 + number)
  }

  mutating func allocate() {
    var pages = SharedPages(machine: machine)
    let sizeClass = generator.next() % 4 == 0 ? Int(generator.next() % UInt64(SizeClasses.count)) : 3
    do throws(SlabFinding) {
      guard
        let object = try machine.withSystem({ system throws(SlabFinding) in
          try system.allocate(sizeClass, through: &magazines, &pages)
        })
      else { return }
      machine.setWord(object, UInt64(object) << 8 | number)
      live.append(object)
    } catch {
      mistakes.append("\(error)")
    }
  }

  mutating func release(_ object: UInt) {
    var pages = SharedPages(machine: machine)
    machine.setWord(object, 0)
    do throws(SlabFinding) {
      try machine.withSystem { system throws(SlabFinding) in
        try system.release(object, to: system.cacheNumber(of: object) ?? -1, through: &magazines, &pages)
      }
    } catch {
      mistakes.append("\(error)")
    }
  }

  mutating func run(steps: Int) {
    for step in 0..<steps {
      switch generator.next() % 16 {
      case 0..<7: if live.count < 500 { allocate() }
      case 7..<13:
        guard !live.isEmpty else { continue }
        live.swapAt(Int(generator.next() % UInt64(live.count)), live.count - 1)
        let object = live.removeLast()
        if machine.word(object) != UInt64(object) << 8 | number { mistakes.append("\(object) was overwritten") }
        release(object)
      case 13:
        // To be freed by another CPU.
        guard let object = live.popLast() else { continue }
        machine.exchange.withLock { $0.append(object) }
      default:
        if let object = machine.exchange.withLock({ $0.popLast() }) { release(object) }
      }
      if step % 5_000 == 0 { shrink() }
      if !mistakes.isEmpty { return }
    }
    for object in live { release(object) }
    shrink()
  }

  mutating func shrink() {
    var pages = SharedPages(machine: machine)
    _ = machine.withSystem { $0.shrink(&magazines, &pages) { mistakes.append("\($0)") } }
  }
}

@Suite("Slabs on several threads")
struct ConcurrencyTests {
  @Test("Threads that allocate, free and pass objects on never share one, and all frames come back")
  func threads() async {
    let machine = SharedMachine()
    machine.withSystem { system in
      var generator = SeededGenerator(seed: 100)
      system.makeSizeClasses(debugging: .off) { generator.next() }
    }
    let mistakes = await withTaskGroup(of: [String].self) { group in
      for number in UInt64(0)..<4 {
        group.addTask {
          var worker = Worker(machine, number: number)
          worker.run(steps: 100_000)
          return worker.mistakes
        }
      }
      return await group.reduce(into: []) { $0 += $1 }
    }
    #expect(mistakes == [])
    var last = Worker(machine, number: 9)
    for object in machine.exchange.withLock({ $0 }) { last.release(object) }
    last.shrink()
    let counts = [machine.singles.withLock { Set($0).count }, machine.eights.withLock { Set($0).count }]
    #expect(last.mistakes == [] && counts == [511, 64])
    let active = machine.withSystem { system in
      (0..<SizeClasses.count).map { system.statistics(of: $0)?.activeObjectCount ?? -1 }
    }
    #expect(active.allSatisfy { $0 == 0 })
  }
}
