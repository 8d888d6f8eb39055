import LinuxABI
import Machine

extension LineDiscipline {
  // MARK: Room

  /// How many of the next bytes may be received now, when `wanted` wait; and whether they overwrite the last of a line that is too
  /// long, which is how the line stays open for its end.
  ///
  /// With PARMRK each may take three places.
  mutating func admit(_ wanted: Int) -> (count: Int, isOverflow: Bool) {
    var room = Self.capacity - count
    if modes.input.contains(.PARMRK) { room = (room + 2) / 3 }
    room -= 1
    guard room <= 0 else { return (min(wanted, room), false) }
    guard isCanonical, lineHead == tail else { return (0, false) }
    if room < 0 { head &-= 1 }
    return (min(wanted, 1), true)
  }

  /// How far the queue is from being full.
  var inputRoom: Int { Self.capacity - count }

  // MARK: Receiving

  /// Takes one byte of the admitted. `finishReceiving` follows the last of them.
  @inline(__always)
  mutating func receive(_ byte: UInt8, _ condition: ReceiveCondition) {
    let doesNothing = modes.local.contains(.EXTPROC) && !modes.input.contains(.ISTRIP) && !stripsCase
    guard isRaw || doesNothing else { return receiveTreated(byte, condition) }
    if condition == .normal { put(byte) } else { receiveWithError(byte, condition) }
  }

  /// Lets programs have what was received, and prints its echo.
  mutating func finishReceiving() {
    if !isRaw { flushEchoes() }
    if !readsLines { committed = head }
  }

  private var stripsCase: Bool { modes.input.contains(.IUCLC) && modes.local.contains(.IEXTEN) }

  @inline(__always)
  mutating func put(_ byte: UInt8) {
    input[head & Self.mask] = byte
    head &+= 1
  }

  private mutating func receiveTreated(_ byte: UInt8, _ condition: ReceiveCondition) {
    let isLiteral = isLiteralNext
    isLiteralNext = false
    guard condition == .normal else { return receiveWithError(byte, condition) }
    var byte = byte
    if modes.input.contains(.ISTRIP) { byte &= 0x7f }
    if stripsCase { byte = CharacterKind.small(byte) }
    if isLiteral { return receiveOrdinary(byte) }
    if modes.local.contains(.EXTPROC) { return put(byte) }
    if isSpecial(byte) { receiveSpecial(byte) } else { receiveOrdinary(byte) }
  }

  private mutating func receiveOrdinary(_ byte: UInt8) {
    startByAnyByte()
    if modes.local.contains(.ECHO) {
      finishErasing()
      if lineHead == head { echoRememberColumn() }
      echoCharacter(byte)
      commitEchoes()
    }
    putMarked(byte)
  }

  /// Puts a byte into the queue; with PARMRK, 0xff twice, because alone it marks an error.
  private mutating func putMarked(_ byte: UInt8) {
    if byte == 0xff && modes.input.contains(.PARMRK) { put(byte) }
    put(byte)
  }

  private mutating func startByAnyByte() {
    guard isStopped, !isStoppedByCall, modes.input.isSuperset(of: [.IXON, .IXANY]) else { return }
    start()
    processEchoes()
  }

  private mutating func receiveSpecial(_ byte: UInt8) {
    let characters = modes.characters
    if modes.input.contains(.IXON) {
      if byte == characters.start {
        start()
        return processEchoes()
      }
      if byte == characters.stop { return stop() }
    }
    if modes.local.contains(.ISIG) {
      if byte == characters.interrupt { return receiveSignal(.SIGINT, byte) }
      if byte == characters.quit { return receiveSignal(.SIGQUIT, byte) }
      if byte == characters.suspend { return receiveSignal(.SIGTSTP, byte) }
    }
    startByAnyByte()
    var byte = byte
    if byte == 0x0d {
      if modes.input.contains(.IGNCR) { return }
      if modes.input.contains(.ICRNL) { byte = 0x0a }
    } else if byte == 0x0a && modes.input.contains(.INLCR) {
      byte = 0x0d
    }
    if isCanonical && receiveEditing(byte) { return }
    if modes.local.contains(.ECHO) {
      finishErasing()
      if byte == 0x0a {
        echoRaw(byte)
      } else {
        if lineHead == head { echoRememberColumn() }
        echoCharacter(byte)
      }
      commitEchoes()
    }
    putMarked(byte)
  }

  // MARK: Signals and errors

  private mutating func receiveSignal(_ signal: Signal, _ byte: UInt8) {
    raise(signal)
    if modes.input.contains(.IXON) { start() }
    if modes.local.contains(.ECHO) {
      echoCharacter(byte)
      commitEchoes()
    } else {
      processEchoes()
    }
  }

  private mutating func raise(_ signal: Signal) {
    pendingSignal = signal
    guard !modes.local.contains(.NOFLSH) else { return }
    clearEcho()
    events.insert(.dropsOutput)
    flushInput()
  }

  private mutating func receiveWithError(_ byte: UInt8, _ condition: ReceiveCondition) {
    switch condition {
    case .normal: put(byte)
    case .breakCondition: receiveBreak()
    case .parityError, .framingError: receiveWrong(byte)
    case .overrun: break
    }
  }

  private mutating func receiveBreak() {
    if modes.input.contains(.IGNBRK) { return }
    if modes.input.contains(.BRKINT) { return raise(.SIGINT) }
    if modes.input.contains(.PARMRK) {
      put(0xff)
      put(0)
    }
    put(0)
  }

  private mutating func receiveWrong(_ byte: UInt8) {
    guard modes.input.contains(.INPCK) else { return put(byte) }
    if modes.input.contains(.IGNPAR) { return }
    guard modes.input.contains(.PARMRK) else { return put(0) }
    put(0xff)
    put(0)
    put(byte)
  }
}
