public import Foundations
public import Processes
public import SyntheticFiles
public import VFS

/// /proc: the processes and the kernel as files. Source: proc(5).
///
/// There is one for each tree of processes, and it stays for ever.
public final class ProcessFileSystem: SyntheticFileSystem {
  /// Whose processes are shown.
  let tree: ProcessTree
  /// What only the kernel's composition knows.
  let facts: KernelFacts
  /// Tells which task looks; nil for the kernel itself.
  let caller: () -> Task?
  /// What the directories of processes and tasks have.
  let entries = TaskEntries()
  private var root: Dentry?

  /// Creates the file system.
  ///
  /// - Parameter caller: tells which task looks.
  /// - Throws: `ENOMEM`.
  public init(
    _ tree: ProcessTree, _ facts: KernelFacts, names: DentryCache, clock: FileClock,
    caller: @escaping () -> Task? = { Task.current }
  ) throws(Errno) {
    (self.tree, self.facts, self.caller) = (tree, facts, caller)
    // PROC_SUPER_MAGIC of linux/magic.h.
    super.init(typeName: "proc", magic: 0x9fa0, names: names, clock: clock)
    try entries.addAll()
    let directory = ProcessRoot(self)
    root = try makeRoot(directory)
    try addLinks(to: directory)
    try addMemoryFiles(to: directory)
    try addMachineFiles(to: directory)
    try addActivityFiles(to: directory)
    try addKernelFiles(to: directory)
    let buses = try directory.addDirectory("bus")
    try addInputFiles(to: buses)
    try addPCIFiles(to: buses)
    try addControls(to: directory)
  }

  /// A mount of the file system that is nowhere yet.
  public func makeMount(_ restrictions: MountRestrictions = []) throws(Errno) -> Mount {
    guard let root else { throw .EINVAL }
    return Mount(self, root: root, restrictions)
  }

  /// The links that lead each reader elsewhere.
  private func addLinks(to root: SyntheticDirectory) throws(Errno) {
    try root.add(
      "self",
      LinkInode(self) { [self] (text: inout TextBuffer) throws(Errno) in
        guard let caller = self.caller() else { throw .ENOENT }
        text.write(decimal: Int(caller.processIdentifier))
      })
    try root.add(
      "thread-self",
      LinkInode(self) { [self] (text: inout TextBuffer) throws(Errno) in
        guard let caller = self.caller() else { throw .ENOENT }
        text.write(decimal: Int(caller.processIdentifier))
        text.write("/task/")
        text.write(decimal: Int(caller.threadIdentifier))
      })
    try root.addLink("mounts", to: "self/mounts")
  }
}

/// The root directory: the kernel's files, and a directory for each process.
final class ProcessRoot: SyntheticDirectory {
  private let system: ProcessFileSystem

  init(_ system: ProcessFileSystem) {
    self.system = system
    super.init(system)
  }

  override func lookUpOther(_ name: Span<UInt8>) throws(Errno) -> Inode? {
    guard let number = TaskNumber.read(name), let identifier = system.tree.identifier(number) else { return nil }
    return TaskDirectory(Subject(system, identifier, .process))
  }

  override func listOthers(
    from position: Int64, _ emit: (_ name: Span<UInt8>, UInt64, FileKind, _ next: Int64) throws(Errno) -> Bool
  ) throws(Errno) {
    var number = Int32(clamping: position - Self.otherPositions)
    while let identifier = system.tree.nextProcess(from: max(number, 1)) {
      number = identifier.number
      let subject = Subject(system, identifier, .process)
      let name: Message = "\(number)"
      guard
        try emit(
          name.bytes, subject.inodeNumber(.directory), .directory, Self.otherPositions + Int64(number) + 1)
      else { return }
      number += 1
    }
  }
}

/// Numbers of processes and tasks as names.
enum TaskNumber {
  /// The number that `name` is: no sign, no leading zero.
  static func read(_ name: Span<UInt8>) -> Int32? {
    guard name.count > 0, name.count <= 10, name[0] != 0x30 else { return nil }
    return readDescriptor(name)
  }

  /// As `read`, where 0 is a number, too.
  static func readDescriptor(_ name: Span<UInt8>) -> Int32? {
    guard name.count > 0, name.count <= 10, name.count == 1 || name[0] != 0x30 else { return nil }
    var number: Int64 = 0
    for index in name.indices {
      guard name[index] >= 0x30, name[index] <= 0x39 else { return nil }
      number = number * 10 + Int64(name[index] - 0x30)
    }
    return Int32(exactly: number)
  }
}
