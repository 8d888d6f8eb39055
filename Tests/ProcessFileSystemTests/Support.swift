import FileTestSupport
import Foundations
import Input
import LinuxABI
import Machine
import PageCache
import RAMFileSystem
import Security
import SyntheticFiles
import VFS
import VirtualMemory

@testable import Executables
@testable import ProcessFileSystem
@testable import Processes

/// A machine with processes that do not run, whose /proc is mounted at `/proc`.
final class World {
  let tree = ProcessTree()
  let fileSystem: ProcessFileSystem
  let namespace: MountNamespace
  let context: FileSystemContext
  let first: Task
  /// Who looks.
  let looking: Looking

  /// Tells who looks.
  final class Looking {
    var task: Task?
  }

  init() throws(Errno) {
    let cache = try PageCache(frameCount: SimulatedMemory.frameCount, waiting: PageWaiting())
    let names = try DentryCache(bucketCount: 64)
    let root = try RAMFileSystem(names: names, clock: FixedClock(seconds: 1_000), cache: cache).makeMount(
      permissions: 0o755)
    namespace = try MountNamespace(root: root)
    context = FileSystemContext(root: root.rootPath, directory: root.rootPath)
    let looking = Looking()
    self.looking = looking
    fileSystem = try ProcessFileSystem(tree, TestFacts(), names: names, clock: FixedClock(seconds: 1_000)) {
      looking.task
    }
    let actor = FileActor(.root, context, namespace)
    try actor.makeDirectory("/proc".bytes.span, permissions: 0o555)
    try actor.mount(try fileSystem.makeMount(), at: try actor.find("/proc".bytes.span))
    first = try Self.makeTask(tree, context, namespace, .root)
    tree.addFirst(first.process)
    looking.task = first
  }

  private static func makeTask(
    _ tree: ProcessTree, _ context: FileSystemContext, _ namespace: MountNamespace, _ credentials: Credentials
  ) throws(Errno) -> Task {
    let identifier = try tree.makeIdentifier()
    let process = try Process(identifier, in: tree, exitSignal: .SIGCHLD)
    let resources = TaskResources(
      files: DescriptorTable(), context: context.copy(), namespace: namespace, credentials: credentials)
    let task = Task(process, identifier, resources)
    task.name = TaskName("program".bytes.span)
    try process.add(task)
    tree.add(task)
    return task
  }

  /// A child of the first process.
  func fork(_ credentials: Credentials = .root) throws(Errno) -> Task {
    let task = try Self.makeTask(tree, context, namespace, credentials)
    try tree.add(task.process, to: first.process)
    return task
  }

  /// One more task of the process of `task`.
  func cloneThread(_ task: Task) throws(Errno) -> Task {
    let identifier = try tree.makeIdentifier()
    let new = Task(task.process, identifier, task.resourcesForOthers)
    new.name = task.name
    try task.process.add(new)
    tree.add(new)
    return new
  }

  /// Ends a task, and its process with the last one; what it becomes then is a zombie.
  func end(_ task: Task, code: Int32 = 0) {
    let isLast = task.process.remove(task, usage: ResourceUsage())
    tree.remove(task)
    if isLast { tree.end(task.process, ExitStatus(code: code)) }
  }

  /// Waits for a child of the first process, which is then forgotten.
  func reap(_ task: Task) throws(Errno) {
    let request = WaitRequest(.process(task.processIdentifier), [.WEXITED])
    _ = try tree.takeReport(for: first.process, request)
  }

  // MARK: Files

  var actor: FileActor { FileActor(looking.task?.credentials ?? .root, context, namespace) }

  func open(_ path: String, _ flags: OpenFlags = []) throws(Errno) -> OpenFile {
    try actor.open("/proc/\(path)".bytes.span, flags)
  }

  func text(_ path: String, pieces: Int = 65_536) throws(Errno) -> String {
    String(decoding: try open(path).readAll(pieces: pieces), as: UTF8.self)
  }

  func write(_ text: String, to path: String) throws(Errno) {
    let bytes = text.bytes
    let file = try open(path, [.O_WRONLY, .O_TRUNC])
    _ = try IOBuffer.withBuffer(draining: bytes.span) { buffer throws(Errno) in try file.write(&buffer) }
  }

  func link(_ path: String) throws(Errno) -> String {
    var text = GrowableArray<UInt8>()
    try actor.readLink(try actor.find("/proc/\(path)".bytes.span, followsLink: false), into: &text)
    return String(decoding: text.array, as: UTF8.self)
  }

  func names(_ path: String) throws(Errno) -> [String] {
    var names: [String] = []
    try open(path).readEntries { name, _, _, _ throws(Errno) in
      names.append(String(decoding: name.array, as: UTF8.self))
      return true
    }
    return names
  }

  func attributes(_ path: String) throws(Errno) -> FileAttributes {
    try actor.find("/proc/\(path)".bytes.span, followsLink: false).inode.currentAttributes()
  }
}

/// What a kernel could know.
final class TestFacts: KernelFacts {
  override func writePath(of device: InputDevice, to text: inout TextBuffer) { text.write("/devices/here") }
  override func writeCommandLine(to text: inout TextBuffer) { text.write("console=ttyS0 quiet") }
  override func memoryStatistics() -> MemoryStatistics {
    var statistics = MemoryStatistics()
    (statistics.total, statistics.free) = (65_536, 32_768)
    return statistics
  }
}

func withWorld(_ body: (World) throws -> Void) throws {
  try SimulatedMemory.exclusive {
    AllocationFaults.fail(after: nil)
    defer { AllocationFaults.fail(after: nil) }
    try body(try World())
  }
}

extension String {
  var bytes: [UInt8] { Array(utf8) }
}

extension Span<UInt8> {
  var array: [UInt8] { indices.map { self[$0] } }
}

extension GrowableArray where Element == UInt8 {
  var array: [UInt8] { (0..<count).map { self[$0] } }
}

extension OpenFile {
  func readAll(pieces: Int) throws(Errno) -> [UInt8] {
    var all: [UInt8] = []
    while true {
      let piece = try read(pieces)
      if piece.isEmpty { return all }
      all += piece
    }
  }
}
