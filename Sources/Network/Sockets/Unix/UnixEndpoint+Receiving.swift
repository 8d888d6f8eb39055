import Foundations
import Machine
import Synchronization
import VFS
import Waiting

import struct LinuxABI.MessageFlags
import enum LinuxABI.SocketType

/// Receiving. The rules are those of Linux's `unix_stream_read_generic` and `__unix_dgram_recvmsg`.
extension UnixEndpoint {
  // MARK: Streams

  private struct Progress {
    var copied = 0
    /// The message that is looked at next. MSG_PEEK only.
    var index = 0
    /// Whether the first message was begun, so that the next must be of the same sender.
    var isBegun = false
    var isEnd = false
  }

  /// Receives what there is, up to a message of another sender or one behind files; waits while there is nothing.
  ///
  /// - Parameter lowWater: for how much to wait.
  /// - Returns: how many bytes; 0 at the end.
  /// - Throws: `EINVAL` when it is not connected, `ECONNRESET`, `EAGAIN`, `EINTR`, `EFAULT`: when nothing was received.
  func receiveStream(
    _ buffer: inout IOBuffer, _ message: inout SocketMessage, lowWater: Int, _ patience: SocketPatience
  ) throws(Errno) -> Int {
    guard state.withLock({ $0.role == .connected }) else { throw .EINVAL }
    let isPeek = message.flags.contains(.MSG_PEEK)
    let target = message.flags.contains(.MSG_WAITALL) ? buffer.remaining : min(buffer.remaining, lowWater)
    var progress = Progress()
    while buffer.remaining > 0 {
      do throws(Errno) {
        try readStream(&buffer, &message, &progress, isPeek: isPeek)
        if progress.isEnd || buffer.remaining == 0 { break }
        // What is only looked at stays, and would be looked at again.
        if progress.copied >= target || isPeek && progress.copied > 0 { break }
        guard try awaitMessage(patience, hasSome: progress.copied > 0) else { break }
      } catch {
        if progress.copied > 0 { break }
        throw error
      }
    }
    message.flags = message.flags.intersection(.MSG_CMSG_CLOEXEC)
    return progress.copied
  }

  /// Waits for a message.
  ///
  /// - Returns: whether one may have come; false at the end.
  private func awaitMessage(_ patience: SocketPatience, hasSome: Bool) throws(Errno) -> Bool {
    var (isEmpty, isEnd): (Bool, Bool) = (true, false)
    let error: Errno? = state.withLock { state in
      (isEmpty, isEnd) = (state.queue.count == 0, state.receivesNoMore)
      return isEmpty ? state.error.take() : nil
    }
    if let error { throw error }
    if !isEmpty { return true }
    if isEnd { return false }
    try patience.wait(in: changes, for: [.input, .readNormal, .readHangUp, .hangUp, .error]) {
      state.withLock { $0.queue.count > 0 || $0.receivesNoMore || $0.error != nil }
    }
    return true
  }

  private func readStream(
    _ buffer: inout IOBuffer, _ message: inout SocketMessage, _ progress: inout Progress, isPeek: Bool
  ) throws(Errno) {
    readLock.lock()
    var failure: Errno?
    do throws(Errno) {
      while buffer.remaining > 0 && !progress.isEnd {
        guard try readOne(&buffer, &message, &progress, isPeek: isPeek) else { break }
      }
    } catch { failure = error }
    readLock.unlock()
    if let failure { throw failure }
  }

  /// Reads of one message.
  ///
  /// - Returns: whether there was one.
  private func readOne(
    _ buffer: inout IOBuffer, _ message: inout SocketMessage, _ progress: inout Progress, isPeek: Bool
  ) throws(Errno) -> Bool {
    let index = progress.index
    guard var found = take(index) else { return false }
    if !progress.isBegun {
      progress.isBegun = true
      message.identity = identity(found.identity)
      if let name = found.name { message.address = name.address }
    } else if passesCredentials.load(ordering: .relaxed), identity(found.identity) != message.identity {
      progress.isEnd = true
      putBack(found, at: index)
      return true
    }
    var (moved, failure): (Int, Errno?) = (0, nil)
    let wanted = min(found.payload.count - found.readCount, buffer.remaining)
    do throws(Errno) { moved = try found.payload.copy(to: &buffer, from: found.readCount) } catch { failure = error }
    if failure == nil, !found.files.isEmpty {
      do throws(Errno) {
        message.receive(isPeek ? try found.files.copy() : found.files.take())
        progress.isEnd = true
      } catch { failure = error }
    }
    progress.copied += moved
    if failure != nil || moved < wanted { progress.isEnd = true }
    if isPeek {
      putBack(found, at: index)
      progress.index += 1
    } else {
      found.readCount += moved
      let isDone = found.readCount == found.payload.count
      noteRead(moved)
      if isDone { remove() } else { putBack(found, at: index) }
    }
    if let failure { throw failure }
    return true
  }

