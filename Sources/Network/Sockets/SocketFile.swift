public import Foundations
public import Machine
public import Security
import Time
public import VFS
public import Waiting

public import enum LinuxABI.AddressFamily
public import struct LinuxABI.MessageFlags
public import struct LinuxABI.OpenFlags
public import enum LinuxABI.ShutdownDirection
public import enum LinuxABI.SocketType

/// A socket of any family. socket(2), socket(7).
///
/// A family derives its own from it and overrides what its sockets can do. What blocks does so itself, and not if
/// `receivePatience` or `sendPatience` says so.
open class SocketFile: OpenFile {
  /// Its family.
  public let family: AddressFamily
  /// Its type.
  public let type: SocketType
  /// Its protocol: the number that SO_PROTOCOL tells.
  public let protocolNumber: Int32
  final let optionState = SpinLock(SocketOptions())

  /// Creates a socket.
  ///
  /// - Throws: as `OpenFile.init`.
  public init(
    _ request: OpenRequest, _ inode: Inode, _ family: AddressFamily, _ type: SocketType, protocolNumber: Int32
  ) throws(Errno) {
    (self.family, self.type, self.protocolNumber) = (family, type, protocolNumber)
    try super.init(request, inode)
  }

  // MARK: Connections

  /// Gives it an address. bind(2).
  open func bind(_ address: SocketAddress, by caller: SocketCaller) throws(Errno) { throw .EOPNOTSUPP }

  /// Lets others connect to it; `backlog` of them before the first is accepted. listen(2).
  open func listen(_ backlog: Int, by caller: SocketCaller) throws(Errno) { throw .EOPNOTSUPP }

  /// Takes the next connection, waiting for it. accept(2).
  ///
  /// - Parameter flags: O_NONBLOCK of the new socket.
  open func accept(_ flags: OpenFlags, by caller: SocketCaller) throws(Errno) -> SocketFile { throw .EOPNOTSUPP }

  /// Connects it. connect(2).
  open func connect(to address: SocketAddress, by caller: SocketCaller) throws(Errno) { throw .EOPNOTSUPP }

  /// Ends one or both directions. shutdown(2).
  open func shutDown(_ direction: ShutdownDirection) throws(Errno) { throw .EOPNOTSUPP }

  /// Its own address. getsockname(2).
  open func address() throws(Errno) -> SocketAddress { throw .EOPNOTSUPP }

  /// The address of the other side. getpeername(2).
  ///
  /// - Throws: `ENOTCONN`.
  open func peerAddress() throws(Errno) -> SocketAddress { throw .EOPNOTSUPP }

  // MARK: Messages

  /// Sends bytes, and what `message` says with them. sendmsg(2).
  ///
  /// - Returns: how many bytes.
  open func send(
    _ buffer: inout IOBuffer, _ message: inout SocketMessage, by caller: SocketCaller?
  ) throws(Errno) -> Int { throw .EOPNOTSUPP }

  /// Receives bytes, and puts what came with them into `message`. recvmsg(2).
  ///
  /// - Returns: how many bytes; with MSG_TRUNC how long the message was.
  open func receive(_ buffer: inout IOBuffer, _ message: inout SocketMessage) throws(Errno) -> Int {
    throw .EOPNOTSUPP
  }

  // MARK: What options tell

  /// Whether it lets others connect. SO_ACCEPTCONN.
  open var isListening: Bool { false }

  /// The error that is pending, which is told once. SO_ERROR.
  open func takeError() -> Errno? { nil }

  /// Who is on the other side. SO_PEERCRED.
  open var peerIdentity: SocketIdentity { .nobody }

  /// Told when an option has changed.
  open func optionsChanged(_ options: SocketOptions) {}

  /// Lets `filter` decide what is received; nil for everything. SO_ATTACH_FILTER, SO_DETACH_FILTER.
  ///
  /// - Throws: `ENOPROTOOPT` by a family without filters, `EPERM` when that was locked, `ENOENT` when there is none to take
  ///   away.
  open func setFilter(_ filter: PacketFilter?) throws(Errno) { throw .ENOPROTOOPT }

