import FileTestSupport
import Foundations
import LinuxABI
import Machine
import PCI
import PageCache
import Processors
import RAMFileSystem
import Security
import SyntheticFiles
import VFS

@testable import SystemFileSystem

/// A machine with a bridge and a device behind it, whose /sys is the root.
final class World {
  let fileSystem: SystemFileSystem
  let namespace: MountNamespace
  let context: FileSystemContext
  var credentials = Credentials.root

  init() throws(Errno) {
    FakeConfiguration.install()
    let names = try DentryCache(bucketCount: 64)
    fileSystem = try SystemFileSystem(names: names, clock: FixedClock(seconds: 1_000)) { () throws(Errno) in
      var records = GrowableArray<ProcessorRecord>()
      try records.append(ProcessorRecord(number: 0, cpuid: ProcessorIdentification()))
      return ProcessorList(records)
    }
    let mount = try fileSystem.makeMount()
    namespace = try MountNamespace(root: mount)
    context = FileSystemContext(root: mount.rootPath, directory: mount.rootPath)
  }

  var actor: FileActor { FileActor(credentials, context, namespace) }

  func bytes(_ path: String) throws(Errno) -> [UInt8] {
    let path = Array("/\(path)".utf8)
    let file = try actor.open(path.span, [])
    var all: [UInt8] = []
    while true {
      var bytes = [UInt8](repeating: 0, count: 100)
      var span = bytes.mutableSpan
      let count = try IOBuffer.withBuffer(filling: &span) { buffer throws(Errno) in try file.read(&buffer) }
      if count == 0 { return all }
      all += bytes[..<count]
    }
  }

  func text(_ path: String) throws(Errno) -> String { String(decoding: try bytes(path), as: UTF8.self) }

  func write(_ text: String, to path: String) throws(Errno) {
    let (path, bytes) = (Array("/\(path)".utf8), Array(text.utf8))
    let file = try actor.open(path.span, [.O_WRONLY, .O_TRUNC])
    _ = try IOBuffer.withBuffer(draining: bytes.span) { buffer throws(Errno) in try file.write(&buffer) }
  }

  func link(_ path: String) throws(Errno) -> String {
    let path = Array("/\(path)".utf8)
    var text = GrowableArray<UInt8>()
    try actor.readLink(try actor.find(path.span, followsLink: false), into: &text)
    return String(decoding: (0..<text.count).map { text[$0] }, as: UTF8.self)
  }

  func names(_ path: String) throws(Errno) -> [String] {
    let path = Array("/\(path)".utf8)
    var names: [String] = []
    try actor.open(path.span, []).readEntries { name, _, _, _ throws(Errno) in
      names.append(String(decoding: name.indices.map { name[$0] }, as: UTF8.self))
      return true
    }
    return Array(names.dropFirst(2))
  }

  /// Writes bytes at an offset, as setpci does.
  func write(_ bytes: [UInt8], to path: String, at offset: Int64) throws(Errno) {
    let path = Array("/\(path)".utf8)
    let file = try actor.open(path.span, [.O_RDWR])
    let count = try IOBuffer.withBuffer(draining: bytes.span) { buffer throws(Errno) in
      try file.write(&buffer, at: offset)
    }
    guard count == bytes.count else { throw .EIO }
  }

  /// Opens a file, to be kept open.
  func open(_ path: String, _ flags: OpenFlags = []) throws(Errno) -> OpenFile {
    let path = Array("/\(path)".utf8)
    return try actor.open(path.span, flags)
  }

  /// Which inode a path leads to.
  func number(_ path: String) throws(Errno) -> UInt64 {
    let path = Array("/\(path)".utf8)
    return try actor.find(path.span).inode.number
  }
}

extension OpenFile {
  func entryCount() throws(Errno) -> Int {
    var count = 0
    try readEntries { _, _, _, _ throws(Errno) in
      count += 1
      return true
    }
    return count
  }
}

func withWorld(_ body: (World) throws -> Void) throws {
  try SimulatedMemory.exclusive { try body(try World()) }
}

extension SystemFileSystem {
  func addDevice(
    _ name: String, below parent: SystemDevice?, _ description: SystemDeviceDescription
  ) throws(Errno) -> SystemDevice {
    let name = Array(name.utf8)
    return try addDevice(name.span, below: parent, description)
  }
}
