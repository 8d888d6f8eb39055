/// Why an entity leaves the CPU.
public enum Departure: Sendable {
  /// It could go on, but others may come first.
  case preempted
  /// It lets others go first.
  case yields
  /// It waits for something.
  case waits
  /// It ends, or goes to another CPU.
  case leaves
}

extension RunQueue {
  /// Chooses what the CPU runs from now on, which becomes `current`.
  ///
  /// - Parameter departure: what the one that runs does; it does not count when the CPU is idle.
  /// - Returns: nil when nothing is ready. It may be the one that runs.
  public mutating func next(_ departure: Departure, at now: UInt64) -> SchedulingEntity? {
    choose(departure, at: now)
    return current
  }

  /// Chooses what the CPU runs from now on, which becomes `current`; nil when nothing is ready.
  ///
  /// - Parameter departure: as for `next`.
  public mutating func choose(_ departure: Departure, at now: UInt64) {
    update(to: now)
    isRescheduleNeeded = false
    // Moved and not copied: nothing is counted.
    guard let previous = current.take() else {
      noteIdle(until: now)
      return start(takeFirst(), at: now)
    }
    switch departure {
    case .preempted:
      if keeps(previous) {
        previous.fair.isServed = false
        current = previous
        return
      }
      setDown(previous, at: now)
      insertPreempted(previous)
      start(takeFirst(), at: now, after: previous)
    case .yields: yield(previous, at: now)
    case .waits:
      if previous.schedulingClass == .fair { FairQueue.endBurst(previous) }
      previous.account.voluntarySwitches &+= 1
      replace(previous, at: now)
    case .leaves: replace(previous, at: now)
    }
  }

  @inline(__always)
  private mutating func replace(_ previous: SchedulingEntity, at now: UInt64) {
    leave(previous, at: now)
    previous.place = .detached
    start(takeFirst(), at: now)
  }

  /// Runs `body` with what runs, which is moved out of the queue meanwhile, so that it is not counted.
  ///
  /// - Returns: nil when nothing runs.
  @inline(__always)
  public mutating func withCurrent<Result: ~Copyable>(_ body: (SchedulingEntity) -> Result) -> Result? {
    guard let entity = current.take() else { return nil }
    defer { current = entity }
    return body(entity)
  }

  private mutating func yield(_ previous: SchedulingEntity, at now: UInt64) {
    setDown(previous, at: now)
    switch previous.schedulingClass {
    case .stop, .idle: insert(previous, isFirst: true)
    case .deadline:
      DeadlineQueue.yield(previous, at: now)
      deadline.insert(previous)
    case .realTime:
      previous.turn = RealTimeQueue.turn
      realTime.append(previous)
    case .fair:
      fair.yield(previous)
      // Somebody else, however far ahead.
      guard readyCount == fair.readyCount, let other = fair.takeNext() else { break }
      fair.insert(previous)
      return start(other, at: now, after: previous)
    }
    if previous.schedulingClass == .fair { fair.insert(previous) }
    return start(takeFirst(), at: now, after: previous)
  }

  /// Makes the one that ran one that is ready, but in no order yet.
  private mutating func setDown(_ previous: SchedulingEntity, at now: UInt64) {
    previous.place = .ready
    previous.since = now
  }

  /// Makes `entity` what runs, which nothing does now.
  @inline(__always)
  private mutating func start(_ entity: consuming SchedulingEntity?, at now: UInt64) {
    guard let entity else { return }
    noteStart(entity, at: now)
    noteTurn(entity, at: now)
    current = entity
  }

  /// The same after `previous`, which may be the same and is ready.
  private mutating func start(_ entity: consuming SchedulingEntity?, at now: UInt64, after previous: SchedulingEntity) {
    guard let entity else { return }
    noteStart(entity, at: now)
    if entity !== previous {
      noteTurn(entity, at: now)
      previous.account.involuntarySwitches &+= 1
    }
    current = entity
  }

  @inline(__always)
  private mutating func noteStart(_ entity: SchedulingEntity, at now: UInt64) {
    entity.place = .running
    entity.fair.isServed = false
    chargedUntil = now
  }

  @inline(__always)
  private func noteTurn(_ entity: SchedulingEntity, at now: UInt64) {
    entity.account.waiting &+= Self.elapsed(from: entity.since, to: now)
    entity.account.turns &+= 1
  }

  /// Whether the one that runs goes on.
  private mutating func keeps(_ previous: SchedulingEntity) -> Bool {
    if previous.schedulingClass == .stop { return true }
    if stop != nil { return false }
    if previous.schedulingClass == .deadline {
      if previous.server.isThrottled, !previous.hasLentDeadline { return false }
      guard let earliest = deadline.earliest else { return true }
      return !isEarlier(earliest, than: DeadlineQueue.key(of: previous))
    }
    if deadline.readyCount > 0 { return false }
    if previous.schedulingClass == .realTime {
      if isRealTimeHeldBack(previous) { return false }
      let highest = realTime.highest
      return highest < previous.priority || highest == previous.priority && previous.turn > 0
    }
    if realTime.count > 0, !realTime.isThrottled { return false }
    return fair.keeps(previous)
  }

  private mutating func insertPreempted(_ previous: SchedulingEntity) {
    let isTurnOver = previous.schedulingClass == .realTime && previous.turn == 0
    if isTurnOver { previous.turn = RealTimeQueue.turn }
    insert(previous, isFirst: !isTurnOver)
  }

  /// Takes the first of what is ready.
  private mutating func takeFirst() -> SchedulingEntity? {
    if let entity = stop.take() { return entity }
    if let entity = deadline.takeFirst() { return entity }
    if realTime.count > 0, !realTime.isThrottled || fair.readyCount == 0 { return realTime.takeFirst() }
    return fair.takeNext()
  }

  // MARK: Classes

  /// Makes `entity` a member of its class, not in order yet.
  @inline(__always)
  mutating func join(_ entity: SchedulingEntity, _ reason: EnqueueReason, at now: UInt64) {
    switch entity.schedulingClass {
    case .stop, .idle, .realTime: break
    case .deadline:
      if reason == .new { DeadlineQueue.start(entity, at: now) } else { DeadlineQueue.wake(entity, at: now) }
    case .fair: fair.join(entity, reason, at: now)
    }
  }

  /// Takes a member that is in no order out of its class.
  mutating func leave(_ entity: SchedulingEntity, at now: UInt64) {
    if entity.schedulingClass == .fair { fair.leave(entity, at: now) }
  }

  /// Puts a member into order; `isFirst` counts among equals of the real-time class.
  mutating func insert(_ entity: SchedulingEntity, isFirst: Bool) {
    switch entity.schedulingClass {
    case .stop:
      precondition(stop == nil, "two stop threads on a CPU")
      stop = entity
    case .deadline: deadline.insert(entity)
    case .realTime: if isFirst { realTime.prepend(entity) } else { realTime.append(entity) }
    case .fair: fair.insert(entity)
    case .idle: break
    }
  }

  /// Takes a member out of order.
  mutating func takeOut(_ entity: SchedulingEntity) {
    switch entity.schedulingClass {
    case .stop: stop = nil
    case .deadline: deadline.remove(entity)
    case .realTime: realTime.remove(entity)
    case .fair: fair.remove(entity)
    case .idle: break
    }
  }
}
