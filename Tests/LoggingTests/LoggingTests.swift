import Foundations
import Logging
import TestSupport
import Testing

/// Collects text.
struct Collector: TextSink {
  var bytes: [UInt8] = []
  mutating func write(_ span: Span<UInt8>) { for index in span.indices { bytes.append(span[index]) } }
  var text: String { String(decoding: bytes, as: UTF8.self) }
}

extension LogRing {
  mutating func append(_ level: LogLevel, _ text: String, nanoseconds: UInt64 = 0, cpu: UInt16 = 0) {
    append(level, .kernel, text.utf8Span.span, nanoseconds: nanoseconds, cpu: cpu)
  }
}

@Suite("LogRing")
struct LogRingTests {
  private func text(_ record: LogRecord) -> String {
    let span = record.text
    return String(decoding: span.indices.map { span[$0] }, as: UTF8.self)
  }

  @Test("A record comes back as it was given, once for each reader")
  func roundTrip() {
    var ring = LogRing(byteCount: 4096)
    let early = ring.oldest
    ring.append(.warning, .memory, "zone \(7) is low", nanoseconds: 12_345_678, cpu: 513)
    var record = LogRecord()
    for start in [early, ring.oldest] {
      var cursor = start
      #expect(ring.read(&cursor, into: &record))
      #expect(text(record) == "zone 7 is low" && record.level == .warning && record.subsystem == .memory)
      #expect(record.nanoseconds == 12_345_678 && record.cpu == 513 && record.sequence == 0 && record.lost == 0)
      #expect(!ring.read(&cursor, into: &record) && cursor == ring.newest)
      #expect(text(record) == "zone 7 is low")
    }
    var late = ring.newest
    #expect(!ring.read(&late, into: &record))
    ring.append(.info, "more")
    #expect(ring.read(&late, into: &record) && text(record) == "more" && record.sequence == 1)
  }

  @Test("Long texts are cut between characters and say so")
  func longTexts() {
    var ring = LogRing(byteCount: 4096)
    var cursor = ring.oldest
    var record = LogRecord()
    for length in [479, 480, 481, 482, 5000] {
      ring.append(.info, String(repeating: "x", count: length))
      #expect(ring.read(&cursor, into: &record))
      let expected = length <= 480 ? String(repeating: "x", count: length) : String(repeating: "x", count: 477) + "…"
      #expect(text(record) == expected)
    }
    for shift in 0..<4 {
      ring.append(.info, String(repeating: "x", count: shift) + String(repeating: "😀", count: 200))
      #expect(ring.read(&cursor, into: &record))
      let whole = (477 - shift) / 4
      #expect(text(record) == String(repeating: "x", count: shift) + String(repeating: "😀", count: whole) + "…")
    }
  }

  @Test("A ring of any size holds the longest record", arguments: [0, -5, 1, 1024, 1025, 5000])
  func sizes(byteCount: Int) {
    var ring = LogRing(byteCount: byteCount)
    #expect(ring.byteCount >= max(byteCount, 1024) && ring.byteCount.nonzeroBitCount == 1)
    var cursor = ring.oldest
    var record = LogRecord()
    ring.append(.info, String(repeating: "y", count: 480))
    #expect(ring.read(&cursor, into: &record) && text(record).count == 480)
  }

  @Test("Readers at any pace see what a model of the ring says, and lost plus read is all")
  func model() {
    struct Entry {
      var text: String
      var level: LogLevel
    }
    var generator = SeededGenerator(seed: 11)
    var ring = LogRing(byteCount: 1024)
    var all: [Entry] = []
    var cursors = [ring.oldest, ring.oldest, ring.oldest]
    var seen = [0, 0, 0]
    var lost: [UInt64] = [0, 0, 0]
    var record = LogRecord()
    for _ in 0..<20_000 {
      if Int.random(in: 0..<3, using: &generator) > 0 {
        let length = Int.random(in: 0...(Int.random(in: 0..<10, using: &generator) == 0 ? 480 : 60), using: &generator)
        let entry = Entry(
          text: String(
            (0..<length).map { _ in Character(Unicode.Scalar(UInt8.random(in: 0x20..<0x7f, using: &generator))) }),
          level: LogLevel(rawValue: UInt8.random(in: 0...7, using: &generator)) ?? .info)
        all.append(entry)
        ring.append(entry.level, entry.text, nanoseconds: UInt64(all.count), cpu: UInt16(all.count & 0xffff))
        // The newest records whose bytes fit are there, and no others.
        var used = 0
        let kept = all.reversed().prefix {
          used += 16 + $0.text.utf8.count; return used <= 1024
        }.count
        #expect(ring.nextSequence == UInt64(all.count) && ring.firstSequence == UInt64(all.count - kept))
      } else {
        // The third reader is slow and loses most.
        let reader = [0, 0, 0, 1, 1, 2].randomElement(using: &generator) ?? 0
        let oldest = Int(ring.firstSequence)
        let found = ring.read(&cursors[reader], into: &record)
        let expected = max(seen[reader] + Int(lost[reader]), oldest)
        guard found == (expected < all.count) else {
          Issue.record("reader \(reader) found \(found) at \(expected) of \(all.count)")
          return
        }
        if found {
          lost[reader] += record.lost
          seen[reader] += 1
          guard record.sequence == UInt64(expected), text(record) == all[expected].text,
            record.level == all[expected].level,
            record.nanoseconds == UInt64(expected + 1), Int(lost[reader]) + seen[reader] == expected + 1
          else {
            Issue.record("reader \(reader) read record \(record.sequence) instead of \(expected)")
            return
          }
        }
      }
    }
    #expect(lost[2] > 0 && seen[0] > 1000)
  }
}

