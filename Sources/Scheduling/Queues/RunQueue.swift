public import Foundations

/// What one CPU has to run, and in which order: stop, deadline, real-time, fair, idle.
///
/// Pure policy: it takes events and the time and answers; whoever owns it holds a lock around each call and does the switching.
/// Times are nanoseconds of the monotonic clock; one that goes back a little, as between CPUs, is taken as no time. No call
/// takes memory. Each takes time logarithmic in the number of ready entities, or constant time.
public struct RunQueue: ~Copyable {
  /// How long a thread of the fair class that does not wait runs while others are ready, in nanoseconds.
  public static var quantum: UInt64 { FairQueue.quantum }
  /// Nanoseconds that a thread of the policy `roundRobin` runs at a time.
  public static var roundRobinTurn: UInt64 { RealTimeQueue.turn }

  var stop: SchedulingEntity?
  var deadline = DeadlineQueue()
  var realTime: RealTimeQueue
  var fair = FairQueue()
  /// What runs; nil when nothing does, that is, when the CPU is idle.
  public internal(set) var current: SchedulingEntity?
  /// Since when the entity that runs has not been charged.
  var chargedUntil: UInt64 = 0
  /// Whether the entity that runs should make room.
  var isRescheduleNeeded = false
  /// Where the CPU's time has gone, as far as is known.
  var knownTimes = ProcessorTimes()
  /// Time of entities that has not been looked at yet.
  private var unsampled: UInt64 = 0

  /// Creates an empty queue.
  ///
  /// - Throws: `ENOMEM`.
  public init() throws(Errno) { realTime = try RealTimeQueue() }

  /// How many are ready, without the one that runs and without those that may not run before their next period.
  public var readyCount: Int { fair.readyCount + realTime.count + deadline.readyCount + (stop == nil ? 0 : 1) }

  /// How many want to run, with the one that does.
  public var runnableCount: Int { readyCount + (current == nil ? 0 : 1) }

  /// The weights of those of the fair class, with the one that runs.
  public var load: UInt64 { UInt64(fair.load) }

  // MARK: Accounts

  /// Begins to count time, at `now`.
  public mutating func begin(at now: UInt64) { chargedUntil = now }

  /// The account of `entity`, which is this queue's or in none.
  public mutating func account(of entity: SchedulingEntity, at now: UInt64) -> EntityAccount {
    if current === entity { update(to: now) }
    _ = entity.account.sampledTime.divide(entity.account.running)
    return entity.account
  }

  /// Looks at what the CPU does: all that has not been looked at counts as that.
  ///
  /// - Parameter isProgram: whether it was found in a program; of an idle CPU, whether it was one that it ran last.
  public mutating func sample(isProgram: Bool, at now: UInt64) {
    update(to: now)
    var isNice = false
    if let current {
      current.account.sampledTime.sample(isProgram: isProgram, total: current.account.running)
      isNice = current.isNice
    }
    switch (isProgram, isNice) {
    case (false, _): knownTimes.system &+= unsampled
    case (true, false): knownTimes.user &+= unsampled
    case (true, true): knownTimes.nice &+= unsampled
    }
    unsampled = 0
  }

  /// Where the CPU's time has gone, without what has not been looked at.
  public func times(at now: UInt64) -> ProcessorTimes {
    var times = knownTimes
    if current == nil { times.idle &+= Self.elapsed(from: chargedUntil, to: now) }
    return times
  }

  /// Counts the time that the CPU had nothing to run.
  mutating func noteIdle(until now: UInt64) {
    knownTimes.idle &+= Self.elapsed(from: chargedUntil, to: now)
    if now > chargedUntil { chargedUntil = now }
  }

  // MARK: Becoming ready

  /// Makes `entity` ready.
  ///
  /// - Precondition: it is detached.
  /// - Returns: whether the CPU should look again at what it runs.
  public mutating func enqueue(_ entity: SchedulingEntity, _ reason: EnqueueReason, at now: UInt64) -> Bool {
    precondition(entity.place == .detached, "an entity in two run queues")
    update(to: now)
    if reason == .migration { entity.account.migrations &+= 1 }
    join(entity, reason, at: now)
    insert(entity, isFirst: false)
    entity.place = .ready
    entity.since = now
    if preempts(entity) { isRescheduleNeeded = true }
    return isRescheduleNeeded
  }

  /// Takes an entity out that is ready, to move it or because it ends.
  ///
  /// - Precondition: it is ready in this queue.
  public mutating func detach(_ entity: SchedulingEntity, at now: UInt64) {
    precondition(entity.place == .ready, "an entity that is not ready")
    update(to: now)
    takeOut(entity)
    leave(entity, at: now)
    entity.account.waiting &+= Self.elapsed(from: entity.since, to: now)
    entity.place = .detached
  }

  /// Whether `woken`, which is ready, goes before the one that runs.
  private mutating func preempts(_ woken: SchedulingEntity) -> Bool {
    if woken.schedulingClass == .deadline, woken.server.isThrottled { return false }
    // Moved out and back, so that it is not counted.
    guard let running = current.take() else { return true }
    let isFirst =
      woken.schedulingClass == .fair && running.schedulingClass == .fair
      ? fair.preempts(woken, running) : preempts(woken, running)
    current = running
    return isFirst
  }

