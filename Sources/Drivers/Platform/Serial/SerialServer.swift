import DeviceFiles
import DriverKit
import Foundations
import Machine
import SerialDriver
import TerminalFiles
import Terminals
import VFS

/// What /dev/ttyS4 and its like do: a terminal for a port that may go.
///
/// When the card goes, those who have the terminal open are hung up, as when the line is cut.
final class SerialServer<Space: RegisterSpace & ~Copyable>: DeviceFileServer {
  typealias Port = SerialTerminal<SharedWindow<Space>>

  let port: Port
  private let jobControl: TerminalJobControl
  private let terminal = SpinLock<Terminal?>(nil)

  init(_ link: DriverLink, _ port: Port, _ jobControl: TerminalJobControl) {
    (self.port, self.jobControl) = (port, jobControl)
    super.init(link)
  }

  override func open(
    _ request: OpenRequest, _ inode: Inode, _ entry: DeviceFileEntry
  ) throws(Errno) -> OpenFile {
    try TerminalOpener(try terminal(of: entry)).open(request, inode)
  }

  /// The terminal, which is made when the file is opened first: it must know its number.
  private func terminal(of entry: DeviceFileEntry) throws(Errno) -> Terminal {
    if let terminal = terminal.withLock({ $0 }) { return terminal }
    let new = try Terminal(
      port, major: entry.number.major, minor: entry.number.minor, modes: port.initialModes, jobControl: jobControl)
    let (used, isNew) = terminal.withLock { terminal in
      if let terminal { return (terminal, false) }
      terminal = new
      return (new, true)
    }
    if isNew { port.attach(used) }
    return used
  }

  override func didWithdraw() {
    terminal.withLock { $0 }?.hangUp()
  }
}

/// The ports of a card, with what stays of them when the card's driver is replaced.
final class SerialCard<Space: RegisterSpace & ~Copyable> {
  /// Bytes of one port.
  static var portLength: Int { 8 }

  let registers: SharedRegisters<Space>
  private(set) var servers = GrowableArray<SerialServer<Space>>()

  init(_ registers: SharedRegisters<Space>) {
    self.registers = registers
  }

  /// How many ports work.
  var count: Int { servers.count }

  /// A port that works.
  func server(_ index: Int) -> SerialServer<Space>? { index < servers.count ? servers[index] : nil }

  /// Finds and tests `count` ports; those that do not work are left out.
  ///
  /// - Throws: `ENODEV` when none works, `ENOMEM`.
  func findPorts(_ count: Int, _ link: DriverLink, _ jobControl: TerminalJobControl) throws(Errno) {
    for index in 0..<count {
      let window = SharedWindow(registers: registers, base: index * Self.portLength, count: Self.portLength)
      guard let port = Self.makePort(window) else { continue }
      try servers.append(SerialServer(link, port, jobControl))
    }
    guard !servers.isEmpty else { throw .ENODEV }
  }

  private static func makePort(_ window: SharedWindow<Space>) -> SerialTerminal<SharedWindow<Space>>? {
    do throws(SerialPortError) { return SerialTerminal(try SerialPort(window)) } catch { return nil }
  }

  /// Sets the ports up once more, after the card was reset.
  ///
  /// - Throws: `EIO` when one does not work any more.
  func restart() throws(Errno) {
    for index in 0..<servers.count {
      do throws(SerialPortError) { try servers[index].port.restart() } catch { throw .EIO }
    }
  }

  /// Serves all ports, whichever has interrupted.
  func serve() {
    for index in 0..<servers.count { _ = servers[index].port.serve() }
  }

  /// Serves ports that do not interrupt.
  func poll() {
    for index in 0..<servers.count { servers[index].port.poll() }
  }

  func startInterrupts() {
    for index in 0..<servers.count { servers[index].port.startInterrupts() }
  }

  func stopInterrupts() {
    for index in 0..<servers.count { servers[index].port.stopInterrupts() }
  }

  /// Gives the ports up.
  func revoke() { registers.revoke() }
}
