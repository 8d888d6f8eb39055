public import Foundations
public import LinuxABI
import Machine
import Scheduler
import Scheduling
import Security
import Synchronization
import VFS

/// What is asked of clone(2).
public struct CloneRequest {
  /// What is shared, and the like, without the signal.
  public var flags: CloneFlags
  /// What the parent is sent when the child ends.
  public var exitSignal: Signal?
  /// The child's stack pointer; 0 for the parent's.
  public var stackPointer: UInt64 = 0
  /// The child's FS base, with CLONE_SETTLS.
  public var localStorage: UInt64 = 0
  /// Where the parent is told the number, with CLONE_PARENT_SETTID.
  public var parentNumberAddress: UInt64 = 0
  /// Where the child is told the number, with CLONE_CHILD_SETTID, or has it cleared, with CLONE_CHILD_CLEARTID.
  public var childNumberAddress: UInt64 = 0
  /// Where the parent is told the descriptor of the child's handle, with CLONE_PIDFD.
  public var handleAddress: UInt64 = 0

  /// Whether the child's signals do what they do by themselves, or are ignored: `CLONE_CLEAR_SIGHAND`.
  public var clearsHandlers = false

  /// Creates a request for a copy with `flags`.
  public init(_ flags: CloneFlags, exitSignal: Signal?) { (self.flags, self.exitSignal) = (flags, exitSignal) }
}

extension Task {
  /// Namespaces other than mounts' are not there.
  private static var refusedFlags: CloneFlags {
    [.CLONE_NEWNS, .CLONE_NEWCGROUP, .CLONE_NEWUTS, .CLONE_NEWIPC, .CLONE_NEWUSER, .CLONE_NEWPID, .CLONE_NEWNET]
  }

  /// Makes a task that begins where the program of this one is. Source: clone(2).
  ///
  /// - Returns: its number.
  /// - Throws: `EINVAL`, `EAGAIN`, `ENOMEM`, `EFAULT`.
  /// - Context: the task itself, in a system call; waits for the child with CLONE_VFORK.
  public final func clone(_ request: CloneRequest) throws(Errno) -> Int32 {
    let flags = request.flags
    if flags.contains(.CLONE_THREAD) && !flags.contains(.CLONE_SIGHAND) { throw .EINVAL }
    if flags.contains(.CLONE_SIGHAND) && !flags.contains(.CLONE_VM) { throw .EINVAL }
    if !flags.isDisjoint(with: Self.refusedFlags) { throw .EINVAL }
    if flags.contains(.CLONE_PIDFD), flags.contains(.CLONE_THREAD) { throw .EINVAL }
    let user = credentials.users.real
    let isFree = credentials.has(.CAP_SYS_RESOURCE) || credentials.has(.CAP_SYS_ADMIN) || user == .root
    try UserAccounts.charge(user, limit: isFree ? .max : process.limit(.RLIMIT_NPROC))
    do throws(Errno) {
      return try cloneCounted(request)
    } catch {
      UserAccounts.release(user)
      throw error
    }
  }

  private final func cloneCounted(_ request: CloneRequest) throws(Errno) -> Int32 {
    let flags = request.flags
    let identifier = try process.tree.makeIdentifier()
    do throws(Errno) {
      let child = try makeChild(request, identifier)
      let number = identifier.number
      if flags.contains(.CLONE_PARENT_SETTID) {
        try? UserPointer<Int32>(request.parentNumberAddress).store(number)
      }
      guard flags.contains(.CLONE_VFORK) else {
        child.thread?.start()
        return number
      }
      let completion = VforkCompletion()
      child.completion = completion
      child.thread?.start()
      completion.wait()
      return number
    } catch {
      process.tree.release(identifier)
      throw error
    }
  }

  /// Makes the child up to its thread, which has not started.
  private final func makeChild(_ request: CloneRequest, _ identifier: ProcessIdentifier) throws(Errno) -> Task {
    let flags = request.flags
    var resources = TaskResources(
      files: flags.contains(.CLONE_FILES) ? files : try files.copy(),
      context: flags.contains(.CLONE_FS) ? context : context.copy(), namespace: namespace, credentials: credentials)
    guard let memory else { throw .EINVAL }
    if flags.contains(.CLONE_VM) {
      memory.beginUse()
      resources.memory = memory
    } else {
      resources.memory = try memory.fork()
    }
    do throws(Errno) {
      let childProcess = flags.contains(.CLONE_THREAD) ? process : try makeProcess(request, identifier)
      let child = try makeTask(childProcess, identifier, resources)
      do throws(Errno) {
        if childProcess !== process { try childProcess.beginLimitingTime() }
        try prepare(child, request)
        let handle = try makeHandle(of: childProcess, request)
        do throws(Errno) {
          try enter(child, flags)
        } catch {
          if let handle { files.cancel(handle.descriptor) }
          throw error
        }
        if let handle { files.fill(handle.descriptor, with: handle.file) }
        return child
      } catch {
        if childProcess !== process { childProcess.timers.close() }
        child.setThread(nil)
        child.files.endUse()
        throw error
      }
    } catch {
      resources.memory?.endUse()
      throw error
    }
  }

