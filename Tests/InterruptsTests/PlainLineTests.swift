import Foundations
import Testing

@testable import Interrupts

@Suite("Reports in the log")
struct PlainLineTests {
  @Test(
    "Styles go, new lines are spaces, other control characters are nothing",
    arguments: [
      ("exception", "exception"),
      ("  0x10 f\u{1b}[2m  file:1\u{1b}[0m\n  inlined\n", "0x10 f  file:1   inlined "),
      ("\n\t a\u{7}b", "ab"),
      // Sequences that are cut off, or none.
      ("a\u{1b}[1;3", "a"),
      ("a\u{1b}", "a"),
      ("a\u{1b}bc", "ac"),
    ])
  func plain(text: String, wanted: String) {
    var message = Message()
    message.write(text)
    var bytes: [UInt8] = []
    let line = PlainLine.line(of: message)
    let span = line.bytes
    for index in span.indices { bytes.append(span[index]) }
    #expect(String(decoding: bytes, as: UTF8.self) == wanted)
  }
}
