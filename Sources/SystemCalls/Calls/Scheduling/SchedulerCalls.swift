import Foundations
import LinuxABI
import Machine
import Processes
import Scheduler
import Scheduling
import Security

/// The calls of sched(7).
extension SystemCallContext {
  private typealias Policy = SchedulingParameters.Policy

  /// `SCHED_RESET_ON_FORK`: beside the policy, in calls that have no flags.
  private static let resetOnFork: Int64 = 0x4000_0000
  private static let highestPriority: UInt8 = 99

  /// Flags of sched_setattr(2). Source: linux/sched.h.
  private enum AttributeFlags {
    static let resetOnFork: UInt64 = 0x01
    static let reclaim: UInt64 = 0x02
    static let deadlineOverrun: UInt64 = 0x04
    static let keepPolicy: UInt64 = 0x08
    static let keepParameters: UInt64 = 0x10
    static let clamps: UInt64 = 0x60
    static let known: UInt64 = 0x7f
  }

  /// What is asked for: nil leaves as it is.
  private struct Change {
    var policy: Policy?
    var priority: UInt32?
    var nice: Nice?
    var reservation: Reservation?
    /// Nil where the policy is not asked for.
    var resetsOnFork: Bool?
  }

  /// The task with `number`; the caller for 0.
  ///
  /// - Throws: `EINVAL`, `ESRCH`.
  private func schedulable(_ number: Int32) throws(Errno) -> Task {
    guard number >= 0 else { throw .EINVAL }
    if number == 0 || number == task.threadIdentifier { return task }
    guard let found = task.process.tree.task(number) else { throw .ESRCH }
    return found
  }

  private func thread(_ number: Int32) throws(Errno) -> Thread {
    guard let thread = try schedulable(number).thread else { throw .ESRCH }
    return thread
  }

  /// Whether the caller's effective user is `other`'s real or effective one.
  private func isSameOwner(as other: Task) -> Bool {
    let (own, others) = (task.credentials.users.effective, other.credentialsForOthers.users)
    return own == others.real || own == others.effective
  }

  // MARK: Policies

  /// sched_setscheduler(2)
  func schedSetscheduler(
    _ number: Int32, _ policy: Int64, _ parameter: UserPointer<SchedParam>
  ) throws(Errno) {
    guard policy >= 0, !parameter.isNull, number >= 0 else { throw .EINVAL }
    let priority = try parameter.load().priority
    let other = try schedulable(number)
    guard let wanted = UInt8(exactly: policy & ~Self.resetOnFork).flatMap({ Self.policy($0) }) else { throw .EINVAL }
    try change(
      other,
      Change(
        policy: wanted, priority: UInt32(bitPattern: priority), resetsOnFork: policy & Self.resetOnFork != 0))
  }

  /// sched_getscheduler(2)
  func schedGetscheduler(_ number: Int32) throws(Errno) -> Int {
    let parameters = try thread(number).parameters
    return Int(parameters.policy.rawValue) | (parameters.resetsOnFork ? Int(Self.resetOnFork) : 0)
  }

  /// sched_setparam(2)
  func schedSetparam(_ number: Int32, _ parameter: UserPointer<SchedParam>) throws(Errno) {
    guard !parameter.isNull, number >= 0 else { throw .EINVAL }
    let priority = try parameter.load().priority
    try change(try schedulable(number), Change(priority: UInt32(bitPattern: priority)))
  }

  /// sched_getparam(2)
  func schedGetparam(_ number: Int32, _ parameter: UserPointer<SchedParam>) throws(Errno) {
    guard !parameter.isNull else { throw .EINVAL }
    try parameter.store(SchedParam(priority: Int32(try thread(number).parameters.priority)))
  }

  /// sched_setattr(2)
  func schedSetattr(_ number: Int32, _ attributes: UserPointer<SchedAttr>, _ flags: UInt32) throws(Errno) {
    guard !attributes.isNull, number >= 0, flags == 0 else { throw .EINVAL }
    let wanted = try loadAttributes(attributes)
    guard Int32(bitPattern: wanted.policy) >= 0, wanted.flags & ~AttributeFlags.known == 0 else { throw .EINVAL }
    // As on a kernel without clamps of utilization.
    guard wanted.flags & AttributeFlags.clamps == 0 else { throw .EOPNOTSUPP }
    let other = try schedulable(number)
    var change = Change(resetsOnFork: wanted.flags & AttributeFlags.resetOnFork != 0)
    if wanted.flags & AttributeFlags.keepPolicy == 0 {
      guard let policy = UInt8(exactly: wanted.policy).flatMap({ Self.policy($0) }) else { throw .EINVAL }
      change.policy = policy
    }
    if wanted.flags & AttributeFlags.keepParameters == 0 {
      change.priority = wanted.priority
      change.nice = Nice(clamping: Int(wanted.nice))
      change.reservation = Reservation(
        runtime: wanted.runtime, deadline: wanted.deadline, period: wanted.period == 0 ? wanted.deadline : wanted.period
      )
    }
    try self.change(other, change)
  }

