import DeviceFiles
import DriverKit
import Foundations
import LinuxABI
import Machine
import Synchronization
import TerminalFiles
import Terminals
import VFS

/// The terminal of a console, which stays while its driver is replaced.
final class ConsoleServer: DeviceFileServer {
  let line: ConsoleLine
  private let jobControl: TerminalJobControl
  private let terminal = SpinLock<Terminal?>(nil)

  private init(_ device: DeviceNode, _ jobControl: TerminalJobControl) {
    line = ConsoleLine(device)
    self.jobControl = jobControl
    super.init(DriverLink(device))
  }

  /// Makes `/dev/hvc0`, or goes on with that of a driver before.
  ///
  /// - Throws: `ENOMEM`, `EBUSY`.
  static func publish(_ jobControl: TerminalJobControl, through context: DriverContext) throws(Errno) -> ConsoleServer {
    let device = context.device
    return try context.outside { () throws(Errno) in
      let server = ConsoleServer(device, jobControl)
      let files = DeviceFilePublication(server)
      // Linux, Documentation/admin-guide/devices.txt: 229 char.
      var template = DeviceFileTemplate("hvc", .counted(from: 0), .fixed(229), driver: "hvc", className: "tty")
      template.permissions = 0o600
      try files.add(template)
      return try files.publish(through: context) as? ConsoleServer ?? server
    }
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
  private let device: DeviceNode
  private let isAsked = Atomic<Bool>(false)

  init(_ device: DeviceNode) {
    self.device = device
    super.init()
  }

  override func startOutput(_ terminal: Terminal) {
    guard !isAsked.exchange(true, ordering: .acquiringAndReleasing) else { return }
    do throws(Errno) { try device.submit(ConsoleOutput()) } catch { noteServed() }
  }

  /// The driver is about to look for output: from now on it is to be asked again.
  func noteServed() { isAsked.store(false, ordering: .releasing) }
}

/// That there is something to send.
final class ConsoleOutput: DriverRequest {
  init() { super.init(isRepeatable: true) }
}
