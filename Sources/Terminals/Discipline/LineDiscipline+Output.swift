import Machine

extension LineDiscipline {
  /// How much output there is room for.
  @inline(__always)
  var outputRoom: Int { isStopped && refusesWhenStopped ? 0 : output.room }

  /// Puts bytes of `bytes` from `start` on into the output as a program wrote them, treated as the modes say.
  ///
  /// - Returns: how many were taken; fewer when there is no room.
  mutating func write(_ bytes: Span<UInt8>, from start: Int) -> Int {
    guard outputRoom > 0 else { return 0 }
    guard modes.output.contains(.OPOST) else { return output.append(bytes, from: start) }
    var index = start
    while index < bytes.count, putProcessed(bytes[index]) { index += 1 }
    return index - start
  }

  /// Puts one byte into the output, treated; false when there is no room for what it becomes.
  mutating func putProcessed(_ byte: UInt8) -> Bool {
    let room = outputRoom
    guard room > 0 else { return false }
    var byte = byte
    switch byte {
    case 0x0a:
      if modes.output.contains(.ONLRET) { column = 0 }
      if modes.output.contains(.ONLCR) {
        guard room >= 2 else { return false }
        (column, lineColumn) = (0, 0)
        output.append(0x0d)
      } else {
        lineColumn = column
      }
    case 0x0d:
      if modes.output.contains(.ONOCR) && column == 0 { return true }
      if modes.output.contains(.OCRNL) {
        byte = 0x0a
        if modes.output.contains(.ONLRET) { (column, lineColumn) = (0, 0) }
      } else {
        (column, lineColumn) = (0, 0)
      }
    case 0x09:
      let spaces = 8 - Int(column & 7)
      if modes.output.intersection(.TABDLY) == .XTABS {
        guard room >= spaces else { return false }
        for _ in 0..<spaces { output.append(0x20) }
        column &+= UInt32(spaces)
        return true
      }
      column &+= UInt32(spaces)
    case 0x08: if column > 0 { column &-= 1 }
    default:
      guard !CharacterKind.isControl(byte) else { break }
      if modes.output.contains(.OLCUC) { byte = CharacterKind.capital(byte) }
      if !isContinuation(byte) { column &+= 1 }
    }
    output.append(byte)
    return true
  }

  /// Forgets what is not sent. The first `kept` bytes are the reader's already.
  mutating func flushOutput(keeping kept: Int) {
    output.truncate(to: kept)
    events.insert(.flushedOutput)
  }
}
