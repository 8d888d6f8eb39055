public import Foundations
import LinuxABI
import Machine
import Waiting

/// A terminal: a line discipline between a device and programs, with a session that it controls.
///
/// What programs open is a `TerminalHandle`; what the device does comes to `receive` and `takeOutput`. One spin lock guards all state;
/// nothing waits, touches programs' memory or calls out while it is held. All memory is taken when the terminal is made.
public final class Terminal {
  /// How much input waits for the line discipline.
  static let receiveCapacity = 8_192
  /// How much output waits for a device, and for the reader of a pseudo terminal: what Linux lets wait.
  static let deviceOutputCapacity = 4_096
  static let pseudoOutputCapacity = 8_192 + TerminalState.deliveredLimit

  /// The number of its device, as `TIOCGDEV` and stat(2) say it.
  public let major: UInt32
  /// The number among the devices of one kind.
  public let minor: UInt32
  /// What it drives.
  public let device: TerminalDevice
  /// Who knows about processes.
  public let jobControl: TerminalJobControl

  let state: SpinLock<TerminalState>
  let isPseudo: Bool
  let initialModes: Termios
  let readTurn = Turn()
  let writeTurn = Turn()
  /// Those who wait for input, for poll(2) too.
  let readers = WaitQueue()
  /// Those who wait for room for output, or for it to be sent.
  let writers = WaitQueue()
  // The same for the other end of a pseudo terminal.
  let masterReadTurn = Turn()
  let masterWriteTurn = Turn()
  let masterReaders = WaitQueue()
  let masterWriters = WaitQueue()

  /// Makes a terminal for a device.
  ///
  /// - Throws: `ENOMEM`.
  public convenience init(
    _ device: TerminalDevice, major: UInt32, minor: UInt32, modes: Termios = Termios(), jobControl: TerminalJobControl
  ) throws(Errno) {
    try self.init(device, (major, minor), modes, jobControl, isPseudo: false)
  }

  init(
    _ device: TerminalDevice, _ number: (major: UInt32, minor: UInt32), _ modes: Termios,
    _ jobControl: TerminalJobControl, isPseudo: Bool
  ) throws(Errno) {
    let limit = isPseudo ? Self.pseudoOutputCapacity : Self.deviceOutputCapacity
    var state = TerminalState(
      discipline: try LineDiscipline(modes, outputLimit: limit, refusesWhenStopped: isPseudo),
      received: try ReceivedQueue(capacity: Self.receiveCapacity))
    if isPseudo { state.master = TerminalState.MasterState() }
    (major, minor) = number
    self.device = device
    self.jobControl = jobControl
    self.isPseudo = isPseudo
    initialModes = modes
    self.state = SpinLock(state)
  }

  // MARK: For devices

  /// Takes bytes that came from the other side.
  ///
  /// - Parameter condition: what happened to all of them.
  /// - Returns: how many there was room for; the others are lost.
  /// - Context: any, interrupts may be off; allocates nothing.
  @discardableResult
  public func receive(_ bytes: Span<UInt8>, _ condition: ReceiveCondition = .normal) -> Int {
    let accepted = state.withLock { state in
      for index in bytes.indices where !state.received.append(bytes[index], condition) {
        state.lostCount &+= UInt64(bytes.count - index)
        return index
      }
      return bytes.count
    }
    processInput()
    return accepted
  }

  /// Takes one byte that came from the other side; otherwise as `receive` of many.
  @discardableResult
  public func receive(_ byte: UInt8, _ condition: ReceiveCondition = .normal) -> Bool {
    let one: InlineArray<1, UInt8> = [byte]
    return receive(one.span, condition) == 1
  }

  /// How many of `wanted` bytes `receive` has room for now. A device that can hold the others back, and does, is told by
  /// `resumeInput` when to go on.
  ///
  /// - Context: any, interrupts may be off, the device's own lock may be held.
  public func inputRoom(for wanted: Int) -> Int {
    state.withLock { state in
      if state.received.room < wanted { state.isInputHeldBack = true }
      return min(wanted, state.received.room)
    }
  }