  /// Reads a form of any version: one that is longer must have zeros where this kernel knows nothing.
  ///
  /// - Throws: `E2BIG`, having told the size that is known; `EFAULT`.
  private func loadAttributes(_ attributes: UserPointer<SchedAttr>) throws(Errno) -> SchedAttr {
    let known = UInt32(SchedAttr.userByteCount)
    let sizeField = UserPointer<UInt32>(attributes.address)
    var size = try sizeField.load()
    if size == 0 { size = SchedAttr.firstByteCount }
    let bytes = UserPointer<UInt8>(attributes.address)
    var isTooLarge = size < SchedAttr.firstByteCount || size > 4_096
    if !isTooLarge, size > known {
      for index in known..<size where try bytes.load(at: Int(index)) != 0 {
        isTooLarge = true
        break
      }
    }
    if isTooLarge {
      try sizeField.store(known)
      throw .E2BIG
    }
    var form = InlineArray<56, UInt8>(repeating: 0)
    var span = form.mutableSpan
    var part = span._mutatingExtracting(0..<Int(min(size, known)))
    try UserMemory.copyIn(from: attributes.address, into: &part)
    return SchedAttr(userBytes: form.span)
  }

  /// sched_getattr(2)
  func schedGetattr(
    _ number: Int32, _ attributes: UserPointer<UInt8>, _ size: UInt32, _ flags: UInt32
  ) throws(Errno) {
    guard !attributes.isNull, number >= 0, flags == 0, size >= SchedAttr.firstByteCount, size <= 4_096 else {
      throw .EINVAL
    }
    let parameters = try thread(number).parameters
    var result = SchedAttr()
    result.size = min(size, UInt32(SchedAttr.userByteCount))
    result.policy = UInt32(parameters.policy.rawValue)
    if parameters.resetsOnFork { result.flags |= AttributeFlags.resetOnFork }
    switch parameters.policy {
    case .fifo, .roundRobin: result.priority = UInt32(parameters.priority)
    case .normal, .batch, .idle, .stop: result.nice = Int32(parameters.nice.rawValue)
    case .deadline:
      let reservation = parameters.reservation
      (result.runtime, result.deadline, result.period) = (reservation.runtime, reservation.deadline, reservation.period)
    }
    var form = InlineArray<56, UInt8>(repeating: 0)
    var span = form.mutableSpan
    result.write(toUserBytes: &span)
    try UserMemory.copyOut(form.span.extracting(0..<Int(result.size)), to: attributes.address)
  }

  private static func policy(_ number: UInt8) -> Policy? {
    number == Policy.stop.rawValue ? nil : Policy(rawValue: number)
  }

  // MARK: Changes

  /// Changes how `other` is scheduled, as far as that makes sense and the caller may.
  ///
  /// - Throws: `EINVAL`, `EPERM`, `EBUSY`, `ESRCH`.
  private func change(_ other: Task, _ change: Change) throws(Errno) {
    guard let thread = other.thread else { throw .ESRCH }
    let isPrivileged = task.credentials.has(.CAP_SYS_NICE)
    let isOwn = isSameOwner(as: other)
    let niceLimit = other.process.limit(.RLIMIT_NICE)
    let priorityLimit = other.process.limit(.RLIMIT_RTPRIO)
    let canRunAnywhere = thread.allowedProcessors & Processor.online == Processor.online
    try thread.adjustParameters { parameters throws(Errno) in
      let old = parameters
      try Self.apply(change, to: &parameters)
      if parameters.policy == .deadline, !canRunAnywhere { throw .EPERM }
      guard isPrivileged || isOwn && Self.isAllowed(old, parameters, niceLimit, priorityLimit) else { throw .EPERM }
    }
    other.urgencyChanged()
  }

  /// - Throws: `EINVAL` for what no thread can be.
  private static func apply(_ change: Change, to parameters: inout SchedulingParameters) throws(Errno) {
    if let policy = change.policy { parameters.policy = policy }
    if let resets = change.resetsOnFork { parameters.resetsOnFork = resets }
    let isRealTime = parameters.policy == .fifo || parameters.policy == .roundRobin
    if let priority = change.priority {
      guard priority <= UInt32(highestPriority) else { throw .EINVAL }
      parameters.priority = UInt8(priority)
    }
    guard (parameters.priority != 0) == isRealTime else { throw .EINVAL }
    if let nice = change.nice, parameters.policy == .normal || parameters.policy == .batch { parameters.nice = nice }
    if parameters.policy == .deadline {
      if let reservation = change.reservation { parameters.reservation = reservation }
      try check(parameters.reservation)
    } else {
      parameters.reservation = Reservation()
    }
  }

