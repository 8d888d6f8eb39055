public import Foundations
import Machine
public import Security
public import VFS
public import Waiting

import struct LinuxABI.EpollEvents
import struct LinuxABI.OpenFlags

/// An epoll instance that is open: watches files, and tells which are ready. epoll(7).
public final class EpollFile: OpenFile {
  let set = EpollSet()

  deinit { set.removeAll() }

  /// Makes an instance. epoll_create1(2).
  ///
  /// - Throws: `ENOMEM`.
  public static func make(_ inodes: AnonymousInodes, _ credentials: Credentials) throws(Errno) -> EpollFile {
    let (request, inode) = try inodes.makeInode("[eventpoll]", credentials, .O_RDWR)
    return try EpollFile(request, inode)
  }

  // MARK: What is watched

  /// Watches `file`, which `descriptor` stands for. EPOLL_CTL_ADD.
  ///
  /// - Throws: `EPERM` for files that are always ready, `EINVAL` for itself and for what does not go with EPOLLEXCLUSIVE, `EEXIST`,
  ///   `ELOOP` for instances that would watch each other in a circle or too deep, `ENOSPC`, `ENOMEM`.
  public func add(_ file: OpenFile, _ descriptor: Descriptor, _ request: EpollRequest) throws(Errno) {
    try check(file)
    let nested = file as? EpollFile
    if request.isExclusive && (nested != nil || !request.isProperlyExclusive) { throw .EINVAL }
    guard let nested else { return try set.add(file, descriptor.rawValue, request) }
    try set.place.addChild(nested.set.place) { () throws(Errno) in
      try set.add(file, descriptor.rawValue, request)
    }
  }

  /// Changes what `file` is watched for. EPOLL_CTL_MOD.
  ///
  /// - Throws: `EPERM`, `EINVAL`, `ENOENT`.
  public func modify(_ file: OpenFile, _ descriptor: Descriptor, _ request: EpollRequest) throws(Errno) {
    try check(file)
    guard !request.isExclusive else { throw .EINVAL }
    try set.modify(file, descriptor.rawValue, request)
  }

  /// Watches `file` no more. EPOLL_CTL_DEL.
  ///
  /// - Throws: `EPERM`, `EINVAL`, `ENOENT`.
  public func remove(_ file: OpenFile, _ descriptor: Descriptor) throws(Errno) {
    try check(file)
    try set.remove(file, descriptor.rawValue)
  }

  private func check(_ file: OpenFile) throws(Errno) {
    guard file.canPoll else { throw .EPERM }
    guard file !== self else { throw .EINVAL }
  }

  /// Tells up to `limit` events by `emit`, which may fail; waits until there is one, or `deadline`. epoll_wait(2).
  ///
  /// - Parameter deadline: in nanoseconds of the monotonic clock; nil for none, 0 not to wait.
  /// - Returns: how many; 0 at the deadline.
  /// - Throws: `EINTR`; what `emit` throws at the first.
  @inline(__always)
  public func wait(
    limit: Int, deadline: UInt64?, _ emit: (_ index: Int, _ events: UInt32, _ data: UInt64) throws(Errno) -> Void
  ) throws(Errno) -> Int {
    try set.wait(limit: limit, deadline: deadline, emit)
  }

  // MARK: As a file

  public override var canPoll: Bool { true }
  public override func poll() -> PollEvents { set.hasEvents() ? [.input, .readNormal] : [] }
  public override func forEachWaitQueue(_ body: (borrowing WaitQueue) -> Void) { body(set.pollers) }
}
