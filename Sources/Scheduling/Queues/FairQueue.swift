/// The fair class of one CPU: each gets its weight's share, and who asks for short turns gets them soon.
///
/// Earliest eligible virtual deadline first: among those who are not ahead of the average, the one whose request is due first runs,
/// until the request is served. Nobody is ever further from its share than about one request. A thread that waits often asks for
/// short turns, as long as its last ones were, so it is due early; one that never waits asks for `quantum`.
/// Source: Stoica, Abdel-Wahab, ODU TR-95-22, 1995, sections 3 and 4.
///
/// The running entity is a member, but not in the tree.
struct FairQueue: ~Copyable {
  /// Nanoseconds that a thread runs at a time when it does not wait.
  static let quantum: UInt64 = 10_000_000
  /// The shortest turn that a thread is taken to ask for: shorter ones would be switches rather than work.
  static let shortestSlice: UInt64 = 500_000
  /// The shortest and longest that a program can ask for. Source: sched_setattr(2): `sched_runtime` of the fair policies.
  static let slices: ClosedRange<UInt64> = 100_000...100_000_000

  private var tree = EntityTree()
  // The average is `zero + sum / load`: sums run over all members, weight x (run time - zero).
  private var zero: UInt64 = 0
  private var sum: Int64 = 0
  /// The weights of all members.
  private(set) var load: Int64 = 0
  /// One that has just woken, is in order and goes before the rest: what it asks for is short.
  private var hurried: SchedulingEntity?

  init() {}

  /// How many are ready, without the one that runs.
  @inline(__always)
  var readyCount: Int { tree.count }

  @inline(__always)
  private var eligibility: Eligibility { Eligibility(zero: zero, sum: sum, load: load) }

  // MARK: Members

  /// Makes `entity` a member, which still has to be put into order or to run.
  mutating func join(_ entity: SchedulingEntity, _ reason: EnqueueReason, at now: UInt64) {
    switch reason {
    case .new:
      entity.fair.lag = 0
      entity.fair.slice = Self.request(of: entity)
      // Children are due in half the time, or those who start many would wait for them.
      place(entity)
      entity.fair.deadline = entity.fair.runtime &+ Self.virtual(entity.fair.slice / 2, entity.weight)
    case .wakeUp:
      forgive(entity, at: now)
      entity.fair.slice = Self.request(of: entity)
      place(entity)
      renew(entity)
    case .migration:
      forgive(entity, at: now)
      place(entity)
      entity.fair.deadline = entity.fair.runtime &+ entity.fair.rest
    }
  }

  /// Takes a member out, which is not in order, and notes what it was owed.
  mutating func leave(_ entity: SchedulingEntity, at now: UInt64) {
    let limit = Int64(2 * Self.virtual(max(entity.fair.slice, Self.quantum), entity.weight))
    let lag = Int64(bitPattern: average &- entity.fair.runtime)
    entity.fair.lag = max(-limit, min(lag, limit))
    let rest = Int64(bitPattern: entity.fair.deadline &- entity.fair.runtime)
    entity.fair.rest = UInt64(max(0, rest))
    entity.fair.load = load
    entity.fair.left = now
    let weight = Int64(entity.weight)
    sum &-= weight &* Int64(bitPattern: entity.fair.runtime &- zero)
    load -= weight
    if load == 0 { sum = 0 }
  }

  /// Notes that `entity` waits: how long it ran tells what it will ask for.
  @inline(__always)
  static func endBurst(_ entity: SchedulingEntity) {
    entity.fair.averageBurst = (entity.fair.averageBurst + min(entity.fair.burst, quantum)) / 2
    entity.fair.burst = 0
  }

  /// Had a thread that is ahead stayed, the others would have caught up with it meanwhile: what it took too much is forgotten as
  /// fast as they would have.
  private func forgive(_ entity: SchedulingEntity, at now: UInt64) {
    guard entity.fair.lag < 0, !isEarlier(now, than: entity.fair.left) else { return }
    let away = min(now &- entity.fair.left, 1 << 40)
    let gain = Int64(away &* 1024 / UInt64(max(1, entity.fair.load)))
    entity.fair.lag = min(0, entity.fair.lag + gain)
  }

  /// Gives a newcomer the run time at which it is owed what it was when it left.
  ///
  /// It moves the average itself, so it is put further away by as much. Source: TR-95-22, section 4.
  private mutating func place(_ entity: SchedulingEntity) {
    normalize()
    let weight = Int64(entity.weight)
    var lag = entity.fair.lag
    if load > 0 {
      let (wide, overflows) = lag.multipliedReportingOverflow(by: load + weight)
      lag = overflows ? lag : wide / load
    } else {
      lag = 0
    }
    entity.fair.runtime = average &- UInt64(bitPattern: lag)
    entity.fair.remainder = 0
    sum &+= weight &* Int64(bitPattern: entity.fair.runtime &- zero)
    load += weight
  }

  /// The average of the run times, weighted.
  private var average: UInt64 {
    guard load > 0 else { return zero }
    let quotient = sum / load
    // Towards the past, so that the average itself is eligible.
    return zero &+ UInt64(bitPattern: quotient * load > sum ? quotient - 1 : quotient)
  }

