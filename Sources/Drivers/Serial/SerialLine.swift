import Foundations
import Registers
import Terminals
import Waiting

/// What the lock of a `SerialTerminal` guards: the port, and how far input and output are.
struct SerialLine<Space: RegisterSpace & ~Copyable>: ~Copyable {
  /// Pieces that are sent at once before the rest is left to the next interrupt: a device that is always ready would otherwise be
  /// served for as long as a program writes.
  private static var pieceLimit: Int { 8 }

  var port: SerialPort<Space>
  var terminal: Terminal?
  /// The events that interrupt.
  private var events = UART16550.InterruptEnable()
  /// The modem lines.
  private var lines: UART16550.ModemControl
  private var format: SerialFormat?
  /// Whether a speed of 0 has dropped the modem lines.
  private var isHungUp = false
  /// Whether CTS holds output up, and RTS input: CRTSCTS.
  private var usesFlowLines = false
  /// Whether input is wanted: the terminal is open, and CREAD.
  private var isOpen = false
  private var isReceiverOn = true
  /// Whether the receiver is left alone until there is room.
  private var isHeldBack = false
  /// Whether nobody interrupts: everything is done by waiting.
  var isPolled = true
  /// Whether text of the kernel's goes out here: then no program may turn the line back into itself.
  private(set) var hasKernelText = false
  /// Whether the terminal has begun a line and not ended it.
  private var isLineBegun = false
  /// Where the port is, as programs are told.
  var identity: SerialIdentity
  /// What programs have set of it besides modes.
  private(set) var settings: SerialSettings
  /// The modes that were asked for last.
  private var modes: Termios
  /// What has happened.
  private(set) var counts = SerialCounts()
  /// How often the terminal was closed.
  private(set) var closingCount = 0
  /// Whether somebody waits for changes of the modem lines, or has: until the terminal is closed.
  private(set) var isWatched = false
  private let watchers: ModemWatchers
  // What was taken from the terminal and not sent.
  private var piece = InlineArray<16, UInt8>(repeating: 0)
  private var pieceStart = 0
  private var pieceEnd = 0

  init(_ port: consuming SerialPort<Space>, _ identity: SerialIdentity, _ watchers: ModemWatchers) {
    modes = .serial(bitsPerSecond: port.bitsPerSecond)
    self.port = port
    (self.identity, self.watchers) = (identity, watchers)
    settings = SerialSettings(identity)
    lines = UART16550.ModemControl()
    lines.dataTerminalReady = true
    lines.requestToSend = true
    lines.auxiliaryOutput2 = true
  }

  // MARK: The kernel's text

  /// Sends text of the kernel's, on a line of its own.
  mutating func write(_ text: Span<UInt8>) {
    hasKernelText = true
    if isLineBegun {
      port.write("\n")
      isLineBegun = false
    }
    port.write(text)
    // Nobody would interrupt for what was kept meanwhile.
    if !port.kept.isEmpty && !isPolled { setEvents { $0.transmitterEmpty = true } }
  }

  // MARK: Events

  private mutating func setEvents(_ change: (inout UART16550.InterruptEnable) -> Void) {
    let old = events
    change(&events)
    if events != old { port.registers.interruptEnable = events }
  }

  /// Lets the device interrupt.
  mutating func startInterrupts() {
    isPolled = false
    port.keepsInput = true
    // Asks for an interrupt at once, whether there is anything or not.
    setEvents { $0.transmitterEmpty = true }
    updateReceiverEvents()
  }

  /// Keeps the device from interrupting: from now on it is asked.
  mutating func stopInterrupts() {
    isPolled = true
    events = UART16550.InterruptEnable()
    port.registers.interruptEnable = events
  }

  /// Lets the device interrupt for what arrives and for nothing else, if it did interrupt and somebody listens; it is asked otherwise.
  mutating func listen() {
    let canInterrupt = !isPolled && isOpen && !isHeldBack
    stopInterrupts()
    guard canInterrupt else { return }
    events.receivedData = true
    port.registers.interruptEnable = events
  }

  /// Tests the device once more after it was reset, and brings it to where it was; it does not interrupt yet.
  mutating func restart() throws(SerialPortError) {
    isPolled = true
    try port.restart()
    events = UART16550.InterruptEnable()
    port.registers.modemControl = lines
    guard let format else { return }
    SerialPort<Space>.setFormat(
      port.registers, UART16550.LineControl(rawValue: format.lineControl), divisor: format.divisor)
  }

