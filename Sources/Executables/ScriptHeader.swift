import Foundations
public import Machine

/// The first line of a script: who is to run it. Source: execve(2), "Interpreter scripts".
public struct ScriptHeader: ~Copyable {
  /// How many bytes of a file count.
  public static let byteCount = 256

  /// The path of the interpreter.
  public let interpreter: GrowableArray<UInt8>
  /// What it gets before the script's path; empty for nothing.
  public let argument: GrowableArray<UInt8>

  /// Whether a file that begins with `bytes` is a script.
  public static func isScript(_ bytes: Span<UInt8>) -> Bool {
    bytes.count >= 2 && bytes[0] == UInt8(ascii: "#") && bytes[1] == UInt8(ascii: "!")
  }

  /// Reads the line of a script.
  ///
  /// - Parameter bytes: the file's first 256 bytes, or all of a shorter one.
  /// - Throws: `ENOEXEC` for a script without an interpreter, or whose interpreter's path is cut off; `ENOMEM`.
  public init(_ bytes: Span<UInt8>) throws(Errno) {
    guard Self.isScript(bytes) else { throw .ENOEXEC }
    let limit = min(bytes.count, Self.byteCount)
    var end = 2
    while end < limit, bytes[end] != UInt8(ascii: "\n"), bytes[end] != 0 { end += 1 }
    let isWhole = end < limit || bytes.count < Self.byteCount
    func isBlank(_ index: Int) -> Bool { bytes[index] == UInt8(ascii: " ") || bytes[index] == UInt8(ascii: "\t") }
    var start = 2
    while start < end, isBlank(start) { start += 1 }
    while end > start, isBlank(end - 1) { end -= 1 }
    guard start < end else { throw .ENOEXEC }
    var pathEnd = start
    while pathEnd < end, !isBlank(pathEnd) { pathEnd += 1 }
    // A path that may go on behind what was read names something else.
    guard isWhole || pathEnd < end else { throw .ENOEXEC }
    var path = GrowableArray<UInt8>()
    for index in start..<pathEnd { try path.append(bytes[index]) }
    var argumentStart = pathEnd
    while argumentStart < end, isBlank(argumentStart) { argumentStart += 1 }
    var text = GrowableArray<UInt8>()
    for index in argumentStart..<end { try text.append(bytes[index]) }
    interpreter = path
    argument = text
  }
}
