import Foundations
import Machine
import SyntheticFiles
import VFS

/// `/proc/tty/drivers`: by which ps(1) names terminals. Source: proc(5); Linux devices.txt.
enum TerminalDriversText {
  private struct Driver {
    let name: StaticString
    /// The name in /dev, without the number.
    let device: StaticString
    let major: UInt32
    let minors: ClosedRange<UInt32>
    let type: StaticString
  }

  static func write(to text: inout TextBuffer) {
    write(Driver(name: "/dev/tty", device: "tty", major: 5, minors: 0...0, type: "system:/dev/tty"), to: &text)
    write(Driver(name: "/dev/console", device: "console", major: 5, minors: 1...1, type: "system:console"), to: &text)
    write(Driver(name: "/dev/ptmx", device: "ptmx", major: 5, minors: 2...2, type: "system"), to: &text)
    write(Driver(name: "serial", device: "ttyS", major: 4, minors: 64...95, type: "serial"), to: &text)
    // All eight of their numbers are one driver's here.
    write(Driver(name: "pty_slave", device: "pts", major: 136, minors: 0...1_048_575, type: "pty:slave"), to: &text)
    write(Driver(name: "unknown", device: "tty", major: 4, minors: 1...63, type: "console"), to: &text)
  }

  /// Writes a line for a driver that there is.
  private static func write(_ driver: Driver, to text: inout TextBuffer) {
    guard SpecialFiles.isKnown(.characterDevice, DeviceNumber(driver.major, driver.minors.lowerBound)) else { return }
    var start = text.count
    text.write(driver.name.description)
    text.pad(from: start, to: 20)
    text.write(" /dev/")
    start = text.count
    text.write(driver.device.description)
    text.pad(from: start, to: 8)
    text.write(" ")
    text.write(decimal: UInt64(driver.major), width: 3)
    text.write(" ")
    text.write(decimal: UInt64(driver.minors.lowerBound))
    if driver.minors.count > 1 {
      text.write("-")
      text.write(decimal: UInt64(driver.minors.upperBound))
    }
    text.write(" ")
    text.write(driver.type.description)
    text.write("\n")
  }
}