  private mutating func preempts(_ woken: SchedulingEntity, _ running: SchedulingEntity) -> Bool {
    let isHeldBack = isRealTimeHeldBack(running)
    let rank = Self.rank(woken, isHeldBack)
    let runningRank = Self.rank(running, isHeldBack)
    guard rank == runningRank else { return rank < runningRank }
    return switch woken.schedulingClass {
    // Two of the fair class have been compared already.
    case .stop, .idle, .fair: false
    case .deadline: isEarlier(DeadlineQueue.key(of: woken), than: DeadlineQueue.key(of: running))
    case .realTime: woken.priority > running.priority
    }
  }

  /// The real-time class has had its share of this second, and others want to run, or `running` is one of them.
  mutating func isRealTimeHeldBack(_ running: SchedulingEntity) -> Bool {
    realTime.isThrottled && (fair.readyCount > 0 || running.schedulingClass == .fair)
  }

  /// The class in its order; a real-time class that is held back comes last.
  @inline(__always)
  static func rank(_ entity: SchedulingEntity, _ isHeldBack: Bool) -> UInt8 {
    isHeldBack && entity.schedulingClass == .realTime
      ? SchedulingClass.idle.rawValue : entity.schedulingClass.rawValue
  }

  // MARK: Time

  /// Notes the time, as the clock's interrupt does.
  ///
  /// - Returns: whether the CPU should look again at what it runs.
  public mutating func tick(at now: UInt64) -> Bool {
    update(to: now)
    return isRescheduleNeeded
  }

  /// When `tick` should be called next at the latest; nil when nothing changes by itself.
  ///
  /// Changes nothing, but would be copied to be lent if it did not say that it might.
  ///
  /// - Context: after `tick` or `next` at the same time.
  @inline(__always)
  public mutating func nextDecision(at now: UInt64) -> UInt64? {
    // Mostly nobody is ready, or only such as share the CPU with what runs.
    let isShared = realTime.count | deadline.throttledCount == 0 && isFair
    guard isShared, !isRescheduleNeeded else { return decision(at: now) }
    if fair.readyCount == 0 { return nil }
    guard let rest = withCurrent({ FairQueue.remaining($0) }) else { return nil }
    return now &+ rest
  }

  /// Whether what runs is of the fair class.
  @inline(__always)
  private var isFair: Bool {
    mutating get { current?.schedulingClass == .fair }
  }

  @inline(never)
  private mutating func decision(at now: UInt64) -> UInt64? {
    if isRescheduleNeeded { return now }
    var wait = UInt64.max
    if let time = deadline.nextReplenishment { wait = min(wait, Self.elapsed(from: now, to: time)) }
    if let current {
      switch current.schedulingClass {
      case .stop, .idle: break
      case .deadline:
        if !current.hasLentDeadline { wait = min(wait, UInt64(max(0, current.server.remaining))) }
      case .realTime:
        if current.parameters.policy == .roundRobin, realTime.hasPeer(of: current) { wait = min(wait, current.turn) }
        if fair.readyCount > 0 { wait = min(wait, realTime.allowance) }
      case .fair:
        if fair.readyCount > 0 { wait = min(wait, FairQueue.remaining(current)) }
        if realTime.count > 0 { wait = min(wait, Self.elapsed(from: now, to: realTime.nextPeriod)) }
      }
    }
    guard wait != .max else { return nil }
    return now &+ wait
  }

  @inline(__always)
  static func elapsed(from start: UInt64, to end: UInt64) -> UInt64 { end > start ? end - start : 0 }

  /// Charges the entity that runs, and sees to what the time brings.
  mutating func update(to now: UInt64) {
    realTime.advance(to: now)
    if deadline.throttledCount > 0, deadline.release(until: now) { noteReleased() }
    // Moved out and back, so that it is not counted.
    guard let running = current.take() else { return }
    let elapsed = Self.elapsed(from: chargedUntil, to: now)
    if elapsed > 0 {
      chargedUntil = now
      running.account.running &+= elapsed
      unsampled &+= elapsed
      if charge(running, elapsed, at: now) { isRescheduleNeeded = true }
    }
    // A period of the real-time class has begun, or its share is used up.
    if realTime.count > 0 || running.schedulingClass == .realTime {
      let isThrottled = realTime.isThrottled
      switch running.schedulingClass {
      case .realTime: if isThrottled, fair.readyCount > 0 { isRescheduleNeeded = true }
      case .fair: if !isThrottled { isRescheduleNeeded = true }
      case .stop, .deadline, .idle: break
      }
    }
    current = running
  }

  /// - Returns: whether `running` should make room.
  @inline(__always)
  private mutating func charge(_ running: SchedulingEntity, _ elapsed: UInt64, at now: UInt64) -> Bool {
    if running.schedulingClass == .fair { return fair.charge(running, elapsed) && fair.readyCount > 0 }
    return switch running.schedulingClass {
    case .stop, .idle, .fair: false
    case .deadline: DeadlineQueue.charge(running, elapsed, at: now)
    case .realTime: realTime.charge(running, elapsed, at: now)
    }
  }

  private mutating func noteReleased() {
    guard let current else { return isRescheduleNeeded = true }
    switch current.schedulingClass {
    case .stop: break
    case .deadline:
      if let earliest = deadline.earliest, isEarlier(earliest, than: DeadlineQueue.key(of: current)) {
        isRescheduleNeeded = true
      }
    case .realTime, .fair, .idle: isRescheduleNeeded = true
    }
  }
}
