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
    fileSystem = try SystemFileSystem(names: names, clock: TestClock()) { () throws(Errno) in
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

  /// Which inode a path leads to.
  func number(_ path: String) throws(Errno) -> UInt64 {
    let path = Array("/\(path)".utf8)
    return try actor.find(path.span).inode.number
  }
}

/// A clock that stands still.
final class TestClock: FileClock {
  override var now: FileTime { FileTime(seconds: 1_000, nanoseconds: 0) }
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

/// Configuration space of a bridge at 00:01.0 and of a network card at 01:00.0.
final class FakeConfiguration: PCIConfigurationAccess {
  private struct Function {
    var bytes = [UInt8](repeating: 0, count: 256)
    /// What of each base address register is kept.
    var masks: [Int: UInt32] = [:]
  }

  private var functions: [UInt16: Function] = [:]

  /// Makes them the machine's, once.
  static func install() {
    var hierarchy = PCIHierarchy(FakeConfiguration())
    try? hierarchy.add(PCIRoot())
    try? hierarchy.scan { _ in }
    PCISystem.install(hierarchy)
  }

  private init() {
    var bridge = Function()
    Self.set(&bridge, [0: 0x86, 1: 0x80, 2: 0x0c, 8: 2, 10: 4, 11: 6, 14: 1, 0x19: 1, 0x1a: 1])
    functions[0x08] = bridge
    var card = Function()
    Self.set(
      &card,
      [
        0: 0x86, 1: 0x80, 2: 0xd3, 3: 0x10, 4: 2, 11: 2, 0x12: 4, 0x13: 0xfe, 0x2c: 0xf4, 0x2d: 0x1a, 0x2f: 0x11,
        0x3c: 11, 0x3d: 1,
      ])
    card.masks = [0x10: 0xffff_0000]
    functions[0x100] = card
  }

  private static func set(_ function: inout Function, _ values: [Int: UInt8]) {
    for (offset, value) in values { function.bytes[offset] = value }
  }

  func byteCount(of address: PCIAddress) -> Int { 256 }

  func read(_ address: PCIAddress, at offset: Int, width: Int) -> UInt32 {
    guard let function = functions[address.routing] else { return .max }
    return (0..<width).reduce(0) { $0 | UInt32(function.bytes[offset + $1]) << UInt32(8 * $1) }
  }

  func write(_ value: UInt32, to address: PCIAddress, at offset: Int, width: Int) {
    guard functions[address.routing] != nil else { return }
    let mask: UInt32 = (0x10..<0x28).contains(offset) ? functions[address.routing]?.masks[offset] ?? 0 : .max
    // The ROM's register keeps nothing.
    if offset == 0x30 || offset == 0x38 { return }
    for index in 0..<width {
      functions[address.routing]?.bytes[offset + index] = UInt8(truncatingIfNeeded: (value & mask) >> UInt32(8 * index))
    }
  }
}
