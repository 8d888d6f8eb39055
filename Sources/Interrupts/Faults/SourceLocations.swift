import Foundations
import Machine
import Symbols

/// Addresses of kernel code in words: function, offset, file and line, with the calls that the compiler inlined.
enum SourceLocations {
  /// Debug information gives each of Swift's checks an inlined function of this name and the reason.
  private static let failurePrefix = "Swift runtime failure: "

  /// Writes one step of a backtrace, with a line for each inlined call.
  ///
  /// - Parameter isReturnAddress: the call stands before such an address, so that is what gets looked up.
  static func write(_ address: UInt64, isReturnAddress: Bool, to sink: inout some TextSink & ~Copyable) {
    let place = isReturnAddress && address > 0 ? address - 1 : address
    sink.write("  0x")
    sink.write(hex: address, width: 12)
    guard let table = SymbolTable(SymbolTableBytes.loaded) else {
      sink.write("\n")
      return
    }
    var line = TraceLine()
    let isKnown = table.frames(at: place) { frame in
      if isFailure(frame.function) == nil { line.write(frame, to: &sink) }
    }
    if !isKnown || !line.hasBegun { writeFunction(table, address, to: &sink) }
  }

  /// Writes `Swift runtime trap: arithmetic overflow` or whatever else made Swift trap at `address`; nothing if it did not.
  static func writeTrapReason(_ address: UInt64, to sink: inout some TextSink & ~Copyable) {
    guard let table = SymbolTable(SymbolTableBytes.loaded) else { return }
    _ = table.frames(at: address) { frame in
      guard let reason = isFailure(frame.function) else { return }
      sink.write("\n  Swift runtime trap: ")
      sink.write(frame.function.extracting(reason..<frame.function.count))
    }
  }

  private static func writeFunction(
    _ table: borrowing SymbolTable, _ address: UInt64, to sink: inout some TextSink & ~Copyable
  ) {
    _ = table.function(at: address) { name, offset in
      sink.write(" ")
      sink.write(name)
      sink.write(" + 0x")
      sink.write(hex: offset)
    }
    sink.write("\n")
  }

  /// Where the reason begins, if `function` is one of Swift's checks.
  private static func isFailure(_ function: Span<UInt8>) -> Int? {
    function.starts(with: failurePrefix) ? failurePrefix.utf8.count : nil
  }
}

/// Writes the calls that lead to one address below each other.
private struct TraceLine {
  private(set) var hasBegun = false

  mutating func write(_ frame: borrowing SymbolTable.Frame, to sink: inout some TextSink & ~Copyable) {
    sink.write(hasBegun ? "      inlined in " : " ")
    hasBegun = true
    sink.write(frame.function)
    if frame.file.count > 0 {
      sink.write("\u{1b}[2m  ")
      sink.write(frame.file)
      if frame.line > 0 {
        sink.write(":")
        sink.write(decimal: frame.line)
      }
      sink.write("\u{1b}[0m")
    }
    sink.write("\n")
  }
}
