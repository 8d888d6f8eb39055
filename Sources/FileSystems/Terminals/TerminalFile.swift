public import Foundations
public import Machine
public import Terminals
public import VFS
public import Waiting

import struct LinuxABI.OpenFlags

/// An open terminal.
public final class TerminalFile: OpenFile {
  private let handle: TerminalHandle

  /// Wraps what opening `terminal` gave.
  ///
  /// - Parameter mayControl: whether a leader of a session without a terminal gets it as its own, if O_NOCTTY does not forbid that.
  /// - Throws: what `Terminal.open` throws.
  init(_ request: OpenRequest, _ inode: Inode, _ terminal: Terminal, mayControl: Bool) throws(Errno) {
    handle = try terminal.open(
      canRead: OpenMode(request.flags).contains(.read), controlling: mayControl && !request.flags.contains(.O_NOCTTY))
    try super.init(request, inode)
  }

  /// The terminal.
  public var terminal: Terminal { handle.terminal }

  public override func readContent(_ buffer: inout IOBuffer, at offset: Int64) throws(Errno) -> Int {
    try handle.read(&buffer, nonBlocking: isNonblocking)
  }

  public override func writeContent(
    _ buffer: inout IOBuffer, at offset: inout Int64, sizeLimit: UInt64
  ) throws(Errno) -> Int {
    try handle.write(&buffer, nonBlocking: isNonblocking)
  }

  public override func control(_ request: UInt32, _ argument: UInt64) throws(Errno) -> Int {
    try handle.control(request, argument)
  }

  public override var canPoll: Bool { true }

  public override func poll() -> PollEvents { handle.poll() }

  public override func forEachWaitQueue(_ body: (borrowing WaitQueue) -> Void) { handle.forEachWaitQueue(body) }
}