  private final func makeProcess(
    _ request: CloneRequest, _ identifier: ProcessIdentifier
  ) throws(Errno) -> Process {
    // A sibling's parent has not made it, and is told as it is told of this one.
    let exitSignal = request.flags.contains(.CLONE_PARENT) ? process.exitSignal : request.exitSignal
    let child = try Process(
      identifier, in: process.tree, exitSignal: exitSignal, dispositions: try dispositions(for: request),
      account: process.signalAccount, limits: process.limits, terminal: process.terminal)
    let adjustment = process.outOfMemoryAdjustment.load(ordering: .relaxed)
    child.outOfMemoryAdjustment.store(adjustment, ordering: .relaxed)
    child.loginBits.store(process.loginBits.load(ordering: .relaxed), ordering: .relaxed)
    return child
  }

  /// Makes the handle that is asked for, and tells its descriptor, which is not open yet.
  private final func makeHandle(
    of child: Process, _ request: CloneRequest
  ) throws(Errno) -> (descriptor: Descriptor, file: OpenFile)? {
    guard request.flags.contains(.CLONE_PIDFD) else { return nil }
    let file = try ProcessHandles.open(child, credentials)
    let descriptor = try files.reserve(limit: process.limit(.RLIMIT_NOFILE), closesOnExecution: true)
    do throws(Errno) {
      try UserPointer<Int32>(request.handleAddress).store(descriptor.rawValue)
    } catch {
      files.cancel(descriptor)
      throw error
    }
    return (descriptor, file)
  }

  /// Gives `child` its thread and its program's registers.
  private final func prepare(_ child: Task, _ request: CloneRequest) throws(Errno) {
    let flags = request.flags
    guard let own = Thread.running else { throw .EINVAL }
    // Run time is promised to one thread. Source: sched(7), "SCHED_DEADLINE".
    if own.parameters.policy == .deadline, !own.parameters.resetsOnFork { throw .EAGAIN }
    let thread = try Thread(child, hasProgram: true, own.parameters.inherited)
    thread.copyRunningProgram()
    if let registers = thread.userContext {
      registers.result = 0
      if request.stackPointer != 0 {
        var all = registers.registers
        all.rsp = request.stackPointer
        registers.registers = all
      }
    }
    if flags.contains(.CLONE_SETTLS) {
      guard UserSpace.contains(request.localStorage) else { throw .EPERM }
      var bases = thread.programSegmentBases
      bases.fs = request.localStorage
      thread.programSegmentBases = bases
    }
    thread.bind(to: own.allowedProcessors)
    child.setThread(thread)
    child.name = name
    if flags.contains(.CLONE_CHILD_SETTID) { child.numberAddress = request.childNumberAddress }
    if flags.contains(.CLONE_CHILD_CLEARTID) { child.clearedAddress = request.childNumberAddress }
    if hasNoNewPrivileges.load(ordering: .relaxed) { child.hasNoNewPrivileges.store(true, ordering: .relaxed) }
    settings.copy(to: child.settings)
    child.setCallFilter(callFilter)
    // In other memory the area is there too.
    if !flags.contains(.CLONE_VM) { child.sequence = sequence }
    child.callWork.store(callWork.load(ordering: .relaxed), ordering: .relaxed)
    prepareSignals(of: child, flags)
  }

  /// Makes `child` known.
  private final func enter(_ child: Task, _ flags: CloneFlags) throws(Errno) {
    let tree = process.tree
    try child.process.add(child)
    if !flags.contains(.CLONE_THREAD) {
      do throws(Errno) {
        let parent = process
        try tree.add(child.process, to: parent, sharesParent: flags.contains(.CLONE_PARENT)) { !parent.isEnding }
      } catch {
        _ = child.process.remove(child, usage: ResourceUsage())
        throw error
      }
    }
    tree.add(child)
  }
}
