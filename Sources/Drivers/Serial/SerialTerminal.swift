public import Foundations
public import Interrupts
import Machine
import Registers
import Synchronization
public import Terminals

/// A serial port that the kernel's text and a terminal share.
///
/// Text of the kernel is sent by polling, at any time and from any context, on lines of its own. What a program writes is sent by the
/// transmitter's interrupt, and what arrives comes by the receiver's. A port whose interrupts do not arrive is polled: `poll` is then
/// to be called now and then, and output waits for the device.
///
/// Input that the terminal has no room for stays in the device, which holds the other side up where it can.
public final class SerialTerminal<Space: RegisterSpace & ~Copyable>: TerminalDevice {
  /// Turns of serving one interrupt after which the device is left alone for a moment.
  private static var turnLimit: Int { 256 }

  /// The modes of its terminal to begin with.
  public let initialModes: Termios
  let line: SpinLock<SerialLine<Space>>
  /// Those who wait for a change of the modem lines.
  let watchers = ModemWatchers()
  private let arrivals = Atomic<Int>(0)
  private let receipts = Atomic<Int>(0)

  /// Makes the terminal's side of `port`, which until `attach` only the kernel writes to.
  ///
  /// - Parameter identity: where the port is, as programs are told.
  public init(_ port: consuming SerialPort<Space>, _ identity: SerialIdentity = SerialIdentity()) {
    initialModes = .serial(bitsPerSecond: port.bitsPerSecond)
    line = SpinLock(SerialLine(port, identity, watchers))
  }

  // MARK: For the kernel

  /// Sends text of the kernel's, with CR before LF.
  ///
  /// - Context: any. Waits for the device, a bounded time for each byte.
  public func write(_ text: Span<UInt8>) { line.withLock { $0.write(text) } }

  /// As `write`, for a report that must not wait for ever: false when the lock could not be had in `attempts` tries.
  public func write(_ text: Span<UInt8>, attempts: Int) -> Bool {
    line.withLockIfAvailable(attempts: attempts) { $0.write(text) } != nil
  }

  /// Waits until everything has left the device, or the device has been waited for long enough.
  public func drain() {
    line.withLock { line in
      do throws(SerialPortError) { try line.port.drain() } catch {}
    }
  }

  /// Makes `terminal` the one that input goes to and output comes from. Once.
  public func attach(_ terminal: Terminal) { line.withLock { $0.terminal = terminal } }

  /// Lets the device interrupt, which it does at once. Until then, and when no interrupt comes, it is polled.
  public func startInterrupts() { line.withLock { $0.startInterrupts() } }

  /// Makes it a polled device again.
  public func stopInterrupts() { line.withLock { $0.stopInterrupts() } }

  /// Makes it a polled device again, whose interrupts tell that something has arrived if it did interrupt and its terminal is open:
  /// nothing is lost by that, because what has arrived stays where it is until `poll`.
  public func listen() { line.withLock { $0.listen() } }

  /// Has the device interrupt once more for what still waits.
  public func interruptAgain() { line.withLock { $0.interruptAgain() } }

  /// Tests the device once more after it was reset, with the speed, format and modem lines that it had. It is polled then.
  ///
  /// - Throws: as `SerialPort.init`.
  public func restart() throws(SerialPortError) {
    try line.withLock { line throws(SerialPortError) in try line.restart() }
  }

  /// Whether it has to be asked.
  public var isPolled: Bool { line.withLock { $0.isPolled } }

  /// How often `poll` is to be called, in nanoseconds.
  public var pollInterval: UInt64 { line.withLock { $0.pollInterval } }

  /// Whether the device still answers.
  public var isPresent: Bool { line.withLock { $0.port.isPresent } }

  /// How often the device has interrupted, and had a cause for it.
  public var interruptCount: Int { arrivals.load(ordering: .relaxed) }

  /// How many times something has arrived.
  public var receivedCount: Int { receipts.load(ordering: .relaxed) }

  // MARK: Serving

  /// Serves the device.
  ///
  /// - Returns: whether it wanted something.
  /// - Context: its interrupt, or any other, without locks.
  public func serve() -> Bool {
    var movedCount = 0
    for turn in 0..<Self.turnLimit {
      var input = SerialInput()
      let (wantsService, terminal) = line.withLock { ($0.serve(&input), $0.terminal) }
      guard wantsService else { return turn > 0 }
      movedCount += input.count + input.droppedCount + input.sentCount
      if input.count > 0 { receipts.wrappingAdd(1, ordering: .relaxed) }
      if let terminal, input.count > 0 { input.deliver(to: terminal) }
    }
    // A device that always wants something and never has anything is broken, and would keep its CPU busy for ever.
    line.withLock { line in if movedCount > 0 { line.interruptAgain() } else { line.stopInterrupts() } }
    return true
  }

  /// Serves the device if it has a cause for its interrupt.
  ///
  /// - Returns: whether it had one.
  /// - Context: as `serve`.
  func serveInterrupt() -> Bool {
    // One that is asked is not looked at for the interrupts of others on its line.
    if line.withLock({ $0.isPolled && !$0.isCalling }) { return false }
    guard serve() else { return false }
    arrivals.wrappingAdd(1, ordering: .relaxed)
    return true
  }

  /// Serves a device that does not interrupt.
  ///
  /// - Context: any, without locks.
  public func poll() {
    guard isPolled else { return }
    for _ in 0..<Self.turnLimit {
      var input = SerialInput()
      let terminal = line.withLock { line in
        _ = line.serve(&input)
        return line.terminal
      }
      guard let terminal, input.count > 0 else { return }
      input.deliver(to: terminal)
    }
  }

  // MARK: For the terminal

  public override func startOutput(_ terminal: Terminal) {
    // What is left when this ends, the interrupt sends.
    while line.withLock({ $0.transmit() > 0 && $0.isPolled }) {}
  }

  public override func resumeInput() { line.withLock { $0.resumeInput() } }

  public override func setThrottled(_ isThrottled: Bool) { line.withLock { $0.setThrottled(isThrottled) } }

  public override var unsentCount: Int { line.withLock { $0.unsentCount } }

  public override func open() throws(Errno) { line.withLock { $0.setOpen(true) } }

  public override func close() { line.withLock { $0.setOpen(false) } }

  /// A speed that the device does not have stays as it was.
  public override func setModes(_ new: Termios, from old: Termios) -> Termios {
    line.withLock { line in
      if line.apply(new) { return new }
      var possible = new
      possible.setSpeed(old.outputSpeed)
      _ = line.apply(possible)
      return possible
    }
  }

  public override func setBreak(_ isOn: Bool) throws(Errno) { line.withLock { $0.setBreak(isOn) } }

  /// Requests for modem lines, and for what setserial(8) tells and sets.
  public override func control(_ request: UInt32, _ argument: UInt64) throws(Errno) -> Int {
    try serve(request, argument)
    return 0
  }
}

/// The interrupt of a serial port, whose line other ports may have.
public final class SerialInterrupt<Space: RegisterSpace & ~Copyable>: InterruptHandler {
  private let device: SerialTerminal<Space>

  /// The interrupt of `device`.
  public init(_ device: SerialTerminal<Space>) {
    self.device = device
    super.init()
  }

  /// As Linux's, whatever the terminal is called.
  public override var label: StaticString { "ttyS" }

  /// As Linux asks ports of ISA, which share lines.
  public override var canShareEdges: Bool { true }

  public override func handle() -> Bool { device.serveInterrupt() }
}
