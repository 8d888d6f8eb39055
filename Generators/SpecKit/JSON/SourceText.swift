/// A place in a text file: line and column, both counted from 1.
///
/// A column counts Unicode scalars, which is what editors show for text without combining marks.
public struct SourcePosition: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The line, from 1.
  public var line: Int
  /// The column in characters, from 1.
  public var column: Int

  /// The start of a file.
  public static let start = SourcePosition(line: 1, column: 1)

  /// A position at `line` and `column`.
  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  /// Orders positions as they come in a file.
  public static func < (left: SourcePosition, right: SourcePosition) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }

  /// `line:column`.
  public var description: String { "\(line):\(column)" }
}

/// Anything that knows where in a spec it stood.
public protocol SourceLocated {
  /// Where the value begins.
  var position: SourcePosition { get }
  /// Which value it is.
  var path: JSONPath { get }
}

/// The bytes of a file and where its lines begin.
public final class SourceText: Sendable {
  /// The file's path relative to the package root, as diagnostics print it.
  public let file: String
  /// The file's content.
  public let bytes: [UInt8]
  private let lineStarts: [Int]

  /// A text of `bytes` that diagnostics call `file`.
  public init(file: String, bytes: [UInt8]) {
    self.file = file
    self.bytes = bytes
    var starts = [0]
    for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") { starts.append(index + 1) }
    lineStarts = starts
  }

  /// The position of the byte at `offset`; an offset beyond the end gives the position behind the last character.
  public func position(at offset: Int) -> SourcePosition {
    let offset = min(max(offset, 0), bytes.count)
    var low = 0
    var high = lineStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    var column = 1
    for index in lineStarts[low]..<offset where bytes[index] & 0xC0 != 0x80 { column += 1 }
    return SourcePosition(line: low + 1, column: column)
  }
}
