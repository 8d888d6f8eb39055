import Events
import Foundations
import LinuxABI
import Machine
import Processes
import Security
import Signals
import Synchronization
import Time
import VFS
import Waiting

/// epoll(7).
extension SystemCallContext {
  /// epoll_create(2)
  func epollCreate(_ size: Int32) throws(Errno) -> Int32 {
    guard size > 0 else { throw .EINVAL }
    return try epollCreate1([])
  }

  /// epoll_create1(2)
  func epollCreate1(_ flags: EpollCreateFlags) throws(Errno) -> Int32 {
    let file = try EventFiles.makeEpoll(task.credentials)
    return try add(file, closesOnExecution: flags.contains(.EPOLL_CLOEXEC))
  }

  /// epoll_ctl(2)
  func epollCtl(
    _ descriptor: Int32, _ operation: EpollOperation, _ target: Int32, _ event: UserPointer<EpollEvent>
  ) throws(Errno) {
    var request = EpollRequest(0, data: 0)
    if operation != .EPOLL_CTL_DEL {
      let event = try event.load()
      request = EpollRequest(event.events, data: event.data)
    }
    let file = try file(descriptor)
    let targetFile = try usableFile(target)
    guard let epoll = file as? EpollFile else {
      // As on Linux, what cannot be watched is said first.
      throw targetFile.canPoll ? .EINVAL : .EPERM
    }
    let targetDescriptor = Descriptor(rawValue: target)
    switch operation {
    case .EPOLL_CTL_ADD: try epoll.add(targetFile, targetDescriptor, request)
    case .EPOLL_CTL_MOD: try epoll.modify(targetFile, targetDescriptor, request)
    case .EPOLL_CTL_DEL: try epoll.remove(targetFile, targetDescriptor)
    }
  }

  /// epoll_wait(2)
  @inline(__always)
  func epollWait(
    _ descriptor: Int32, _ events: UserPointer<EpollEvent>, _ limit: Int32, _ timeout: Int32
  ) throws(Errno) -> Int {
    try wait(descriptor, events, limit, deadline: Self.deadline(milliseconds: timeout))
  }

  /// epoll_pwait(2)
  func epollPwait(
    _ descriptor: Int32, _ events: UserPointer<EpollEvent>, _ limit: Int32, _ timeout: Int32,
    _ mask: UserPointer<UInt64>, _ maskSize: UInt64
  ) throws(Errno) -> Int {
    let deadline = Self.deadline(milliseconds: timeout)
    return try task.withBlockedSignals(try signalMask(mask, size: maskSize)) { () throws(Errno) in
      try wait(descriptor, events, limit, deadline: deadline)
    }
  }

  /// epoll_pwait2(2)
  func epollPwait2(
    _ descriptor: Int32, _ events: UserPointer<EpollEvent>, _ limit: Int32, _ timeout: UserPointer<Timespec>,
    _ mask: UserPointer<UInt64>, _ maskSize: UInt64
  ) throws(Errno) -> Int {
    let deadline = try LimitedWait(timeout).deadline
    return try task.withBlockedSignals(try signalMask(mask, size: maskSize)) { () throws(Errno) in
      try wait(descriptor, events, limit, deadline: deadline)
    }
  }

  /// When a wait of a number of milliseconds ends; nil for never.
  private static func deadline(milliseconds: Int32) -> UInt64? {
    guard milliseconds > 0 else { return milliseconds == 0 ? 0 : nil }
    return Clock.nanoseconds &+ UInt64(milliseconds) * 1_000_000
  }

  @inline(__always)
  private func wait(
    _ descriptor: Int32, _ events: UserPointer<EpollEvent>, _ limit: Int32, deadline: UInt64?
  ) throws(Errno) -> Int {
    guard limit > 0, limit <= Int32.max / Int32(EpollEvent.userByteCount) else { throw .EINVAL }
    let byteCount = UInt64(limit) * UInt64(EpollEvent.userByteCount)
    let room = try UserBytes(address: events.address, count: byteCount)
    // With a name, so that it can be made part of what calls it, which is worth a tenth of such a call.
    @inline(__always)
    func collect(_ file: OpenFile) throws(Errno) -> Int {
      let count = try BorrowedReference.use(file, as: EpollFile.self) { epoll throws(Errno) in
        try epoll.wait(limit: Int(limit), deadline: deadline) { index, bits, data throws(Errno) in
          // The structure has no gap, so its second part is not aligned.
          try room.store(
            UInt64(bits) | data << 32, data >> 32, byteCount: EpollEvent.userByteCount,
            at: index * EpollEvent.userByteCount)
        }
      }
      guard let count else { throw .EINVAL }
      return count
    }
    return try use(descriptor, collect)
  }
}

/// `struct epoll_event`, which is packed on x86-64. Source: epoll_event(3type).
public struct EpollEvent: UserValue {
  /// Bits of `EpollEvents`.
  public let events: UInt32
  /// The program's own.
  public let data: UInt64

  /// 12.
  public static var userByteCount: Int { 12 }

  /// Takes it from its form.
  public init(userBytes: Span<UInt8>) {
    events = UInt32(truncatingIfNeeded: StructureBytes.get(userBytes, width: 4, at: 0))
    data = StructureBytes.get(userBytes, at: 4)
  }

  /// Writes its form.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    StructureBytes.put(UInt64(events), width: 4, at: 0, &bytes)
    StructureBytes.put(data, at: 4, &bytes)
  }
}
