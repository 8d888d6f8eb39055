import Foundations
import LinuxABI
import Machine
import Processes
import SyntheticFiles
import VFS

/// One name in the directories of processes and tasks.
struct TaskEntry {
  /// Whose directories have it.
  enum Place {
    /// Those of both.
    case everywhere
    /// Those of processes.
    case processes
    /// Those of tasks.
    case tasks
  }

  /// Who may use it, besides what its permissions say.
  enum Guarding {
    /// Everybody.
    case open
    /// Those who may look into the task, judged when it is opened or followed.
    case inspection
  }

  /// What it is.
  enum Content {
    /// A text that a function makes, and perhaps one takes.
    case text(
      (Subject, inout TextBuffer) throws(Errno) -> Void, accepts: ((Subject, Span<UInt8>) throws(Errno) -> Void)?)
    /// A text of many records.
    case records((Subject) throws(Errno) -> TextSource)
    /// A file of a kind of its own.
    case file((Subject, OpenRequest, Inode) throws(Errno) -> OpenFile)
    /// A link to a place.
    case link((Subject) throws(Errno) -> Path)
    /// A directory.
    case directory((Subject, Int) -> SyntheticInode)
  }

  let name: StaticString
  let permissions: UInt16
  let place: Place
  let guarding: Guarding
  let content: Content

  var kind: FileKind {
    switch content {
    case .text, .records, .file: .regular
    case .link: .symbolicLink
    case .directory: .directory
    }
  }

  func isIn(_ scope: Subject.Scope) -> Bool {
    switch place {
    case .everywhere: true
    case .processes: scope == .process
    case .tasks: scope == .task
    }
  }
}

/// The table of what directories of processes and tasks have: a new file is one line in `addAll`.
final class TaskEntries {
  private var entries = GrowableArray<TaskEntry>()

  /// How many there are.
  var count: Int { entries.count }

  /// Entry number `index`.
  subscript(index: Int) -> TaskEntry { entries[index] }

  /// The place of `name` in directories of `scope`.
  func find(_ name: Span<UInt8>, _ scope: Subject.Scope) -> Int? {
    for index in 0..<entries.count where entries[index].isIn(scope) {
      if name.isEqual(to: entries[index].name.description) { return index }
    }
    return nil
  }

  // MARK: Filling

  /// Adds all of them.
  ///
  /// - Throws: `ENOMEM`.
  func addAll() throws(Errno) {
    try addDirectory("task", permissions: 0o555, .processes) { subject, index in TasksDirectory(subject, index) }
    try addDirectory("fd", permissions: 0o500) { subject, index in DescriptorDirectory(subject, index) }
    try addDirectory("fdinfo", permissions: 0o555) { subject, index in DescriptorInformationDirectory(subject, index) }
    try addLink("cwd") { subject throws(Errno) in try subject.livingTask().resourcesForOthers.context.directory }
    try addLink("root") { subject throws(Errno) in try subject.livingTask().resourcesForOthers.context.root }
    try addLink("exe") { subject throws(Errno) in
      guard let file = try subject.memory()?.program.executable else { throw .ENOENT }
      return file.path
    }
    try addText("stat") { subject, text throws(Errno) in try StatText.write(subject, to: &text) }
    try addText("status") { subject, text throws(Errno) in try StatusText.write(subject, to: &text) }
    try addText("statm") { subject, text throws(Errno) in try StatusText.writeMemory(subject, to: &text) }
    try addText(
      "comm", permissions: 0o644, .everywhere, .open,
      { subject, text throws(Errno) in try TaskNames.write(subject, to: &text) },
      accepts: { subject, name throws(Errno) in try TaskNames.set(subject, name) })
    try addFile("cmdline", permissions: 0o444, .open) { subject, request, inode throws(Errno) in
      try MemoryRangeFile(request, inode, subject, .arguments)
    }
    try addFile("environ", permissions: 0o400) { subject, request, inode throws(Errno) in
      try MemoryRangeFile(request, inode, subject, .environment)
    }
    try addFile("auxv", permissions: 0o400) { subject, request, inode throws(Errno) in
      try MemoryRangeFile(request, inode, subject, .auxiliary)
    }
    try addFile("mem", permissions: 0o600) { subject, request, inode throws(Errno) in
      try MemoryFile(request, inode, subject)
    }
    try addRecords("maps", .inspection) { subject throws(Errno) in try MapsText(subject) }
    try addRecords("smaps", .inspection) { subject throws(Errno) in try MapsDetailText(subject) }
    try addText("smaps_rollup", .everywhere, .inspection) { subject, text throws(Errno) in
      try MapsSumText.write(subject, to: &text)
    }
    try addRecords("mounts") { subject throws(Errno) in try MountsText(subject, .table) }
    try addRecords("mountinfo") { subject throws(Errno) in try MountsText(subject, .information) }
    try addText("limits") { subject, text throws(Errno) in try LimitsText.write(subject, to: &text) }
    try addText("cgroup") { subject, text throws(Errno) in
      _ = try subject.process()
      text.write("0::/\n")
    }
    try addText("schedstat") { subject, text throws(Errno) in try SchedulingText.writeTimes(subject, to: &text) }
    try addText("wchan") { subject, text throws(Errno) in
      _ = try subject.process()
      // Where in the kernel it waits is nobody's business.
      text.write("0")
    }
    try addText("personality", permissions: 0o400, .everywhere, .inspection) { subject, text throws(Errno) in
      text.write(hex: try subject.livingTask().settings.personality.rawValue, width: 8)
      text.write("\n")
    }
    try addText(
      "timerslack_ns", permissions: 0o666, .everywhere, .inspection,
      { subject, text throws(Errno) in
        text.write(decimal: try subject.livingTask().settings.timerSlack)
        text.write("\n")
      },
      accepts: { subject, text throws(Errno) in try TimerSlackText.set(subject, text) })
    try addText("oom_score") { subject, text throws(Errno) in try OutOfMemoryText.writeScore(subject, to: &text) }
    try addText(
      "oom_score_adj", permissions: 0o644, .everywhere, .open,
      { subject, text throws(Errno) in try OutOfMemoryText.writeAdjustment(subject, to: &text) },
      accepts: { subject, text throws(Errno) in try OutOfMemoryText.setAdjustment(subject, text) })
    try addText(
      "oom_adj", permissions: 0o644, .everywhere, .open,
      { subject, text throws(Errno) in try OutOfMemoryText.writeOldAdjustment(subject, to: &text) },
      accepts: { subject, text throws(Errno) in try OutOfMemoryText.setOldAdjustment(subject, text) })
    try addAccounts()
  }

