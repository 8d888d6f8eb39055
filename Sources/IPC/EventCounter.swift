public import Foundations
public import Machine
public import Security
import Synchronization
public import VFS
public import Waiting

public import struct LinuxABI.OpenFlags

/// A number that writers add to and readers take. eventfd(2).
public final class EventCounter: OpenFile {
  /// What a read takes.
  public enum Way: Sendable {
    /// All of it.
    case all
    /// One. EFD_SEMAPHORE.
    case one
  }

  private let value: Atomic<UInt64>
  private let way: Way
  private let queue = WaitQueue()

  /// Creates a counter.
  ///
  /// - Throws: `ENOMEM`.
  init(_ request: OpenRequest, _ inode: Inode, initial: UInt64, _ way: Way) throws(Errno) {
    value = Atomic(initial)
    self.way = way
    try super.init(request, inode)
  }

  /// Takes what there is; nil when there is nothing.
  @inline(__always)
  private func take() -> UInt64? {
    var found = value.load(ordering: .relaxed)
    while found > 0 {
      let taken = way == .all ? found : 1
      let (isDone, now) = value.compareExchange(
        expected: found, desired: found - taken, ordering: .acquiringAndReleasing)
      if isDone { return taken }
      found = now
    }
    return nil
  }

  /// Adds, if the sum is not too large.
  @inline(__always)
  private func add(_ number: UInt64) -> Bool {
    var found = value.load(ordering: .relaxed)
    // The largest value is one less than the largest number.
    while number < UInt64.max - found {
      let (isDone, now) = value.compareExchange(
        expected: found, desired: found + number, ordering: .acquiringAndReleasing)
      if isDone { return true }
      found = now
    }
    return false
  }

  public override func readContent(_ buffer: inout IOBuffer, at offset: Int64) throws(Errno) -> Int {
    guard buffer.remaining >= 8 else { throw .EINVAL }
    var taken = take()
    if taken == nil {
      if isNonblocking { throw .EAGAIN }
      try queue.wait(for: [.input, .readNormal]) {
        taken = take()
        return taken != nil
      }
    }
    queue.wakeAll([.output, .writeNormal])
    var bytes = InlineArray<8, UInt8>(repeating: 0)
    let number = taken ?? 0
    for index in 0..<8 { bytes[index] = UInt8(truncatingIfNeeded: number >> UInt64(index * 8)) }
    return try buffer.write(bytes.span)
  }

  public override func writeContent(
    _ buffer: inout IOBuffer, at offset: inout Int64, sizeLimit: UInt64
  ) throws(Errno) -> Int {
    guard buffer.remaining >= 8 else { throw .EINVAL }
    var bytes = InlineArray<8, UInt8>(repeating: 0)
    var span = bytes.mutableSpan
    guard try buffer.read(into: &span) == 8 else { throw .EFAULT }
    var number: UInt64 = 0
    for index in 0..<8 { number |= UInt64(bytes[index]) << UInt64(index * 8) }
    guard number < .max else { throw .EINVAL }
    if !add(number) {
      if isNonblocking { throw .EAGAIN }
      try queue.wait(for: [.output, .writeNormal]) { add(number) }
    }
    queue.wakeAll([.input, .readNormal])
    return 8
  }

  public override var canPoll: Bool { true }

  public override func poll() -> PollEvents {
    let value = value.load(ordering: .acquiring)
    var events: PollEvents = []
    if value > 0 { events.formUnion([.input, .readNormal]) }
    if value < .max - 1 { events.formUnion([.output, .writeNormal]) }
    return events
  }

  public override func forEachWaitQueue(_ body: (borrowing WaitQueue) -> Void) { body(queue) }
}

extension EventCounter {
  /// Makes a counter. eventfd2(2).
  ///
  /// - Parameter flags: O_NONBLOCK.
  /// - Throws: `ENOMEM`.
  public static func make(
    _ inodes: AnonymousInodes, _ credentials: Credentials, initial: UInt32, _ way: Way, _ flags: OpenFlags
  ) throws(Errno) -> EventCounter {
    let kept = flags.intersection(.O_NONBLOCK).union(.O_RDWR)
    let (request, inode) = try inodes.makeInode("[eventfd]", credentials, kept)
    return try EventCounter(request, inode, initial: UInt64(initial), way)
  }
}
