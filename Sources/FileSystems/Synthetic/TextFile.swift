public import Foundations
public import Machine
public import VFS
public import Waiting

/// An open file whose text is made as it is read.
///
/// Reading from offset 0 makes it anew; what is read behind that is the same text. Source: Linux
/// Documentation/filesystems/seq_file.rst.
public final class TextFile: OpenFile {
  /// More bytes than one call may write. Source: proc(5): a page.
  public static let writeLimit = 4_095

  private let source: TextSource
  /// Held by whoever reads.
  private let turn = SleepLock()
  // The part of the text that is there: guarded by `turn`.
  private var text = TextBuffer()
  private var textStart: Int64 = 0
  private var cursor: UInt64 = 0
  private var isAtEnd = false

  /// Opens a file with the text of `source`, which is this open file's alone.
  public init(_ request: OpenRequest, _ inode: Inode, _ source: TextSource) throws(Errno) {
    self.source = source
    try super.init(request, inode)
  }

  public override var isSeekable: Bool { true }

  /// Where its text ends nobody knows.
  public override func endOffset() throws(Errno) -> Int64 { throw .EINVAL }

  public override func readContent(_ buffer: inout IOBuffer, at offset: Int64) throws(Errno) -> Int {
    try checkPresence()
    turn.lock()
    defer { turn.unlock() }
    if offset == 0 || offset < textStart { restart() }
    var position = offset
    do throws(Errno) {
      while buffer.remaining > 0, try reach(position) {
        let part = text.bytes.extracting(Int(position - textStart)..<text.count)
        let count = part.count
        let moved = try buffer.write(part)
        position += Int64(moved)
        if moved < count { break }
      }
    } catch {
      if position == offset { throw error }
    }
    return Int(position - offset)
  }

  /// - Throws: `ENODEV` when what the file is about has been removed.
  private func checkPresence() throws(Errno) {
    if let inode = inode as? SyntheticInode, inode.isGone { throw .ENODEV }
  }

  private func restart() {
    text.removeAll()
    (textStart, cursor, isAtEnd) = (0, 0, false)
  }

  /// Makes text until that at `offset` is there.
  ///
  /// - Returns: false when the text ends before.
  private func reach(_ offset: Int64) throws(Errno) -> Bool {
    while offset - textStart >= Int64(text.count) {
      // The last record stays, for whoever reads the end again.
      if isAtEnd { return false }
      let oldCursor = cursor
      var record = TextBuffer()
      guard try source.writeRecord(at: &cursor, to: &record) else {
        isAtEnd = true
        return false
      }
      guard !record.lacksMemory else {
        cursor = oldCursor
        throw .ENOMEM
      }
      textStart += Int64(text.count)
      text = record
    }
    return true
  }

  public override var canPoll: Bool { source.canPoll }

  public override func poll() -> PollEvents { source.poll() }

  public override func forEachWaitQueue(_ body: (borrowing WaitQueue) -> Void) { source.forEachWaitQueue(body) }

  public override func writeContent(
    _ buffer: inout IOBuffer, at offset: inout Int64, sizeLimit: UInt64
  ) throws(Errno) -> Int {
    try checkPresence()
    guard buffer.remaining <= Self.writeLimit else { throw .EINVAL }
    guard buffer.remaining > 0 else { return 0 }
    var bytes = GrowableArray<UInt8>()
    try bytes.resize(to: buffer.remaining, filledWith: 0)
    var span = bytes.mutableSpan
    let count = try buffer.read(into: &span)
    try source.accept(bytes.span.extracting(0..<count))
    offset += Int64(count)
    return count
  }
}
