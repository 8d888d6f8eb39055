import Foundations
import Machine

/// The real-time class of one CPU: the highest priority first, and first come first within one.
///
/// So that a thread gone wild does not take the machine away, the class gets at most 95 % of each second while others want to run.
/// Source: sched(7), "SCHED_FIFO", "SCHED_RR" and "Limiting the CPU usage of real-time and deadline processes".
struct RealTimeQueue: ~Copyable {
  /// Nanoseconds that a round-robin thread runs at a time. Source: sched_rr_get_interval(2); 100 ms since Linux 3.9.
  static let turn: UInt64 = 100_000_000
  /// Nanoseconds over which the limit counts. Source: proc(5), `sched_rt_period_us`.
  static let period: UInt64 = 1_000_000_000
  /// Nanoseconds of each period that the class may have. Source: proc(5), `sched_rt_runtime_us`.
  static let limit: UInt64 = 950_000_000

  private let lists: PriorityLists
  // A bit for each priority that has a list, 127 - priority from the top.
  private var present: (UInt64, UInt64) = (0, 0)
  private(set) var count = 0
  private var periodStart: UInt64 = 0
  private var used: UInt64 = 0

  /// - Throws: `ENOMEM`.
  init() throws(Errno) { lists = try PriorityLists() }

  /// The highest priority that is ready; 0 when there is none.
  @inline(__always)
  var highest: Int {
    if present.1 != 0 { return 127 - present.1.leadingZeroBitCount }
    return present.0 == 0 ? 0 : 63 - present.0.leadingZeroBitCount
  }

  // MARK: Order

  mutating func append(_ entity: SchedulingEntity) { link(entity, isFirst: false) }
  mutating func prepend(_ entity: SchedulingEntity) { link(entity, isFirst: true) }

  mutating func remove(_ entity: SchedulingEntity) { unlink(entity, entity.priority) }

  mutating func takeFirst() -> SchedulingEntity? {
    let priority = highest
    guard priority > 0, let entity = lists[priority] else { return nil }
    unlink(entity, priority)
    return entity
  }

  /// The most urgent that `isWanted` says yes to.
  func first(where isWanted: (SchedulingEntity) -> Bool) -> SchedulingEntity? {
    var priorities = present
    while priorities.0 | priorities.1 != 0 {
      let priority =
        priorities.1 != 0 ? 127 - priorities.1.leadingZeroBitCount : 63 - priorities.0.leadingZeroBitCount
      if priority >= 64 {
        priorities.1 &= ~(1 << UInt64(priority - 64))
      } else {
        priorities.0 &= ~(1 << UInt64(priority))
      }
      guard let head = lists[priority] else { continue }
      var entity = head
      repeat {
        if isWanted(entity) { return entity }
        guard let next = entity.right else { break }
        entity = next
      } while entity !== head
    }
    return nil
  }

  private mutating func link(_ entity: SchedulingEntity, isFirst: Bool) {
    let priority = entity.priority
    count += 1
    if let head = lists[priority], let last = head.left {
      entity.left = last
      entity.right = head
      last.right = entity
      head.left = entity
      if isFirst { lists[priority] = entity }
    } else {
      entity.left = entity
      entity.right = entity
      lists[priority] = entity
      if priority >= 64 { present.1 |= 1 << UInt64(priority - 64) } else { present.0 |= 1 << UInt64(priority) }
    }
  }

  private mutating func unlink(_ entity: SchedulingEntity, _ priority: Int) {
    count -= 1
    let next = entity.right.take()
    let previous = entity.left.take()
    if next === entity {
      lists[priority] = nil
      if priority >= 64 { present.1 &= ~(1 << UInt64(priority - 64)) } else { present.0 &= ~(1 << UInt64(priority)) }
    } else {
      if lists[priority] === entity { lists[priority] = next }
      previous?.right = next
      next?.left = previous
    }
  }

  // MARK: Time

  /// Whether the class has had its share of this period.
  @inline(__always)
  var isThrottled: Bool { used >= Self.limit }

  /// When the next period begins.
  var nextPeriod: UInt64 { periodStart &+ Self.period }

  /// Nanoseconds that the class may still run in this period.
  var allowance: UInt64 { used >= Self.limit ? 0 : Self.limit - used }

  /// Begins a new period if the last is over.
  @inline(__always)
  mutating func advance(to now: UInt64) {
    guard now &- periodStart >= Self.period, now >= periodStart else { return }
    periodStart = now - (now &- periodStart) % Self.period
    used = 0
  }

  /// Notes that `entity` ran for `elapsed` nanoseconds, until `now`.
  ///
  /// - Returns: whether its turn is over while another of its priority is ready.
  mutating func charge(_ entity: SchedulingEntity, _ elapsed: UInt64, at now: UInt64) -> Bool {
    used &+= min(elapsed, now &- periodStart)
    guard entity.parameters.policy == .roundRobin else { return false }
    entity.turn = entity.turn > elapsed ? entity.turn - elapsed : 0
    guard entity.turn == 0 else { return false }
    if lists[entity.priority] == nil { entity.turn = Self.turn }
    return entity.turn == 0
  }

  /// Whether somebody of `entity`'s priority is ready.
  func hasPeer(of entity: SchedulingEntity) -> Bool { lists[entity.priority] != nil }
}

/// The first of each priority; lists are rings, `left` is the previous and `right` the next.
///
/// A class, so that a run queue can be part of other modules' types, which could not end a structure with an end of its own.
private final class PriorityLists {
  private var heads = GrowableArray<SchedulingEntity?>()

  init() throws(Errno) {
    try heads.reserveCapacity(100)
    for _ in 0..<100 { try heads.append(nil) }
  }

  deinit {
    // Rings would keep themselves alive.
    for priority in 0..<100 {
      var next = heads[priority]
      while let entity = next {
        next = entity.right.take()
        entity.left = nil
      }
    }
  }

  subscript(priority: Int) -> SchedulingEntity? {
    @inline(__always)
    get { heads[priority] }
    @inline(__always)
    set { heads[priority] = newValue }
  }
}
