import Foundations
import Machine
import Processes
import Security
import Synchronization
import SyntheticFiles
import VFS

/// What a directory in /proc is about: a process, or one of its tasks. It may end at any moment.
struct Subject {
  /// Which of both.
  enum Scope {
    /// A process.
    case process
    /// A task.
    case task
  }

  /// Which inode of a subject's is meant, for its number.
  enum Part {
    /// The subject's directory.
    case directory
    /// A file by its place in the table.
    case entry(Int)
    /// A descriptor.
    case descriptor(Int32)
    /// What is known of a descriptor.
    case descriptorInformation(Int32)
    /// A file that is another's directory.
    case nested(Int)
  }

  /// The file system.
  let system: ProcessFileSystem
  /// The number.
  let identifier: ProcessIdentifier
  /// Which of both.
  let scope: Scope

  init(_ system: ProcessFileSystem, _ identifier: ProcessIdentifier, _ scope: Scope) {
    (self.system, self.identifier, self.scope) = (system, identifier, scope)
  }

  /// The process, perhaps a zombie.
  ///
  /// - Throws: `ESRCH` when it has been forgotten.
  func process() throws(Errno) -> Process {
    if scope == .process, let process = system.tree.process(of: identifier) as? Process { return process }
    guard let task = system.tree.task(of: identifier) else { throw .ESRCH }
    return task.process
  }

  /// The task; of a process its oldest; nil for a zombie, which has none.
  ///
  /// - Throws: `ESRCH` when it has ended, or the process been forgotten.
  func task() throws(Errno) -> Task? {
    if let task = system.tree.task(of: identifier) { return task }
    guard scope == .process else { throw .ESRCH }
    return try process().leader
  }

  /// The task, for what zombies do not have.
  ///
  /// - Throws: `ESRCH`.
  func livingTask() throws(Errno) -> Task {
    guard let task = try task() else { throw .ESRCH }
    return task
  }

  /// The memory; nil when it has none.
  ///
  /// - Throws: `ESRCH`.
  func memory() throws(Errno) -> ProgramMemory? { try task()?.resourcesForOthers.memory }

  /// From where the caller sees files; without one, from where the task does.
  ///
  /// - Throws: `ESRCH`.
  func viewer() throws(Errno) -> FileActor {
    if let caller = system.caller() { return caller.actor }
    return try livingTask().actorForOthers
  }

  /// Whether it is still there.
  var isThere: Bool {
    switch scope {
    case .process: system.tree.process(of: identifier) != nil || system.tree.task(of: identifier) != nil
    case .task: system.tree.task(of: identifier) != nil
    }
  }

  /// Refuses to let `credentials`, or those of the caller, look into it.
  ///
  /// - Throws: `EACCES`; `ESRCH` when it has gone.
  func checkInspection(_ credentials: Credentials? = nil) throws(Errno) {
    let caller = system.caller()
    guard let task = try task(), let credentials = credentials ?? caller?.credentials else { return }
    do throws(Errno) { try task.checkInspection(by: caller, credentials) } catch { throw .EACCES }
  }

  /// Whether `credentials`, or those of the caller, may look into it.
  func allowsInspection(_ credentials: Credentials? = nil) -> Bool {
    do throws(Errno) { try checkInspection(credentials) } catch { return false }
    return true
  }

  /// Whose its files are: those that show nothing are its own, the others the superuser's if it may not be looked into.
  ///
  /// - Throws: `ESRCH`.
  func owner(isPublic: Bool) throws(Errno) -> (UserID, GroupID) {
    let task = try task()
    let isDumpable = try memory()?.isDumpable.load(ordering: .relaxed) ?? true
    guard isPublic || isDumpable else { return (.root, .root) }
    let credentials: Credentials
    if let task { credentials = task.credentialsForOthers } else { credentials = try process().credentialsForOthers }
    return (credentials.users.effective, credentials.groups.effective)
  }

  /// A number that no other file of /proc has.
  func inodeNumber(_ part: Part) -> UInt64 {
    let base = (UInt64(UInt32(bitPattern: identifier.number)) << 1 | (scope == .task ? 1 : 0)) << 26
    switch part {
    case .directory: return base
    case .entry(let index): return base | UInt64(index & 0xff_ffff) + 1
    case .descriptor(let number): return base | 1 << 24 | UInt64(number & 0xff_ffff)
    case .descriptorInformation(let number): return base | 2 << 24 | UInt64(number & 0xff_ffff)
    case .nested(let index): return base | 3 << 24 | UInt64(index & 0xff_ffff)
    }
  }
}

/// A file of a subject's, whose owner and existence are the subject's.
class SubjectInode: SyntheticInode {
  let subject: Subject
  private let isPublic: Bool

  /// - Parameter isPublic: whether it shows nothing that only its owner may see.
  init(_ subject: Subject, _ part: Subject.Part, _ kind: FileKind, permissions: UInt16, isPublic: Bool = false) {
    self.subject = subject
    self.isPublic = isPublic
    super.init(subject.system, number: subject.inodeNumber(part), kind, permissions: permissions)
  }

  /// Its name may come to stand for another process.
  final override var isLasting: Bool { false }

  override func currentAttributes() throws(Errno) -> FileAttributes {
    try refresh()
    return attributes.withLock { $0 }
  }

  override func check(_ wish: AccessWish, by credentials: borrowing Credentials) throws(Errno) {
    try refresh()
    try super.check(wish, by: credentials)
  }

  private func refresh() throws(Errno) {
    let owner: (UserID, GroupID)
    do throws(Errno) { owner = try subject.owner(isPublic: isPublic) } catch { throw .ENOENT }
    attributes.withLock { ($0.user, $0.group) = owner }
  }
}
