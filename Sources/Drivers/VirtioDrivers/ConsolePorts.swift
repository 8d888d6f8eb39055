import DeviceFiles
import DriverKit
import Foundations
import Machine
import Terminals

/// The ports of one console that programs know, which stay while the device's driver is replaced.
///
/// Only the device's thread uses it, as the kernel.
final class ConsolePorts: Publication {
  private struct Port {
    let server: PortServer
    let files: DeviceFilePublication
    /// The terminal, if it is a console.
    var terminal: ConsoleServer?
    var terminalFiles: DeviceFilePublication?
    /// Whether the present driver has heard of it since it began, or went on after a rest.
    var isConfirmed: Bool
  }

  /// Which console of the machine it is.
  let number: Int
  private let device: DeviceNode
  private let jobControl: TerminalJobControl
  private var ports = GrowableArray<Port>()

  /// What the numbers of consoles are counted by.
  private static var family: StaticString { "vport" }

  private init(_ device: DeviceNode, _ jobControl: TerminalJobControl) throws(Errno) {
    (self.device, self.jobControl) = (device, jobControl)
    number = try DeviceIndexes.take(Self.family, from: 0)
    super.init()
  }

  deinit { DeviceIndexes.release(Self.family, number) }

  /// Those of a driver before, which are to be confirmed, or none.
  ///
  /// - Throws: `ENOSPC`, `ENOMEM`.
  static func publish(_ jobControl: TerminalJobControl, through context: DriverContext) throws(Errno) -> ConsolePorts {
    let device = context.device
    return try context.outside { () throws(Errno) in
      let new = try ConsolePorts(device, jobControl)
      guard let kept = try context.publish({ () throws(Errno) in new }) as? ConsolePorts, kept !== new else {
        return new
      }
      kept.forgetConfirmations()
      return kept
    }
  }

  /// The host tells of all ports again: those that it tells nothing of are to go.
  func forgetConfirmations() {
    for index in 0..<ports.count { ports[index].isConfirmed = false }
  }

  private func index(of port: Int) -> Int? {
    for index in 0..<ports.count where ports[index].server.number == port { return index }
    return nil
  }

  /// The port; nil when there is none.
  func server(_ port: Int) -> PortServer? { index(of: port).map { ports[$0].server } }

  /// The port's terminal; nil when it has none.
  func terminal(_ port: Int) -> ConsoleServer? { index(of: port).flatMap { ports[$0].terminal } }

  /// Makes the files of a port, or goes on with those that there are.
  ///
  /// - Throws: `ENOMEM`, `ENOSPC`, `EEXIST`.
  func add(_ port: Int) throws(Errno) {
    if let index = index(of: port) {
      ports[index].isConfirmed = true
      return
    }
    let server = try PortServer(port, DriverLink(device))
    let files = DeviceFilePublication(server)
    try files.add(PortServer.template(device: number, port: port))
    try ports.reserveCapacity(ports.count + 1)
    try files.show()
    try ports.append(Port(server: server, files: files, isConfirmed: true))
  }

  /// Gives a port a terminal, `/dev/hvc0`.
  ///
  /// - Throws: as `add`.
  func addTerminal(_ port: Int) throws(Errno) {
    guard let index = index(of: port), ports[index].terminal == nil else { return }
    ports[index].server.noteConsole()
    let terminal = ConsoleServer(device, port, jobControl)
    let files = DeviceFilePublication(terminal)
    try files.add(ConsoleServer.template)
    try files.show()
    (ports[index].terminal, ports[index].terminalFiles) = (terminal, files)
  }

  /// Notes a port's name, and tells programs that it has one.
  func setName(_ port: Int, _ name: Span<UInt8>) {
    guard let index = index(of: port) else { return }
    ports[index].server.setName(name)
    ports[index].files.announceChange()
  }

  /// Takes the files of a port away: who has them open is hung up.
  func remove(_ port: Int) {
    guard let index = index(of: port) else { return }
    end(ports.remove(at: index))
  }

  /// Takes away the ports that the present driver has not heard of.
  func removeUnconfirmed() {
    var index = 0
    while index < ports.count {
      if ports[index].isConfirmed { index += 1 } else { end(ports.remove(at: index)) }
    }
  }

  private func end(_ port: Port) {
    port.terminalFiles?.withdraw()
    port.files.withdraw()
  }

  override func withdraw() {
    while let port = ports.popLast() { end(port) }
  }

  override func continues(as successor: Publication) -> Bool { successor is ConsolePorts }
}
