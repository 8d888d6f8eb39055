import DeviceFiles
import DriverKit
import Foundations
import LinuxABI
import Machine
import TerminalFiles
import Terminals
import VFS

/// The terminal of a console, which stays while its driver is replaced.
final class ConsoleServer: DeviceFileServer {
  let line: ConsoleLine
  private let jobControl: TerminalJobControl
  private let terminal = SpinLock<Terminal?>(nil)

  init(_ device: DeviceNode, _ port: Int, _ jobControl: TerminalJobControl) {
    let link = DriverLink(device)
    line = ConsoleLine(link, port)
    self.jobControl = jobControl
    super.init(link)
  }

  /// Its file. Source: Linux Documentation/admin-guide/devices.txt, 229 char; on Linux consoles of hypervisors are no device's.
  static var template: DeviceFileTemplate {
    var template = DeviceFileTemplate("hvc", .counted(from: 0), .fixed(229), driver: "hvc", className: "tty")
    template.isVirtual = true
    return template
  }

  override func open(
    _ request: OpenRequest, _ inode: Inode, _ entry: DeviceFileEntry
  ) throws(Errno) -> OpenFile { try TerminalOpener(try terminal(of: entry)).open(request, inode) }

  private func terminal(of entry: DeviceFileEntry) throws(Errno) -> Terminal {
    if let terminal = terminal.withLock({ $0 }) { return terminal }
    let new = try Terminal(
      line, major: entry.number.major, minor: entry.number.minor, jobControl: jobControl)
    return terminal.withLock { terminal in
      if let terminal { return terminal }
      terminal = new
      return new
    }
  }

  override func didWithdraw() { terminal.withLock { $0 }?.hangUp() }

  /// Gives what has come to the terminal; without one it is lost.
  func receive(_ bytes: Span<UInt8>) {
    guard let terminal = terminal.withLock({ $0 }) else { return }
    _ = terminal.receive(bytes)
  }

  func resize(columns: Int, rows: Int) {
    terminal.withLock { $0 }?.resize(
      WindowSize(rows: UInt16(clamping: rows), columns: UInt16(clamping: columns)))
  }

  /// Takes what is to be sent.
  func takeOutput(into bytes: inout MutableSpan<UInt8>) -> Int {
    terminal.withLock { $0 }?.takeOutput(into: &bytes) ?? 0
  }
}

/// The device of the terminal: it asks the driver to send.
final class ConsoleLine: TerminalDevice {
  private let asker: PortAsker

  init(_ link: DriverLink, _ port: Int) {
    asker = PortAsker(link, port)
    super.init()
  }

  override func startOutput(_ terminal: Terminal) { asker.ask() }

  /// The driver is about to look for output: from now on it is to be asked again.
  func noteServed() { asker.noteServed() }
}
