import Foundations

/// What the operator sees while the kernel boots: a header, a line for each step, and a closing line.
///
/// Made of text and basic SGR only, so that it looks right on a serial terminal, in VGA text and on pixels. Layout for 80 columns;
/// wider screens leave the rest empty, so that the picture is the same everywhere.
public struct BootScreen: Sendable {
  /// How a step ended.
  public enum Result: Sendable {
    /// Its postcondition holds.
    case done
    /// Its postcondition does not hold.
    case failed
    /// Its work comes with this part of the plan.
    case notYet(part: Int)
  }

  /// The columns that are used.
  public static let width = 80
  /// Where the details of a step begin.
  private static let detailColumn = 28
  /// How wide the times of most steps are, so that the details of all end in the same column.
  private static let timeWidth = 8

  /// Whether the last line is that of a running step, without a line feed.
  public private(set) var isLineOpen = false

  /// A boot screen of which nothing is shown yet.
  public init() {}

  // MARK: Header

  /// Shows the mark, the name and what is known at the beginning.
  ///
  /// - Parameters:
  ///   - version: such as `0.1.0`.
  ///   - summary: what this is, at most 50 characters.
  ///   - machine: what it runs on, at most 50 characters.
  public mutating func writeHeader(
    version: Message, summary: Message, machine: Message, to sink: inout some TextSink & ~Copyable
  ) {
    isLineOpen = false
    // Begins on a clean screen, in the state after a reset of the colours, whatever the firmware left.
    sink.write("\u{1b}[0m\u{1b}[H\u{1b}[J\n")
    Self.writeMark("         ▄▄▄███▄▄▄         ", color: "96", to: &sink)
    sink.write("\n")
    Self.writeMark("    ▄▄███▀▀▀ █ ▀▀▀███▄▄    ", color: "36", to: &sink)
    sink.write("\u{1b}[1mApus\u{1b}[0m ")
    sink.write(version.bytes)
    sink.write("\n")
    Self.writeMark("  ██▀▀      ███      ▀▀██  ", color: "94", to: &sink)
    FittedText.write(summary.bytes, width: 50, to: &sink)
    sink.write("\n")
    Self.writeMark(" █▀        ▄█▀█▄        ▀█ ", color: "34", to: &sink)
    sink.write("\u{1b}[90m")
    FittedText.write(machine.bytes, width: 50, to: &sink)
    sink.write("\u{1b}[0m\n\n")
  }

  private static func writeMark(_ row: String, color: String, to sink: inout some TextSink & ~Copyable) {
    sink.write("\u{1b}[")
    sink.write(color)
    sink.write("m")
    sink.write(row)
    sink.write("\u{1b}[0m ")
  }

  // MARK: Steps

  /// Shows that step `number` runs; its result takes the line's place.
  public mutating func begin(_ number: UInt8, _ title: Message, to sink: inout some TextSink & ~Copyable) {
    interrupt(&sink)
    sink.write("   ")
    Self.writeTitle(number, title, style: "\u{1b}[36m", to: &sink)
    isLineOpen = true
  }

  /// Takes away the line of a running step, so that something else can be written; nothing when there is none.
  public mutating func interrupt(_ sink: inout some TextSink & ~Copyable) {
    guard isLineOpen else { return }
    sink.write("\r\u{1b}[K")
    isLineOpen = false
  }

  /// Shows how step `number` ended.
  ///
  /// - Parameters:
  ///   - detail: what was found, or what is wrong; cut to the room there is.
  ///   - nanoseconds: how long it took; nil when no clock ran.
  public mutating func end(
    _ number: UInt8, _ title: Message, _ result: Result, detail: Message = Message(), nanoseconds: UInt64? = nil,
    to sink: inout some TextSink & ~Copyable
  ) {
    interrupt(&sink)
    switch result {
    case .done:
      sink.write(" \u{1b}[32m✓\u{1b}[0m ")
      Self.writeTitle(number, title, style: "", to: &sink)
      Self.writeDetail(detail, nanoseconds, style: "\u{1b}[0m", to: &sink)
    case .failed:
      sink.write(" \u{1b}[1;31m✗\u{1b}[0m ")
      Self.writeTitle(number, title, style: "\u{1b}[1;31m", to: &sink)
      Self.writeDetail(detail, nanoseconds, style: "\u{1b}[91m", to: &sink)
    case .notYet(let part):
      sink.write(" \u{1b}[90m· ")
      Self.writeTitle(number, title, style: "\u{1b}[90m", to: &sink)
      Self.writeDetail("not yet (part \(part))", nil, style: "\u{1b}[90m", to: &sink)
    }
    sink.write("\u{1b}[0m\n")
  }

  /// Number, title and dots up to the details.
  private static func writeTitle(
    _ number: UInt8, _ title: Message, style: String, to sink: inout some TextSink & ~Copyable
  ) {
    sink.write("\u{1b}[90m")
    sink.write(decimal: UInt64(number), width: 2, padding: 0x30)
    sink.write("\u{1b}[0m  ")
    sink.write(style)
    let before = number < 100 ? 7 : 8
    let used = before + FittedText.write(title.bytes, width: detailColumn - 2 - before, to: &sink)
    sink.write("\u{1b}[0;90m ")
    for _ in used + 2..<max(detailColumn, used + 2) { sink.write("·") }
    sink.write("\u{1b}[0m ")
  }

  private static func writeDetail(
    _ detail: Message, _ nanoseconds: UInt64?, style: String, to sink: inout some TextSink & ~Copyable
  ) {
    let room = width - 2 - detailColumn
    sink.write(style)
    guard let nanoseconds else {
      FittedText.write(detail.bytes, width: room, to: &sink)
      return
    }
    var time = Message()
    time.write(nanoseconds: nanoseconds)
    let length = FittedText.width(time.bytes)
    let used = FittedText.write(detail.bytes, width: room - max(length, timeWidth) - 1, to: &sink)
    sink.write(repeating: 0x20, count: room - used - length)
    sink.write("\u{1b}[90m")
    sink.write(time.bytes)
  }

  // MARK: End

  /// Shows how many steps ended how, and how long all took.
  public mutating func writeSummary(
    done: Int, failed: Int, notYet: Int, nanoseconds: UInt64?, to sink: inout some TextSink & ~Copyable
  ) {
    interrupt(&sink)
    sink.write(failed == 0 ? "\n \u{1b}[1;32m" : "\n \u{1b}[1;31m")
    sink.write(failed == 0 ? "Ready" : "Not ready")
    sink.write("\u{1b}[0m")
    if let nanoseconds {
      sink.write(failed == 0 ? " in " : " after ")
      sink.write(nanoseconds: nanoseconds)
    }
    sink.write("\u{1b}[90m: ")
    sink.write(decimal: done)
    sink.write(" done, ")
    sink.write(decimal: failed)
    sink.write(" failed, ")
    sink.write(decimal: notYet)
    sink.write(" not yet\u{1b}[0m\n\n")
  }
}
