import Foundations
import Logging
import Testing

@Suite("ConsoleSelection")
struct ConsoleSelectionTests {
  private func selection(_ text: String) -> ConsoleSelection {
    let bytes = Array(text.utf8)
    return ConsoleSelection(CommandLine(bytes.span))
  }

  @Test(
    "The last console that is named and there is /dev/console, otherwise the screen",
    arguments: [
      ("", .screen), ("quiet", .screen), ("console=ttyS0", .serial), ("console=tty0", .screen),
      ("console=tty0 console=ttyS0,115200", .serial), ("console=ttyS0 console=tty1", .screen), ("console=tty", .screen),
      ("console=ttyS1", .screen), ("console=ttyS0x", .screen), ("console=hvc0 console=ttyS0 console=hvc1", .serial),
      ("console=", .screen), ("console", .screen),
    ] as [(String, ConsoleSelection.Console)])
  func controlling(text: String, expected: ConsoleSelection.Console) {
    let selection = selection(text)
    #expect(selection.controlling(hasSerial: true, hasScreen: true) == expected)
    #expect(selection.controlling(hasSerial: true, hasScreen: false) == .serial)
    #expect(selection.controlling(hasSerial: false, hasScreen: true) == .screen)
    #expect(selection.controlling(hasSerial: false, hasScreen: false) == nil)
  }

  @Test(
    "The kernel's text is shown where it is wanted, and everywhere when that is nowhere",
    arguments: [
      ("", true, true), ("console=ttyS0", true, false), ("console=tty0", false, true), ("console=hvc0", true, true),
      ("console=tty0 console=ttyS0", true, true),
    ])
  func shown(text: String, serial: Bool, screen: Bool) {
    let selection = selection(text)
    #expect(selection.shows(.serial, hasSerial: true, hasScreen: true) == serial)
    #expect(selection.shows(.screen, hasSerial: true, hasScreen: true) == screen)
    #expect(selection.shows(.serial, hasSerial: true, hasScreen: false))
    #expect(selection.shows(.screen, hasSerial: false, hasScreen: true))
  }

  @Test(
    "The speed stands behind the name",
    arguments: [
      ("console=ttyS0,9600n8", 9_600), ("console=ttyS0,115200", 115_200), ("console=ttyS0", nil),
      ("console=ttyS0,n8", nil), ("console=ttyS0,99999999999", nil), ("console=ttyS0,9600 console=ttyS0", 9_600),
      ("console=tty0,9600", nil), ("console=ttyS0,", nil),
    ] as [(String, UInt32?)])
  func speed(text: String, expected: UInt32?) { #expect(selection(text).bitsPerSecond == expected) }
}
