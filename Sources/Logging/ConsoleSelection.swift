import Foundations

/// Which consoles `console=` names: where the kernel's text is shown, and which terminal /dev/console is.
///
/// Source: Linux, Documentation/admin-guide/serial-console.rst.
public struct ConsoleSelection: Equatable, Sendable {
  /// A kind of console.
  public enum Console: Equatable, Sendable {
    /// `ttyS0`.
    case serial
    /// `tty0`, the screen that is shown, and `tty1` and `tty`, which are the same.
    case screen
  }

  /// Whether the serial port is named.
  public private(set) var namesSerial = false
  /// Whether the screen is named.
  public private(set) var namesScreen = false
  /// The last that is named: /dev/console.
  public private(set) var preferred: Console?
  /// The speed that stands behind the serial port's name, `ttyS0,9600n8`; nil for none.
  public private(set) var bitsPerSecond: UInt32?

  /// What stands when the command line names none.
  public init() {}

  /// What `commandLine` names. Names of other consoles count for nothing.
  public init(_ commandLine: borrowing CommandLine) {
    var position = 0
    while let parameter = commandLine.next(after: &position) {
      guard commandLine.has(parameter, key: "console"), let value = parameter.value else { continue }
      take(commandLine.bytes(value))
    }
  }

  private mutating func take(_ text: Span<UInt8>) {
    var end = 0
    while end < text.count, text[end] != 0x2c { end += 1 }
    let name = text.extracting(0..<end)
    if name.count == 5, name.starts(with: "ttyS0") {
      (namesSerial, preferred) = (true, .serial)
      bitsPerSecond = Self.speed(text.extracting(min(end + 1, text.count)..<text.count)) ?? bitsPerSecond
    } else if (name.count == 4 && (name.starts(with: "tty0") || name.starts(with: "tty1")))
      || (name.count == 3 && name.starts(with: "tty"))
    {
      (namesScreen, preferred) = (true, .screen)
    }
  }

  /// The digits that `text` begins with.
  private static func speed(_ text: Span<UInt8>) -> UInt32? {
    var value: UInt32 = 0
    for index in text.indices {
      guard text[index] >= 0x30, text[index] <= 0x39 else { break }
      let (product, isTooLarge) = value.multipliedReportingOverflow(by: 10)
      let (sum, isOverflow) = product.addingReportingOverflow(UInt32(text[index] - 0x30))
      guard !isTooLarge, !isOverflow else { return nil }
      value = sum
    }
    return value > 0 ? value : nil
  }

  // MARK: With what there is

  /// Whether the kernel's text is shown on `console`: on those that are named, and on all when none of them is there.
  public func shows(_ console: Console, hasSerial: Bool, hasScreen: Bool) -> Bool {
    guard namesSerial && hasSerial || namesScreen && hasScreen else { return true }
    return console == .serial ? namesSerial : namesScreen
  }

  /// Which one /dev/console is: the last that is named if it is there, otherwise the screen, otherwise the serial port.
  public func controlling(hasSerial: Bool, hasScreen: Bool) -> Console? {
    switch preferred {
    case .serial where hasSerial: return .serial
    case .screen where hasScreen: return .screen
    default: return hasScreen ? .screen : hasSerial ? .serial : nil
    }
  }
}
