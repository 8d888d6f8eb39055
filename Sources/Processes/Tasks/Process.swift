import Foundations
public import LinuxABI
import Machine
import Scheduler
public import Security
import Signals
public import Synchronization
public import Terminals
import Time
public import Waiting

/// A process: tasks that share memory, signals and a number, and what they share besides.
///
/// Lock order: the tree's lock, a process's `state`, a task's `resources`, then threads' states and run queues.
public final class Process: ProcessNode {
  /// What its lock guards.
  struct State: ~Copyable {
    /// The tasks that have not ended, the oldest first.
    var tasks = GrowableArray<Task>()
    var limits: ResourceLimits
    /// How it ends, once that is decided: all tasks are on their way out.
    var ending: ExitStatus?
    /// The task that executes a program, while the others are on their way out for it.
    var executing: Task?
    /// How the task that ended last did.
    var lastExit = ExitStatus(code: 0)
    /// What tasks used that have ended.
    var endedUsage = ResourceUsage()
    /// What its last task was called, and as whom it acted.
    var ended: (name: TaskName, credentials: Credentials)?
    /// Its controlling terminal.
    var terminal: Terminal?
    /// The group that was in its terminal's foreground when that was hung up; 0 for none.
    var formerForeground: Int32 = 0
    /// What its tasks have of signals in common.
    var signals: ProcessSignals
  }

  /// The tree that it is in.
  public let tree: ProcessTree
  /// When it was made, in nanoseconds since boot.
  public let startNanoseconds: UInt64
  let state: SpinLock<State>
  private let taskEstimate = Atomic<Int>(0)
  /// How much rather than others it is killed for want of memory: -1,000 to 1,000. Source: proc(5), `oom_score_adj`.
  public let outOfMemoryAdjustment = Atomic<Int32>(0)
  /// Who logged in, as `LoginSession.bits`.
  let loginBits = Atomic<UInt64>(LoginSession().bits)
  /// Woken when a task ends.
  let taskEnds = WaitQueue()
  /// Woken when a signal comes: where descriptors of signals and calls that wait for signals wait.
  public let signalEvents = WaitQueue()
  /// Its timers.
  public let timers = ProcessTimers()
  /// Woken when it goes on after a stop.
  let continuations = WaitQueue()

  /// Makes a process without tasks, which is not in the tree yet.
  ///
  /// - Parameters:
  ///   - dispositions: what is done about its signals; nil for what they do by themselves.
  ///   - account: counts what is queued for its user.
  /// - Throws: `ENOMEM`.
  public init(
    _ identifier: ProcessIdentifier, in tree: ProcessTree, exitSignal: Signal?,
    dispositions: SignalDispositions? = nil, account: SignalAccount? = nil, limits: ResourceLimits = ResourceLimits(),
    terminal: Terminal? = nil
  ) throws(Errno) {
    self.tree = tree
    startNanoseconds = Clock.bootTime
    let table: SignalDispositions
    if let dispositions { table = dispositions } else { table = try SignalDispositions() }
    let signals = ProcessSignals(table, account ?? SignalAccount())
    state = SpinLock(State(limits: limits, terminal: terminal, signals: signals))
    super.init(identifier, exitSignal: exitSignal)
  }

  /// Its number.
  @inline(__always)
  public var number: Int32 { identifier.number }

  // MARK: Tasks

  /// The oldest task that has not ended.
  public var leader: Task? { state.withLock { $0.tasks.isEmpty ? nil : $0.tasks[0] } }

  /// How many tasks have not ended.
  public var taskCount: Int { state.withLock { $0.tasks.count } }

  /// Calls `body` with each task that has not ended, until it returns false. The lock is held.
  public func forEachTask(_ body: (Task) -> Bool) {
    state.withLock { state in
      for index in 0..<state.tasks.count where !body(state.tasks[index]) { return }
    }
  }

  /// Adds a task.
  ///
  /// - Throws: `EAGAIN` when the process is ending, `ENOMEM`.
  func add(_ task: Task) throws(Errno) {
    try state.withLock { state throws(Errno) in
      guard state.ending == nil, state.executing == nil else { throw .EAGAIN }
      try state.tasks.append(task)
      taskEstimate.store(state.tasks.count, ordering: .relaxed)
      state.join(task)
    }
  }

  /// Takes out a task that ends.
  ///
  /// - Returns: whether it was the last.
  func remove(_ task: Task, usage: ResourceUsage) -> Bool {
    let isLast = state.withLock { state in
      for index in 0..<state.tasks.count where state.tasks[index] === task {
        _ = state.tasks.remove(at: index)
        taskEstimate.store(state.tasks.count, ordering: .relaxed)
        state.endedUsage = state.endedUsage + usage
        state.ended = (task.name, task.credentialsForOthers)
        break
      }
      return state.tasks.isEmpty
    }
    taskEnds.wakeAll()
    return isLast
  }

  /// How many tasks have not ended, without its lock: what was true a moment ago.
  var taskCountEstimate: Int { taskEstimate.load(ordering: .relaxed) }

