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
  private struct State {
    var terminal: Terminal?
    /// What the host said last of its size.
    var size: WindowSize?
  }

  let line: ConsoleLine
  private let jobControl: TerminalJobControl
  private let state = SpinLock(State())

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
  ) throws(Errno) -> OpenFile {
    let terminal = try terminal(of: entry)
    let file = try TerminalOpener(terminal).open(request, inode)
    // It may have gone in between, when there was nobody to hang up.
    if isGone { terminal.hangUp() }
    return file
  }

  /// The terminal, which is made when the file is opened first: it must know its number.
  private func terminal(of entry: DeviceFileEntry) throws(Errno) -> Terminal {
    if let terminal = currentTerminal { return terminal }
    let new = try Terminal(
      line, major: entry.number.major, minor: entry.number.minor, jobControl: jobControl)
    let (used, size) = state.withLock { state in
      if let terminal = state.terminal { return (terminal, nil as WindowSize?) }
      state.terminal = new
      return (new, state.size)
    }
    if let size { used.resize(size) }
    return used
  }

  /// The terminal, if the file was ever opened.
  var currentTerminal: Terminal? { state.withLock { $0.terminal } }

  override func didWithdraw() { currentTerminal?.hangUp() }

  /// Gives what has come to the terminal; without one it is lost.
  func receive(_ bytes: Span<UInt8>) {
    guard let terminal = currentTerminal else { return }
    _ = terminal.receive(bytes)
  }

  /// Notes the size of what is at the other end, also for a terminal that nobody has opened yet.
  func resize(columns: Int, rows: Int) {
    let size = WindowSize(rows: UInt16(clamping: rows), columns: UInt16(clamping: columns))
    let terminal = state.withLock { state in
      state.size = size
      return state.terminal
    }
    terminal?.resize(size)
  }

  /// Takes what is to be sent.
  func takeOutput(into bytes: inout MutableSpan<UInt8>) -> Int {
    currentTerminal?.takeOutput(into: &bytes) ?? 0
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
