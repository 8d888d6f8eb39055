public import Foundations
import LinuxABI
public import Machine
public import Scheduler
import Scheduling
public import Security
public import Signals
public import Synchronization
import Time
public import VFS
import VirtualMemory
public import Waiting

/// A task: a thread that runs a program, or will. Source: clone(2).
///
/// Its resources are read by itself without a lock, as only it changes them; it changes them under a lock, which others take
/// to look (`resourcesForOthers`). `SystemCalls` derives the class that serves its calls.
open class Task: ThreadBody {
  /// What is to be done with its calls besides serving them: bits of `SystemCallWork`.
  public final let callWork = Atomic<UInt32>(0)
  /// The process that it belongs to.
  public final let process: Process
  /// Its own number. One that executes a program takes that of its process.
  public final private(set) var identifier: ProcessIdentifier
  private final var formerIdentifier: ProcessIdentifier?

  /// Guarded by itself; the task alone changes what is in it.
  private final let held: SpinLock<TaskResources>
  /// Its program's memory; nil at its end. For itself, as the four that follow.
  public final private(set) var memory: ProgramMemory?
  /// Its open files.
  public final private(set) var files: DescriptorTable
  private final let usedFiles: PinnedReference<DescriptorTable>
  /// Root, working directory, mask.
  public final private(set) var context: FileSystemContext
  /// The tree of mounts.
  public final private(set) var namespace: MountNamespace
  /// As whom it acts.
  public final private(set) var credentials: Credentials
  /// With whose rights, from where, it uses files.
  public final private(set) var actor: FileActor

  /// When it was made, in nanoseconds since boot.
  public final let startNanoseconds: UInt64
  private final let links = SpinLock<Thread?>(nil)
  private final let nameBytes = SpinLock(TaskName())
  private final let isEndingFlag = Atomic<Bool>(false)
  /// Whether it stays where it is because programs are frozen.
  final let isHeld = Atomic<Bool>(false)

  /// What others touch of its signals.
  final var signals = TaskSignals()
  /// What is its own of them.
  final var handling = SignalHandling()
  /// What is done about its signals: its process's table.
  public final private(set) var dispositions: SignalDispositions
  private final let usedDispositions: PinnedReference<SignalDispositions>
  /// Whether it has to look for signals before its program goes on.
  final let signalFlag = Atomic<Bool>(false)

  /// What the thread does first, instead of running its program: the first task executes one.
  public final var beginning: TaskBeginning?
  /// Whether its user had more tasks than it may when the task became that user, so that execve looks whether it still has.
  /// The task's own.
  final var exceedsTaskLimit = false
  /// Where its number is to be written when it begins; 0 for nowhere. The task's own.
  public final var numberAddress: UInt64 = 0
  /// Where its number is to be cleared when it ends; 0 for nowhere. The task's own.
  public final var clearedAddress: UInt64 = 0
  /// What it has for futexes.
  public final let futexes: TaskFutexes
  /// Its means to wait for several files, once it has done so. The task's own.
  private final var ownPollWaiter: PollWaiter?
  /// Whether no execve gives it rights. Source: prctl(2), `PR_SET_NO_NEW_PRIVS`. Never taken back.
  public final let hasNoNewPrivileges = Atomic<Bool>(false)
  /// What it asked for by prctl(2) and personality(2).
  public final let settings = TaskSettings()
  private final let callFilterLock = SpinLock<CallFilter?>(nil)
  /// What of its program must not be interrupted. The task's own.
  final var sequence = RestartableSequence()
  /// What its parent waits for, if it was made by vfork.
  final var completion: VforkCompletion?

  /// Makes a task that has no thread yet.
  public init(_ process: Process, _ identifier: ProcessIdentifier, _ resources: TaskResources) {
    self.process = process
    self.identifier = identifier
    futexes = TaskFutexes(number: identifier.number)
    startNanoseconds = Clock.bootTime
    held = SpinLock(resources)
    usedFiles = PinnedReference(resources.files)
    (memory, files, context) = (resources.memory, resources.files, resources.context)
    (namespace, credentials) = (resources.namespace, resources.credentials)
    actor = FileActor(credentials, context, namespace)
    let dispositions = process.state.withLock { $0.signals.dispositions }
    self.dispositions = dispositions
    usedDispositions = PinnedReference(dispositions)
    super.init()
    files.beginUse()
  }

  /// Makes the task of a new thread, of this task's own class.
  ///
  /// - Throws: `ENOMEM`.
  open func makeTask(
    _ process: Process, _ identifier: ProcessIdentifier, _ resources: TaskResources
  ) throws(Errno) -> Task { fatalError("a task that cannot be cloned") }

  /// Takes a line of the trace of its calls, without a newline.
  ///
  /// - Context: the task's thread, which may wait.
  open func trace(_ line: Span<UInt8>) {}

