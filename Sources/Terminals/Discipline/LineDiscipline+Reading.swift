import Machine

extension LineDiscipline {
  /// What a piece of a read got.
  struct ReadPiece {
    /// Bytes that were moved.
    var count = 0
    /// Whether the read ends here: at the end of a line.
    var isEnd = false
  }

  /// Moves input to `bytes`, as much as there is, up to the end of a line if reading goes by lines.
  mutating func read(into bytes: inout MutableSpan<UInt8>) -> ReadPiece {
    readsLines ? readLine(into: &bytes) : readBytes(into: &bytes)
  }

  private mutating func readBytes(into bytes: inout MutableSpan<UInt8>) -> ReadPiece {
    let count = min(committed &- tail, bytes.count)
    for index in 0..<count { bytes[index] = input[(tail &+ index) & Self.mask] }
    tail &+= count
    // With EXTPROC an EOF that stands alone still ends the file.
    if count == 1 && isCanonical && modes.local.contains(.EXTPROC) && committed == tail
      && bytes[0] == modes.characters.endOfFile
    {
      return ReadPiece(count: 0, isEnd: true)
    }
    return ReadPiece(count: count)
  }

  private mutating func readLine(into bytes: inout MutableSpan<UInt8>) -> ReadPiece {
    var count = 0
    while count < bytes.count, tail != lineHead {
      let byte = input[tail & Self.mask]
      let isEnd = isLineEnd(tail)
      clearLineEnd(tail)
      tail &+= 1
      if !isEnd || byte != 0 {
        bytes[count] = byte
        count += 1
      }
      if isEnd { return ReadPiece(count: count, isEnd: true) }
    }
    return ReadPiece(count: count)
  }

  /// Skips an end of file that stands right behind what filled a program's buffer, so that the next read does not take it for one.
  mutating func skipEndOfFile() {
    guard readsLines, tail != lineHead, isLineEnd(tail), input[tail & Self.mask] == 0 else { return }
    clearLineEnd(tail)
    tail &+= 1
  }
}
