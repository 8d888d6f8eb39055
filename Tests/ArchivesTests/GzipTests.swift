import Foundation
import TestSupport
import Testing

@testable import Archives

@Suite("gzip")
struct GzipTests {
  /// Data that uses all kinds of blocks: text, noise, runs, long repetitions.
  private static func samples() -> [[UInt8]] {
    var generator = SeededGenerator(seed: 7)
    let noise = (0..<70_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let words = ["kernel", "swift", " ", "\n", "the ", "archive", "0123456789"].map { Array($0.utf8) }
    let text = (0..<30_000).flatMap { _ in words.randomElement(using: &generator) ?? [] }
    let skewed = (0..<70_000).map { _ in UInt8(generator.next().trailingZeroBitCount) }
    let runs = (0..<100).flatMap { _ in
      [UInt8](
        repeating: UInt8.random(in: 0...3, using: &generator), count: Int.random(in: 1...5_000, using: &generator))
    }
    let few: [[UInt8]] = [[], [65], Array("hello".utf8)]
    return few + [noise, text, skewed, runs, text + noise + text, noise + noise.prefix(32_768)]
  }

  @Test("What gzip compressed comes back byte for byte", arguments: [1, 6, 9])
  func roundTrip(level: Int) throws {
    let host = try Host()
    for sample in Self.samples() {
      let packed = try host.run("gzip -\(level)", input: sample)
      #expect(try decompress(packed) == sample, "\(sample.count) bytes")
    }
  }

  @Test("Stored blocks, fixed codes and flushes come back, as zlib makes them")
  func otherBlocks() throws {
    let host = try Host()
    let script = """
      python3 -c '
      import sys, zlib
      data = sys.stdin.buffer.read()
      mode = int(sys.argv[1])
      level, strategy = [(0, 0), (9, zlib.Z_FIXED), (9, zlib.Z_HUFFMAN_ONLY), (9, zlib.Z_RLE)][mode]
      c = zlib.compressobj(level, zlib.DEFLATED, 31, 9, strategy)
      out = b""
      for i in range(0, len(data), 50000):
        out += c.compress(data[i:i+50000]) + c.flush(zlib.Z_FULL_FLUSH if i % 100000 else zlib.Z_SYNC_FLUSH)
      sys.stdout.buffer.write(out + c.flush())'
      """
    for mode in 0..<4 {
      for sample in Self.samples() {
        let packed = try host.run(script + " \(mode)", input: sample)
        #expect(try decompress(packed) == sample, "mode \(mode), \(sample.count) bytes")
      }
    }
  }

  @Test("Headers with every field are read, and their check value is held")
  func headers() throws {
    let host = try Host()
    let plain = try host.run("gzip -n", input: Array("text".utf8))
    let body = Array(plain[10...])
    func header(_ flags: UInt8, _ fields: [UInt8]) -> [UInt8] { [0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 0, 3] + fields }
    let all = header(0x1f, [3, 0, 9, 9, 9] + Array("name\0comment\0".utf8))
    var check = try CRC32()
    check.add(all.span)
    let sum = [UInt8(truncatingIfNeeded: check.value), UInt8(truncatingIfNeeded: check.value >> 8)]
    #expect(try decompress(all + sum + body) == Array("text".utf8))
    #expect(throws: ArchiveError.Reason.malformedCompressionHeader) { try decompress(all + [0, 0] + body) }
    #expect(throws: ArchiveError.Reason.malformedCompressionHeader) { try decompress(header(0x20, []) + body) }
    #expect(throws: ArchiveError.Reason.truncated) { try decompress(header(8, Array("name".utf8))) }
    #expect(throws: ArchiveError.Reason.truncated) { try decompress(header(4, [255, 255, 0])) }
    #expect(throws: ArchiveError.Reason.truncated) { try decompress(Array(plain[..<9])) }
  }

  @Test("Wrong bytes in data and check values are found; every truncation is one")
  func damage() throws {
    let host = try Host()
    let sample = (0..<3_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 5) }
    let packed = try host.run("gzip -n", input: sample)
    for index in packed.count - 8..<packed.count {
      var bytes = packed
      bytes[index] ^= 0x10
      #expect(throws: ArchiveError.Reason.wrongCheck) { try decompress(bytes) }
    }
    var decompressor = try Decompressor()
    func failure(_ bytes: [UInt8]) -> ArchiveError.Reason? {
      do throws(ArchiveError.Reason) { _ = try decompressor.decompress(bytes) } catch { return error }
      return nil
    }
    for count in 1..<packed.count { #expect(failure(Array(packed[..<count])) == .truncated, "\(count) bytes") }
    // A change may make no difference only in the header, which has no check value.
    for index in 10..<packed.count {
      var bytes = packed
      bytes[index] ^= 0x04
      #expect(failure(bytes) != nil, "byte \(index)")
    }
  }

  @Test("No bytes trap", arguments: 0..<8)
  func noise(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let header: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]
    var decompressor = try Decompressor()
    for _ in 0..<2_000 {
      let count = Int.random(in: 1..<400, using: &generator)
      var bytes = header + (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      // Mostly a block with codes of its own.
      if Int.random(in: 0..<4, using: &generator) > 0 { bytes[10] = bytes[10] & ~6 | 4 }
      _ = try? decompressor.decompress(bytes)
    }
  }

  @Test("The inflater refuses what RFC 1951 does not know")
  func malformed() throws {
    func reason(_ bytes: [UInt8]) -> ArchiveError.Reason? {
      do { _ = try decompress([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3] + bytes + [UInt8](repeating: 0, count: 16)) } catch {
        return error as? ArchiveError.Reason
      }
      return nil
    }
    #expect(reason([0x07]) == .malformedBlock)
    #expect(reason([0x01, 5, 0, 0, 0]) == .malformedBlock)
    // 31 distance codes, of which there are 30.
    #expect(reason([0x05, 0xde, 0x03]) == .malformedCodes)
    // Fixed codes: a length at the very beginning.
    #expect(reason([0x03, 0x02]) == .distanceTooFar)
  }

  @Test("Decompression is fast", .disabled(if: ProcessInfo.processInfo.environment["MEASURE"] == nil))
  func speed() throws {
    let host = try Host()
    let sample = try host.run("cat /bin/busybox /usr/bin/gcc /usr/bin/gdb 2>/dev/null || cat /bin/busybox")
    let packed = try host.run("gzip -1", input: sample)
    var reader = try GzipReader()
    let clock = ContinuousClock()
    var best = Duration.seconds(100)
    for _ in 0..<5 {
      let time = try clock.measure {
        try reader.start(packed.span, at: 0)
        while try reader.next(packed.span) {}
      }
      best = min(best, time)
    }
    print("\(sample.count) bytes in \(best)")
  }
}