@Suite("LogRecord")
struct LogRecordTests {
  private func shown(
    _ text: [UInt8], level: LogLevel = .info, nanoseconds: UInt64 = 12_345_678, style: LogRecord.Style = .plain
  ) -> String {
    var ring = LogRing(byteCount: 4096)
    ring.append(level, .memory, text.span, nanoseconds: nanoseconds)
    var cursor = ring.oldest
    var record = LogRecord()
    var sink = Collector()
    while ring.read(&cursor, into: &record) { record.write(to: &sink, style) }
    return sink.text
  }

  @Test(
    "Lines begin with time and subsystem",
    arguments: [
      ("62 MiB usable", "[    0.012345] memory: 62 MiB usable\n"),
      ("", "[    0.012345] memory: \n"), ("a\nb", "[    0.012345] memory: a\n[    0.012345] memory: b\n"),
      ("a\n", "[    0.012345] memory: a\n"), ("\na", "[    0.012345] memory: \n[    0.012345] memory: a\n"),
      ("a\tä→", "[    0.012345] memory: a\tä→\n"),
      ("\u{1b}[2J\r\u{7f}\u{9b}x", "[    0.012345] memory: \\x1b[2J\\x0d\\x7f\\xc2\\x9bx\n"),
    ])
  func lines(text: String, expected: String) {
    #expect(shown(Array(text.utf8)) == expected)
  }

  @Test("Bytes that are no UTF-8 are shown in digits")
  func malformed() {
    #expect(shown([0x61, 0xff, 0xe2, 0x82, 0x62, 0xc3]) == "[    0.012345] memory: a\\xff\\xe2\\x82b\\xc3\n")
    #expect(shown([0xe2, 0x0a, 0x82]) == "[    0.012345] memory: \\xe2\n[    0.012345] memory: \\x82\n")
  }

  @Test(
    "Times of any size have six digits behind the point",
    arguments: [
      (0, "[    0.000000]"), (999, "[    0.000000]"), (1_000_000_000, "[    1.000000]"),
      (98_765_432_109_876, "[98765.432109]"), (UInt64.max, "[18446744073.709551]"),
    ] as [(UInt64, String)])
  func times(nanoseconds: UInt64, expected: String) {
    #expect(shown([0x78], nanoseconds: nanoseconds) == "\(expected) memory: x\n")
  }

  @Test("Colours follow the level and end with the line")
  func colors() {
    let beginning = "\u{1b}[32m[    0.012345] \u{1b}[33mmemory: \u{1b}[0m"
    #expect(shown([0x78], level: .error, style: .colored) == "\(beginning)\u{1b}[31mx\u{1b}[0m\n")
    #expect(shown([0x78, 0x0a, 0x79], style: .colored) == "\(beginning)x\u{1b}[0m\n\(beginning)y\u{1b}[0m\n")
    let all = (UInt8(0)...7).map { shown([0x78], level: LogLevel(rawValue: $0) ?? .info, style: .colored) }
    #expect(Set(all).count == 7, "emergency and alert look the same, the others differ")
  }

  @Test("What was lost is said before the record")
  func lost() {
    var ring = LogRing(byteCount: 1024)
    var cursor = ring.oldest
    for number in 0..<100 { ring.append(.info, "message \(number) \(String(repeating: ".", count: 60))") }
    var record = LogRecord()
    var sink = Collector()
    #expect(ring.read(&cursor, into: &record))
    record.write(to: &sink)
    #expect(
      sink.text.hasPrefix(
        "[    0.000000] kernel: \(ring.firstSequence) messages lost\n[    0.000000] kernel: message \(ring.firstSequence) "
      ))
  }
}

@Suite("ConsoleLevel")
struct ConsoleLevelTests {
  @Test(
    "The command line says what is shown",
    arguments: [
      ("", 7, false), ("quiet", 4, false), ("debug", 10, false), ("loglevel=3", 3, false),
      ("quiet loglevel=6", 6, false),
      ("loglevel=6 quiet", 4, false), ("loglevel=0", 0, false), ("loglevel=x", 7, false), ("loglevel=", 7, false),
      ("loglevel", 7, false),
      ("loglevel=99999999999", 10, false), ("loglevel=0x5", 5, false), ("ignore_loglevel", 7, true),
      ("ignore-loglevel quiet", 4, true),
      ("-- quiet", 7, false), ("quieter debugger", 7, false),
    ])
  func parse(input: String, limit: Int, ignores: Bool) {
    let bytes = Array(input.utf8)
    let line = Foundations.CommandLine(bytes.span)
    let level = ConsoleLevel(line)
    #expect(level.limit == UInt8(limit) && level.ignoresLevel == ignores)
    for number in UInt8(0)...7 {
      #expect(LogLevel(rawValue: number).map { level.shows($0) } == (ignores || Int(number) < limit))
    }
  }
}
