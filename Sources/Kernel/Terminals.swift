import DeviceFileSystem
import Foundations
import Interrupts
import Logging
import Machine
import SerialDriver
import SystemFileSystem
import TerminalFiles
import Terminals
import Time
import VFS

/// The machine's terminals, and the files of them: `/dev/ttyS0`, `/dev/tty1`, `/dev/console`, `/dev/tty` and `/dev/ptmx`.
enum KernelTerminals {
  /// The line of the first serial port in every PC.
  static let serialLine: UInt8 = 4
  /// How long a device that was told to interrupt at once may take, in nanoseconds.
  private static let interruptLimit: UInt64 = 20_000_000
  /// How often a device that does not interrupt is asked: a receiver of 16 characters at 9,600 bits a second is full by then.
  private static let pollInterval: UInt64 = 10_000_000

  /// The terminal of the first serial port.
  static let serial = BootCell<Terminal>()
  private static let serialConnection = BootCell<InterruptConnection>()
  private static let serialTimer = BootCell<Timer>()

  /// Makes the terminals, starts their devices, and makes their files in `devices`.
  ///
  /// - Parameters:
  ///   - system: where input devices are shown; nil for nowhere.
  ///   - jobControl: who knows about processes.
  /// - Throws: `ENOMEM`.
  /// - Context: a thread, once, after the scheduler has started.
  static func start(
    _ devices: DeviceFileSystem, _ system: SystemFileSystem?, _ jobControl: TerminalJobControl
  ) throws(Errno) {
    if let port = Consoles.serial.withValue({ $0 }) {
      let terminal = try Terminal(port, major: 4, minor: 64, modes: port.initialModes, jobControl: jobControl)
      port.attach(terminal)
      serial.fill(terminal)
      startSerial(port)
      try add("ttyS0", 4, 64, permissions: 0o600, TerminalOpener(terminal), devices)
    }
    try KernelInput.start(devices, system)
    WakeSources.start()
    try KernelScreen.start(devices, jobControl)
    try add("tty", 5, 0, permissions: 0o666, ControllingTerminalOpener(jobControl), devices)
    if let terminal = console {
      try add("console", 5, 1, permissions: 0o600, TerminalOpener(terminal, control: .refused), devices)
    }
    try add("ptmx", 5, 2, permissions: 0o666, PseudoTerminalOpener(), devices)
  }

  /// The terminal that /dev/console is; nil when there is none.
  static var console: Terminal? {
    switch Consoles.controlling {
    case .serial: serial.withValue { $0 }
    case .screen: KernelScreen.terminal.withValue { $0 }
    case nil: nil
    }
  }

  /// Makes the file of a terminal in `devices`.
  static func add(
    _ name: StaticString, _ major: UInt32, _ minor: UInt32, permissions: UInt16, _ opener: SpecialFileOpener,
    _ devices: DeviceFileSystem
  ) throws(Errno) {
    try SpecialFiles.register(.characterDevice, major: major, minors: minor..<minor + 1, opener)
    let number = DeviceNumber(major, minor)
    try devices.add(name, .characterDevice, number, permissions: permissions)
    try KernelDeviceNodes.note(.init(name: name, number: number, permissions: permissions))
  }

  // MARK: The serial port

  /// Lets the serial port interrupt, or has it asked where that does not work.
  private static func startSerial(_ port: SerialTerminal<PortSpace>) {
    do throws(Errno) {
      let connection = try InterruptLines.connect(isa: serialLine, handler: WakingSerialInterrupt(port))
      let (global, processor) = (UInt64(connection.global), connection.processor)
      serialConnection.fill(connection)
      port.startInterrupts()
      let begin = Clock.nanoseconds
      while port.interruptCount == 0, Clock.nanoseconds &- begin < interruptLimit { Machine.pause() }
      if port.interruptCount > 0 {
        return KernelLog.add(.debug, .drivers, "ttyS0 interrupts CPU \(processor) by line \(global)")
      }
      port.stopInterrupts()
      KernelLog.add(.warning, .drivers, "ttyS0 does not interrupt by line \(global), and is asked instead")
    } catch {
      KernelLog.add(.warning, .drivers, "ttyS0 has no interrupt, and is asked instead: error \(error.rawValue)")
    }
    startPolling(port)
  }

  private static func startPolling(_ port: SerialTerminal<PortSpace>) {
    do throws(Errno) {
      let timer = try Timer(handler: SerialPoll(port))
      timer.arm(at: Clock.nanoseconds &+ pollInterval, period: pollInterval, slack: pollInterval / 8)
      serialTimer.fill(timer)
    } catch {
      KernelLog.add(.error, .drivers, "ttyS0 hears nothing: error \(error.rawValue)")
    }
  }
}

/// Asks a serial port that does not interrupt.
private final class SerialPoll: TimerHandler {
  private let port: SerialTerminal<PortSpace>

  init(_ port: SerialTerminal<PortSpace>) {
    self.port = port
    super.init()
  }

  override func timerExpired(now: UInt64, expirations: UInt64) { port.poll() }
}
