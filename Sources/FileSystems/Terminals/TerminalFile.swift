public import Foundations
public import Machine
public import Terminals
public import VFS
public import Waiting

import struct LinuxABI.OpenFlags

/// An open terminal.
public final class TerminalFile: OpenFile {
  /// Whether a hang-up ends it.
  enum HangUp {
    /// It reads nothing any more, and takes nothing.
    case ends
    /// It goes on: the console is never taken from those who have it. Source: Linux, `__tty_hangup`.
    case passes
  }

  private let hangUp: HangUp
  private let canRead: Bool
  private let opened: SpinLock<TerminalHandle>

  /// Wraps what opening `terminal` gave.
  ///
  /// - Parameter mayControl: whether a leader of a session without a terminal gets it as its own, if O_NOCTTY does not forbid that.
  /// - Throws: what `Terminal.open` throws.
  init(
    _ request: OpenRequest, _ inode: Inode, _ terminal: Terminal, mayControl: Bool, hangUp: HangUp = .ends
  ) throws(Errno) {
    self.hangUp = hangUp
    canRead = OpenMode(request.flags).contains(.read)
    opened = SpinLock(
      try terminal.open(canRead: canRead, controlling: mayControl && !request.flags.contains(.O_NOCTTY)))
    try super.init(request, inode)
  }

  private var handle: TerminalHandle { opened.withLock { $0 } }

  /// The handle, opened again if it was hung up and that does not end this file.
  private func current() throws(Errno) -> TerminalHandle {
    let handle = handle
    guard hangUp == .passes, handle.isHungUp else { return handle }
    let new = try handle.terminal.open(canRead: canRead, controlling: false)
    opened.withLock { $0 = new }
    return new
  }

  /// The terminal.
  public var terminal: Terminal { handle.terminal }

  public override func readContent(_ buffer: inout IOBuffer, at offset: Int64) throws(Errno) -> Int {
    while true {
      let handle = try current()
      let count = try handle.read(&buffer, nonBlocking: isNonblocking)
      if count > 0 || hangUp == .ends || !handle.isHungUp { return count }
    }
  }

  public override func writeContent(
    _ buffer: inout IOBuffer, at offset: inout Int64, sizeLimit: UInt64
  ) throws(Errno) -> Int {
    try write(&buffer, to: current())
  }

  private func write(_ buffer: inout IOBuffer, to handle: TerminalHandle) throws(Errno) -> Int {
    do throws(Errno) {
      let count = try handle.write(&buffer, nonBlocking: isNonblocking)
      if buffer.remaining > 0 { noteLackOfRoom() }
      return count
    } catch {
      if error == .EAGAIN { noteLackOfRoom() }
      throw error
    }
  }

  public override func control(_ request: UInt32, _ argument: UInt64) throws(Errno) -> Int {
    try current().control(request, argument)
  }

  public override var canPoll: Bool { true }

  public override func poll() -> PollEvents { ((try? current()) ?? handle).poll() }

  public override func forEachWaitQueue(_ body: (borrowing WaitQueue) -> Void) { handle.forEachWaitQueue(body) }

  public override var readinessSignals: ReadinessSignals { .roomWhenWanted }

  // Within the lock, where the reference cannot be the last.
  public override var hasRoom: Bool { opened.withLock { $0.poll().contains(.output) } }

  public override var defaultOwnerGroup: Int32? { terminal.foregroundGroup }
}
