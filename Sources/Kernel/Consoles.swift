import BootInformation
import Console
import Foundations
import KeyboardDriver
import Logging
import Machine
import Registers
import ScreenDriver
import SerialDriver
import Terminals

/// What shows the kernel's text, for everybody: the first serial port and the screen, each if it is there and wanted.
///
/// Each has its own lock; a fault report goes past one that it cannot have.
enum Consoles {
  private struct Wanted {
    var serial: Bool
    var screen: Bool
  }

  /// The serial port.
  static let serial = BootCell<SerialTerminal<PortSpace>>()
  /// The first I/O port of the serial port, which no driver of the device tree may have; nil when there is none.
  static var serialAddress: UInt16? { serial.isFilled ? UART16550.com1 : nil }
  /// The screen.
  static let screen = BootCell<ScreenTerminal<AnyTextDisplay<DisplayWindow>>>()
  /// What `console=` says.
  static let selection = BootCell<ConsoleSelection>()
  /// What `keymap=` says.
  static let keyMap = BootCell<KeyMap>()
  private static let wanted = BootCell<Wanted>()
  /// How often a fault report tries to get a lock before it goes past it: the holder may be the faulting code.
  private static let reportAttempts = 100_000

  /// Opens the consoles that there are.
  static func start(_ information: borrowing BootInformation, plan: borrowing PhysicalMemoryPlan) {
    let named = ConsoleSelection(CommandLine(information.commandLine.bytes))
    if let port = ConsoleDevices.openSerialPort(bitsPerSecond: named.bitsPerSecond) { serial.fill(port) }
    let found = ConsoleDevices.openScreen(information.screen, plan: plan)
    switch consume found {
    case .some(let opened): screen.fill(ScreenTerminal(opened))
    case .none: break
    }
    let (hasSerial, hasScreen) = (serial.isFilled, screen.isFilled)
    wanted.fill(
      Wanted(
        serial: named.shows(.serial, hasSerial: hasSerial, hasScreen: hasScreen),
        screen: named.shows(.screen, hasSerial: hasSerial, hasScreen: hasScreen)))
    selection.fill(named)
    fillKeyMap(CommandLine(information.commandLine.bytes))
  }

  private static func fillKeyMap(_ commandLine: borrowing CommandLine) {
    if let name = commandLine.value("keymap"), let map = KeyMap(name: name) { keyMap.fill(map) }
  }

  private static var shown: Wanted { wanted.withValue { $0 } ?? Wanted(serial: true, screen: true) }

  /// Writes to every console that shows the kernel's text.
  static func write(_ bytes: Span<UInt8>) {
    let shown = shown
    if shown.serial { serial.withValue { $0.write(bytes) } }
    if shown.screen { screen.withValue { $0.write(bytes) } }
  }

  /// Writes without waiting for ever: to all consoles, wanted or not, that can be had, and to the serial port in any case.
  static func writeInReport(_ bytes: Span<UInt8>) {
    let isWritten = serial.withValue { $0.write(bytes, attempts: reportAttempts) }
    if isWritten != true {
      var serial = EarlyTextSink()
      serial.write(bytes)
    }
    _ = screen.withValue { $0.write(bytes, attempts: reportAttempts) }
  }

  /// Which one /dev/console is; nil when there is none.
  static var controlling: ConsoleSelection.Console? {
    selection.withValue { $0.controlling(hasSerial: serial.isFilled, hasScreen: screen.isFilled) } ?? nil
  }

  /// Waits until what was written has left the machine.
  static func drain() { serial.withValue { $0.drain() } }

  /// The consoles in words: `serial, 128×48 screen`.
  static var summary: Message {
    var text = Message()
    if serial.isFilled { text.write("serial") }
    if let size = screen.withValue({ $0.size }) {
      if text.count > 0 { text.write(", ") }
      text.write(decimal: UInt64(size.columns))
      text.write("×")
      text.write(decimal: UInt64(size.rows))
      text.write(" screen")
    }
    return text
  }
}

/// The consoles as a text sink.
struct ConsoleSink: TextSink {
  mutating func write(_ bytes: Span<UInt8>) {
    Consoles.write(bytes)
  }
}
