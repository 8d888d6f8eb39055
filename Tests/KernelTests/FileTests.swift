import Foundations
import IPC
import LinuxABI
import Machine
import PageCache
import Processes
import RAMFileSystem
import Security
import VFS
import Waiting

/// Files, pipes and devices as a system call uses them, on the metal: the host's tests hold what they mean.
enum FileTests {
  static func register(_ registrar: inout TestRegistrar) {
    registrar.test("files.content-comes-back") { () throws(TestFailure) in
      try rethrowing { () throws(Errno) in try contentComesBack() }
    }
    registrar.test("files.pipes-carry-bytes") { () throws(TestFailure) in
      try rethrowing { () throws(Errno) in try pipesCarryBytes() }
    }
  }

  private static func rethrowing(_ body: () throws(Errno) -> Bool) throws(TestFailure) {
    var isGood = false
    do throws(Errno) { isGood = try body() } catch { throw TestFailure(reason: "error \(error.rawValue)") }
    try expect(isGood, "what was read is not what was written")
  }

  private static func makeActor(_ names: DentryCache) throws(Errno) -> FileActor {
    let cache = try PageCache(frameCount: FrameTable.descriptors.count, waiting: PageWaiting())
    let fileSystem = RAMFileSystem(names: names, clock: FileClock(), cache: cache)
    let root = try fileSystem.makeMount()
    let context = FileSystemContext(root: root.rootPath, directory: root.rootPath)
    return FileActor(.root, context, try MountNamespace(root: root))
  }

  /// What a task has that is no program's.
  static func makeResources() throws(Errno) -> TaskResources {
    let actor = try makeActor(try DentryCache(bucketCount: 16))
    return TaskResources(
      files: DescriptorTable(), context: actor.context, namespace: actor.namespace, credentials: .root)
  }

  private static func contentComesBack() throws(Errno) -> Bool {
    let actor = try makeActor(try DentryCache(bucketCount: 256))
    let (directory, path, other): (Message, Message, Message) = ("a", "a/file", "a/other")
    try actor.makeDirectory(directory.bytes, permissions: 0o755)
    let table = DescriptorTable()
    let file = try actor.open(path.bytes, [.O_CREAT, .O_RDWR], permissions: 0o644)
    let descriptor = try table.add(file, limit: 16, closesOnExecution: false)
    var written = GrowableArray<UInt8>()
    for number in 0..<20_000 { try written.append(UInt8(truncatingIfNeeded: number &* 31)) }
    let count = try IOBuffer.withBuffer(draining: written.span) { buffer throws(Errno) in
      try table.usableFile(descriptor).write(&buffer)
    }
    try actor.rename(path.bytes, to: other.bytes)
    var read = GrowableArray<UInt8>()
    try read.resize(to: 30_000, filledWith: 0)
    let again = try actor.open(other.bytes, [])
    var span = read.mutableSpan
    let readCount = try IOBuffer.withBuffer(filling: &span) { buffer throws(Errno) in try again.read(&buffer) }
    guard count == 20_000, readCount == 20_000 else { return false }
    for index in 0..<readCount where read[index] != written[index] { return false }
    try actor.remove(other.bytes, .file)
    return try table.remove(descriptor).inode.linkCount == 0
  }

  private static func pipesCarryBytes() throws(Errno) -> Bool {
    let maker = try PipeMaker(names: try DentryCache(bucketCount: 16), clock: FileClock())
    let (reader, writer) = try maker.makePipe(.root, .O_NONBLOCK)
    guard !reader.poll().contains(.input) else { return false }
    for round in 0..<1_000 {
      let sent: InlineArray<2, UInt8> = [UInt8(truncatingIfNeeded: round), 7]
      var got = InlineArray<2, UInt8>(repeating: 0)
      let count = try IOBuffer.withBuffer(draining: sent.span) { buffer throws(Errno) in try writer.write(&buffer) }
      guard count == 2, reader.poll().contains(.input) else { return false }
      var span = got.mutableSpan
      let readCount = try IOBuffer.withBuffer(filling: &span) { buffer throws(Errno) in try reader.read(&buffer) }
      guard readCount == 2, got[0] == sent[0], got[1] == 7 else { return false }
    }
    return true
  }
}
