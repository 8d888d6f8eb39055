/// How a thread wants to be scheduled. Source: sched(7).
public struct SchedulingParameters: Equatable, Sendable {
  /// The policies, with Linux's numbers.
  public enum Policy: UInt8, Sendable {
    /// Shares the CPU with others by weight.
    case normal = 0
    /// Runs until it waits, at its priority.
    case fifo = 1
    /// Like `fifo`, in turns with others of its priority.
    case roundRobin = 2
    /// Like `normal`, for work that nobody waits for: it does not interrupt others when it wakes.
    case batch = 3
    /// Runs when hardly anything else wants to.
    case idle = 5
    /// Gets its run time in every period, by its deadline.
    case deadline = 6
    /// Above everything, one thread a CPU: the kernel's own. Programs cannot ask for it.
    case stop = 255
  }

  /// The policy.
  public var policy: Policy
  /// Counts for `normal` and `batch`; the others keep it for when they become one of these.
  public var nice: Nice
  /// Of the real-time policies: 1 (lowest) ... 99. 0 for all others.
  public var priority: UInt8
  /// Of the fair policies: how long it asks to run at a time, in nanoseconds; 0 leaves that to the scheduler.
  public var slice: UInt64
  /// Of `deadline`.
  public var reservation: Reservation
  /// Whether children start as `normal`, and not nicer than 0 the wrong way. Source: sched(7), "Resetting scheduling policy for
  /// child processes".
  public var resetsOnFork: Bool

  /// Creates parameters; what the policy does not look at may be left out.
  public init(
    _ policy: Policy = .normal, nice: Nice = .normal, priority: UInt8 = 0, slice: UInt64 = 0,
    reservation: Reservation = Reservation(), resetsOnFork: Bool = false
  ) {
    self.policy = policy
    self.nice = nice
    self.priority = priority
    self.slice = slice
    self.reservation = reservation
    self.resetsOnFork = resetsOnFork
  }

  /// What a child gets. Source: sched(7), `SCHED_RESET_ON_FORK`.
  public var inherited: SchedulingParameters {
    var child = self
    guard resetsOnFork else { return child }
    child.resetsOnFork = false
    switch policy {
    case .fifo, .roundRobin, .deadline, .stop: child = SchedulingParameters()
    case .normal, .batch, .idle: child.nice = max(nice, .normal)
    }
    return child
  }
}

/// Run time that a thread is sure of. Source: sched(7), "SCHED_DEADLINE".
public struct Reservation: Equatable, Sendable {
  /// Nanoseconds of run time in each period.
  public var runtime: UInt64
  /// Nanoseconds from the start of a period within which it gets them.
  public var deadline: UInt64
  /// Nanoseconds from one period to the next.
  public var period: UInt64

  /// Creates a reservation.
  public init(runtime: UInt64 = 0, deadline: UInt64 = 0, period: UInt64 = 0) {
    self.runtime = runtime
    self.deadline = deadline
    self.period = period
  }

  /// The share of one CPU, in units of 2^-20.
  public var bandwidth: UInt64 {
    period == 0 ? 0 : Self.scaled(runtime, by: 1 << 20, over: period)
  }

  /// `value` x `factor` / `divisor`, the largest number if it does not fit.
  static func scaled(_ value: UInt64, by factor: UInt64, over divisor: UInt64) -> UInt64 {
    let product = value.multipliedFullWidth(by: factor)
    guard product.high < divisor else { return .max }
    guard product.high > 0 else { return product.low / divisor }
    // Bit by bit: the compiler's own division of 128 bits is not in the kernel, and this is rare.
    var (rest, quotient) = (product.high, UInt64(0))
    for bit in stride(from: 63, through: 0, by: -1) {
      let isLarge = rest >> 63 != 0
      rest = rest << 1 | product.low >> UInt64(bit) & 1
      quotient <<= 1
      if isLarge || rest >= divisor {
        rest &-= divisor
        quotient |= 1
      }
    }
    return quotient
  }
}
