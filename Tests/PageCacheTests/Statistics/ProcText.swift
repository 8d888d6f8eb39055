import Foundation
import Foundations
import PageFrames

/// Collects text.
struct TextCollector: TextSink {
  private var bytes: [UInt8] = []

  mutating func write(_ span: Span<UInt8>) { for index in span.indices { bytes.append(span[index]) } }

  var text: String { String(decoding: bytes, as: UTF8.self) }
  var lines: [String] { text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init) }

  /// What `body` writes.
  static func lines(_ body: (inout TextCollector) -> Void) -> [String] {
    var collector = TextCollector()
    body(&collector)
    return collector.lines
  }
}

/// The same file of the Linux that the tests run on, to compare with; nil where it is not to be read.
func hostLines(_ path: String) -> [String]? {
  guard let text = try? String(contentsOfFile: path, encoding: .utf8), !text.isEmpty else { return nil }
  return text.split(separator: "\n").map(String.init)
}

/// A line with its numbers taken out, each with the spaces before it: what is left when only the values differ.
func layout(_ line: String) -> String {
  line.replacing(/[ ]*-?\d+\b/) { match in
    // Where the number ends is what counts, not how long it is.
    "<\(match.range.upperBound.utf16Offset(in: line))>"
  }
}
