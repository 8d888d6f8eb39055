import Archives
import Foundation
import Foundations
import Machine
import TestSupport
import Testing
import VFS

@testable import InitialFileSystem

@Suite("Unpacking initial file systems")
struct UnpackTests {
  @Test("A tree comes out as it went into cpio and gzip, with everything that stat tells", arguments: ["cat", "gzip"])
  func tree(compression: String) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "tree-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    _ = try run(
      """
      mkdir -p bin usr/lib tmp; cp /bin/busybox bin/busybox; ln -s busybox bin/sh; ln bin/busybox usr/lib/again
      mkfifo fifo; head -c 70000 /dev/urandom >usr/lib/noise; printf x >usr/lib/x; chmod 1777 tmp; chmod 4711 usr/lib/noise
      ln usr/lib/x usr/lib/y; touch -d @1111111111 usr/lib/x; touch -d @1222222222 usr/lib; chmod 700 .; touch -d @1000 .
      """, in: folder)
    let archive = try run("find . | cpio --quiet -o -H newc | \(compression)", in: folder)
    let list = try run("find . -printf '%P\\t%m\\t%n\\t%T@\\t%y\\t%s\\t%U\\t%G\\t%l\\n'", in: folder)
    try withWorld { world in
      let summary = try world.unpack(archive)
      #expect(summary.skippedCount == 0)
      let lines = String(decoding: list, as: UTF8.self).split(separator: "\n")
      #expect(summary.fileCount == lines.count)
      for line in lines {
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
        let path = "/" + fields[0]
        let found = try world.attributes(path)
        #expect(found.permissions == UInt16(fields[1], radix: 8), "\(path)")
        #expect(found.linkCount == UInt32(fields[2]) || found.kind == .directory, "\(path)")
        #expect(String(found.modificationTime.seconds) == fields[3].prefix { $0 != "." }, "\(path)")
        // Reading one name of a file changes what the others tell.
        #expect(found.accessTime == found.modificationTime || found.linkCount > 1, "\(path)")
        #expect(found.user.rawValue == UInt32(fields[6]) && found.group.rawValue == UInt32(fields[7]), "\(path)")
        switch fields[4] {
        case "f":
          let bytes = try Data(contentsOf: folder.appending(path: String(fields[0])))
          #expect(try world.content(path) == [UInt8](bytes), "\(path)")
        case "d": #expect(found.kind == .directory)
        case "l": #expect(try world.target(path) == Array(fields[8].utf8))
        case "p": #expect(found.kind == .fifo)
        default: Issue.record("\(line)")
        }
      }
    }
  }

  @Test("Devices have their numbers, and everything its owner")
  func devices() throws {
    try withWorld { world in
      let archive = Cpio.entry("dev", mode: 0o40755) + Cpio.entry("dev/console", mode: 0o20600, time: 9) + Cpio.end
      #expect(try world.unpack(archive).fileCount == 2)
      let found = try world.attributes("/dev/console")
      #expect(found.kind == .characterDevice && found.representedDevice == DeviceNumber(5, 1))
      #expect(found.permissions == 0o600 && found.user.rawValue == 7 && found.group.rawValue == 8)
      #expect(found.modificationTime.seconds == 9)
    }
  }

  @Test("Later files replace earlier ones of any kind; links go to whatever has the first name")
  func replacing() throws {
    try withWorld { world in
      let archive =
        Cpio.entry("a", "first text") + Cpio.entry("b", mode: 0o120777, "a") + Cpio.entry("c", mode: 0o40755)
        + Cpio.entry("f", mode: 0o40755) + Cpio.entry("f/g") + Cpio.end
        + Cpio.entry("a", "second") + Cpio.entry("b", "no link") + Cpio.entry("c", mode: 0o120777, "x")
        + Cpio.entry("f", "not empty") + Cpio.entry("c", mode: 0o120777, "y")
        + Cpio.entry("h", inode: 3, linkCount: 2) + Cpio.entry("a", "third", inode: 3, linkCount: 2) + Cpio.end
        + Cpio.entry("i", "other", inode: 3, linkCount: 2) + Cpio.end
      let summary = try world.unpack(archive)
      #expect(summary.skippedCount == 1 && summary.firstFailure == .EISDIR)
      #expect(try world.content("/b") == Array("no link".utf8))
      #expect(try world.target("/c") == Array("y".utf8))
      #expect(try world.attributes("/f").kind == .directory)
      // The content came with the second name.
      #expect(try world.content("/h") == Array("third".utf8))
      #expect(try world.content("/a") == Array("third".utf8))
      #expect(try world.attributes("/a").linkCount == 2)
      // Numbers mean something else after the end of an archive.
      #expect(try world.content("/i") == Array("other".utf8))
    }
  }

  @Test("A file without its directory is passed over, with its content")
  func missingDirectory() throws {
    try withWorld { world in
      let summary = try world.unpack(Cpio.entry("no/file", "text") + Cpio.entry("file", "other") + Cpio.end)
      #expect(summary.skippedCount == 1 && summary.firstFailure == .ENOENT && summary.fileCount == 1)
      #expect(summary.byteCount == 5)
      #expect(try world.content("/file") == Array("other".utf8))
    }
  }

  @Test("A full file system and lacking memory end it, and what came before stays")
  func noSpace() throws {
    try withWorld(pageCount: 4) { world in
      let archive = Cpio.entry("a", "text") + Cpio.entry("b", String(repeating: "x", count: 20_000))
      var failure: ArchiveError?
      do throws(ArchiveError) { _ = try world.unpack(archive) } catch { failure = error }
      let content = try world.content("/a")
      #expect(failure?.reason == .noSpace && content == Array("text".utf8))
    }
    try withWorld { world in
      let archive = Cpio.entry("d", mode: 0o40755) + Cpio.entry("d/a", "text", linkCount: 2) + Cpio.end
      var failures = 0
      for count in 0..<80 {
        AllocationFaults.fail(after: count)
        var failure: ArchiveError?
        do throws(ArchiveError) { _ = try world.unpack(archive) } catch { failure = error }
        AllocationFaults.fail(after: nil)
        if let reason = failure?.reason {
          failures += 1
          #expect(reason == .noMemory)
        }
      }
      let content = try world.content("/d/a")
      #expect(failures > 5 && failures < 80 && content == Array("text".utf8))
    }
  }

  @Test("No change of an archive's bytes traps", arguments: 0..<4)
  func mutations(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let base =
      Cpio.entry("d", mode: 0o40755) + Cpio.entry("d/a", "some text", linkCount: 2)
      + Cpio.entry("d/b", "some text", linkCount: 2) + Cpio.entry("l", mode: 0o120777, "d/a")
      + Cpio.entry("c", mode: 0o20600) + Cpio.entry("p", mode: 0o10600, linkCount: 2) + Cpio.end
    try withWorld { world in
      for _ in 0..<1_500 {
        var bytes = base
        for _ in 0..<Int.random(in: 1...5, using: &generator) {
          let digits = Array("0123456789abcdef/.\0".utf8)
          bytes[Int.random(in: 0..<bytes.count, using: &generator)] = digits.randomElement(using: &generator) ?? 0
        }
        _ = try? world.unpack(bytes)
      }
    }
  }
}