  /// Gives output to the device, as much as there is and `bytes` has room for.
  ///
  /// - Returns: how many bytes; 0 when there are none, or output is held up.
  /// - Context: any, interrupts may be off; allocates nothing.
  public func takeOutput(into bytes: inout MutableSpan<UInt8>) -> Int {
    guard !bytes.isEmpty else { return 0 }
    var count = 0
    state.withLock { state in
      if let urgent = state.urgent {
        bytes[0] = urgent
        state.urgent = nil
        count = 1
      }
      guard !state.discipline.isStopped else { return }
      count += state.discipline.output.remove(into: &bytes, from: count)
      state.discipline.retryEchoes()
      // What that printed may fit too.
      count += state.discipline.output.remove(into: &bytes, from: count)
    }
    writers.wakeAll([.output, .writeNormal])
    return count
  }

  /// How many bytes were received and lost because nobody read.
  public var lostCount: UInt64 { state.withLock { $0.lostCount } }

  /// How many bytes of output the device has not taken.
  ///
  /// - Context: any, the device's own lock may be held.
  public var waitingOutputCount: Int { state.withLock { $0.discipline.output.count } }

  // MARK: For the kernel

  /// The modes.
  public var modes: Termios { state.withLock { $0.discipline.modes } }

  /// The size of the window. `resize` sets it.
  public var size: WindowSize { state.withLock { $0.size } }

  /// Sets the size of the window, and sends SIGWINCH to the foreground if it changed.
  public func resize(_ size: WindowSize) {
    let target: (group: Int32, session: Int32)? = state.withLock { state in
      guard state.size != size else { return nil }
      state.size = size
      return (state.foreground, state.session)
    }
    if let target, target.group != 0 {
      jobControl.signal(.SIGWINCH, group: target.group, session: target.session)
    }
  }

  /// The session that it controls; 0 for none.
  public var session: Int32 { state.withLock { $0.session } }

  /// The group in the foreground; 0 for none.
  public var foregroundGroup: Int32 { state.withLock { $0.foreground } }

  // MARK: Doing something with the state

  /// Runs `body` with the state, and does afterwards what follows from it.
  func update<Result, Failure: Error>(_ body: (inout TerminalState) throws(Failure) -> Result) throws(Failure) -> Result
  {
    var followUp: TerminalState.FollowUp = []
    let result = try state.withLock { state throws(Failure) in
      let result = try body(&state)
      followUp = state.takeFollowUp()
      return result
    }
    follow(followUp)
    return result
  }

  private func follow(_ followUp: TerminalState.FollowUp) {
    if followUp.contains(.readable) { readers.wakeAll([.input, .readNormal]) }
    if followUp.contains(.writable) { writers.wakeAll([.output, .writeNormal]) }
    if isPseudo {
      if followUp.contains(.masterReadable) { masterReaders.wakeAll([.input, .readNormal, .priority]) }
      if followUp.contains(.masterWritable) { masterWriters.wakeAll([.output, .writeNormal]) }
      return
    }
    if followUp.contains(.throttle) { device.setThrottled(true) }
    if followUp.contains(.unthrottle) { device.setThrottled(false) }
    if followUp.contains(.resumeInput) { device.resumeInput() }
    if followUp.contains(.transmit) { device.startOutput(self) }
  }

  /// Treats what was received, and sends the signals that were typed.
  func processInput() {
    var isContinued = false
    while let pause = update({ $0.process(isContinued: isContinued) }) {
      isContinued = true
      guard case .signal(let typed) = pause, typed.group != 0 else { continue }
      jobControl.signal(typed.signal, group: typed.group, session: typed.session)
    }
  }

  /// Wakes all who wait for anything.
  func wakeEverybody() {
    readers.wakeAll()
    writers.wakeAll()
    masterReaders.wakeAll()
    masterWriters.wakeAll()
  }
}
