import Foundations
import TestSupport
import Testing

@Suite("UTF8Decoder")
struct UTF8DecoderTests {
  private func decode(_ bytes: some Sequence<UInt8>) -> String {
    var decoder = UTF8Decoder()
    var text = String.UnicodeScalarView()
    for byte in bytes {
      var isDone = false
      while !isDone {
        isDone = true
        switch decoder.decode(byte) {
        case .incomplete: break
        case .scalar(let scalar): text.append(scalar)
        case .malformed: text.append("\u{fffd}")
        case .malformedBeforeByte:
          text.append("\u{fffd}")
          isDone = false
        }
      }
    }
    if decoder.finish() { text.append("\u{fffd}") }
    return String(text)
  }

  @Test("Every scalar value comes back from its encoding")
  func allScalars() {
    for value in UInt32(0)...0x10ffff {
      guard let scalar = Unicode.Scalar(value) else { continue }
      var decoder = UTF8Decoder()
      var steps: [UTF8Decoder.Step] = []
      for byte in UTF8.encode(scalar) ?? .init() { steps.append(decoder.decode(byte)) }
      guard steps.last == .scalar(scalar), steps.dropLast().allSatisfy({ $0 == .incomplete }) else {
        Issue.record("U+\(String(value, radix: 16)) gave \(steps)")
        return
      }
    }
  }

  @Test(
    "Malformed input gives one U+FFFD for each maximal part",
    arguments: [
      ([0x80], "\u{fffd}"), ([0xff, 0x41], "\u{fffd}A"),
      // Overlong forms.
      ([0xc0, 0xaf], "\u{fffd}\u{fffd}"), ([0xe0, 0x80, 0xaf], "\u{fffd}\u{fffd}\u{fffd}"),
      ([0xf0, 0x80, 0x80, 0xaf], "\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
      // Surrogates and values above U+10FFFF.
      ([0xed, 0xa0, 0x80], "\u{fffd}\u{fffd}\u{fffd}"), ([0xf4, 0x90, 0x80, 0x80], "\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
      ([0xf5, 0x80], "\u{fffd}\u{fffd}"),
      // Cut off: by another character, by a control character, by the end.
      ([0xe2, 0x82, 0x41], "\u{fffd}A"), ([0xf0, 0x9f, 0x98, 0xc3, 0xa9], "\u{fffd}é"),
      ([0xe2, 0x1b], "\u{fffd}\u{1b}"),
      ([0xc3], "\u{fffd}"),
      // Unicode Standard, table 3-8.
      (
        [0xf1, 0x80, 0x80, 0xe1, 0x80, 0xc2, 0x62, 0x80, 0x63, 0x80, 0xbf, 0x64],
        "\u{fffd}\u{fffd}\u{fffd}b\u{fffd}c\u{fffd}\u{fffd}d"
      ),
    ] as [([UInt8], String)])
  func malformed(bytes: [UInt8], expected: String) {
    #expect(decode(bytes) == expected)
  }

  @Test("Random bytes decode as the standard library decodes them")
  func agreesWithStandardLibrary() {
    var generator = SeededGenerator(seed: 1)
    // Bytes that begin or continue characters, so that nearly complete ones are common.
    let likely: [UInt8] = [
      0x41, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf4, 0xf5,
    ]
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
        Bool.random(using: &generator)
          ? likely[Int.random(in: 0..<likely.count, using: &generator)] : UInt8.random(in: 0...255, using: &generator)
      }
      let expected = String(decoding: bytes, as: UTF8.self)
      if decode(bytes) != expected {
        Issue.record("\(bytes)")
        return
      }
    }
  }
}
