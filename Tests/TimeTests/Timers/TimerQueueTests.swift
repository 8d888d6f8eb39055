import Foundations
import Machine
import Synchronization
import TestSupport
import Testing

@testable import Time

/// A time that only the test lets pass, a device that works by it, and what expired.
private final class World: Sendable {
  struct Expiry: Equatable {
    var timer: Int
    var now: UInt64
    var expirations: UInt64
  }

  let now = Atomic<UInt64>(0)
  /// When the device interrupts; `UInt64.max` is never.
  let alarm = Atomic<UInt64>(.max)
  let programmings = Atomic<Int>(0)
  let notifications = Atomic<Int>(0)
  let isLocal = Atomic<Bool>(true)
  /// How much too early the device is.
  let earliness = Atomic<UInt64>(0)
  let expiries = SpinLock<[Expiry]>([])

  var time: UInt64 { now.load(ordering: .relaxed) }

  func makeQueue() -> TimerQueue { TimerQueue(device: Device(self)) { self.time } }

  /// Lets time pass until `end`, with the device's interrupts.
  func run(_ queue: TimerQueue, until end: UInt64) {
    while true {
      let alarm = alarm.load(ordering: .relaxed)
      guard alarm <= end else { break }
      now.store(max(alarm, time), ordering: .relaxed)
      self.alarm.store(.max, ordering: .relaxed)
      queue.interrupt(now: time)
    }
    now.store(end, ordering: .relaxed)
  }

  func takeExpiries() -> [Expiry] {
    expiries.withLock { expiries in
      defer { expiries = [] }
      return expiries
    }
  }

  private final class Device: TimerDevice {
    private let world: World
    init(_ world: World) { self.world = world }
    override var isLocal: Bool { world.isLocal.load(ordering: .relaxed) }
    override func arm(nanoseconds: UInt64) {
      world.programmings.add(1, ordering: .relaxed)
      let delay = nanoseconds - min(nanoseconds - 1, world.earliness.load(ordering: .relaxed))
      let (alarm, isNever) = world.time.addingReportingOverflow(delay)
      world.alarm.store(isNever ? .max : alarm, ordering: .relaxed)
    }
    override func disarm() { world.alarm.store(.max, ordering: .relaxed) }
    override func notify() { world.notifications.add(1, ordering: .relaxed) }
  }
}

/// Notes its expiries, and does what the test says.
private final class Recorder: TimerHandler {
  private let world: World
  private let timer: Int
  private let body: @Sendable () -> Void

  init(_ world: World, _ timer: Int, _ body: @escaping @Sendable () -> Void = {}) {
    self.world = world
    self.timer = timer
    self.body = body
  }

  override func timerExpired(now: UInt64, expirations: UInt64) {
    world.expiries.withLock { $0.append(World.Expiry(timer: timer, now: now, expirations: expirations)) }
    body()
  }
}

@Suite("TimerQueue")
struct TimerQueueTests {
  @Test("A timer expires at its time, once, and not before")
  func once() throws {
    let world = World()
    let queue = world.makeQueue()
    let timer = try queue.makeTimer(Recorder(world, 0))
    try queue.arm(timer, deadline: 1_000)
    world.run(queue, until: 999)
    #expect(world.takeExpiries().isEmpty)
    world.run(queue, until: 5_000)
    #expect(world.takeExpiries() == [.init(timer: 0, now: 1_000, expirations: 1)])
    #expect(queue.nextDeadline == nil && world.alarm.load(ordering: .relaxed) == .max)
  }

  @Test(
    "A device that interrupts too early is armed again, and the timer is not early", arguments: [1 as UInt64, 7, 400])
  func earlyDevice(_ earliness: UInt64) throws {
    let world = World()
    world.earliness.store(earliness, ordering: .relaxed)
    let queue = world.makeQueue()
    let timer = try queue.makeTimer(Recorder(world, 0))
    try queue.arm(timer, deadline: 1_000)
    world.run(queue, until: 2_000)
    #expect(world.takeExpiries() == [.init(timer: 0, now: 1_000, expirations: 1)])
    #expect(world.programmings.load(ordering: .relaxed) > 1)
  }

