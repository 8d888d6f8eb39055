import DriverKit
import Foundations
import Machine
import Terminals
import Virtio

/// The driver of a virtual machine's console: its ports are `/dev/vport0p1` and the like, those for people `/dev/hvc0`.
final class VirtioConsoleDriver: VirtioDriver {
  /// How long after the start the host may take to tell of the ports that a driver before knew, in nanoseconds.
  private static let patience: UInt64 = 2_000_000_000
  /// As many as there are causes of interrupts for: two queues each, and two for control.
  private static let portLimit = 31

  private let jobControl: TerminalJobControl
  private var console: VirtioConsole?
  private var table: PortTable?
  /// When the ports are to go that the host has not told of; nil when they have.
  private var confirmationTime: UInt64?

  /// Creates a driver whose terminals ask `jobControl` about processes.
  init(_ jobControl: TerminalJobControl) {
    self.jobControl = jobControl
    super.init()
  }

  override func begin(
    _ transport: VirtioTransport, _ pacer: VirtioPacer, messageCount: Int, _ context: DriverContext
  ) throws(VirtioError) -> VirtioInterrupts {
    let ports: ConsolePorts
    do throws(Errno) { ports = try ConsolePorts.publish(jobControl, through: context) } catch { throw .noMemory }
    let table = PortTable(ports, context)
    self.table = table
    let console = VirtioConsole(transport, sink: table, pacer: pacer, mostPorts: Self.portLimit)
    self.console = console
    confirmationTime = context.nanoseconds &+ Self.patience
    let interrupts = try console.start(messageCount: messageCount)
    // What was written while there was no driver.
    context.arm(after: 0)
    return interrupts
  }

  override func beginAnew(messageCount: Int, _ context: DriverContext) throws(VirtioError) -> VirtioInterrupts {
    guard let console, let table else { throw .stopped }
    table.beginAnew()
    confirmationTime = context.nanoseconds &+ Self.patience
    // What was written meanwhile.
    context.arm(after: 0)
    return try console.start(messageCount: messageCount)
  }

  override var virtio: VirtioDevice? { console?.device }
  override var queueCount: Int { 2 * Self.portLimit + 2 }
  override func handleConfigurationChange() throws(VirtioError) { try console?.handleConfigurationChange() }

  override func end(isGone: Bool) throws(VirtioError) {
    table?.end()
    try console?.stop(isGone: isGone)
  }

  override func handleQueue(_ number: Int) throws(VirtioError) -> Bool {
    guard let console, let table else { return false }
    let hasMore = try console.handleQueue(number)
    // Queues 2 and 3 are for control; the others are in pairs. Source: VIRTIO 1.2, section 5.3.2.
    switch number {
    case 0, 1: try table.serve(0, console)
    case 2, 3: try table.serveAll(console)
    default: try table.serve(number / 2 - 1, console)
    }
    return hasMore
  }

  override func timer(_ context: DriverContext) throws(Errno) {
    confirm(context)
    // What is left over is looked at sooner than that.
    try super.timer(context)
    guard let console, let table else { return }
    do throws(VirtioError) { try table.serveAll(console) } catch { throw error.errno }
  }

  private func confirm(_ context: DriverContext) {
    guard let time = confirmationTime else { return }
    let now = context.nanoseconds
    guard now >= time else { return context.arm(after: time - now) }
    confirmationTime = nil
    table?.removeUnconfirmed()
  }

  override func serve(_ request: DriverRequest, _ context: DriverContext) throws(Errno) {
    guard let work = request as? PortWork else { return request.complete(.failure(.EINVAL)) }
    guard let console, let table else { return request.complete(.failure(.ENODEV)) }
    do throws(VirtioError) { try table.serve(work.port, console) } catch { throw error.errno }
    request.complete(.success(0))
  }
}
