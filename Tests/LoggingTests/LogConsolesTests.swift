import Foundations
import Logging
import Testing

/// A console that keeps what it shows.
private final class RecordingConsole: LogConsole {
  let style: LogRecord.Style
  var bytes: [UInt8] = []
  var flushCount = 0
  var text: String { String(decoding: bytes, as: UTF8.self) }

  init(_ style: LogRecord.Style = .plain) { self.style = style }

  func write(_ span: Span<UInt8>) {
    for index in span.indices { bytes.append(span[index]) }
  }
  func flush() { flushCount += 1 }
}

@Suite("LogConsoles")
struct LogConsolesTests {
  private let prefix = "[    0.000000] kernel: "

  @Test("Each console sees each record once, and one that comes late sees what it asks for")
  func fanOut() {
    var log = LogRing(byteCount: 1024)
    var consoles = LogConsoles()
    let first = RecordingConsole()
    let fromNow = RecordingConsole()
    let fromStart = RecordingConsole(.colored)
    #expect(consoles.add(first, from: log.oldest) == true)
    log.append(.info, "a")
    consoles.show { log.read(&$0, into: &$1) }
    #expect(consoles.add(fromNow, from: log.newest) == true)
    #expect(consoles.add(fromStart, from: log.oldest) == true)
    log.append(.info, "b")
    consoles.show { log.read(&$0, into: &$1) }
    consoles.show { log.read(&$0, into: &$1) }
    #expect(first.text == "\(prefix)a\n\(prefix)b\n")
    #expect(fromNow.text == "\(prefix)b\n")
    #expect(fromStart.text.split(separator: "\n").allSatisfy { $0.contains("\u{1b}[") && $0.hasSuffix("\u{1b}[0m") })
    #expect([first.flushCount, fromNow.flushCount, fromStart.flushCount] == [2, 1, 1])
  }

  @Test("A record that comes while consoles are shown is shown as well")
  func appendedMeanwhile() {
    var log = LogRing(byteCount: 1024)
    var consoles = LogConsoles()
    let console = RecordingConsole()
    #expect(consoles.add(console, from: log.oldest) == true)
    log.append(.info, "a")
    var isFirst = true
    consoles.show { cursor, record in
      let isRead = log.read(&cursor, into: &record)
      if isFirst { log.append(.info, "b") }
      isFirst = false
      return isRead
    }
    #expect(console.text == "\(prefix)a\n\(prefix)b\n")
  }

  @Test("Hidden records are not shown, and losses among them are told with the next that is")
  func hiddenLosses() {
    var log = LogRing(byteCount: 1024)
    var consoles = LogConsoles()
    let bytes = Array("quiet".utf8)
    consoles.level = ConsoleLevel(Foundations.CommandLine(bytes.span))
    let console = RecordingConsole()
    #expect(consoles.add(console, from: log.oldest) == true)
    for _ in 0..<200 { log.append(.info, "hidden") }
    let lost = log.firstSequence
    consoles.show { log.read(&$0, into: &$1) }
    #expect(lost > 0 && console.text.isEmpty && console.flushCount == 0)
    log.append(.error, "shown")
    log.append(.error, "also")
    consoles.show { log.read(&$0, into: &$1) }
    #expect(console.text == "\(prefix)\(lost) messages lost\n\(prefix)shown\n\(prefix)also\n")
    #expect(console.flushCount == 1)
  }

  @Test("A console too many is refused until another is removed")
  func capacity() {
    let log = LogRing(byteCount: 1024)
    var consoles = LogConsoles()
    let all = (0...LogConsoles.capacity).map { _ in RecordingConsole() }
    for console in all.dropLast() { #expect(consoles.add(console, from: log.oldest) == true) }
    #expect(consoles.add(all[8], from: log.oldest) == false)
    consoles.remove(all[3])
    #expect(consoles.add(all[8], from: log.oldest) == true)
  }
}
