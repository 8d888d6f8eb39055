import Archives
import FileTestSupport
import Foundation
import Foundations
import LinuxABI
import Machine
import PageCache
import RAMFileSystem
import Security
import VFS

@testable import InitialFileSystem

/// A machine with an empty memory file system as its root.
final class World {
  let actor: FileActor

  init(pageCount: UInt64 = .max) throws(Errno) {
    let cache = try PageCache(frameCount: SimulatedMemory.frameCount, waiting: PageWaiting())
    let fileSystem = RAMFileSystem(
      names: try DentryCache(bucketCount: 64), clock: FixedClock(seconds: 5), cache: cache, .init(pageCount: pageCount))
    let root = try fileSystem.makeMount(permissions: 0o755)
    let context = FileSystemContext(root: root.rootPath, directory: root.rootPath)
    actor = FileActor(.root, context, try MountNamespace(root: root))
  }

  func unpack(_ archive: [UInt8]) throws(ArchiveError) -> InitialFileSystem.Summary {
    try InitialFileSystem.unpack(archive.span, actor)
  }

  func attributes(_ path: String) throws(Errno) -> FileAttributes {
    let bytes = Array(path.utf8)
    return try actor.find(bytes.span, followsLink: false).inode.currentAttributes()
  }

  func content(_ path: String) throws(Errno) -> [UInt8] {
    let bytes = Array(path.utf8)
    let file = try actor.open(bytes.span, [])
    var result = [UInt8](repeating: 0xee, count: Int(try file.inode.currentAttributes().size))
    var span = result.mutableSpan
    _ = try IOBuffer.withBuffer(filling: &span) { buffer throws(Errno) in try file.read(&buffer) }
    return result
  }

  func target(_ path: String) throws(Errno) -> [UInt8] {
    let bytes = Array(path.utf8)
    var text = GrowableArray<UInt8>()
    try actor.readLink(actor.find(bytes.span, followsLink: false), into: &text)
    return (0..<text.count).map { text[$0] }
  }
}

func withWorld<Result>(pageCount: UInt64 = .max, _ body: (World) throws -> Result) throws -> Result {
  try SimulatedMemory.exclusive { try body(World(pageCount: pageCount)) }
}

/// Runs a script of the host in a folder and returns its output.
func run(_ script: String, in folder: URL) throws -> [UInt8] {
  let output = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  try Data().write(to: output)
  defer { try? FileManager.default.removeItem(at: output) }
  let process = Process()
  process.executableURL = URL(filePath: "/bin/sh")
  process.arguments = ["-ec", script]
  process.currentDirectoryURL = folder
  process.standardOutput = try FileHandle(forWritingTo: output)
  try process.run()
  process.waitUntilExit()
  guard process.terminationStatus == 0 else { throw CocoaError(.executableNotLoadable) }
  return [UInt8](try Data(contentsOf: output))
}

/// Archives by hand.
enum Cpio {
  static func entry(
    _ name: String, mode: UInt32 = 0o100644, _ content: String = "", inode: UInt32 = 1, linkCount: UInt32 = 1,
    time: UInt32 = 0
  ) -> [UInt8] {
    let fields = [
      inode, mode, 7, 8, linkCount, time, UInt32(content.utf8.count), 8, 1, 5, 1, UInt32(name.utf8.count + 1), 0,
    ]
    var bytes = Array("070701".utf8)
    for field in fields {
      let digits = String(field, radix: 16)
      bytes += Array((String(repeating: "0", count: 8 - digits.count) + digits).utf8)
    }
    for text in [name + "\0", content] {
      bytes += Array(text.utf8)
      while bytes.count % 4 != 0 { bytes.append(0) }
    }
    return bytes
  }

  static let end = entry("TRAILER!!!", mode: 0)
}
