import Foundations
import Scheduling

/// A thread of the simulation: it runs for a while, waits for a while, over and over.
final class SimulatedThread: SchedulingEntity {
  let name: Int
  /// Nanoseconds that it wants to run before it waits; `.max`: it never waits.
  var burst: () -> UInt64
  /// Nanoseconds that it then waits.
  var pause: () -> UInt64

  /// What is left of its burst.
  var left: UInt64 = 0
  var wakesAt: UInt64 = .max
  /// Since when it has been ready after waiting.
  var wokenAt: UInt64?
  var worstLatency: UInt64 = 0
  var latencies: [UInt64] = []
  /// How long it ran each time without a break.
  var stretches: [UInt64] = []

  init(
    _ name: Int, _ parameters: SchedulingParameters = SchedulingParameters(),
    burst: @escaping () -> UInt64 = { .max }, pause: @escaping () -> UInt64 = { 0 }
  ) {
    self.name = name
    self.burst = burst
    self.pause = pause
    super.init(parameters)
    left = burst()
  }

  var ran: UInt64 { account.running }
}

/// One CPU that runs simulated threads by a run queue, from event to event, without interrupts in between.
struct SimulatedProcessor: ~Copyable {
  var queue: RunQueue
  var now: UInt64 = 1_000
  var idleTime: UInt64 = 0
  var switches = 0
  var order: [Int] = []
  private var threads: [SimulatedThread] = []
  private var startedAt: UInt64 = 0

  init() throws(Errno) { queue = try RunQueue() }

  var running: SimulatedThread? { queue.current as? SimulatedThread }

  mutating func add(_ thread: SimulatedThread, _ reason: EnqueueReason = .new) {
    threads.append(thread)
    thread.wokenAt = now
    if queue.enqueue(thread, reason, at: now) { reschedule(.preempted) }
  }

  mutating func reschedule(_ departure: Departure) {
    let previous = running
    let next = queue.next(departure, at: now) as? SimulatedThread
    guard next !== previous || departure == .waits else { return }
    previous?.stretches.append(now - startedAt)
    startedAt = now
    guard let next else { return }
    switches += 1
    order.append(next.name)
    if let woken = next.wokenAt {
      next.worstLatency = max(next.worstLatency, now - woken)
      next.latencies.append(now - woken)
      next.wokenAt = nil
    }
  }

  /// Runs until `end`.
  mutating func run(until end: UInt64) {
    while now < end {
      var next = end
      for thread in threads { next = min(next, thread.wakesAt) }
      if let thread = running, thread.left != .max { next = min(next, now &+ thread.left) }
      if let decision = queue.nextDecision(at: now) { next = min(next, max(decision, now)) }
      advance(to: next)
      for thread in threads where thread.wakesAt <= now {
        thread.wakesAt = .max
        thread.left = thread.burst()
        thread.wokenAt = now
        if queue.enqueue(thread, .wakeUp, at: now) { reschedule(.preempted) }
      }
      if let thread = running, thread.left == 0 {
        thread.wakesAt = now + thread.pause()
        reschedule(.waits)
      }
      if queue.tick(at: now) { reschedule(.preempted) }
    }
  }

  private mutating func advance(to time: UInt64) {
    let elapsed = time - now
    if let thread = running {
      if thread.left != .max { thread.left -= min(elapsed, thread.left) }
    } else {
      idleTime += elapsed
    }
    now = time
  }
}

let millisecond: UInt64 = 1_000_000
let second: UInt64 = 1_000_000_000
