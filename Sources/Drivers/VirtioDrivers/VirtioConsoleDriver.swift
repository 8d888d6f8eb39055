import DeviceFiles
import DriverKit
import Foundations
import Machine
import Terminals
import Virtio

/// The driver of a virtual machine's console: its first port is the terminal `/dev/hvc0`.
final class VirtioConsoleDriver: VirtioDriver {
  private let jobControl: TerminalJobControl
  private var console: VirtioConsole?
  private var server: ConsoleServer?
  /// What the terminal has given and the device has not taken.
  private var unsent = GrowableArray<UInt8>()

  /// Creates a driver whose terminal asks `jobControl` about processes.
  init(_ jobControl: TerminalJobControl) {
    self.jobControl = jobControl
    super.init()
  }

  override func begin(
    _ transport: VirtioTransport, _ pacer: VirtioPacer, messageCount: Int, _ context: DriverContext
  ) throws(VirtioError) -> VirtioInterrupts {
    let server: ConsoleServer
    do throws(Errno) { server = try ConsoleServer.publish(jobControl, through: context) } catch { throw .noMemory }
    self.server = server
    let console = VirtioConsole(transport, sink: ConsoleSink(server), pacer: pacer, mostPorts: 1)
    self.console = console
    let interrupts = try console.start(messageCount: messageCount)
    // What was written while there was no driver.
    context.arm(after: 0)
    return interrupts
  }

  override func beginAnew(messageCount: Int, _ context: DriverContext) throws(VirtioError) -> VirtioInterrupts {
    guard let console else { throw .stopped }
    // What was written meanwhile.
    context.arm(after: 0)
    return try console.start(messageCount: messageCount)
  }

  override var virtio: VirtioDevice? { console?.device }
  override var queueCount: Int { 4 }
  override func handleConfigurationChange() throws(VirtioError) { try console?.handleConfigurationChange() }
  override func end(isGone: Bool) throws(VirtioError) { try console?.stop(isGone: isGone) }

  override func handleQueue(_ number: Int) throws(VirtioError) -> Bool {
    let hasMore = try console?.handleQueue(number) ?? false
    try send()
    return hasMore
  }

  override func timer(_ context: DriverContext) throws(Errno) {
    try super.timer(context)
    do throws(VirtioError) { try send() } catch { throw error.errno }
  }

  override func serve(_ request: DriverRequest, _ context: DriverContext) throws(Errno) {
    guard request is ConsoleOutput else { return request.complete(.failure(.EINVAL)) }
    server?.line.noteServed()
    do throws(VirtioError) { try send() } catch { throw error.errno }
    request.complete(.success(0))
  }

  /// Moves output from the terminal to the device, as much as that takes.
  private func send() throws(VirtioError) {
    guard let console, let server else { return }
    while true {
      if unsent.isEmpty, !take(server) { return }
      let count: Int
      do throws(VirtioError) { count = try Self.write(unsent, console) } catch {
        // Nobody listens at the host: what is written is lost, as on a line without a plug.
        guard error == .stopped else { throw error }
        unsent.removeAll()
        continue
      }
      guard count > 0 else { return }
      for _ in 0..<min(count, unsent.count) { _ = unsent.remove(at: 0) }
    }
  }

  private static func write(
    _ bytes: borrowing GrowableArray<UInt8>, _ console: VirtioConsole
  ) throws(VirtioError) -> Int { try console.write(bytes.span, to: 0) }

  private func take(_ server: ConsoleServer) -> Bool {
    var bytes = InlineArray<256, UInt8>(repeating: 0)
    var span = bytes.mutableSpan
    let count = Containment.outside { server.takeOutput(into: &span) }
    for index in 0..<count {
      do throws(Errno) { try unsent.append(bytes[index]) } catch { break }
    }
    return count > 0
  }
}

/// Brings input to the terminal, and the size of the host's window.
private final class ConsoleSink: VirtioConsoleSink {
  private let server: ConsoleServer

  init(_ server: ConsoleServer) {
    self.server = server
    super.init()
  }

  override func receive(_ port: Int, _ bytes: Span<UInt8>) {
    guard port == 0 else { return }
    Containment.outside { server.receive(bytes) }
  }

  override func resized(_ port: Int, columns: Int, rows: Int) {
    guard port == 0 else { return }
    Containment.outside { server.resize(columns: columns, rows: rows) }
  }
}
