import Foundations
import Registers

extension KeyboardController where Space: ~Copyable {
  /// Looks for a mouse at the second port and sets it up, waiting for its answers.
  ///
  /// - Returns: what it is; nil when there is no second port, or nothing at it. Then the port is off.
  /// - Throws: `.inputStaysFull`.
  static func startMouse(
    _ registers: borrowing I8042Registers<Space>, _ pollLimit: Int
  ) throws(KeyboardControllerError) -> MouseKind? {
    // A controller without a second port does not know the command, and does not answer.
    guard try answer(.testSecondPort, registers, pollLimit) == 0x00 else { return nil }
    try command(.enableSecondPort, registers, pollLimit)
    if let kind = try setUpMouse(registers, pollLimit) { return kind }
    try command(.disableSecondPort, registers, pollLimit)
    return nil
  }

  private static func answer(
    _ question: ControllerCommand, _ registers: borrowing I8042Registers<Space>, _ pollLimit: Int
  ) throws(KeyboardControllerError) -> UInt8? {
    try command(question, registers, pollLimit)
    return receive(registers, pollLimit)
  }

  private static func setUpMouse(
    _ registers: borrowing I8042Registers<Space>, _ pollLimit: Int
  ) throws(KeyboardControllerError) -> MouseKind? {
    var setup = MouseSetup()
    var next: UInt8? = setup.begin()
    // Far more bytes than it takes: every answer, and what the keyboard sends meanwhile.
    for _ in 0..<512 {
      if let byte = next.take() { try sendToMouse(byte, registers, pollLimit) }
      guard let byte = receiveFromMouse(registers, pollLimit) else { return nil }
      switch setup.take(byte) {
      case .wait: break
      case .send(let byte): next = byte
      case .done(let kind): return kind
      case .failed: return nil
      }
    }
    return nil
  }

  private static func sendToMouse(
    _ byte: UInt8, _ registers: borrowing I8042Registers<Space>, _ pollLimit: Int
  ) throws(KeyboardControllerError) {
    try command(.writeToSecondPort, registers, pollLimit)
    try waitForRoom(registers, pollLimit)
    registers.input = byte
  }

  /// The mouse's next byte; nil when none comes. A mouse tests itself for up to half a second.
  private static func receiveFromMouse(_ registers: borrowing I8042Registers<Space>, _ pollLimit: Int) -> UInt8? {
    var keyboardBytesLeft = leftoverLimit
    for _ in 0..<pollLimit * testPatience {
      let status = registers.status
      guard status.outputFull else { continue }
      if status.rawValue == 0xff { return nil }
      let byte = registers.output
      if status.isAuxiliary { return byte }
      keyboardBytesLeft -= 1
      if keyboardBytesLeft == 0 { return nil }
    }
    return nil
  }
}