  /// Whether the filter stays as it is. SO_LOCK_FILTER.
  open var isFilterLocked: Bool { false }

  /// Lets the filter stay as it is for ever. SO_LOCK_FILTER.
  ///
  /// - Throws: `ENOPROTOOPT` by a family without filters.
  open func lockFilter() throws(Errno) { throw .ENOPROTOOPT }

  /// Sets an option of a level of the family's.
  ///
  /// - Throws: `EOPNOTSUPP`, `ENOPROTOOPT`.
  open func setOption(
    level: Int64, _ number: Int32, _ value: Span<UInt8>, by caller: SocketCaller
  ) throws(Errno) { throw .EOPNOTSUPP }

  /// An option of a level of the family's.
  ///
  /// - Throws: `EOPNOTSUPP`, `ENOPROTOOPT`.
  open func option(level: Int64, _ number: Int32) throws(Errno) -> SocketOptionValue { throw .EOPNOTSUPP }

  // MARK: As a file

  public final override func readContent(_ buffer: inout IOBuffer, at offset: Int64) throws(Errno) -> Int {
    // Nothing is received into nothing, whatever there is.
    guard buffer.remaining > 0 else { return 0 }
    var message = SocketMessage()
    return try receive(&buffer, &message)
  }

  public final override func writeContent(
    _ buffer: inout IOBuffer, at offset: inout Int64, sizeLimit: UInt64
  ) throws(Errno) -> Int {
    var message = SocketMessage()
    return try send(&buffer, &message, by: nil)
  }

  public override var signalsBrokenPipe: Bool { type == .SOCK_STREAM }

  public override var canPoll: Bool { true }

  public override var readinessSignals: ReadinessSignals { .roomWhenWanted }

  // MARK: Waiting

  /// How long to wait for something to receive.
  public final func receivePatience(_ flags: MessageFlags = []) -> SocketPatience {
    patience(flags, optionState.withLock { $0.receiveTimeout })
  }

  /// How long to wait for room to send.
  public final func sendPatience(_ flags: MessageFlags = []) -> SocketPatience {
    patience(flags, optionState.withLock { $0.sendTimeout })
  }

  private final func patience(_ flags: MessageFlags, _ timeout: UInt64?) -> SocketPatience {
    if isNonblocking || flags.contains(.MSG_DONTWAIT) || timeout == 0 { return .none }
    guard let timeout else { return .endless }
    let (deadline, overflows) = Clock.nanoseconds.addingReportingOverflow(timeout)
    return overflows ? .endless : .until(deadline)
  }

  /// Whether a call that a signal ended while it was receiving may be made again: not with a timeout. signal(7).
  public final var restartsReceiving: Bool { optionState.withLock { $0.receiveTimeout == nil } }
  /// As `restartsReceiving`, for sending and connecting.
  public final var restartsSending: Bool { optionState.withLock { $0.sendTimeout == nil } }
}

/// How long a call waits.
public enum SocketPatience: Sendable {
  /// Not at all.
  case none
  /// Until a time of the monotonic clock.
  case until(UInt64)
  /// For ever.
  case endless

  /// Waits in `queue` until `condition` is true.
  ///
  /// - Throws: `EAGAIN` instead of waiting or at the end of patience, `EINTR`.
  public func wait(
    in queue: borrowing WaitQueue, for events: PollEvents, until condition: () -> Bool
  ) throws(Errno) {
    let deadline: UInt64?
    switch self {
    case .none: if condition() { return } else { throw .EAGAIN }
    case .until(let time): deadline = time
    case .endless: deadline = nil
    }
    do throws(Errno) {
      try queue.wait(for: events, deadline: deadline, until: condition)
    } catch {
      throw error == .ETIMEDOUT ? .EAGAIN : error
    }
  }
}