  /// - Throws: `EINVAL` for a reservation that there cannot be. Source: sched(7), "SCHED_DEADLINE"; Linux's limits of periods.
  private static func check(_ reservation: Reservation) throws(Errno) {
    guard reservation.deadline > 0, reservation.runtime >= 1_024, reservation.runtime <= reservation.deadline,
      reservation.deadline <= reservation.period, reservation.period >= 100_000, reservation.period <= 4_194_304_000
    else { throw .EINVAL }
  }

  /// Whether a thread may be changed like that by its owner without CAP_SYS_NICE. Source: sched(7), "Privileges and resource
  /// limits".
  private static func isAllowed(
    _ old: SchedulingParameters, _ new: SchedulingParameters, _ niceLimit: UInt64, _ priorityLimit: UInt64
  ) -> Bool {
    if old.resetsOnFork && !new.resetsOnFork { return false }
    switch new.policy {
    case .deadline, .stop: return false
    case .fifo, .roundRobin:
      if new.policy != old.policy && priorityLimit == 0 { return false }
      return new.priority <= old.priority || UInt64(new.priority) <= priorityLimit
    case .normal, .batch:
      if old.policy == .idle && old.nice.limit > niceLimit { return false }
      return new.nice >= old.nice || new.nice.limit <= niceLimit
    case .idle: return true
    }
  }

  // MARK: Facts

  /// sched_get_priority_max(2)
  func schedGetPriorityMax(_ policy: SchedulingPolicy) throws(Errno) -> Int {
    try priorities(of: policy).upperBound
  }

  /// sched_get_priority_min(2)
  func schedGetPriorityMin(_ policy: SchedulingPolicy) throws(Errno) -> Int {
    try priorities(of: policy).lowerBound
  }

  private func priorities(of policy: SchedulingPolicy) throws(Errno) -> ClosedRange<Int> {
    switch policy {
    case .SCHED_FIFO, .SCHED_RR: 1...Int(Self.highestPriority)
    case .SCHED_NORMAL, .SCHED_BATCH, .SCHED_IDLE, .SCHED_DEADLINE: 0...0
    case .SCHED_EXT: throw .EINVAL
    }
  }

  /// sched_rr_get_interval(2)
  func schedRrGetInterval(_ number: Int32, _ interval: UserPointer<Timespec>) throws(Errno) {
    let nanoseconds: UInt64
    switch try thread(number).parameters.policy {
    case .roundRobin: nanoseconds = RunQueue.roundRobinTurn
    case .normal, .batch, .idle: nanoseconds = Scheduler.quantum
    case .fifo, .deadline, .stop: nanoseconds = 0
    }
    try interval.store(Timespec(nanoseconds: nanoseconds))
  }

  // MARK: Processors

  /// How many bytes a set of CPUs has.
  private static let setByteCount = 8

  /// sched_setaffinity(2)
  func schedSetaffinity(_ number: Int32, _ byteCount: UInt32, _ set: UserPointer<UInt8>) throws(Errno) {
    var bits: UInt64 = 0
    for index in 0..<min(Self.setByteCount, Int(byteCount)) {
      bits |= UInt64(try set.load(at: index)) << UInt64(index * 8)
    }
    let other = try schedulable(number)
    guard let thread = other.thread else { throw .ESRCH }
    guard isSameOwner(as: other) || task.credentials.has(.CAP_SYS_NICE) else { throw .EPERM }
    guard bits & Processor.online != 0 else { throw .EINVAL }
    if thread.parameters.policy == .deadline, bits & Processor.online != Processor.online { throw .EBUSY }
    thread.bind(to: bits)
  }

  /// sched_getaffinity(2)
  func schedGetaffinity(_ number: Int32, _ byteCount: UInt32, _ set: UserPointer<UInt8>) throws(Errno) -> Int {
    guard byteCount >= UInt32(Self.setByteCount), byteCount & 7 == 0 else { throw .EINVAL }
    let bits = try thread(number).allowedProcessors & Processor.online
    try UserPointer<UInt64>(set.address).store(bits)
    return Self.setByteCount
  }

  /// getcpu(2)
  func getcpu(_ processor: UserPointer<UInt32>, _ node: UserPointer<UInt32>) throws(Errno) {
    if !processor.isNull { try processor.store(UInt32(Processor.current)) }
    // All memory is one node.
    if !node.isNull { try node.store(0) }
  }
}