  /// How long its tasks have run, in nanoseconds, those included that have ended.
  public var runNanoseconds: UInt64 {
    state.withLock { state in
      var sum = state.endedUsage.userNanoseconds &+ state.endedUsage.systemNanoseconds
      for index in 0..<state.tasks.count { sum &+= state.tasks[index].runNanoseconds }
      return sum
    }
  }

  /// Whether `signal` was sent to the process or, if `task` is given, to that task, and has not been taken.
  func isPending(_ signal: Signal, for task: Task?) -> Bool {
    state.withLock { state in (task?.signals.pending.set ?? state.signals.pending.set).contains(signal) }
  }

  /// The task with the lowest number from `number` on; nil when there is none.
  public func nextTask(from number: Int32) -> Task? {
    state.withLock { state in
      var found: Task?
      for index in 0..<state.tasks.count {
        let task = state.tasks[index]
        guard task.threadIdentifier >= number else { continue }
        if found.map({ task.threadIdentifier < $0.threadIdentifier }) ?? true { found = task }
      }
      return found
    }
  }

  /// What its oldest task is called, or its last one was.
  public var name: TaskName {
    state.withLock { $0.tasks.isEmpty ? $0.ended?.name ?? TaskName() : $0.tasks[0].name }
  }

  /// As whom its oldest task acts, or its last one did.
  public var credentialsForOthers: Credentials {
    state.withLock { $0.tasks.isEmpty ? $0.ended?.credentials ?? .root : $0.tasks[0].credentialsForOthers }
  }

  // MARK: Limits

  /// How much of `resource` it may use; all ones for no limit.
  @inline(__always)
  public func limit(_ resource: ResourceLimit) -> UInt64 { state.withLock { $0.limits[resource].current } }

  /// All limits.
  public var limits: ResourceLimits { state.withLock { $0.limits } }

  /// Sets a limit; whoever calls has checked that it may.
  ///
  /// - Throws: `ENOMEM`.
  public func setLimit(_ resource: ResourceLimit, _ limit: ResourceLimits.Limit) throws(Errno) {
    let isTime = resource == .RLIMIT_CPU
    if isTime, limit.current != ResourceLimits.infinity { try timers.makeTimeLimit(of: self) }
    state.withLock { $0.limits[resource] = limit }
    if isTime { timers.timeLimit?.check() }
  }

  /// Begins to hold a process that was made with limits to that of its run time.
  ///
  /// - Throws: `ENOMEM`.
  func beginLimitingTime() throws(Errno) {
    guard limit(.RLIMIT_CPU) != ResourceLimits.infinity else { return }
    try timers.makeTimeLimit(of: self)
    timers.timeLimit?.check()
  }

  // MARK: Terminal

  /// Its controlling terminal.
  public var terminal: Terminal? { state.withLock { $0.terminal } }

  /// Sets its controlling terminal.
  public func setTerminal(_ terminal: Terminal?) {
    let old = state.withLock { state in
      let old = state.terminal
      state.terminal = terminal
      return old
    }
    _ = consume old
  }

  /// Keeps in mind whom the leader's end is to tell of the hang-up of its terminal.
  func setFormerForeground(_ group: Int32) { state.withLock { $0.formerForeground = group } }

  // MARK: Signals

  /// Counts what is queued for it from now on as signals of `user`.
  func countSignals(of user: UserID) {
    guard let account = UserAccounts.signals(of: user) else { return }
    state.withLock { $0.signals.account = account }
  }

  /// Who counts what is queued for it.
  var signalAccount: SignalAccount { state.withLock { $0.signals.account } }

  // MARK: What the tree asks

  public override var childPolicy: ChildPolicy {
    let child = state.withLock { $0.signals.dispositions }[.SIGCHLD]
    return ChildPolicy(
      forgets: child.isIgnored || child.flags.contains(.SA_NOCLDWAIT), isTold: !child.isIgnored)
  }

  public override var ignoresChildStops: Bool {
    let child = state.withLock { $0.signals.dispositions }[.SIGCHLD]
    return child.isIgnored || child.flags.contains(.SA_NOCLDSTOP)
  }

  public override func childChanged(_ signal: Signal, _ report: ChildReport) {
    try? send(signal, SignalInformation(signal, of: report))
  }

  public override func receive(_ signal: Signal) { sendFromKernel(signal) }

  public override func parentEnded() {
    // Each of its tasks may have asked for another.
    var wanted: SignalSet = []
    forEachTask { task in
      if let signal = task.settings.parentDeathSignal { wanted.insert(SignalSet(signal)) }
      return true
    }
    wanted.forEach { sendFromKernel($0) }
  }

  public override var usage: ResourceUsage {
    state.withLock { state in
      var sum = state.endedUsage
      for index in 0..<state.tasks.count { sum = sum + state.tasks[index].usage }
      return sum
    }
  }

  public override var realUser: UInt32 {
    credentialsForOthers.users.real.rawValue
  }
}
