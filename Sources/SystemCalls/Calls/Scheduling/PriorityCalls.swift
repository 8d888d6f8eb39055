import Foundations
import LinuxABI
import Machine
import Processes
import Scheduler
import Scheduling
import Security

/// getpriority(2), ioprio_get(2) and their opposites: what has priorities is a task, a group's tasks or a user's.
extension SystemCallContext {
  /// Whose priority is meant.
  private enum Subject {
    case task(Int32)
    case group(Int32)
    case user(UInt32)
  }

  /// Calls `body` with each task that is meant; 0 means the caller, its group, its user. Locks of the tree and of processes may
  /// be held.
  private func forEachTask(of subject: Subject, _ body: (Task) -> Void) throws(Errno) {
    let tree = task.process.tree
    func visit(_ node: ProcessNode, _ isMeant: (Task) -> Bool) {
      (node as? Process)?.forEachTask { task in
        if isMeant(task) { body(task) }
        return true
      }
    }
    switch subject {
    case .task(let number):
      if number == 0 || number == task.threadIdentifier { return body(task) }
      if let found = tree.task(number) { body(found) }
    case .group(let number):
      let number = number == 0 ? try getpgrp() : number
      tree.forEachMember(ofGroup: number) { visit($0) { _ in true } }
    case .user(let number):
      let user = number == 0 ? task.credentials.users.real : UserID(rawValue: number)
      tree.forEachProcess { node in
        visit(node) { $0.credentialsForOthers.users.real == user }
        return true
      }
    }
  }

  /// Whether the caller's effective user is `other`'s real or effective one, or it may do without.
  private func mayChange(_ other: Task) -> Bool {
    let (own, others) = (task.credentials, other.credentialsForOthers.users)
    return own.users.effective == others.real || own.users.effective == others.effective || own.has(.CAP_SYS_NICE)
  }

  // MARK: Nice values

  private func subject(_ which: PrioritySubject, _ who: Int32) -> Subject {
    switch which {
    case .PRIO_PROCESS: .task(who)
    case .PRIO_PGRP: .group(who)
    case .PRIO_USER: .user(UInt32(bitPattern: who))
    }
  }

  /// getpriority(2): 20 less the nice value, so that no result looks like an error.
  func getpriority(_ which: PrioritySubject, _ who: Int32) throws(Errno) -> Int {
    var best: Int?
    try forEachTask(of: subject(which, who)) { task in
      guard let thread = task.thread else { return }
      best = max(best ?? 0, 20 - Int(thread.parameters.nice.rawValue))
    }
    guard let best else { throw .ESRCH }
    return best
  }

  /// setpriority(2)
  func setpriority(_ which: PrioritySubject, _ who: Int32, _ value: Int32) throws(Errno) {
    let nice = Nice(clamping: Int(value))
    var found = false
    var refusal: Errno?
    try forEachTask(of: subject(which, who)) { other in
      guard let thread = other.thread else { return }
      found = true
      guard mayChange(other) else {
        refusal = .EPERM
        return
      }
      let isAllowed = nice.limit <= other.process.limit(.RLIMIT_NICE) || task.credentials.has(.CAP_SYS_NICE)
      do throws(Errno) {
        try thread.adjustParameters { parameters throws(Errno) in
          guard nice >= parameters.nice || isAllowed else { throw .EACCES }
          parameters.nice = nice
        }
        other.urgencyChanged()
      } catch {
        // One that ends meanwhile is none that was refused.
        if error != .ESRCH { refusal = error }
      }
    }
    if let refusal { throw refusal }
    guard found else { throw .ESRCH }
  }

  // MARK: I/O priorities

  // Source: ioprio_set(2); linux/ioprio.h.
  private static let classShift: UInt16 = 13
  private static let levelMask: UInt16 = 7
  /// Best effort, in the middle: what one has who did not ask for any.
  private static let normalPriority: UInt16 = 2 << classShift | 4

  private func subject(_ which: IoPrioritySubject, _ who: Int32) -> Subject {
    switch which {
    case .IOPRIO_WHO_PROCESS: .task(who)
    case .IOPRIO_WHO_PGRP: .group(who)
    case .IOPRIO_WHO_USER: .user(UInt32(bitPattern: who))
    }
  }

  /// ioprio_get(2)
  func ioprioGet(_ which: IoPrioritySubject, _ who: Int32) throws(Errno) -> Int {
    var best: UInt16?
    var count = 0
    try forEachTask(of: subject(which, who)) { task in
      let own = task.settings.ioPriority
      count += 1
      guard let other = best else {
        best = own
        return
      }
      best = min(other == 0 ? Self.normalPriority : other, own == 0 ? Self.normalPriority : own)
    }
    guard let best else { throw .ESRCH }
    return Int(best)
  }

  /// ioprio_set(2)
  func ioprioSet(_ which: IoPrioritySubject, _ who: Int32, _ priority: Int32) throws(Errno) {
    guard let value = UInt16(exactly: priority) else { throw .EINVAL }
    let level = value & ((1 << Self.classShift) - 1)
    switch value >> Self.classShift {
    case 0: guard level == 0 else { throw .EINVAL }
    case 1:
      guard task.credentials.has(.CAP_SYS_ADMIN) || task.credentials.has(.CAP_SYS_NICE) else { throw .EPERM }
      guard level <= Self.levelMask else { throw .EINVAL }
    case 2: guard level <= Self.levelMask else { throw .EINVAL }
    case 3: break
    default: throw .EINVAL
    }
    var found = false
    var isRefused = false
    let own = task.credentials
    try forEachTask(of: subject(which, who)) { other in
      found = true
      let user = other.credentialsForOthers.users.real
      if user == own.users.effective || user == own.users.real || own.has(.CAP_SYS_NICE) {
        other.settings.ioPriority = value
      } else {
        isRefused = true
      }
    }
    guard found else { throw .ESRCH }
    if isRefused { throw .EPERM }
  }
}
