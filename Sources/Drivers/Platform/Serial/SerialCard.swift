import DeviceFiles
import Foundations
import Machine
import SerialDriver
import Terminals

/// The ports of a card, or a port of the machine's own, with what stays of them when their driver is replaced.
final class SerialCard<Space: RegisterSpace & ~Copyable> {
  /// Bytes of one port.
  static var portLength: Int { 8 }

  /// Interrupts in a row for which no port wanted anything, after which none is let interrupt any more: the line never rests.
  static var stormLimit: Int { 10_000 }

  let registers: SharedRegisters<Space>
  private(set) var servers = GrowableArray<SerialServer<Space>>()
  private var idleInterruptCount = 0

  init(_ registers: SharedRegisters<Space>) {
    self.registers = registers
  }

  /// How many ports work.
  var count: Int { servers.count }

  /// A port that works.
  func server(_ index: Int) -> SerialServer<Space>? { index < servers.count ? servers[index] : nil }

  /// Finds and tests `count` ports; those that do not work are left out.
  ///
  /// - Parameter first: what programs are told about where the first one is; the others follow it.
  /// - Throws: `ENODEV` when none works, `ENOMEM`.
  func findPorts(
    _ count: Int, _ link: DriverLink, _ jobControl: TerminalJobControl, _ first: SerialIdentity = SerialIdentity()
  ) throws(Errno) {
    for index in 0..<count {
      let window = SharedWindow(registers: registers, base: index * Self.portLength, count: Self.portLength)
      var identity = first
      if first.address != 0 { identity.address &+= UInt16(truncatingIfNeeded: index * Self.portLength) }
      guard let port = Self.makePort(window, identity) else { continue }
      try servers.append(SerialServer(link, port, jobControl))
    }
    guard !servers.isEmpty else { throw .ENODEV }
  }

  private static func makePort(
    _ window: SharedWindow<Space>, _ identity: SerialIdentity
  ) -> SerialTerminal<SharedWindow<Space>>? {
    do throws(SerialPortError) { return SerialTerminal(try SerialPort(window), identity) } catch { return nil }
  }

  /// Has programs told that the ports' interrupt is `number`.
  func setInterrupt(_ number: UInt32) {
    for index in 0..<servers.count { servers[index].port.identity.interrupt = number }
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
  ///
  /// - Returns: whether any wanted something.
  func serve() -> Bool {
    var isWanted = false
    for index in 0..<servers.count where servers[index].port.serve() { isWanted = true }
    return isWanted
  }

  /// Serves all ports for an interrupt. Too many in a row that are no port's end their interrupts.
  func serveInterrupt() {
    idleInterruptCount = serve() ? 0 : idleInterruptCount + 1
    guard idleInterruptCount >= Self.stormLimit else { return }
    idleInterruptCount = 0
    stopInterrupts()
  }

  /// How often ports have interrupted by a handler of their own.
  var interruptCount: Int {
    var count = 0
    for index in 0..<servers.count { count &+= servers[index].port.interruptCount }
    return count
  }

  /// Whether some port does not interrupt, and is to be asked by `poll`.
  var isPolled: Bool {
    for index in 0..<servers.count where servers[index].port.isPolled { return true }
    return false
  }

  /// How often `poll` is to be called, in nanoseconds.
  var pollInterval: UInt64 {
    var shortest: UInt64 = 10_000_000
    for index in 0..<servers.count where servers[index].port.isPolled {
      shortest = min(shortest, servers[index].port.pollInterval)
    }
    return shortest
  }

  /// Whether some port still answers.
  var isPresent: Bool {
    for index in 0..<servers.count where servers[index].port.isPresent { return true }
    return false
  }

  /// Serves ports that do not interrupt.
  func poll() {
    for index in 0..<servers.count { servers[index].port.poll() }
  }

  func startInterrupts() {
    for index in 0..<servers.count { servers[index].port.startInterrupts() }
  }

  /// Has ports that somebody has open interrupt for what arrives, and nothing else: they wake the machine.
  func listen() {
    for index in 0..<servers.count { servers[index].port.listen() }
  }

  /// Has ports interrupt once more for what still waits.
  func interruptAgain() {
    for index in 0..<servers.count { servers[index].port.interruptAgain() }
  }

  func stopInterrupts() {
    for index in 0..<servers.count { servers[index].port.stopInterrupts() }
  }

  /// Gives the ports up.
  func revoke() { registers.revoke() }
}
