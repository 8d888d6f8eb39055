extension RunQueue {
  /// Changes how `entity` is scheduled, wherever it is: in this queue, on this CPU, or in no queue.
  ///
  /// Among real-time threads, one that is raised goes behind the others of its new priority and one that is lowered before them.
  /// Source: sched(7), "SCHED_FIFO", rules 3 to 5.
  ///
  /// - Returns: whether the CPU should look again at what it runs.
  public mutating func setParameters(
    of entity: SchedulingEntity, to parameters: SchedulingParameters, at now: UInt64
  ) -> Bool {
    let old = entity.parameters
    return change(entity, at: now) { entity in
      entity.parameters = parameters
      if parameters.policy == .deadline, old.policy != .deadline || old.reservation != parameters.reservation {
        DeadlineQueue.start(entity, at: now)
      }
      if parameters.policy != old.policy { entity.turn = RealTimeQueue.turn }
    }
  }

  /// Sets what is lent to `entity` by those who wait for it; `.none` when nobody does any more.
  ///
  /// - Returns: whether the CPU should look again at what it runs.
  public mutating func setLent(to entity: SchedulingEntity, _ urgency: Urgency, at now: UInt64) -> Bool {
    guard entity.lent != urgency else { return false }
    return change(entity, at: now) { $0.lent = urgency }
  }

  private mutating func change(
    _ entity: SchedulingEntity, at now: UInt64, _ body: (SchedulingEntity) -> Void
  ) -> Bool {
    let place = entity.place
    if place != .detached {
      update(to: now)
      if place == .ready { takeOut(entity) }
      leave(entity, at: now)
    }
    let oldClass = entity.schedulingClass
    let oldPriority = entity.priority
    let oldWeight = entity.weight
    body(entity)
    entity.refresh()
    if entity.schedulingClass == .fair {
      if oldClass != .fair {
        (entity.fair.lag, entity.fair.rest) = (0, 0)
      } else if entity.weight != oldWeight {
        // What it is owed stays the same time, which is more virtual time for less weight.
        entity.fair.lag = entity.fair.lag * Int64(oldWeight) / Int64(entity.weight)
        entity.fair.rest = Reservation.scaled(entity.fair.rest, by: UInt64(oldWeight), over: UInt64(entity.weight))
      }
    }
    guard place != .detached else { return false }
    let isEntering = entity.schedulingClass == .fair && oldClass != .fair
    if entity.schedulingClass == .fair { fair.join(entity, isEntering ? .new : .migration, at: now) }
    if place == .ready {
      let isLowered = entity.schedulingClass == .realTime && oldClass == .realTime && entity.priority < oldPriority
      insert(entity, isFirst: isLowered)
    }
    // Changes are rare, so the CPU just looks.
    isRescheduleNeeded = true
    return true
  }

  /// Takes an entity out that may run on CPU `processor`, for that CPU to enqueue (`.migration`).
  ///
  /// The most urgent of the deadline and real-time classes, otherwise the fair one that would run last here.
  ///
  /// - Parameter isMovable: whether an entity may move at all, now.
  public mutating func takeMovable(
    to processor: Int, at now: UInt64, where isMovable: (SchedulingEntity) -> Bool
  ) -> SchedulingEntity? {
    guard readyCount > 0 else { return nil }
    func isWanted(_ entity: SchedulingEntity) -> Bool { entity.affinity.contains(processor) && isMovable(entity) }
    guard
      let entity = deadline.first(where: isWanted) ?? realTime.first(where: isWanted)
        ?? fair.lastMovable(where: isWanted)
    else { return nil }
    detach(entity, at: now)
    return entity
  }
}
