public import Foundations
import Machine
public import Waiting

/// Makes the text of a file for one who has it open, and takes what is written to it.
open class TextSource {
  /// Creates a source.
  public init() {}

  /// Writes the record at `cursor`, 0 being the first, and moves `cursor` to the next.
  ///
  /// - Returns: false when there is none; then nothing is written.
  /// - Throws: `ESRCH` when what the file is about has gone, `EACCES`, `ENOMEM`.
  /// - Context: a thread without spin locks; may wait. One caller at a time.
  open func writeRecord(at cursor: inout UInt64, to text: inout TextBuffer) throws(Errno) -> Bool { false }

  /// Takes what a program writes in one call.
  ///
  /// - Throws: `EIO` for a file that takes nothing, `EINVAL` for nonsense.
  open func accept(_ text: Span<UInt8>) throws(Errno) { throw .EIO }

  /// Whether epoll may wait for the text to change.
  open var canPoll: Bool { false }

  /// What the file is ready for. poll(2); a text that nobody waits for always is.
  ///
  /// - Context: any.
  open func poll() -> PollEvents { [.input, .output, .readNormal, .writeNormal] }

  /// Calls `body` with each queue that is woken when what `poll` says changes.
  open func forEachWaitQueue(_ body: (borrowing WaitQueue) -> Void) {}
}

/// A text that is made at once, by a function.
public final class WholeText: TextSource {
  /// Writes the text.
  public typealias Writer = (inout TextBuffer) throws(Errno) -> Void
  /// Takes what is written to the file.
  public typealias Acceptor = (Span<UInt8>) throws(Errno) -> Void

  private let writer: Writer
  private let acceptor: Acceptor?

  /// A text made by `writer`; what is written goes to `acceptor`.
  public init(_ writer: @escaping Writer, accepts acceptor: Acceptor? = nil) {
    (self.writer, self.acceptor) = (writer, acceptor)
  }

  public override func writeRecord(at cursor: inout UInt64, to text: inout TextBuffer) throws(Errno) -> Bool {
    guard cursor == 0 else { return false }
    cursor = 1
    try writer(&text)
    return true
  }

  public override func accept(_ text: Span<UInt8>) throws(Errno) {
    guard let acceptor else { throw .EIO }
    try acceptor(text)
  }
}