  // MARK: Numbers

  /// The number of its process.
  @inline(__always)
  public final var processIdentifier: Int32 { process.number }
  /// Its own number.
  @inline(__always)
  public final var threadIdentifier: Int32 { identifier.number }
  /// The number of its process's parent, or 0.
  public final var parentIdentifier: Int32 { process.tree.parent(of: process) }

  /// The task that runs on this CPU; nil for a thread of the kernel.
  public static var current: Task? { Thread.running?.body as? Task }

  // MARK: Resources

  /// Its resources, for other tasks.
  public final var resourcesForOthers: TaskResources { held.withLock { $0 } }
  /// As whom it acts, for other tasks.
  public final var credentialsForOthers: Credentials { held.withLock { $0.credentials } }

  /// Changes as whom it acts.
  ///
  /// - Context: the task itself.
  public final func setCredentials(_ new: Credentials) {
    held.withLock { $0.credentials = new }
    if new.users.real != credentials.users.real { process.countSignals(of: new.users.real) }
    credentials = new
    actor = FileActor(new, context, namespace)
  }

  /// Exchanges its memory, and returns what it had.
  ///
  /// - Context: the task itself.
  final func exchangeMemory(_ new: ProgramMemory?) -> ProgramMemory? {
    let old = memory
    held.withLock { $0.memory = new }
    // The scheduler reads it when the task is switched to.
    Processor.withoutInterrupts {
      memory = new
      if let new { new.space.activate() } else { CurrentAddressSpace.leave() }
    }
    return old
  }

  /// Runs `body` with its open files, which are not exchanged meanwhile.
  ///
  /// - Throws: what `body` throws.
  /// - Context: the task itself.
  @inline(__always)
  public final func withFiles<Answer>(
    _ body: (DescriptorTable) throws(Errno) -> Answer
  ) throws(Errno) -> Answer { try usedFiles.use(body) }

  /// Gives it descriptors of its own, and lets go of those that it had. Not within `withFiles`.
  ///
  /// - Context: the task itself.
  public final func setFiles(_ new: DescriptorTable) {
    let old = files
    new.beginUse()
    held.withLock { $0.files = new }
    files = new
    _ = usedFiles.exchange(new)
    old.endUse()
  }

  /// Gives it another root and working directory.
  ///
  /// - Context: the task itself.
  public final func setContext(_ new: FileSystemContext) {
    let old = context
    held.withLock { $0.context = new }
    context = new
    actor = FileActor(credentials, new, namespace)
    _ = consume old
  }

  /// Makes `number` its number, in place of its own: it has become its process's only task.
  ///
  /// - Context: the tree's lock is held.
  final func takeNumber(_ number: ProcessIdentifier) {
    // Others may look at the old one at this moment, so it is kept.
    formerIdentifier = identifier
    identifier = number
    futexes.setNumber(number.number)
  }

  // MARK: Filter

  /// What decides which calls are served, when `callWork` says so. Source: seccomp(2).
  public final var callFilter: CallFilter? { callFilterLock.withLock { $0 } }

  /// Sets it.
  ///
  /// - Context: the task itself; another one of its process, as `Process.filterCalls` says; or before it runs.
  final func setCallFilter(_ new: CallFilter?) {
    let old = callFilterLock.withLock { filter in
      let old = filter
      filter = new
      return old
    }
    _ = consume old
  }

  // MARK: Name

  /// Its name: at most 15 bytes. Source: prctl(2), `PR_SET_NAME`.
  public final var name: TaskName {
    get { nameBytes.withLock { $0 } }
    set { nameBytes.withLock { $0 = newValue } }
  }

  // MARK: Thread

  /// Its thread, from its start to its end.
  public final var thread: Thread? { links.withLock { $0 } }

  final func setThread(_ thread: Thread?) {
    futexes.setThread(thread)
    let old = links.withLock { link in
      let old = link
      link = thread
      return old
    }
    _ = consume old
  }

  /// Its means to wait for several files.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: the task itself.
  public final func pollWaiter() throws(Errno) -> PollWaiter {
    if let ownPollWaiter { return ownPollWaiter }
    let new = try PollWaiter.make()
    ownPollWaiter = new
    return new
  }

  /// How long it has run, in nanoseconds.
  public final var runNanoseconds: UInt64 { thread?.account.running ?? 0 }

  /// Where its time went, and what else is counted.
  public final var usage: ResourceUsage {
    var usage = ResourceUsage()
    guard let thread else { return usage }
    let account = thread.account
    (usage.userNanoseconds, usage.systemNanoseconds) = account.divided
    usage.voluntarySwitches = account.voluntarySwitches
    usage.involuntarySwitches = account.involuntarySwitches
    return usage
  }