  @Test("A periodic timer does not drift, and says how many periods passed unseen")
  func periodic() throws {
    let world = World()
    let queue = world.makeQueue()
    let timer = try queue.makeTimer(Recorder(world, 0))
    try queue.arm(timer, deadline: 100, period: 100)
    world.run(queue, until: 350)
    #expect(world.takeExpiries().map(\.now) == [100, 200, 300])
    // Interrupts were off for a long time: 400 to 1,000 come as one.
    world.now.store(1_050, ordering: .relaxed)
    queue.interrupt(now: 1_050)
    #expect(world.takeExpiries() == [.init(timer: 0, now: 1_050, expirations: 7)])
    #expect(queue.nextDeadline == 1_100)
    #expect(try queue.cancel(timer) == .cancelled)
    world.run(queue, until: 9_000)
    #expect(world.takeExpiries().isEmpty)
  }

  @Test("Slack lets one interrupt serve several timers, none early and none later than it may be")
  func slack() throws {
    let world = World()
    let queue = world.makeQueue()
    let timers = try (0..<3).map { try queue.makeTimer(Recorder(world, $0)) }
    try queue.arm(timers[0], deadline: 1_000, slack: 500)
    try queue.arm(timers[1], deadline: 1_100, slack: 300)
    try queue.arm(timers[2], deadline: 1_501)
    world.run(queue, until: 1_400)
    #expect(world.takeExpiries().map(\.timer) == [1, 0])
    world.run(queue, until: 1_501)
    #expect(world.takeExpiries().map(\.timer) == [2])
  }

  @Test("Cancelling says whether the timer was armed, idle or running")
  func cancellation() throws {
    let world = World()
    let queue = world.makeQueue()
    let number = SpinLock<TimerNumber?>(nil)
    let found = SpinLock<[TimerCancellation]>([])
    let timer = try queue.makeTimer(
      Recorder(world, 0) {
        guard let timer = number.withLock({ $0 }), let result = try? queue.cancel(timer) else { return }
        found.withLock { $0.append(result) }
        #expect(throws: Errno.EBUSY) { try queue.removeTimer(timer) }
      })
    number.withLock { $0 = timer }
    #expect(try queue.cancel(timer) == .notArmed)
    try queue.arm(timer, deadline: 10)
    #expect(try queue.cancel(timer) == .cancelled)
    try queue.arm(timer, deadline: 20, period: 20)
    world.run(queue, until: 100)
    #expect(world.takeExpiries().count == 1)
    #expect(found.withLock { $0 } == [.running])
    #expect(try queue.cancel(timer) == .notArmed)
    // The handler holds the queue, which holds the handler.
    try queue.removeTimer(timer)
  }

  @Test("A number that was given up is not valid for the next timer in its place")
  func stale() throws {
    let world = World()
    let queue = world.makeQueue()
    let first = try queue.makeTimer(Recorder(world, 0))
    try queue.arm(first, deadline: 10)
    try queue.removeTimer(first)
    let second = try queue.makeTimer(Recorder(world, 1))
    #expect(first != second)
    #expect(throws: Errno.EINVAL) { try queue.arm(first, deadline: 10) }
    #expect(throws: Errno.EINVAL) { try queue.cancel(first) }
    #expect(throws: Errno.EINVAL) { try queue.removeTimer(first) }
    try queue.arm(second, deadline: 10)
    world.run(queue, until: 100)
    #expect(world.takeExpiries().map(\.timer) == [1])
  }

  @Test("A handler that arms its timer for the past gives others their turn")
  func endless() throws {
    let world = World()
    let queue = world.makeQueue()
    let number = SpinLock<TimerNumber?>(nil)
    let timer = try queue.makeTimer(
      Recorder(world, 0) { if let timer = number.withLock({ $0 }) { try? queue.arm(timer, deadline: 0) } })
    number.withLock { $0 = timer }
    try queue.arm(timer, deadline: 50)
    world.now.store(50, ordering: .relaxed)
    #expect(queue.interrupt(now: 50) == 1)
    // The device is armed for at once.
    #expect(world.alarm.load(ordering: .relaxed) == 51)
    try queue.cancel(timer)
    try queue.removeTimer(timer)
  }

