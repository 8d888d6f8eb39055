import Foundations
import Registers

/// A 16550 serial port, driven by polling.
///
/// Exists only for a device that was found and passed a loopback test. Every wait is bounded by a number of polls, so a device
/// that hangs or goes away is an error and never a hang; nothing here allocates or takes a lock.
///
/// Source: PC16550D data sheet, section 8; the divisor assumes the PC's 1.8432 MHz clock.
public struct SerialPort<Space: RegisterSpace & ~Copyable>: ~Copyable {
  let registers: UART16550Registers<Space>
  private let pollLimit: Int
  let burst: Int
  /// Every bit seen in the line status since the last character was taken: reading clears errors, and they belong to the next.
  private var unreported = UART16550.LineStatus(rawValue: 0)
  private var isStuck = false
  /// Characters that came while something was sent by polling.
  private(set) var kept = KeptInput()
  /// Whether they are kept: somebody will ask for them.
  var keepsInput = false

  /// The speed of a port for which nobody asks for another.
  public static var usualBitsPerSecond: UInt32 { 115_200 }

  /// The speed that it was opened with.
  public let bitsPerSecond: UInt32

  /// How many bytes went nowhere because the device failed in the middle of `write(_:)`, which cannot throw.
  public private(set) var lostBytes: UInt64 = 0

  /// Finds, tests and sets up the port at `space`: 8 data bits, no parity, one stop bit, FIFOs on, interrupts off.
  ///
  /// - Parameters:
  ///   - space: the eight ports of the device.
  ///   - bitsPerSecond: a divisor of 115,200.
  ///   - pollLimit: how often to look at the line status for one event; the default is some 100 ms on a real bus.
  /// - Throws: `.notPresent`, `.loopbackFailed`, `.unsupportedRate`.
  public init(
    _ space: consuming Space, bitsPerSecond: UInt32 = Self.usualBitsPerSecond, pollLimit: Int = 100_000
  ) throws(SerialPortError) {
    let registers = UART16550Registers(space)
    guard bitsPerSecond > 0, 115_200 % bitsPerSecond == 0, let divisor = UInt16(exactly: 115_200 / bitsPerSecond) else {
      throw .unsupportedRate(bitsPerSecond)
    }
    guard Self.answers(registers) else { throw .notPresent }
    registers.interruptEnable = UART16550.InterruptEnable()
    Self.setFormat(registers, divisor: divisor)
    let hasFIFO = Self.startFIFO(registers)
    try Self.testLoopback(registers, pollLimit: pollLimit)
    // A loopback character may have left errors behind; what follows is the line's own.
    _ = registers.lineStatus
    _ = registers.modemStatus
    self.registers = registers
    self.pollLimit = pollLimit
    self.bitsPerSecond = bitsPerSecond
    burst = hasFIFO ? 16 : 1
  }

  /// Whether the device answers.
  var isPresent: Bool { Self.answers(registers) }

  /// Tests and sets up the port once more, after the device was reset: 8 data bits, no parity, FIFOs on, interrupts off.
  ///
  /// - Throws: as the initializer.
  mutating func restart() throws(SerialPortError) {
    guard Self.answers(registers) else { throw .notPresent }
    registers.interruptEnable = UART16550.InterruptEnable()
    Self.setFormat(registers, divisor: UInt16(truncatingIfNeeded: 115_200 / bitsPerSecond))
    _ = Self.startFIFO(registers)
    try Self.testLoopback(registers, pollLimit: pollLimit)
    _ = registers.lineStatus
    _ = registers.modemStatus
    unreported.rawValue = 0
    isStuck = false
  }

  /// Sends `bytes` as they are.
  ///
  /// - Throws: `.timeout` when the transmitter stays full, `.notPresent` when the device has gone; `sent` bytes went out before.
  public mutating func send(_ bytes: Span<UInt8>) throws(SerialPortError) {
    var next = 0
    while next < bytes.count {
      try waitForRoom(sent: next)
      // Once the holding register is empty, all of the FIFO is.
      let end = min(next + burst, bytes.count)
      while next < end {
        registers.transmitterHolding = bytes[next]
        next += 1
      }
    }
  }

  /// Waits until everything has left the device, as before a reset.
  ///
  /// - Throws: `.timeout` or `.notPresent`.
  public mutating func drain() throws(SerialPortError) {
    for _ in 0..<pollLimit where try readStatus(sent: 0).transmitterEmpty { return }
    throw .timeout(sent: 0)
  }

  /// Takes the oldest character that has arrived, or nil when none has.
  ///
  /// - Throws: `.notPresent`.
  public mutating func receive() throws(SerialPortError) -> ReceivedCharacter? {
    if let character = kept.removeFirst() { return character }
    let status = try readStatus(sent: 0)
    return status.dataReady ? take() : nil
  }

  /// Takes the character that is there.
  private mutating func take() -> ReceivedCharacter {
    defer { unreported.rawValue = 0 }
    return ReceivedCharacter(byte: registers.receiverBuffer, status: unreported)
  }

