import Foundations

/// Which messages the console shows; the log keeps all.
///
/// Source: Linux, Documentation/admin-guide/kernel-parameters.rst: `loglevel=`, `quiet`, `debug`, `ignore_loglevel`.
public struct ConsoleLevel: Equatable, Sendable {
  /// Messages whose level is below this number are shown: 0 shows none, 8 all.
  public private(set) var limit: UInt8
  /// Whether everything is shown, whatever the limit.
  public private(set) var ignoresLevel = false

  /// What the limit was before it was turned off.
  private var former: UInt8?

  /// Linux's own default: all but debugging.
  public static let standard: UInt8 = 7
  /// What `quiet` sets: errors and worse.
  public static let quiet: UInt8 = 4
  /// What `debug` sets: everything.
  public static let debug: UInt8 = 10

  /// What stands when the command line says nothing.
  public init() { limit = Self.standard }

  /// What `commandLine` asks for; of several the last counts, and a number that is none changes nothing.
  public init(_ commandLine: borrowing CommandLine) {
    self.init()
    var position = 0
    while let parameter = commandLine.next(after: &position) {
      if commandLine.has(parameter, key: "quiet") {
        limit = Self.quiet
      } else if commandLine.has(parameter, key: "debug") {
        limit = Self.debug
      } else if commandLine.has(parameter, key: "ignore_loglevel") {
        ignoresLevel = true
      } else if commandLine.has(parameter, key: "loglevel"), let value = parameter.value,
        let number = NumberText.integer(commandLine.bytes(value))
      {
        limit = UInt8(min(number, UInt64(Self.debug)))
      }
    }
  }

  /// What syslog(2) does with the console.
  public enum Change: Sendable {
    /// Only emergencies are shown.
    case off
    /// What was shown before `off` is.
    case on
    /// What is below a number, 1 to 8, is.
    case limit(UInt8)
  }

  /// Follows a program's wish.
  public mutating func apply(_ change: Change) {
    switch change {
    case .off:
      if former == nil { former = limit }
      limit = 1
    case .on:
      limit = former ?? limit
      former = nil
    case .limit(let new):
      limit = new
      former = nil
    }
  }

  /// Whether the console shows messages of `level`.
  public func shows(_ level: LogLevel) -> Bool { ignoresLevel || level.rawValue < limit }
}