  /// Keeps `zero` near the average, and so the products small.
  @inline(__always)
  private mutating func normalize() {
    guard load > 0, sum.magnitude >> 20 >= load.magnitude else { return }
    let center = average
    sum &-= Int64(bitPattern: center &- zero) &* load
    zero = center
  }

  // MARK: Time

  /// Notes that the member that runs ran for `elapsed` nanoseconds.
  ///
  /// - Returns: whether its request is served, so that others may come first.
  mutating func charge(_ entity: SchedulingEntity, _ elapsed: UInt64) -> Bool {
    // One that was alone may have run for days; nobody was there to be owed.
    let elapsed = min(elapsed, 1 << 42)
    entity.fair.burst &+= elapsed
    let virtual: UInt64
    if entity.weight == 1024 {
      virtual = elapsed
    } else {
      (virtual, entity.fair.remainder) =
        (elapsed &* 1024 &+ entity.fair.remainder).quotientAndRemainder(dividingBy: UInt64(entity.weight))
    }
    entity.fair.runtime &+= virtual
    sum &+= Int64(entity.weight) &* Int64(virtual)
    normalize()
    guard !isEarlier(entity.fair.runtime, than: entity.fair.deadline) else { return entity.fair.isServed }
    if entity.parameters.slice == 0 { entity.fair.slice = min(entity.fair.slice * 2, Self.quantum) }
    renew(entity)
    entity.fair.isServed = true
    return true
  }

  /// Nanoseconds until the request of the running member is served.
  @inline(__always)
  static func remaining(_ entity: SchedulingEntity) -> UInt64 {
    let rest = Int64(bitPattern: entity.fair.deadline &- entity.fair.runtime)
    guard rest > 0 else { return 0 }
    let weight = UInt64(entity.weight)
    return (UInt64(rest) &* weight &- min(entity.fair.remainder, weight) &+ 1023) / 1024
  }

  /// Nanoseconds that `entity` asks for when it wakes.
  @inline(__always)
  private static func request(of entity: SchedulingEntity) -> UInt64 {
    let asked = entity.parameters.slice
    if asked != 0 { return max(slices.lowerBound, min(asked, slices.upperBound)) }
    guard entity.parameters.policy == .normal else { return quantum }
    return max(shortestSlice, min(entity.fair.averageBurst * 2, quantum))
  }

  private func renew(_ entity: SchedulingEntity) {
    entity.fair.deadline = entity.fair.runtime &+ Self.virtual(entity.fair.slice, entity.weight)
  }

  @inline(__always)
  private static func virtual(_ nanoseconds: UInt64, _ weight: UInt32) -> UInt64 {
    weight == 1024 ? nanoseconds : nanoseconds &* 1024 / UInt64(weight)
  }

  // MARK: Order

  /// Puts a member that does not run into order.
  @inline(__always)
  mutating func insert(_ entity: SchedulingEntity) { tree.insert(entity, key: entity.fair.deadline) }

  /// Takes a member out of the order.
  @inline(__always)
  mutating func remove(_ entity: SchedulingEntity) {
    tree.remove(entity)
    if hurried === entity { hurried = nil }
  }

  /// Takes the one that is to run out of the order.
  @inline(__always)
  mutating func takeNext() -> SchedulingEntity? {
    guard let next = hurried.take() else { return tree.takeFirst(eligibility) }
    tree.remove(next)
    return next
  }

  /// Whether the member that runs goes on, rather than one that is ready.
  func keeps(_ current: SchedulingEntity) -> Bool {
    guard !tree.isEmpty else { return true }
    guard hurried == nil else { return false }
    guard let best = tree.firstKey(eligibility) else { return true }
    guard current.fair.isServed else { return !isEarlier(best, than: current.fair.deadline) }
    return eligibility.contains(current.fair.runtime) && isEarlier(current.fair.deadline, than: best)
  }

  /// Whether `woken`, a member in order, interrupts `current`, which runs.
  ///
  /// One that asks for half as long as the other or less goes first as long as it is not ahead of its share. By deadlines alone it
  /// would wait for others whose requests are nearly served, for whole turns when there are many.
  mutating func preempts(_ woken: SchedulingEntity, _ current: SchedulingEntity) -> Bool {
    if current.isBackground != woken.isBackground { return current.isBackground }
    guard woken.parameters.policy == .normal, eligibility.contains(woken.fair.runtime) else { return false }
    if woken.fair.slice * 2 <= current.fair.slice {
      hurried = woken
      return true
    }
    return isEarlier(woken.fair.deadline, than: current.fair.deadline)
  }

  /// Gives up what `entity`, which runs, is owed: it lets others run.
  mutating func yield(_ entity: SchedulingEntity) {
    let center = average
    if isEarlier(entity.fair.runtime, than: center) {
      sum &+= Int64(entity.weight) &* Int64(bitPattern: center &- entity.fair.runtime)
      entity.fair.runtime = center
    }
    renew(entity)
  }

  /// A member that may go elsewhere: of those whose turn is far.
  func lastMovable(where isMovable: (SchedulingEntity) -> Bool) -> SchedulingEntity? { tree.last(where: isMovable) }
}

/// Why an entity becomes ready.
public enum EnqueueReason: Sendable {
  /// It has just been made.
  case new
  /// What it waited for has come.
  case wakeUp
  /// It was ready on another CPU, or its parameters have changed.
  case migration
}
