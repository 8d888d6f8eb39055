import Foundations
import LinuxABI
import Machine

/// What a terminal's lock guards.
struct TerminalState: ~Copyable {
  var discipline: LineDiscipline
  var received: ReceivedQueue
  /// Whose controlling terminal it is; 0 for nobody's.
  var session: Int32 = 0
  /// The group in the foreground; 0 for none.
  var foreground: Int32 = 0
  var size = WindowSize()
  /// How often it was hung up. What was opened before the last time is dead.
  var generation = 0
  /// How many of this generation have it open.
  var openCount = 0
  var isExclusive = false
  var isThrottled = false
  /// A byte that goes before all output, even when that is held up: STOP or START for the other side.
  var urgent: UInt8?
  /// Whether the device holds input back that there was no room for.
  var isInputHeldBack = false
  /// Bytes that were received and had no room.
  var lostCount: UInt64 = 0
  /// The other end, if there is one here.
  var master: MasterState?

  /// The end of a pseudo terminal where its programs' output is read.
  struct MasterState {
    var isPacketMode = false
    /// The TIOCPKT_ bits that wait to be read.
    var status: UInt8 = 0
    var isLocked = true
    var isOpen = true
    /// Whether the slave was opened and closed again.
    var isSlaveClosed = false
    /// Whether TCXONC holds up what the master writes.
    var isStopped = false
  }

  /// The room that is left when the other side is to stop sending, and the fill at which it may go on. Linux's numbers.
  private static let throttleRoom = 128

  /// A signal that a typed character sends.
  struct TypedSignal {
    var signal: Signal
    var group: Int32
    var session: Int32
  }

  /// Why the treatment of input stops before its end.
  enum Pause {
    /// A signal has to be sent.
    case signal(TypedSignal)
    /// Much was done: others may have the lock before it goes on.
    case turn
  }

  /// What is to be done without the lock, after something was done with it.
  struct FollowUp: OptionSet {
    var rawValue: UInt8
    static let readable = FollowUp(rawValue: 1)
    static let writable = FollowUp(rawValue: 2)
    static let transmit = FollowUp(rawValue: 4)
    static let throttle = FollowUp(rawValue: 8)
    static let unthrottle = FollowUp(rawValue: 16)
    static let masterReadable = FollowUp(rawValue: 32)
    static let masterWritable = FollowUp(rawValue: 64)
    static let resumeInput = FollowUp(rawValue: 128)
  }

  /// How much of the output there was before the input that is being treated.
  var deliveredCount = 0

  /// Output that a pseudo terminal's reader has as good as got, which no flush takes back: as much as Linux moves to it at once, but
  /// nothing that was printed along with the character that flushes.
  static let deliveredLimit = LineDiscipline.capacity - 1

  // MARK: Input

  /// Takes what was received to the line discipline, until that is full or there is a reason to pause.
  ///
  /// - Parameter isContinued: whether that is over, and what was received with the same character goes on.
  mutating func process(isContinued: Bool) -> Pause? {
    if !isContinued { deliveredCount = discipline.output.count }
    while received.count > 0 {
      let (count, isOverflow) = discipline.admit(received.count)
      guard count > 0 else { break }
      for _ in 0..<count {
        let (byte, condition) = received.removeFirst()
        // When the line is too long, a byte with an error would take the last place from its end.
        if isOverflow && condition == .parityError { continue }
        discipline.receive(byte, condition)
        if let signal = discipline.pendingSignal {
          discipline.pendingSignal = nil
          dropOutputIfAsked()
          return .signal(TypedSignal(signal: signal, group: foreground, session: session))
        }
        if discipline.hasReprinted {
          discipline.hasReprinted = false
          return .turn
        }
      }
      discipline.finishReceiving()
    }
    discipline.finishReceiving()
    return nil
  }

  private mutating func dropOutputIfAsked() {
    guard discipline.events.contains(.dropsOutput) else { return }
    discipline.events.remove(.dropsOutput)
    flushOutput()
  }

  // MARK: Flushing

  mutating func flushOutput() {
    discipline.flushOutput(keeping: master == nil ? 0 : min(deliveredCount, Self.deliveredLimit))
  }

  /// As `flushOutput`, for a program.
  mutating func flushAllOutput() {
    deliveredCount = discipline.output.count
    flushOutput()
  }

  /// Forgets input, and what has not even become it.
  mutating func flushInput() {
    received.removeAll()
    discipline.flushInput()
  }

  // MARK: Consequences

  /// What has to be done now.
  mutating func takeFollowUp() -> FollowUp {
    var result: FollowUp = []
    if discipline.isReadable() { result.insert(.readable) }
    if discipline.outputRoom >= Terminal.sufficientRoom { result.insert(.writable) }
    if received.room > 0 { result.insert(.masterWritable) }
    if master != nil {
      if !discipline.output.isEmpty { result.insert(.masterReadable) }
      if notePacketEvents() { result.insert(.masterReadable) }
    } else {
      discipline.events = []
      if urgent != nil || (!discipline.output.isEmpty && !discipline.isStopped) { result.insert(.transmit) }
      result.formUnion(adjustThrottle())
      if isInputHeldBack && received.room >= Terminal.receiveCapacity / 2 {
        isInputHeldBack = false
        result.insert(.resumeInput)
      }
    }
    return result
  }

  private mutating func notePacketEvents() -> Bool {
    let events = discipline.events
    discipline.events = []
    guard master?.isPacketMode == true, !events.isEmpty else { return false }
    var status = master?.status ?? 0
    if events.contains(.flushedInput) { status |= PacketStatus.flushRead }
    if events.contains(.flushedOutput) { status |= PacketStatus.flushWrite }
    if events.contains(.stopped) { status = status & ~PacketStatus.start | PacketStatus.stop }
    if events.contains(.started) { status = status & ~PacketStatus.stop | PacketStatus.start }
    master?.status = status
    return status != 0
  }

  private mutating func adjustThrottle() -> FollowUp {
    let flow = discipline.modes.input.contains(.IXOFF)
    if !isThrottled {
      guard discipline.inputRoom < Self.throttleRoom, discipline.isReadable() else { return [] }
      isThrottled = true
      if flow { urgent = discipline.modes.characters.stop }
      return flow ? [.throttle, .transmit] : .throttle
    }
    guard discipline.readableCount <= Self.throttleRoom else { return [] }
    isThrottled = false
    if flow { urgent = discipline.modes.characters.start }
    return flow ? [.unthrottle, .transmit] : .unthrottle
  }
}

/// What the master of a pseudo terminal in packet mode is told: TIOCPKT_. Source: ioctl_tty(2).
enum PacketStatus {
  static let data: UInt8 = 0
  static let flushRead: UInt8 = 1
  static let flushWrite: UInt8 = 2
  static let stop: UInt8 = 4
  static let start: UInt8 = 8
  static let noStop: UInt8 = 16
  static let doStop: UInt8 = 32
  static let control: UInt8 = 64
}
