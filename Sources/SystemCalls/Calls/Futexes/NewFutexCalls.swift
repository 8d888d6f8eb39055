import Foundations
import Futexes
import LinuxABI
import Machine
import Processes
import Scheduling
import Synchronization
import Time
import VirtualMemory
import Waiting

/// futex_wait(2), futex_wake(2), futex_requeue(2) and futex_waitv(2). Source: Linux kernel/futex/syscalls.c.
extension SystemCallContext {
  /// futex_wake(2)
  func futexWake(_ word: UInt64, _ mask: UInt64, _ limit: Int32, _ flags: Futex2Flags) throws(Errno) -> Int {
    let sharing = try Self.sharing(flags)
    guard let mask = UInt32(exactly: mask), mask != 0 else { throw .EINVAL }
    guard limit != 0 else { return 0 }
    return try withTable { table throws(Errno) in
      try table.wake(try futexWord(UserPointer(word), sharing), mask: mask, limit: max(1, Int(limit)))
    }
  }

  /// futex_wait(2)
  func futexWait(
    _ word: UserPointer<UInt32>, _ value: UInt64, _ mask: UInt64, _ flags: Futex2Flags,
    _ timeout: UserPointer<Timespec>, _ clock: Int32
  ) throws(Errno) {
    let sharing = try Self.sharing(flags)
    guard let mask = UInt32(exactly: mask), mask != 0, let value = UInt32(exactly: value) else { throw .EINVAL }
    let deadline = try deadline(timeout, clock)
    try restarted(deadline == nil ? .afterSignal : .unlessHandled) { () throws(Errno) in
      try withTable { table throws(Errno) in
        try table.wait(task.futexes, at: try futexWord(word, sharing), while: value, mask: mask, until: deadline)
      }
    }
  }

  /// futex_requeue(2)
  func futexRequeue(
    _ waiters: UserPointer<FutexWaitv>, _ flags: UInt32, _ wakeLimit: Int32, _ moveLimit: Int32
  ) throws(Errno) -> Int {
    guard flags == 0, !waiters.isNull else { throw .EINVAL }
    let (source, target) = (try waiters.load(at: 0).checked(), try waiters.load(at: 1).checked())
    guard wakeLimit >= 0, moveLimit >= 0 else { throw .EINVAL }
    return try withTable { table throws(Errno) in
      let (woken, moved) = try table.requeue(
        try futexWord(UserPointer(source.address), source.sharing),
        to: try futexWord(UserPointer(target.address), target.sharing), wakeLimit: Int(wakeLimit),
        moveLimit: Int(moveLimit), while: source.value)
      return woken + moved
    }
  }

  /// futex_waitv(2)
  func futexWaitv(
    _ waiters: UserPointer<FutexWaitv>, _ count: UInt32, _ flags: UInt32, _ timeout: UserPointer<Timespec>,
    _ clock: Int32
  ) throws(Errno) -> Int {
    guard flags == 0, count > 0, count <= UInt32(FutexTable.vectorLimit), !waiters.isNull else { throw .EINVAL }
    let deadline = try deadline(timeout, clock)
    var words = GrowableArray<FutexTable.Expectation>()
    try words.reserveCapacity(Int(count))
    for index in 0..<Int(count) {
      let waiter = try waiters.load(at: index).checked()
      let word = try futexWord(UserPointer(waiter.address), waiter.sharing)
      try words.append(FutexTable.Expectation(word, waiter.value))
    }
    return try withTable { table throws(Errno) in
      try table.wait(task.futexes, atAnyOf: words, until: deadline)
    }
  }

  /// When a wait ends, a time of one of two clocks; nil for none.
  private func deadline(_ timeout: UserPointer<Timespec>, _ clock: Int32) throws(Errno) -> ClockDeadline? {
    guard !timeout.isNull else { return nil }
    let base: TimeBase
    switch ClockIdentifier(rawValue: Int64(clock)) {
    case .CLOCK_MONOTONIC: base = .monotonic
    case .CLOCK_REALTIME: base = .realTime
    default: throw .EINVAL
    }
    return ClockDeadline(base, try timeout.load().total())
  }

  /// Who may mean a word with `flags`. Words of 32 bits are what there is.
  fileprivate static func sharing(_ flags: Futex2Flags) throws(Errno) -> FutexWord.Sharing {
    guard flags.futexSize == .FUTEX2_SIZE_U32, flags.isDisjoint(with: [.FUTEX2_NUMA, .FUTEX2_MPOL]) else {
      throw .EINVAL
    }
    return flags.contains(.FUTEX2_PRIVATE) ? .private : .shared
  }
}

/// `struct futex_waitv`. Source: linux/futex.h.
public struct FutexWaitv: UserValue {
  let value: UInt64
  let address: UInt64
  let flags: UInt32
  let reserved: UInt32

  /// 24.
  public static var userByteCount: Int { 24 }

  /// Takes it from its form.
  public init(userBytes: Span<UInt8>) {
    value = StructureBytes.get(userBytes, at: 0)
    address = StructureBytes.get(userBytes, at: 8)
    flags = UInt32(truncatingIfNeeded: StructureBytes.get(userBytes, width: 4, at: 16))
    reserved = UInt32(truncatingIfNeeded: StructureBytes.get(userBytes, width: 4, at: 20))
  }

  /// Writes its form.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    StructureBytes.put(value, at: 0, &bytes)
    StructureBytes.put(address, at: 8, &bytes)
    StructureBytes.put(UInt64(flags), width: 4, at: 16, &bytes)
    StructureBytes.put(UInt64(reserved), width: 4, at: 20, &bytes)
  }

  /// What it names.
  ///
  /// - Throws: `EINVAL` for flags that there are not, and for a value that is too large.
  fileprivate func checked() throws(Errno) -> (value: UInt32, address: UInt64, sharing: FutexWord.Sharing) {
    let flags = Futex2Flags(rawValue: UInt64(flags))
    guard reserved == 0, flags.unknownBits == 0 else { throw .EINVAL }
    let sharing = try SystemCallContext.sharing(flags)
    guard let value = UInt32(exactly: value) else { throw .EINVAL }
    return (value, address, sharing)
  }
}
