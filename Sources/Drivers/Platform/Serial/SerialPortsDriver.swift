import DeviceFiles
import DriverKit
import Foundations
import Logging
import Machine
import SerialDriver
import Terminals

/// What the driver of serial ports does wherever they are: on a card, or on the machine's own board.
///
/// The ports have terminals, which are the kernel's, and so are the registers that those use. A driver that replaces another goes on
/// with them.
class SerialPortsDriver: Driver {
  private final let jobControl: TerminalJobControl
  private final var card: SerialCard<PortSpace>?
  /// Whether its interrupts arrive.
  private final var isConnected = false
  private final var isPolling = false

  /// - Parameter jobControl: whom its terminals ask about processes.
  init(_ jobControl: TerminalJobControl) {
    self.jobControl = jobControl
    super.init()
  }

  // MARK: Where they are

  /// Takes the ports' registers, all in one range.
  ///
  /// - Throws: `ENODEV` when there are none.
  func claimRegisters(_ context: DriverContext) throws(Errno) -> PortSpace { throw .ENODEV }

  /// How many ports there may be in the range.
  func portCount(_ context: DriverContext) -> Int { 0 }

  /// What their files are.
  func template(_ context: DriverContext) -> DeviceFileTemplate {
    SerialNumbers.template(from: nil)
  }

  /// Waits until those have their numbers who come before these ports, whoever is faster.
  func awaitNumbers(_ context: DriverContext) {}

  /// What programs are told about where the first port is.
  func identity(_ context: DriverContext) -> SerialIdentity { SerialIdentity() }

  /// Has the interrupts of `card` arrive.
  ///
  /// - Throws: why they do not.
  func connect(_ card: SerialCard<PortSpace>, _ context: DriverContext) throws(Errno) {}

  /// Whether the ports of `card`, which were told to interrupt at once, have done so.
  ///
  /// - Parameter count: how often they had interrupted before.
  func hasInterrupted(_ card: SerialCard<PortSpace>, since count: Int, _ context: DriverContext) -> Bool { true }

  // MARK: Beginning

  override final func start(_ context: DriverContext) throws(Errno) {
    try context.enable(isMaster: false)
    let card = try context.outside { () throws(Errno) in try findCard(context) }
    self.card = card
    do throws(Errno) {
      try connect(card, context)
      if let number = context.device.interrupts?.number(at: 0) { Containment.outside { card.setInterrupt(number) } }
      startInterrupts(of: card, context)
    } catch {
      context.log(.warning, "no interrupt, and is asked instead: error \(error.rawValue)")
    }
    if !isPolled { context.noteWakes() }
    pollIfNeeded(context)
  }

  private final func startInterrupts(of card: SerialCard<PortSpace>, _ context: DriverContext) {
    let count = Containment.outside { () -> Int in
      let count = card.interruptCount
      card.startInterrupts()
      return count
    }
    isConnected = hasInterrupted(card, since: count, context)
    guard isConnected else {
      Containment.outside { card.stopInterrupts() }
      return context.log(.warning, "does not interrupt, and is asked instead")
    }
    Containment.outside { _ = card.serve() }
  }

  private final func findCard(_ context: DriverContext) throws(Errno) -> SerialCard<PortSpace> {
    // That of the driver before, with its terminals, if there was one.
    let keeper = try SerialCardKeeper.publish(through: context)
    if let card = keeper.card {
      try card.restart()
      try publishFiles(card, context)
      return card
    }
    let card = SerialCard(SharedRegisters(try claimRegisters(context)))
    try card.findPorts(portCount(context), DriverLink(context.device), jobControl, identity(context))
    keeper.card = card
    awaitNumbers(context)
    try publishFiles(card, context)
    return card
  }

  private final func publishFiles(_ card: SerialCard<PortSpace>, _ context: DriverContext) throws(Errno) {
    for index in 0..<card.count {
      guard let server = card.server(index) else { continue }
      let publication = DeviceFilePublication(server, ordinal: index)
      try publication.add(template(context))
      _ = try publication.publish(through: context)
    }
    context.log(.info, card.count == 1 ? "a serial port" : "\(card.count) serial ports")
  }

  // MARK: Working

  override final func interrupt(_ number: Int, _ context: DriverContext) throws(Errno) {
    guard let card else { return }
    Containment.outside { card.serveInterrupt() }
    guard isPolled, !isPolling else { return }
    context.log(.warning, "interrupts without end, and is asked instead")
    pollIfNeeded(context)
  }

  override final func timer(_ context: DriverContext) throws(Errno) {
    guard let card, isPolling else { return }
    let interval = Containment.outside { () -> UInt64 in
      card.poll()
      return card.pollInterval
    }
    context.arm(after: interval)
  }

  /// Begins to ask ports that do not interrupt, or not any more.
  private final func pollIfNeeded(_ context: DriverContext) {
    guard isPolled, !isPolling else { return }
    isPolling = true
    context.arm(after: 0)
  }

  /// Whether some port has to be asked.
  private final var isPolled: Bool {
    guard let card else { return false }
    return Containment.outside { card.isPolled }
  }

  override final func health(_ context: DriverContext) -> DriverHealth {
    guard let card else { return .failed }
    return Containment.outside { card.isPresent } ? .good : .failed
  }

  // MARK: Rest and end

  override final func suspend(_ context: DriverContext) throws(Errno) {
    guard let card else { return }
    let wakes = context.device.wakes
    Containment.outside { if wakes { card.listen() } else { card.stopInterrupts() } }
    context.arm(after: nil)
    // Interrupts of before wake nobody.
    for _ in 0..<4 where context.waitForInterrupt(microseconds: 0) != nil {}
    Containment.outside { card.interruptAgain() }
  }

  override final func resume(_ context: DriverContext) throws(Errno) {
    guard let card else { return }
    try Containment.outside { () throws(Errno) in
      // What has woken the machine, before the test of the ports makes them forget it.
      card.poll()
      try card.restart()
      if isConnected { card.startInterrupts() }
    }
    if isPolling { context.arm(after: 0) }
  }

  override final func reset(_ context: DriverContext) {
    guard let card else { return }
    Containment.outside { card.stopInterrupts() }
  }
}

/// What the next driver of serial ports finds of the one before.
final class SerialCardKeeper: Publication {
  var card: SerialCard<PortSpace>?

  private override init() { super.init() }

  static func publish(through context: DriverContext) throws(Errno) -> SerialCardKeeper {
    let new = SerialCardKeeper()
    return try context.publish { () throws(Errno) in new } as? SerialCardKeeper ?? new
  }

  override func withdraw() {
    card?.revoke()
    card = nil
  }

  override func continues(as successor: Publication) -> Bool { successor is SerialCardKeeper }
}
