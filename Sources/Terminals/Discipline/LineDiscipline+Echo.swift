import Machine

// Echo is kept until there is room for it: bytes, and operations that begin with `Operation.start`. What an operation prints depends
// on the column, which is known only when it is printed.

private enum Operation {
  /// Begins an operation; twice, it is the byte itself. Before a control character it prints that as ^X.
  static let start: UInt8 = 0xff
  /// Goes a column back without printing.
  static let moveBack: UInt8 = 0x80
  /// Remembers the column as that of the line's first character.
  static let rememberColumn: UInt8 = 0x81
  /// Goes back over a tab; the columns used since the tab before it follow.
  static let eraseTab: UInt8 = 0x82
}

extension LineDiscipline {
  /// How much echo is collected while much is received at once.
  private static let commitThreshold = 256
  /// So much is given up at the front to make room for the newest.
  private static let discardThreshold = capacity - (commitThreshold + 32)

  // MARK: Collecting

  /// Prints what is there when there is hardly room for another operation: one character can erase or print again a whole line.
  @inline(__always)
  private mutating func makeEchoRoom() {
    guard echoHead &- echoTail > Self.capacity - 8 else { return }
    echoMark = echoHead
    echoCommitted = echoHead
    printEchoes()
  }

  private mutating func addEcho(_ byte: UInt8) {
    echo[echoHead & Self.mask] = byte
    echoHead &+= 1
  }

  /// Echoes `byte` as it is.
  mutating func echoRaw(_ byte: UInt8) {
    makeEchoRoom()
    if byte == Operation.start { addEcho(Operation.start) }
    addEcho(byte)
  }

  /// Echoes `byte`, a control character as ^X with ECHOCTL.
  mutating func echoCharacter(_ byte: UInt8) {
    makeEchoRoom()
    if byte == Operation.start {
      addEcho(Operation.start)
    } else if modes.local.contains(.ECHOCTL) && CharacterKind.isControl(byte) && byte != 0x09 {
      addEcho(Operation.start)
    }
    addEcho(byte)
  }

  mutating func echoMoveBack() {
    makeEchoRoom()
    addEcho(Operation.start)
    addEcho(Operation.moveBack)
  }

  mutating func echoRememberColumn() {
    makeEchoRoom()
    addEcho(Operation.start)
    addEcho(Operation.rememberColumn)
  }

  /// Goes back over a tab that stands behind `columns` columns, counted from another tab or from the start of the line.
  mutating func echoEraseTab(columns: Int, isAfterTab: Bool) {
    makeEchoRoom()
    addEcho(Operation.start)
    addEcho(Operation.eraseTab)
    addEcho(UInt8(columns & 7) | (isAfterTab ? 0x80 : 0))
  }

  /// Ends the printing of what was erased.
  mutating func finishErasing() {
    guard isErasing else { return }
    echoRaw(0x2f)
    isErasing = false
  }

  mutating func clearEcho() { (echoHead, echoMark, echoCommitted, echoTail) = (0, 0, 0, 0) }

  // MARK: Printing

  /// Marks what was collected as whole, and prints it when it is much.
  mutating func commitEchoes() {
    echoMark = echoHead
    let old = echoCommitted &- echoTail
    let new = echoHead &- echoTail
    guard new >= Self.commitThreshold, new % Self.commitThreshold <= old % Self.commitThreshold else { return }
    echoCommitted = echoHead
    printEchoes()
  }

  /// Prints what is whole.
  mutating func processEchoes() {
    guard echoMark != echoTail else { return }
    echoCommitted = echoMark
    printEchoes()
  }

  /// Prints all there is, after a piece of input.
  mutating func flushEchoes() {
    guard !modes.local.isDisjoint(with: [.ECHO, .ECHONL]), echoCommitted != echoHead else { return }
    echoCommitted = echoHead
    printEchoes()
  }

  /// Prints what had no room, now that there may be some.
  mutating func retryEchoes() {
    if echoCommitted != echoTail { printEchoes() }
  }

  private mutating func printEchoes() {
    while echoTail != echoCommitted, let length = printEcho() { echoTail &+= length }
    // Only what is so old that the newest would run over it is lost; a program that stopped output has to read some day.
    while echoCommitted &- echoTail >= Self.discardThreshold { echoTail &+= echoLength }
  }

  private var echoLength: Int {
    guard echo[echoTail & Self.mask] == Operation.start else { return 1 }
    return echo[(echoTail &+ 1) & Self.mask] == Operation.eraseTab ? 3 : 2
  }

  /// Prints one byte or operation and returns its length; nil when it is not whole or there is no room.
  private mutating func printEcho() -> Int? {
    let byte = echo[echoTail & Self.mask]
    guard byte == Operation.start else { return printEchoedByte(byte) ? 1 : nil }
    guard echoCommitted &- echoTail >= 2 else { return nil }
    let operation = echo[(echoTail &+ 1) & Self.mask]
    switch operation {
    case Operation.eraseTab:
      guard echoCommitted &- echoTail >= 3 else { return nil }
      return printTabErasure(echo[(echoTail &+ 2) & Self.mask]) ? 3 : nil
    case Operation.rememberColumn: lineColumn = column
    case Operation.moveBack: if column > 0 { column &-= 1 }
    case Operation.start:
      guard outputRoom > 0 else { return nil }
      output.append(Operation.start)
      column &+= 1
    default:
      guard outputRoom >= 2 else { return nil }
      output.append(0x5e)
      output.append(operation ^ 0x40)
      column &+= 2
    }
    return 2
  }

  private mutating func printEchoedByte(_ byte: UInt8) -> Bool {
    if modes.output.contains(.OPOST) { return putProcessed(byte) }
    guard outputRoom > 0 else { return false }
    output.append(byte)
    return true
  }

  private mutating func printTabErasure(_ argument: UInt8) -> Bool {
    // Columns from the start of the line are not from a tab stop.
    let columns = argument & 0x80 != 0 ? UInt32(argument & 7) : UInt32(argument) &+ lineColumn
    let count = 8 - Int(columns & 7)
    guard outputRoom >= count else { return false }
    for _ in 0..<count { output.append(0x08) }
    column = column > UInt32(count) ? column - UInt32(count) : 0
    return true
  }
}