  /// Makes what still waits interrupt once more, for a line that tells of changes only.
  mutating func interruptAgain() {
    port.registers.interruptEnable = UART16550.InterruptEnable()
    port.registers.interruptEnable = events
  }

  private mutating func updateReceiverEvents() {
    guard !isPolled else { return }
    let (receives, watchesLines) = (!isHeldBack, usesFlowLines || isWatched)
    setEvents { events in
      events.receivedData = receives
      events.lineStatus = receives
      events.modemStatus = watchesLines
    }
  }

  /// How often to ask a device that does not interrupt, in nanoseconds: before its receiver, which takes `burst` characters of ten bits, is
  /// full, if somebody listens.
  var pollInterval: UInt64 {
    let usual: UInt64 = 10_000_000
    guard isOpen else { return usual }
    let bitTime = UInt64(max(1, format?.divisor ?? 1)) * 1_000_000_000 / 115_200
    return min(usual, max(1_000_000, bitTime * 10 * UInt64(port.burst) / 2))
  }

  // MARK: Serving

  /// Whether a device that is asked has a cause for an interrupt all the same: that it wakes the machine.
  var isCalling: Bool { !port.registers.interruptIdentification.isIdle }

  /// Does what the device waits for.
  ///
  /// - Returns: whether it waited for anything.
  mutating func serve(_ input: inout SerialInput) -> Bool {
    guard isPolled || !port.registers.interruptIdentification.isIdle || !port.kept.isEmpty else { return false }
    // Ends the modem lines' interrupt.
    readModemStatus()
    receive(&input)
    if isPolled { return input.count + input.droppedCount > 0 }
    // CTS may be what output waited for.
    if events.transmitterEmpty || usesFlowLines { input.sentCount = transmit() }
    return true
  }

  private mutating func receive(_ input: inout SerialInput) {
    guard !isHeldBack else { return }
    // Two places a character: an overrun takes one of its own.
    let room = terminal?.inputRoom(for: SerialInput.capacity) ?? SerialInput.capacity
    var left = room / 2
    do throws(SerialPortError) {
      while left > 0, let character = try port.receive() {
        left -= 1
        counts.note(character)
        if isOpen && isReceiverOn { input.append(character) } else { input.droppedCount += 1 }
      }
    } catch {
      return
    }
    guard room < SerialInput.capacity else { return }
    isHeldBack = true
    updateReceiverEvents()
  }

  /// Takes input again.
  mutating func resumeInput() {
    guard isHeldBack else { return }
    isHeldBack = false
    updateReceiverEvents()
  }

  // MARK: Sending

  /// Sends what the terminal has, as far as there is room.
  ///
  /// - Returns: how many bytes.
  mutating func transmit() -> Int {
    var count = 0
    for _ in 0..<Self.pieceLimit {
      guard takePiece(), mayTransmit() else {
        // What holds it up says when it goes on.
        if !isPolled { setEvents { $0.transmitterEmpty = false } }
        return count
      }
      do throws(SerialPortError) {
        let room = try port.roomForSending(waits: isPolled)
        guard room > 0 else { break }
        let end = min(pieceEnd, pieceStart + room)
        count += end - pieceStart
        counts.sent &+= UInt32(truncatingIfNeeded: end - pieceStart)
        while pieceStart < end {
          port.registers.transmitterHolding = piece[pieceStart]
          pieceStart += 1
        }
      } catch {
        // Nobody is there: it is lost, as on an open line.
        count += pieceEnd - pieceStart
        pieceStart = pieceEnd
      }
    }
    if !isPolled { setEvents { $0.transmitterEmpty = true } }
    return count
  }

  /// Whether the other side lets bytes come.
  private mutating func mayTransmit() -> Bool { !usesFlowLines || readModemStatus().clearToSend }

  /// Makes sure that there is a piece to send.
  private mutating func takePiece() -> Bool {
    if pieceStart < pieceEnd { return true }
    guard let terminal else { return false }
    var span = piece.mutableSpan
    (pieceStart, pieceEnd) = (0, terminal.takeOutput(into: &span))
    if pieceEnd > 0 { isLineBegun = piece[pieceEnd - 1] != 0x0a }
    return pieceEnd > 0
  }

  /// How much was taken from the terminal and has not left the device.
  var unsentCount: Int {
    mutating get {
      guard let status = try? port.readStatus(sent: 0) else { return 0 }
      return pieceEnd - pieceStart + (status.transmitterEmpty ? 0 : 1)
    }
  }

  // MARK: Modes and lines

