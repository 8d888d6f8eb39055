import Foundation
import TestSupport

@testable import Archives

/// Writes down what it receives.
struct Recorder: ArchiveReceiver {
  struct File: Equatable {
    var entry: ArchiveEntry
    var name: String
    var target: String
    var content: [UInt8] = []
    var isWhole = false
  }

  var files: [File] = []
  var endCount = 0

  mutating func receive(_ entry: ArchiveEntry, name: Span<UInt8>, target: Span<UInt8>) throws(ArchiveError.Reason) {
    files.append(File(entry: entry, name: text(name), target: text(target)))
  }

  mutating func receive(content: Span<UInt8>) throws(ArchiveError.Reason) {
    unsafe content.withUnsafeBufferPointer { unsafe files[files.count - 1].content.append(contentsOf: $0) }
  }

  mutating func contentEnded() throws(ArchiveError.Reason) { files[files.count - 1].isWhole = true }

  mutating func archiveEnded() throws(ArchiveError.Reason) { endCount += 1 }
}

/// Receives and keeps nothing.
struct Drain: ArchiveReceiver {
  mutating func receive(_ entry: ArchiveEntry, name: Span<UInt8>, target: Span<UInt8>) throws(ArchiveError.Reason) {}
  mutating func receive(content: Span<UInt8>) throws(ArchiveError.Reason) {}
  mutating func contentEnded() throws(ArchiveError.Reason) {}
  mutating func archiveEnded() throws(ArchiveError.Reason) {}
}

func record(_ archive: [UInt8]) throws(ArchiveError) -> Recorder {
  var recorder = Recorder()
  try Archive.read(archive.span, into: &recorder)
  return recorder
}

/// Decompresses whole files of gzip, of any content, by one reader.
struct Decompressor: ~Copyable {
  private var reader: GzipReader

  init() throws { reader = try GzipReader() }

  mutating func decompress(_ bytes: [UInt8]) throws(ArchiveError.Reason) -> [UInt8] {
    var result: [UInt8] = []
    try reader.start(bytes.span, at: 0)
    while try reader.next(bytes.span) {
      unsafe reader.output.withUnsafeBufferPointer { unsafe result.append(contentsOf: $0) }
    }
    return result
  }
}

func decompress(_ bytes: [UInt8]) throws -> [UInt8] {
  var decompressor = try Decompressor()
  return try decompressor.decompress(bytes)
}

/// Programs of the host, and a folder that goes with the value.
final class Host {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "archives-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// Runs a script in the folder, with `input`, and returns its output.
  func run(_ script: String, input: [UInt8] = []) throws -> [UInt8] {
    let source = folder.appending(path: ".input"), result = folder.appending(path: ".output")
    try Data(input).write(to: source)
    try Data().write(to: result)
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-ec", script]
    process.currentDirectoryURL = folder
    process.standardInput = try FileHandle(forReadingFrom: source)
    process.standardOutput = try FileHandle(forWritingTo: result)
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure(script: script, status: process.terminationStatus) }
    return [UInt8](try Data(contentsOf: result))
  }

  struct Failure: Error {
    var script: String
    var status: Int32
  }
}

/// Archives by hand.
enum Cpio {
  static func entry(
    _ name: String, mode: UInt32 = 0o100644, content: [UInt8] = [], inode: UInt32 = 1, linkCount: UInt32 = 1,
    user: UInt32 = 0, group: UInt32 = 0, time: UInt32 = 0, device: (UInt32, UInt32) = (0, 0), magic: String = "070701",
    sum: UInt32 = 0
  ) -> [UInt8] {
    let fields = [
      inode, mode, user, group, linkCount, time, UInt32(content.count), 8, 1, device.0, device.1,
      UInt32(name.utf8.count + 1), sum,
    ]
    var bytes = Array(magic.utf8)
    for field in fields { bytes += Array(String(field + 0, radix: 16).leftPadded(to: 8).utf8) }
    bytes += Array(name.utf8) + [0]
    pad(&bytes)
    bytes += content
    pad(&bytes)
    return bytes
  }

  static let end = entry("TRAILER!!!", mode: 0)

  private static func pad(_ bytes: inout [UInt8]) { while bytes.count % 4 != 0 { bytes.append(0) } }
}

extension String {
  func leftPadded(to length: Int) -> String { String(repeating: "0", count: length - count) + self }
}