  /// Asks it to do some work before its program goes on, and wakes it if it waits for something that this may end.
  ///
  /// - Context: any.
  public final func ask(_ work: TaskWork) {
    guard let thread else { return }
    thread.work.bitwiseOr(work.rawValue, ordering: .sequentiallyConsistent)
    if !thread.interrupt() { thread.kick() }
  }

  // MARK: End

  /// Whether it is on its way out.
  @inline(__always)
  public final var isEnding: Bool { isEndingFlag.load(ordering: .relaxed) }

  /// Sends it on its way out: it ends when it next would return to its program, and waits no more.
  ///
  /// - Context: any.
  final func askToEnd() {
    isEndingFlag.store(true, ordering: .sequentiallyConsistent)
    ask(.ending)
  }

  /// Runs `body` with what is done about its signals.
  ///
  /// - Throws: what `body` throws.
  /// - Context: the task itself.
  @inline(__always)
  final func withDispositions<Answer>(
    _ body: (SignalDispositions) throws(Errno) -> Answer
  ) throws(Errno) -> Answer { try usedDispositions.use(body) }

  /// Makes `new` what is done about its signals, and its process's. Not within `withDispositions`.
  ///
  /// - Context: the task itself, its process's only one.
  final func setDispositions(_ new: SignalDispositions) {
    process.state.withLock { $0.signals.dispositions = new }
    dispositions = new
    _ = usedDispositions.exchange(new)
  }

  // MARK: ThreadBody

  public final override func activate(_ thread: Thread) {
    if sequence.address != 0 { noteSwitch(thread) }
    // Threads of one program follow each other.
    if CurrentAddressSpace.isInForce(memory.map { ObjectIdentifier($0.space) }) { return }
    if let memory { memory.space.activate() } else { CurrentAddressSpace.suspend() }
  }

  public final override func run() {
    begin()
    ThreadEntry.enterProgram()
  }

  /// Its own function, so that the stack that is left owns no reference.
  @inline(never)
  private final func begin() {
    guard let thread = Thread.running, let registers = thread.userContext else { return }
    if let beginning {
      self.beginning = nil
      beginning.run(self, registers)
    }
    if numberAddress != 0 {
      // As on Linux, an address that cannot be written is the program's affair.
      try? UserPointer<Int32>(numberAddress).store(threadIdentifier)
    }
  }

  public final override func isInterrupted(_ interruption: Interruption) -> Bool {
    switch interruption {
    case .nothing: false
    case .kill: isEnding
    case .signals: isEnding || hasDeliverableSignal
    }
  }

  public final override func waitHasEnded(_ interruption: Interruption) {
    // In the middle of something it goes on to where it may stop.
    if interruption != .nothing { hold() }
  }

  public final override func programFault(_ fault: ProgramFault) {
    handling.newFault = fault
    askItself(.signals)
  }

  public final override func returnToUser(_ registers: borrowing UserContext) {
    // No reference may be held across the end: nothing would drop it behind a call that does not return.
    let work = takeWork()
    if work.contains(.freezing) { hold() }
    if work.contains(.ending) { end() }
    if work.contains(.sequence) { resumeSequence(registers) }
    if work.contains(.signals) { deliverSignals(registers) }
  }

  private final func takeWork() -> TaskWork {
    let bits = ThreadContext.withCurrent { thread in
      let bits = thread.work.load(ordering: .acquiring)
      let once = TaskWork(rawValue: bits).intersection([.sequence, .freezing]).rawValue
      if once != 0 { thread.work.bitwiseAnd(~once, ordering: .relaxed) }
      return bits
    }
    return TaskWork(rawValue: bits ?? 0)
  }
}

/// What a task does before it first runs its program.
open class TaskBeginning {
  /// Creates it.
  public init() {}

  /// Does it; `registers` are what the program will have.
  ///
  /// - Context: the task's thread.
  open func run(_ task: Task, _ registers: borrowing UserContext) {}
}

/// A task's name, of at most 15 bytes.
public struct TaskName: Sendable {
  /// How many bytes a name may have.
  public static let limit = 15
  private var storage = InlineArray<16, UInt8>(repeating: 0)
  /// How many bytes it has.
  public private(set) var count = 0

  /// No name.
  public init() {}

  /// The name that `bytes` begin with, up to a zero.
  public init(_ bytes: Span<UInt8>) {
    while count < min(bytes.count, Self.limit), bytes[count] != 0 {
      storage[count] = bytes[count]
      count += 1
    }
  }

  /// The last part of a path. Source: execve(2), prctl(2).
  public init(lastPartOf path: Span<UInt8>) {
    var start = 0
    for index in path.indices where path[index] == UInt8(ascii: "/") { start = index + 1 }
    self.init(path.extracting(start..<path.count))
  }

  /// The bytes.
  public var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    get { storage.span.extracting(0..<count) }
  }
}
