import DeviceFiles
import DriverKit
import Foundations
import Machine
import SerialDriver
import SyntheticFiles
import TerminalFiles
import Terminals
import VFS

/// What /dev/ttyS1 and its like do: a terminal for a port that may go.
///
/// When the port goes, those who have the terminal open are hung up, as when the line is cut.
final class SerialServer<Space: RegisterSpace & ~Copyable>: DeviceFileServer {
  typealias Port = SerialTerminal<SharedWindow<Space>>

  let port: Port
  private let jobControl: TerminalJobControl
  private let terminal = SpinLock<Terminal?>(nil)

  init(_ link: DriverLink, _ port: Port, _ jobControl: TerminalJobControl) {
    (self.port, self.jobControl) = (port, jobControl)
    super.init(link)
  }

  override func addAttributes(to directory: SyntheticDirectory, of entry: DeviceFileEntry) throws(Errno) {
    if let index = entry.index { try SerialAttributes.add(to: directory, of: port, number: index) }
  }

  override func open(
    _ request: OpenRequest, _ inode: Inode, _ entry: DeviceFileEntry
  ) throws(Errno) -> OpenFile {
    try TerminalOpener(try terminal(of: entry)).open(request, inode)
  }

  /// The terminal, which is made when the file is opened first: it must know its number.
  private func terminal(of entry: DeviceFileEntry) throws(Errno) -> Terminal {
    if let terminal = currentTerminal { return terminal }
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

  /// The terminal, if the file was ever opened.
  var currentTerminal: Terminal? { terminal.withLock { $0 } }

  override func didWithdraw() { currentTerminal?.hangUp() }
}