  /// Adds who is behind it, and what it has used.
  private func addAccounts() throws(Errno) {
    try addText("sched", permissions: 0o444, .everywhere, .inspection) { subject, text throws(Errno) in
      try SchedulingText.write(subject, to: &text)
    }
    try addText("io", permissions: 0o400, .everywhere, .inspection) { subject, text throws(Errno) in
      try TransferText.write(subject, to: &text)
    }
    try addText(
      "loginuid", permissions: 0o644, .everywhere, .open,
      { subject, text throws(Errno) in text.write(decimal: UInt64(try subject.process().login.user)) },
      accepts: { subject, text throws(Errno) in try LoginText.set(subject, text) })
    try addText("sessionid") { subject, text throws(Errno) in
      text.write(decimal: UInt64(try subject.process().login.session))
    }
    // All processes are in the one namespace that there is, where each number means itself.
    for name: StaticString in ["uid_map", "gid_map"] {
      try addText(name, .processes) { subject, text throws(Errno) in
        _ = try subject.process()
        text.write("         0          0 4294967295\n")
      }
    }
    try addText("setgroups", .processes) { subject, text throws(Errno) in
      _ = try subject.process()
      text.write("allow\n")
    }
  }

  private func addText(
    _ name: StaticString, permissions: UInt16 = 0o444, _ place: TaskEntry.Place = .everywhere,
    _ guarding: TaskEntry.Guarding = .open, _ writer: @escaping (Subject, inout TextBuffer) throws(Errno) -> Void,
    accepts acceptor: ((Subject, Span<UInt8>) throws(Errno) -> Void)? = nil
  ) throws(Errno) {
    try add(name, permissions, place, guarding, .text(writer, accepts: acceptor))
  }

  private func addRecords(
    _ name: StaticString, _ guarding: TaskEntry.Guarding = .open,
    _ maker: @escaping (Subject) throws(Errno) -> TextSource
  ) throws(Errno) {
    try add(name, 0o444, .everywhere, guarding, .records(maker))
  }

  private func addFile(
    _ name: StaticString, permissions: UInt16, _ guarding: TaskEntry.Guarding = .inspection,
    _ opener: @escaping (Subject, OpenRequest, Inode) throws(Errno) -> OpenFile
  ) throws(Errno) {
    try add(name, permissions, .everywhere, guarding, .file(opener))
  }

  private func addLink(
    _ name: StaticString, _ place: @escaping (Subject) throws(Errno) -> Path
  ) throws(Errno) {
    try add(name, 0o777, .everywhere, .inspection, .link(place))
  }

  private func addDirectory(
    _ name: StaticString, permissions: UInt16, _ place: TaskEntry.Place = .everywhere,
    _ maker: @escaping (Subject, Int) -> SyntheticInode
  ) throws(Errno) {
    try add(name, permissions, place, .open, .directory(maker))
  }

  private func add(
    _ name: StaticString, _ permissions: UInt16, _ place: TaskEntry.Place, _ guarding: TaskEntry.Guarding,
    _ content: TaskEntry.Content
  ) throws(Errno) {
    try entries.append(
      TaskEntry(name: name, permissions: permissions, place: place, guarding: guarding, content: content))
  }
}