  @Test("On another CPU the device is not touched, but its CPU told, only when the next deadline comes nearer")
  func remote() throws {
    let world = World()
    let queue = world.makeQueue()
    let timers = try (0..<2).map { try queue.makeTimer(Recorder(world, $0)) }
    world.isLocal.store(false, ordering: .relaxed)
    try queue.arm(timers[0], deadline: 1_000)
    #expect(world.notifications.load(ordering: .relaxed) == 1 && world.programmings.load(ordering: .relaxed) == 0)
    world.isLocal.store(true, ordering: .relaxed)
    queue.interrupt(now: 0)
    #expect(world.programmings.load(ordering: .relaxed) == 1)
    world.isLocal.store(false, ordering: .relaxed)
    try queue.arm(timers[1], deadline: 2_000)
    #expect(world.notifications.load(ordering: .relaxed) == 1)
    try queue.arm(timers[1], deadline: 500)
    #expect(world.notifications.load(ordering: .relaxed) == 2)
  }

  @Test("The end of time can be waited for")
  func endOfTime() throws {
    let world = World()
    let queue = world.makeQueue()
    let timer = try queue.makeTimer(Recorder(world, 0))
    try queue.arm(timer, deadline: .max, slack: .max, period: .max)
    #expect(queue.nextDeadline == .max)
    world.now.store(.max, ordering: .relaxed)
    queue.interrupt(now: .max)
    #expect(world.takeExpiries().count == 1)
    try queue.arm(timer, deadline: 1, slack: 0, period: 1)
    queue.interrupt(now: .max)
    #expect(world.takeExpiries().map(\.expirations) == [.max])
  }

  @Test("Random operations: none early, none late, none lost, in order", arguments: 0..<4)
  func random(_ seed: Int) throws {
    let world = World()
    let queue = world.makeQueue()
    let count = 64
    let timers = try (0..<count).map { try queue.makeTimer(Recorder(world, $0)) }
    var model = [(deadline: UInt64, period: UInt64)?](repeating: nil, count: count)
    var random = SeededGenerator(seed: UInt64(seed))
    for step in 0..<30_000 {
      let index = Int(random.next() % UInt64(count))
      switch random.next() % 4 {
      case 0, 1:
        let deadline = world.time &+ random.next() % 3_000
        let period = random.next() % 4 == 0 ? 1 + random.next() % 500 : 0
        try queue.arm(timers[index], deadline: deadline, period: period)
        model[index] = (deadline, period)
      case 2:
        let result = try queue.cancel(timers[index])
        guard result == (model[index] == nil ? .notArmed : .cancelled) else { return failed(step) }
        model[index] = nil
      default:
        let end = world.time + random.next() % 400
        let begin = world.time
        world.run(queue, until: end)
        var last = begin
        for expiry in world.takeExpiries() {
          // A device is armed for at least one nanosecond.
          guard let armed = model[expiry.timer], expiry.now >= max(armed.deadline, last),
            expiry.now <= max(armed.deadline, begin) + 1
          else { return failed(step) }
          last = expiry.now
          let missed = armed.period == 0 ? 1 : (expiry.now - armed.deadline) / armed.period + 1
          guard expiry.expirations == missed else { return failed(step) }
          model[expiry.timer] =
            armed.period == 0 ? nil : (armed.deadline + missed * armed.period, armed.period)
        }
        guard model.allSatisfy({ $0.map { $0.deadline >= end } ?? true }) else { return failed(step) }
      }
    }
    guard queue.armedCount == model.count(where: { $0 != nil }) else { return failed(-1) }
  }

  private func failed(_ step: Int) { Issue.record("the queue differs from the model at step \(step)") }
}
