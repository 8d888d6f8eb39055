import Foundation
import TestSupport
import Testing

@testable import Archives

@Suite("cpio archives")
struct CpioTests {
  private static let tree = """
    mkdir -p d/e; printf hello >d/file; printf '' >empty; ln -s d/file link; ln d/file d/e/other; mkfifo fifo
    head -c 300000 /dev/urandom >d/large; chmod 4755 d/large; chmod 1777 d; touch -d @1234567890 empty
    """

  @Test("What cpio makes of a tree is what is read")
  func madeByCpio() throws {
    let host = try Host()
    _ = try host.run(Self.tree)
    let large = [UInt8](try Data(contentsOf: host.folder.appending(path: "d/large")))
    let archive = try host.run("find . ! -name '.?*' | LC_ALL=C sort | cpio --quiet -o -H newc")
    let found = try record(archive)
    #expect(found.endCount == 1)
    let names = [".", "d", "d/e", "d/e/other", "d/file", "d/large", "empty", "fifo", "link"]
    #expect(found.files.map(\.name).sorted() == names)
    func file(_ name: String) throws -> Recorder.File { try #require(found.files.first { $0.name == name }) }
    #expect(try file("d").entry.mode == 0o41777)
    #expect(try file("fifo").entry.kind == 0o010000)
    #expect(try file("link").target == "d/file")
    #expect(try file("empty").entry.modificationTime == 1_234_567_890)
    #expect(try file("empty").isWhole)
    #expect(try file("d/large").content == large)
    #expect(try file("d/large").entry.mode == 0o104755)
    let (first, second) = (try file("d/e/other"), try file("d/file"))
    #expect(first.entry.inode == second.entry.inode && first.entry.linkCount == 2)
    #expect(first.content + second.content == Array("hello".utf8))
    #expect(first.isWhole && second.isWhole)
  }

  @Test("Archives of the kind crc are read, and a wrong sum is found")
  func sums() throws {
    let host = try Host()
    _ = try host.run(Self.tree)
    let archive = try host.run("printf 'd/large\\nd/file\\n' | cpio --quiet -o -H crc")
    #expect(try record(archive).files.count == 2)
    var spoilt = archive
    spoilt[200_000] ^= 1
    #expect(reason(spoilt) == .wrongFileSum)
  }

  private func reason(_ archive: [UInt8]) -> ArchiveError.Reason? {
    do throws(ArchiveError) { _ = try record(archive) } catch { return error.reason }
    return nil
  }

  @Test("Archives, plain and compressed, follow each other with zeros between them")
  func concatenation() throws {
    let host = try Host()
    func archive(_ name: String) -> [UInt8] { Cpio.entry(name, content: Array("text".utf8)) + Cpio.end }
    let zeros = [UInt8](repeating: 0, count: 512)
    let packed = try host.run("gzip -9", input: archive("b"))
    let later = try host.run("gzip -1 -n", input: archive("c") + zeros + archive("d"))
    let found = try record(zeros + archive("a") + zeros + packed + zeros + later + [0, 0, 0])
    #expect(found.files.map(\.name) == ["a", "b", "c", "d"])
    #expect(found.endCount == 4)
    #expect(found.files.allSatisfy { $0.isWhole && $0.content == Array("text".utf8) })
    // Without a trailer, too.
    #expect(try record(Cpio.entry("a") + Cpio.entry("b")).files.count == 2)
    #expect(try record([]).files.isEmpty)
  }

  @Test("What is no archive, and what is malformed, is told apart")
  func errors() throws {
    let good = Cpio.entry("a", content: [1, 2, 3])
    #expect(reason(Array("hello world".utf8)) == .notAnArchive)
    #expect(reason(Array(repeating: UInt8(ascii: "0"), count: 200)) == .notAnArchive)
    #expect(reason(Cpio.entry("a", magic: "070707")) == .unsupportedArchive)
    #expect(reason([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]) == .unsupportedCompression)
    #expect(reason([0x28, 0xb5, 0x2f, 0xfd, 0, 0]) == .unsupportedCompression)
    #expect(reason(good + Array("xyzw".utf8)) == .notAnArchive)
    #expect(reason(good + [0] + good) == .brokenPadding)
    var unnamed = good
    unnamed[111] = 1
    #expect(reason(unnamed) == .malformedName)
    var header = good
    header[20] = UInt8(ascii: "g")
    #expect(reason(header) == .malformedHeader)
    for count in 1..<(good.count - 1) { #expect(reason(Array(good[..<count])) == .truncated, "\(count) bytes") }
  }

  @Test("What Linux passes over is passed over")
  func skipping() throws {
    let long = String(repeating: "x", count: 4096)
    let archive =
      Cpio.entry(long, content: [1]) + Cpio.entry("dir", mode: 0o40755, content: [1, 2])
      + Cpio.entry("link", mode: 0o120777, content: Array((long + "y").utf8)) + Cpio.entry("kept") + Cpio.end
    #expect(try record(archive).files.map(\.name) == ["kept"])
    let longest = String(long.dropLast())
    #expect(try record(Cpio.entry(longest, mode: 0o120777, content: Array(long.utf8))).files[0].target == long)
  }

  @Test("However the bytes are cut into pieces, the same is read", arguments: [1, 2, 3, 5, 109, 110, 111, 4096])
  func pieces(size: Int) throws {
    var archive = Cpio.entry("dir", mode: 0o40755) + Cpio.entry("a/b", content: Array(0..<200)) + Cpio.entry("e")
    archive += Cpio.entry("l", mode: 0o120777, content: Array("target".utf8)) + Cpio.end + [0, 0, 0, 0]
    archive += Cpio.entry("z")
    var recorder = Recorder()
    var reader = try CpioReader()
    reader.start()
    for start in stride(from: 0, to: archive.count, by: size) {
      let piece = Array(archive[start..<min(archive.count, start + size)])
      #expect(try reader.take(piece.span, stopsAtOthers: false, into: &recorder) == piece.count)
    }
    #expect(recorder.files == (try record(archive)).files)
  }

  @Test("No change of an archive's bytes traps", arguments: 0..<8)
  func mutations(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let base =
      Cpio.entry("dir", mode: 0o40755) + Cpio.entry("dir/a", content: Array(0..<100), linkCount: 2)
      + Cpio.entry("link", mode: 0o120777, content: Array("dir/a".utf8))
      + Cpio.entry("dev", mode: 0o20600, device: (5, 1)) + Cpio.end
    for _ in 0..<1_000 {
      var bytes = base
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        bytes[index] = Bool.random(using: &generator) ? UInt8.random(in: 0...255, using: &generator) : UInt8(ascii: "f")
      }
      var drain = Drain()
      try? Archive.read(Array(bytes.prefix(Int.random(in: 1...bytes.count, using: &generator))).span, into: &drain)
    }
  }
}