  /// How many bytes can be written now; 0 for none.
  ///
  /// - Parameter waits: whether to wait for room, as `send` does.
  /// - Throws: as `send`.
  mutating func roomForSending(waits: Bool) throws(SerialPortError) -> Int {
    if waits {
      try waitForRoom(sent: 0)
      return burst
    }
    return try readStatus(sent: 0).transmitterHoldingEmpty ? burst : 0
  }

  private mutating func waitForRoom(sent: Int) throws(SerialPortError) {
    // A port that was stuck a moment ago gets a short look, or every message would take the whole time.
    let polls = isStuck ? min(pollLimit, 16) : pollLimit
    isStuck = false
    for _ in 0..<polls {
      let status = try readStatus(sent: sent)
      // A line of text takes longer than the receiver has room for.
      if keepsInput && status.dataReady && !kept.isFull { kept.append(take()) }
      if status.transmitterHoldingEmpty { return }
    }
    isStuck = true
    throw .timeout(sent: sent)
  }

  /// Reads the line status and keeps the errors that reading has cleared in the device.
  mutating func readStatus(sent: Int) throws(SerialPortError) -> UART16550.LineStatus {
    let status = registers.lineStatus
    // All ones can be a very bad line, but it is what a bus gives for a device that has gone: ask the scratch register.
    if status.rawValue == 0xff, !Self.answers(registers) { throw .gone(sent: sent) }
    unreported.rawValue |= status.rawValue
    return status
  }
}

extension SerialPort where Space: ~Copyable {
  /// True when the scratch register holds two values in turn, which neither an empty bus nor stuck lines do.
  private static func answers(_ registers: borrowing UART16550Registers<Space>) -> Bool {
    registers.scratch = 0x5a
    guard registers.scratch == 0x5a else { return false }
    registers.scratch = 0xa5
    return registers.scratch == 0xa5
  }

  private static func setFormat(_ registers: borrowing UART16550Registers<Space>, divisor: UInt16) {
    var format = UART16550.LineControl()
    format.wordLength = .eight
    format.parity = .absent
    setFormat(registers, format, divisor: divisor)
  }

  static func setFormat(
    _ registers: borrowing UART16550Registers<Space>, _ format: UART16550.LineControl, divisor: UInt16
  ) {
    var format = format
    format.divisorLatchAccess = true
    registers.lineControl = format
    registers.divisorLow = UInt8(truncatingIfNeeded: divisor)
    registers.divisorHigh = UInt8(truncatingIfNeeded: divisor >> 8)
    format.divisorLatchAccess = false
    registers.lineControl = format
  }

  /// Turns the FIFOs on and tells whether they work.
  private static func startFIFO(_ registers: borrowing UART16550Registers<Space>) -> Bool {
    var control = UART16550.FifoControl()
    control.enable = true
    control.resetReceiver = true
    control.resetTransmitter = true
    control.receiverTrigger = .fourteenBytes
    registers.fifoControl = control
    if registers.interruptIdentification.fifoState == .on { return true }
    registers.fifoControl = UART16550.FifoControl()
    return false
  }

  /// Sends two characters to itself and looks at the modem lines, which the loop connects as well.
  private static func testLoopback(
    _ registers: borrowing UART16550Registers<Space>, pollLimit: Int
  ) throws(SerialPortError) {
    var modem = UART16550.ModemControl()
    modem.dataTerminalReady = true
    modem.requestToSend = true
    modem.auxiliaryOutput2 = true
    var loop = modem
    loop.loopback = true
    registers.modemControl = loop
    // However the test ends, the line must not stay looped.
    defer { registers.modemControl = modem }
    let lines = registers.modemStatus
    guard lines.clearToSend, lines.dataSetReady, lines.carrierDetect, !lines.ringIndicator else {
      throw .loopbackFailed
    }
    let pattern: InlineArray<2, UInt8> = [0xae, 0x51]
    for index in pattern.indices {
      let byte = pattern[index]
      registers.transmitterHolding = byte
      var polls = pollLimit
      while !registers.lineStatus.dataReady {
        polls -= 1
        if polls <= 0 { throw .loopbackFailed }
      }
      guard registers.receiverBuffer == byte else { throw .loopbackFailed }
    }
  }
}

extension SerialPort: TextSink where Space: ~Copyable {
  /// Sends text, with CR before each LF as terminals want it; what a failing device does not take is lost and counted.
  public mutating func write(_ bytes: Span<UInt8>) {
    var start = 0
    for index in bytes.indices where bytes[index] == 0x0a {
      let lineEnd: InlineArray<2, UInt8> = [0x0d, 0x0a]
      sendOrLose(bytes.extracting(start..<index))
      sendOrLose(lineEnd.span)
      start = index + 1
    }
    sendOrLose(bytes.extracting(start..<bytes.count))
  }

  private mutating func sendOrLose(_ bytes: Span<UInt8>) {
    do throws(SerialPortError) {
      try send(bytes)
    } catch {
      lostBytes &+= UInt64(bytes.count - error.sent)
    }
  }
}
