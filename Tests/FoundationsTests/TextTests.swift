import Foundations
import TestSupport
import Testing

/// Collects what is written, for comparing.
struct CollectingSink: TextSink {
  var bytes: [UInt8] = []
  mutating func write(_ span: Span<UInt8>) {
    for index in span.indices { bytes.append(span[index]) }
  }
  var text: String { String(decoding: bytes, as: UTF8.self) }

  static func text(_ body: (inout CollectingSink) -> Void) -> String {
    var sink = CollectingSink()
    body(&sink)
    return sink.text
  }
}

extension Message {
  var text: String { CollectingSink.text { $0.write(bytes) } }
}

@Suite("Text")
struct TextTests {
  @Test("Decimal and hexadecimal agree with Swift's own for edge values and 10,000 random ones")
  func numbers() {
    var generator = SeededGenerator(seed: 1)
    let edges: [UInt64] = [0, 1, 9, 10, 15, 16, 99, 100, .max, .max - 1, 1 << 63]
    for value in edges + (0..<10_000).map({ _ in generator.next() >> UInt64.random(in: 0..<64, using: &generator) }) {
      #expect(CollectingSink.text { $0.write(decimal: value) } == "\(value)")
      #expect(CollectingSink.text { $0.write(hex: value) } == String(value, radix: 16))
      let signed = Int(truncatingIfNeeded: value)
      #expect(CollectingSink.text { $0.write(decimal: signed) } == "\(signed)")
    }
    #expect(CollectingSink.text { $0.write(decimal: Int.min) } == "\(Int.min)")
  }

  @Test("Widths pad and never cut")
  func widths() {
    #expect(CollectingSink.text { $0.write(decimal: 42 as UInt64, width: 5) } == "   42")
    #expect(CollectingSink.text { $0.write(decimal: 123_456 as UInt64, width: 3) } == "123456")
    #expect(CollectingSink.text { $0.write(hex: 0xab, width: 4) } == "00ab")
    #expect(CollectingSink.text { $0.write(hex: 0xabcdef, width: 2) } == "abcdef")
    #expect(CollectingSink.text { $0.write(hex: 1, width: 99) } == "0000000000000001")
  }

  @Test(
    "Sizes and times are readable",
    arguments: [
      (0, "0 B", "0 ns"), (999, "999 B", "999 ns"), (1_024, "1 KiB", "1.02 µs"), (65_536, "64 KiB", "65.5 µs"),
      (1_240_000, "1.1 MiB", "1.24 ms"), (65_536 * 1_000, "62.5 MiB", "65.5 ms"), (2_050_000_000, "1.9 GiB", "2.05 s"),
      (UInt64.max, "16383 PiB", "18446744073 s"),
    ] as [(UInt64, String, String)])
  func units(value: UInt64, size: String, time: String) {
    #expect(CollectingSink.text { $0.write(byteCount: value) } == size)
    #expect(CollectingSink.text { $0.write(nanoseconds: value) } == time)
  }

  @Test("Interpolation gives what it says")
  func interpolation() {
    let message: Message =
      "mapped \(3) pages at \(hex: 0xffff_8000 as UInt64), \(bytes: 4096), \(true), \(-5 as Int8), \("ü")"
    #expect(message.text == "mapped 3 pages at 0xffff8000, 4 KiB, yes, -5, ü")
  }

  @Test("A message that is too long ends in an ellipsis on a character boundary", arguments: ["a", "ü", "€", "🐦"])
  func cutOff(character: String) {
    for prefix in 0..<4 {
      var message = Message()
      message.write(String(repeating: "x", count: prefix))
      for _ in 0..<300 { message.write(character) }
      #expect(message.count <= Message.capacity)
      #expect(message.text.hasSuffix("…"))
      #expect(!message.text.contains("\u{fffd}"))
    }
  }

  @Test("A message that fits exactly is not cut")
  func exactFit() {
    var message = Message()
    message.write(repeating: 0x61, count: Message.capacity)
    #expect(message.text == String(repeating: "a", count: Message.capacity))
  }
}