  mutating func setOpen(_ isOpen: Bool) {
    self.isOpen = isOpen
    if !isOpen {
      closingCount &+= 1
      isWatched = false
      updateReceiverEvents()
      watchers.queue.wakeAll()
    }
    // Input of before is nobody's.
    if isOpen { resumeInput() }
  }

  /// Sets speed, format and flow control.
  ///
  /// - Returns: whether the device has the speed.
  mutating func apply(_ modes: Termios) -> Bool {
    self.modes = modes
    usesFlowLines = modes.control.contains(.CRTSCTS)
    isReceiverOn = modes.control.contains(.CREAD)
    updateReceiverEvents()
    let isHungUp = modes.outputSpeed == 0
    if isHungUp != self.isHungUp {
      self.isHungUp = isHungUp
      setLines { lines in
        lines.dataTerminalReady = !isHungUp
        lines.requestToSend = !isHungUp
      }
    }
    if isHungUp { return true }
    guard let new = SerialFormat(modes, settings) else { return false }
    guard new != format else { return true }
    format = new
    SerialPort<Space>.setFormat(
      port.registers, UART16550.LineControl(rawValue: new.lineControl), divisor: new.divisor)
    return true
  }

  mutating func setThrottled(_ isThrottled: Bool) {
    if usesFlowLines { setLines { $0.requestToSend = !isThrottled } }
  }

  mutating func setLines(_ change: (inout UART16550.ModemControl) -> Void) {
    change(&lines)
    port.registers.modemControl = lines
  }

  mutating func setBreak(_ isOn: Bool) {
    var control = port.registers.lineControl
    control.breakControl = isOn
    port.registers.lineControl = control
  }

  /// Takes new settings; the speed may stand for another one now.
  mutating func apply(_ settings: SerialSettings) {
    self.settings = settings
    // One that the device does not have leaves it as it was.
    _ = apply(modes)
  }

  // MARK: Modem lines

  /// Reads the modem lines' state, and keeps what reading makes the device forget.
  @discardableResult
  mutating func readModemStatus() -> UART16550.ModemStatus {
    let status = port.registers.modemStatus
    // A device that has gone changes nothing.
    guard status.rawValue != 0xff || port.isPresent else { return status }
    if counts.note(status) { watchers.queue.wakeAll() }
    return status
  }

  /// Has changes of the modem lines interrupt, from now until the terminal is closed.
  mutating func watchLines() {
    readModemStatus()
    isWatched = true
    updateReceiverEvents()
  }

  /// The modem lines as TIOCMGET tells them.
  mutating func modemBits() -> UInt32 {
    let status = readModemStatus()
    var bits: UInt32 = 0
    if lines.dataTerminalReady { bits |= ModemBits.dataTerminalReady }
    if lines.requestToSend { bits |= ModemBits.requestToSend }
    if lines.auxiliaryOutput1 { bits |= ModemBits.auxiliaryOutput1 }
    if lines.auxiliaryOutput2 { bits |= ModemBits.auxiliaryOutput2 }
    if lines.loopback { bits |= ModemBits.loopback }
    if status.clearToSend { bits |= ModemBits.clearToSend }
    if status.carrierDetect { bits |= ModemBits.carrierDetect }
    if status.ringIndicator { bits |= ModemBits.ringIndicator }
    if status.dataSetReady { bits |= ModemBits.dataSetReady }
    return bits
  }
}

/// What was received with the lock held, to be given to the terminal without it.
struct SerialInput: ~Copyable {
  static let capacity = 64

  private var bytes = InlineArray<64, UInt8>(repeating: 0)
  private var conditions = InlineArray<64, ReceiveCondition>(repeating: .normal)
  private(set) var count = 0
  /// Characters that nobody wanted.
  var droppedCount = 0
  /// Bytes that were sent meanwhile.
  var sentCount = 0

  mutating func append(_ character: ReceivedCharacter) {
    let condition: ReceiveCondition =
      character.isBreak
      ? .breakCondition
      : character.hasParityError ? .parityError : character.hasFramingError ? .framingError : .normal
    if character.followsOverrun { append(0, .overrun) }
    append(character.byte, condition)
  }

  private mutating func append(_ byte: UInt8, _ condition: ReceiveCondition) {
    guard count < Self.capacity else { return }
    (bytes[count], conditions[count]) = (byte, condition)
    count += 1
  }

  /// Gives all to `terminal`, what has the same condition in one piece.
  func deliver(to terminal: Terminal) {
    var start = 0
    while start < count {
      var end = start + 1
      while end < count, conditions[end] == conditions[start] { end += 1 }
      terminal.receive(bytes.span.extracting(start..<end), conditions[start])
      start = end
    }
  }
}
