import DriverKit
import Foundations
import Logging
import Machine
import Virtio

/// The ports that a driver knows, as the host tells of them: what comes is brought to the kernel's side of each.
final class PortTable: VirtioConsoleSink {
  private let ports: ConsolePorts
  private let context: DriverContext
  private var channels = GrowableArray<PortChannel>()
  /// Whether the driver ends: then ports do not go because the device has forgotten them.
  private var isEnding = false

  init(_ ports: ConsolePorts, _ context: DriverContext) {
    (self.ports, self.context) = (ports, context)
    super.init()
  }

  /// The driver goes on after it has let go of the device for a while: the host tells of its ports once more, and of those that go.
  func beginAnew() {
    isEnding = false
    let ports = ports
    Containment.outside { ports.forgetConfirmations() }
  }

  /// The driver lets go of the device; the ports stay for the next one, or until it goes on.
  func end() {
    isEnding = true
    channels.removeAll()
  }

  /// Takes the ports away that the host has not told of since the driver began, or went on.
  func removeUnconfirmed() {
    let ports = ports
    Containment.outside { ports.removeUnconfirmed() }
  }

  private func index(of port: Int) -> Int? {
    for index in 0..<channels.count where channels[index].number == port { return index }
    return nil
  }

  /// Does what is to be done for a port.
  ///
  /// - Throws: what ends the driver.
  func serve(_ port: Int, _ console: VirtioConsole) throws(VirtioError) {
    if let index = index(of: port) { try channels[index].serve(console) }
  }

  /// Does what is to be done for all ports.
  ///
  /// - Throws: what ends the driver.
  func serveAll(_ console: VirtioConsole) throws(VirtioError) {
    for index in 0..<channels.count { try channels[index].serve(console) }
  }

  // MARK: What the host tells

  override func portAdded(_ port: Int) {
    guard index(of: port) == nil else { return }
    let ports = ports
    do throws(Errno) {
      try Containment.outside { () throws(Errno) in try ports.add(port) }
      guard let server = ports.server(port) else { return }
      try channels.append(try PortChannel(server, ports.terminal(port)))
    } catch {
      context.log(.warning, "port \(port) is not there for programs: error \(error.rawValue)")
    }
  }

  override func portIsConsole(_ port: Int) {
    guard let index = index(of: port) else { return }
    let ports = ports
    do throws(Errno) {
      try Containment.outside { () throws(Errno) in try ports.addTerminal(port) }
      channels[index].terminal = ports.terminal(port)
    } catch {
      context.log(.warning, "port \(port) has no terminal: error \(error.rawValue)")
    }
  }

  override func portRemoved(_ port: Int) {
    guard !isEnding, let index = index(of: port) else { return }
    _ = channels.remove(at: index)
    let ports = ports
    Containment.outside { ports.remove(port) }
  }

  override func portNamed(_ port: Int, _ name: Span<UInt8>) {
    let ports = ports
    Containment.outside { ports.setName(port, name) }
  }

  override func portChanged(_ port: Int, isOpen: Bool) {
    guard let server = ports.server(port) else { return }
    Containment.outside { server.noteHost(isOpen: isOpen) }
  }

  override func room(_ port: Int) -> Int {
    guard ports.terminal(port) == nil, let server = ports.server(port) else { return .max }
    return Containment.outside { server.room(VirtioConsole.bufferByteCount) }
  }

  override func receive(_ port: Int, _ bytes: Span<UInt8>) {
    if let terminal = ports.terminal(port) { return Containment.outside { terminal.receive(bytes) } }
    guard let server = ports.server(port) else { return }
    Containment.outside { server.receive(bytes) }
  }

  override func resized(_ port: Int, columns: Int, rows: Int) {
    guard let terminal = ports.terminal(port) else { return }
    Containment.outside { terminal.resize(columns: columns, rows: rows) }
  }
}
