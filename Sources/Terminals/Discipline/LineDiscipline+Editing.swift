import Machine

extension LineDiscipline {
  /// Takes a byte that may edit or end the line; false when it does neither.
  mutating func receiveEditing(_ byte: UInt8) -> Bool {
    let characters = modes.characters
    let isExtended = modes.local.contains(.IEXTEN)
    let echoes = modes.local.contains(.ECHO)
    if byte == characters.erase || byte == characters.kill || (byte == characters.wordErase && isExtended) {
      // Where one character means two of them, this is Linux's choice.
      erase(byte == characters.erase ? .character : byte == characters.wordErase ? .word : .line)
    } else if byte == characters.literalNext && isExtended {
      beginLiteral()
      return true
    } else if byte == characters.reprint && echoes && isExtended {
      reprint(byte)
    } else if byte == 0x0a {
      if !modes.local.isDisjoint(with: [.ECHO, .ECHONL]) {
        echoRaw(byte)
        commitEchoes()
      }
      endLine(byte)
      return true
    } else if byte == characters.endOfFile {
      // Where a line ends with 0, reading stops without it.
      endLine(0)
      return true
    } else if byte == characters.endOfLine || (byte == characters.endOfLine2 && isExtended) {
      if echoes {
        if lineHead == head { echoRememberColumn() }
        echoCharacter(byte)
        commitEchoes()
      }
      if byte == 0xff && modes.input.contains(.PARMRK) { put(byte) }
      endLine(byte)
      return true
    } else {
      return false
    }
    commitEchoes()
    return true
  }

  private mutating func endLine(_ byte: UInt8) {
    setLineEnd(head)
    put(byte)
    lineHead = head
  }

  private mutating func beginLiteral() {
    isLiteralNext = true
    guard modes.local.contains(.ECHO) else { return }
    finishErasing()
    guard modes.local.contains(.ECHOCTL) else { return }
    echoRaw(0x5e)
    echoRaw(0x08)
    commitEchoes()
  }

  private mutating func reprint(_ byte: UInt8) {
    hasReprinted = true
    finishErasing()
    echoCharacter(byte)
    echoRaw(0x0a)
    var place = lineHead
    while place & Self.mask != head & Self.mask {
      echoCharacter(input[place & Self.mask])
      place &+= 1
    }
  }

  // MARK: Erasing

  private enum Extent {
    case character
    case word
    case line
  }

  private mutating func erase(_ extent: Extent) {
    guard head != lineHead else { return }
    if extent == .line && eraseLineAtOnce() { return }
    let echoes = modes.local.contains(.ECHO)
    var hasSeenWord = false
    while head & Self.mask != lineHead & Self.mask {
      let start = lastCharacter
      let first = input[start & Self.mask]
      // Never a part of a character.
      if isContinuation(first) { break }
      if extent == .word {
        if CharacterKind.isAlphanumeric(first) || first == 0x5f {
          hasSeenWord = true
        } else if hasSeenWord {
          break
        }
      }
      let length = head &- start
      head = start
      if echoes { echoErased(first, length, extent) }
      if extent == .character { break }
    }
    if head == lineHead && echoes { finishErasing() }
  }

  /// Erases the line where that takes no wiping out; false otherwise.
  private mutating func eraseLineAtOnce() -> Bool {
    guard modes.local.contains(.ECHO) else {
      head = lineHead
      return true
    }
    guard !modes.local.isSuperset(of: [.ECHOK, .ECHOKE, .ECHOE]) else { return false }
    head = lineHead
    finishErasing()
    echoCharacter(modes.characters.kill)
    if modes.local.contains(.ECHOK) { echoRaw(0x0a) }
    return true
  }

  /// Where the last character of the line begins.
  private var lastCharacter: Int {
    var place = head
    repeat { place &-= 1 } while isContinuation(input[place & Self.mask]) && place & Self.mask != lineHead & Self.mask
    return place
  }

  private mutating func echoErased(_ first: UInt8, _ length: Int, _ extent: Extent) {
    if modes.local.contains(.ECHOPRT) {
      if !isErasing {
        echoRaw(0x5c)
        isErasing = true
      }
      echoCharacter(first)
      for offset in 0..<length - 1 {
        echoRaw(input[(head &+ 1 &+ offset) & Self.mask])
        echoMoveBack()
      }
    } else if extent == .character && !modes.local.contains(.ECHOE) {
      echoCharacter(modes.characters.erase)
    } else if first == 0x09 {
      echoErasedTab()
    } else {
      let showsControl = modes.local.contains(.ECHOCTL)
      if CharacterKind.isControl(first) {
        guard showsControl else { return }
        wipeOut()
      }
      wipeOut()
    }
  }

  private mutating func wipeOut() {
    echoRaw(0x08)
    echoRaw(0x20)
    echoRaw(0x08)
  }

  /// Goes back over a tab at `head`: how far depends on what stands between it and the tab before, or the start of the line.
  private mutating func echoErasedTab() {
    var columns = 0
    var isAfterTab = false
    var place = head
    while place & Self.mask != lineHead & Self.mask {
      place &-= 1
      let byte = input[place & Self.mask]
      if byte == 0x09 {
        isAfterTab = true
        break
      }
      if CharacterKind.isControl(byte) {
        if modes.local.contains(.ECHOCTL) { columns += 2 }
      } else if !isContinuation(byte) {
        columns += 1
      }
    }
    echoEraseTab(columns: columns, isAfterTab: isAfterTab)
  }
}
