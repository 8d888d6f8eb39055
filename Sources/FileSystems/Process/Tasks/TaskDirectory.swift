import Foundations
import Machine
import Processes
import Security
import SyntheticFiles
import VFS

/// The directory of a process or a task: what the table has.
final class TaskDirectory: SubjectInode {
  init(_ subject: Subject) { super.init(subject, .directory, .directory, permissions: 0o555, isPublic: true) }

  override func lookUp(_ name: Span<UInt8>) throws(Errno) -> Inode? {
    guard subject.isThere, let index = subject.system.entries.find(name, subject.scope) else { return nil }
    let entry = subject.system.entries[index]
    if case .directory(let maker) = entry.content { return maker(subject, index) }
    return TaskFileInode(subject, index, entry)
  }

  override func list(
    from position: Int64, _ emit: (_ name: Span<UInt8>, UInt64, FileKind, _ next: Int64) throws(Errno) -> Bool
  ) throws(Errno) {
    guard subject.isThere else { throw .ENOENT }
    let entries = subject.system.entries
    var index = Int(clamping: position - 2)
    while index >= 0, index < entries.count {
      let entry = entries[index]
      index += 1
      guard entry.isIn(subject.scope) else { continue }
      let name: Message = "\(entry.name.description)"
      guard try emit(name.bytes, subject.inodeNumber(.entry(index - 1)), entry.kind, Int64(index + 2)) else { return }
    }
  }
}

/// A file or a link in such a directory.
final class TaskFileInode: SubjectInode {
  private let entry: TaskEntry

  init(_ subject: Subject, _ index: Int, _ entry: TaskEntry) {
    self.entry = entry
    super.init(subject, .entry(index), entry.kind, permissions: entry.permissions)
  }

  override func open(_ request: OpenRequest) throws(Errno) -> OpenFile {
    guard subject.isThere else { throw .ENOENT }
    let (isGuarded, credentials) = (entry.guarding == .inspection, request.credentials)
    if isGuarded { try subject.checkInspection(credentials) }
    switch entry.content {
    case .text(let writer, let acceptor):
      let subject = subject
      // Judged each time, too: it may have executed a program with other rights since.
      let source = WholeText(
        { (text: inout TextBuffer) throws(Errno) in
          if isGuarded { try subject.checkInspection(credentials) }
          try writer(subject, &text)
        },
        accepts: { (text: Span<UInt8>) throws(Errno) in
          guard let acceptor else { throw .EIO }
          if isGuarded { try subject.checkInspection(credentials) }
          try acceptor(subject, text)
        })
      return try TextFile(request, self, source)
    case .records(let maker): return try TextFile(request, self, try maker(subject))
    case .file(let opener): return try opener(subject, request, self)
    case .link, .directory: throw .ELOOP
    }
  }

  override func followLink() throws(Errno) -> Path? {
    guard case .link(let place) = entry.content else { return nil }
    return try SubjectLink.follow(subject, place)
  }

  override func readLink(into target: inout GrowableArray<UInt8>) throws(Errno) {
    guard case .link(let place) = entry.content else { throw .EINVAL }
    try SubjectLink.read(subject, place, into: &target)
  }
}

/// Links that lead to a place, whatever its path is now.
enum SubjectLink {
  static func follow(_ subject: Subject, _ place: (Subject) throws(Errno) -> Path) throws(Errno) -> Path {
    do throws(Errno) {
      try subject.checkInspection()
      return try place(subject)
    } catch {
      throw error == .ESRCH ? .ENOENT : error
    }
  }

  /// Appends the path of the place, as the caller would name it.
  static func read(
    _ subject: Subject, _ place: (Subject) throws(Errno) -> Path, into target: inout GrowableArray<UInt8>
  ) throws(Errno) {
    let found = try follow(subject, place)
    try subject.viewer().describe(found, into: &target)
  }
}

extension Task {
  /// With whose rights, from where, it uses files, for others.
  var actorForOthers: FileActor {
    let resources = resourcesForOthers
    return FileActor(resources.credentials, resources.context, resources.namespace)
  }
}

/// `task`: a directory for each task of a process.
final class TasksDirectory: SubjectInode {
  init(_ subject: Subject, _ index: Int) {
    super.init(subject, .entry(index), .directory, permissions: 0o555, isPublic: true)
  }

  override func lookUp(_ name: Span<UInt8>) throws(Errno) -> Inode? {
    let system = subject.system
    guard let number = TaskNumber.read(name), let identifier = system.tree.identifier(number),
      let task = system.tree.task(of: identifier), task.process === (try subject.process())
    else { return nil }
    return TaskDirectory(Subject(system, identifier, .task))
  }

  override func list(
    from position: Int64, _ emit: (_ name: Span<UInt8>, UInt64, FileKind, _ next: Int64) throws(Errno) -> Bool
  ) throws(Errno) {
    let process: Process
    do throws(Errno) { process = try subject.process() } catch { throw .ENOENT }
    var number = Int32(clamping: position - 2)
    while let task = process.nextTask(from: number) {
      let subject = Subject(subject.system, task.identifier, .task)
      number = task.threadIdentifier
      let name: Message = "\(number)"
      guard try emit(name.bytes, subject.inodeNumber(.directory), .directory, Int64(number) + 3) else { return }
      guard number < .max else { return }
      number += 1
    }
  }
}