  /// What a program that asks is told of who sent a message.
  private func identity(_ identity: SocketIdentity?) -> SocketIdentity? {
    passesCredentials.load(ordering: .relaxed) ? identity ?? .unknown : nil
  }

  private func take(_ index: Int) -> UnixMessage? { state.withLock { $0.queue.take(index) } }

  private func putBack(_ message: consuming UnixMessage, at index: Int) {
    var message: UnixMessage? = message
    state.withLock { state in
      if let message = message.take() { state.queue.put(message, at: index) }
    }
  }

  private func noteRead(_ count: Int) { state.withLock { $0.unreadCount = max(0, $0.unreadCount - count) } }

  /// Removes the place of the first message, which was taken out.
  private func remove() { state.withLock { _ = $0.queue.removeFirst() } }

  // MARK: Packets

  /// Receives one message; waits for it.
  ///
  /// - Returns: how many bytes; with MSG_TRUNC how long it was.
  /// - Throws: `ENOTCONN`, `ECONNRESET`, `EAGAIN`, `EINTR`, `EFAULT`.
  func receivePacket(
    _ buffer: inout IOBuffer, _ message: inout SocketMessage, _ patience: SocketPatience
  ) throws(Errno) -> Int {
    if type == .SOCK_SEQPACKET {
      guard state.withLock({ $0.role == .connected }) else { throw .ENOTCONN }
    }
    while true {
      if let error = takeError() { throw error }
      if let count = try readPacket(&buffer, &message) { return count }
      if state.withLock({ $0.receivesNoMore && $0.queue.count == 0 }) {
        if type == .SOCK_DGRAM, case .none = patience { throw .EAGAIN }
        message.flags = message.flags.intersection(.MSG_CMSG_CLOEXEC)
        return 0
      }
      try patience.wait(in: changes, for: [.input, .readNormal, .readHangUp, .hangUp, .error]) {
        state.withLock { $0.queue.count > 0 || $0.receivesNoMore || $0.error != nil }
      }
    }
  }

  private func readPacket(_ buffer: inout IOBuffer, _ message: inout SocketMessage) throws(Errno) -> Int? {
    let isPeek = message.flags.contains(.MSG_PEEK)
    readLock.lock()
    guard var found = take(0) else {
      readLock.unlock()
      return nil
    }
    let count = found.payload.count
    let wanted = min(count, buffer.remaining)
    var (moved, failure): (Int, Errno?) = (0, nil)
    do throws(Errno) { moved = try found.payload.copy(to: &buffer, from: 0) } catch { failure = error }
    if moved < wanted { failure = .EFAULT }
    message.identity = identity(found.identity)
    if let name = found.name { message.address = name.address }
    if isPeek {
      do throws(Errno) { message.receive(try found.files.copy()) } catch { failure = error }
      putBack(found, at: 0)
    } else {
      // Lost if it could not be stored, as on Linux.
      message.receive(found.files.take())
      noteRead(count)
      remove()
    }
    readLock.unlock()
    if !isPeek {
      room.wakeAll()
      if type == .SOCK_DGRAM { Self.datagramRoom.wakeAll([.output, .writeNormal, .writeBand]) }
    }
    if let failure { throw failure }
    let wantsLength = message.flags.contains(.MSG_TRUNC)
    message.flags = message.flags.intersection(.MSG_CMSG_CLOEXEC)
    if wanted < count { message.flags.insert(.MSG_TRUNC) }
    return wantsLength ? count : moved
  }
}
