/// The deadline class of one CPU: the earliest deadline first, each thread within its reservation.
///
/// A thread that has used its run time up gets no more before its next period, so that it cannot take what others were promised.
/// Source: Abeni, Buttazzo, "Integrating Multimedia Applications in Hard Real-Time Systems", RTSS 1998, section 3 (constant
/// bandwidth server); sched(7), "SCHED_DEADLINE".
struct DeadlineQueue: ~Copyable {
  private var ready = EntityTree()
  private var throttled = EntityTree()

  init() {}

  @inline(__always)
  var readyCount: Int { ready.count }
  @inline(__always)
  var throttledCount: Int { throttled.count }
  /// The earliest deadline of those that are ready.
  var earliest: UInt64? { ready.firstKey }
  /// When the next of those that are throttled gets more.
  var nextReplenishment: UInt64? { throttled.firstKey }

  // MARK: Order

  /// What `entity` is ordered by.
  @inline(__always)
  static func key(of entity: SchedulingEntity) -> UInt64 {
    entity.hasLentDeadline ? entity.lent.place : entity.server.deadline
  }

  mutating func insert(_ entity: SchedulingEntity) {
    if entity.server.isThrottled, !entity.hasLentDeadline {
      throttled.insert(entity, key: entity.server.replenishment)
    } else {
      entity.server.isThrottled = false
      ready.insert(entity, key: Self.key(of: entity))
    }
  }

  mutating func remove(_ entity: SchedulingEntity) {
    if entity.server.isThrottled { throttled.remove(entity) } else { ready.remove(entity) }
  }

  mutating func takeFirst() -> SchedulingEntity? { ready.takeFirst() }

  func first(where isWanted: (SchedulingEntity) -> Bool) -> SchedulingEntity? { ready.first(where: isWanted) }

  // MARK: Time

  /// Gives a new reservation a period that begins now.
  static func start(_ entity: SchedulingEntity, at now: UInt64) {
    let reservation = entity.parameters.reservation
    entity.server.deadline = now &+ reservation.deadline
    entity.server.remaining = Int64(reservation.runtime)
    entity.server.isThrottled = false
  }

  /// Sees to what a thread that wakes has left: run time saved up must not become more than its share.
  static func wake(_ entity: SchedulingEntity, at now: UInt64) {
    guard !entity.hasLentDeadline else { return }
    let reservation = entity.parameters.reservation
    let deadline = entity.server.deadline
    let nextPeriod = deadline &- reservation.deadline &+ reservation.period
    if entity.server.remaining <= 0, deadline > 0, now < nextPeriod {
      return throttle(entity, until: nextPeriod)
    }
    guard now < deadline else {
      // One whose deadline comes before its period's end would get two run times in one period.
      if deadline > 0, now < nextPeriod { return throttle(entity, until: nextPeriod) }
      return start(entity, at: now)
    }
    let laxity = deadline - now
    let wanted = UInt64(max(0, entity.server.remaining)).multipliedFullWidth(by: reservation.deadline)
    let promised = laxity.multipliedFullWidth(by: reservation.runtime)
    let isTooMuch = wanted.high > promised.high || wanted.high == promised.high && wanted.low > promised.low
    guard isTooMuch else { return entity.server.isThrottled = false }
    if reservation.deadline < reservation.period {
      entity.server.remaining = Int64(Reservation.scaled(laxity, by: reservation.runtime, over: reservation.deadline))
      entity.server.isThrottled = false
    } else {
      start(entity, at: now)
    }
  }

  private static func throttle(_ entity: SchedulingEntity, until time: UInt64) {
    entity.server.isThrottled = true
    entity.server.replenishment = time
  }

  /// Notes that `entity` ran for `elapsed` nanoseconds, until `now`.
  ///
  /// - Returns: whether it has to stop.
  static func charge(_ entity: SchedulingEntity, _ elapsed: UInt64, at now: UInt64) -> Bool {
    guard !entity.hasLentDeadline else { return false }
    if now > entity.server.deadline, now &- entity.server.deadline <= elapsed { entity.server.misses += 1 }
    entity.server.remaining -= Int64(min(elapsed, 1 << 62))
    guard entity.server.remaining <= 0 else { return false }
    return exhaust(entity, at: now)
  }

  /// Gives up what is left of the period.
  static func yield(_ entity: SchedulingEntity, at now: UInt64) {
    guard !entity.hasLentDeadline else { return }
    entity.server.remaining = min(0, entity.server.remaining)
    _ = exhaust(entity, at: now)
  }

  private static func exhaust(_ entity: SchedulingEntity, at now: UInt64) -> Bool {
    let reservation = entity.parameters.reservation
    let nextPeriod = entity.server.deadline &- reservation.deadline &+ reservation.period
    if now >= nextPeriod {
      replenish(entity, at: now)
    } else {
      throttle(entity, until: nextPeriod)
    }
    return true
  }

  /// Moves those whose period begins from the throttled to the ready.
  ///
  /// - Returns: whether there were any.
  mutating func release(until now: UInt64) -> Bool {
    var isReleased = false
    while let time = throttled.firstKey, time <= now, let entity = throttled.takeFirst() {
      Self.replenish(entity, at: now)
      ready.insert(entity, key: Self.key(of: entity))
      isReleased = true
    }
    return isReleased
  }

  private static func replenish(_ entity: SchedulingEntity, at now: UInt64) {
    let reservation = entity.parameters.reservation
    entity.server.isThrottled = false
    guard reservation.period > 0 else { return start(entity, at: now) }
    // One that ran far too long pays with whole periods, all at once.
    if entity.server.remaining <= 0 {
      let debt = UInt64(-entity.server.remaining)
      let periods = debt / max(1, reservation.runtime) + 1
      let (delay, overflows) = periods.multipliedReportingOverflow(by: reservation.period)
      guard !overflows, delay < 1 << 62 else { return start(entity, at: now) }
      entity.server.deadline &+= delay
      entity.server.remaining += Int64(periods &* reservation.runtime)
    }
    if entity.server.deadline <= now { start(entity, at: now) }
  }
}
