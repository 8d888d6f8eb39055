import Foundations
import LinuxABI
import Machine
import Processes
import Security
import VFS
import VirtualMemory

/// Looking into other processes.
extension SystemCallContext {
  private func inspected(_ number: Int32) throws(Errno) -> Task {
    if number == task.threadIdentifier { return task }
    guard let other = task.process.tree.task(number) else { throw .ESRCH }
    return other
  }

  // MARK: Comparing

  /// kcmp(2)
  func kcmp(
    _ first: Int32, _ second: Int32, _ type: KcmpType, _ firstIndex: UInt64, _ secondIndex: UInt64
  ) throws(Errno) -> Int {
    let (one, other) = (try inspected(first), try inspected(second))
    try one.checkControl(by: task)
    try other.checkControl(by: task)
    let (ones, others) = (one.resourcesForOthers, other.resourcesForOthers)
    switch type {
    case .KCMP_FILE:
      let file = try ones.files.file(Descriptor(rawValue: Int32(truncatingIfNeeded: firstIndex)))
      return Self.order(file, try others.files.file(Descriptor(rawValue: Int32(truncatingIfNeeded: secondIndex))))
    case .KCMP_VM:
      guard let memory = ones.memory, let otherMemory = others.memory else {
        return ones.memory == nil && others.memory == nil ? 0 : 1
      }
      return Self.order(memory, otherMemory)
    case .KCMP_FILES: return Self.order(ones.files, others.files)
    case .KCMP_FS: return Self.order(ones.context, others.context)
    // Signals are shared with the process.
    case .KCMP_SIGHAND: return Self.order(one.process, other.process)
    // What is the same for all: no task has any.
    case .KCMP_IO, .KCMP_SYSVSEM: return 0
    case .KCMP_EPOLL_TFD: throw .EINVAL
    }
  }

  /// 0 for the same object, and otherwise an order that says nothing of where they are.
  private static func order<Object: AnyObject>(_ first: Object, _ second: Object) -> Int {
    if first === second { return 0 }
    let mask = orderMask.withValue { $0 } ?? newOrderMask()
    let (one, other) = (scattered(ObjectIdentifier(first), mask), scattered(ObjectIdentifier(second), mask))
    return one < other ? 1 : 2
  }

  private static let orderMask = BootCell<UInt>()

  private static func newOrderMask() -> UInt {
    orderMask.fill(UInt(SystemRandom.next()))
    return orderMask.withValue { $0 } ?? 0
  }

  /// Multiplication by an odd number gives different numbers different numbers.
  private static func scattered(_ identifier: ObjectIdentifier, _ mask: UInt) -> UInt {
    (UInt(bitPattern: identifier) ^ mask) &* (mask | 1)
  }

  // MARK: Memory

  /// How much is copied at a time.
  private static let pieceByteCount = 1_024

  /// process_vm_readv(2)
  func processVmReadv(
    _ number: Int32, _ local: UserPointer<Iovec>, _ localCount: UInt64, _ remote: UserPointer<Iovec>,
    _ remoteCount: UInt64, _ flags: UInt64
  ) throws(Errno) -> Int {
    guard flags == 0 else { throw .EINVAL }
    let buffer = try Iovec.buffer(local, count: localCount)
    return try transfer(number, buffer, remote, remoteCount) { space, address, count, buffer throws(Errno) in
      var bytes = InlineArray<1_024, UInt8>(repeating: 0)
      var span = bytes.mutableSpan
      var part = span._mutatingExtracting(0..<count)
      try space.read(address, into: &part)
      return try buffer.write(bytes.span.extracting(0..<count))
    }
  }

  /// process_vm_writev(2)
  func processVmWritev(
    _ number: Int32, _ local: UserPointer<Iovec>, _ localCount: UInt64, _ remote: UserPointer<Iovec>,
    _ remoteCount: UInt64, _ flags: UInt64
  ) throws(Errno) -> Int {
    guard flags == 0 else { throw .EINVAL }
    let buffer = try Iovec.buffer(local, count: localCount)
    return try transfer(number, buffer, remote, remoteCount) { space, address, count, buffer throws(Errno) in
      var bytes = InlineArray<1_024, UInt8>(repeating: 0)
      var span = bytes.mutableSpan
      var part = span._mutatingExtracting(0..<count)
      let read = try buffer.read(into: &part)
      try space.write(bytes.span.extracting(0..<read), to: address)
      return read
    }
  }

  /// Moves bytes between `local` and the memory of another process, a piece of one page at a time.
  ///
  /// - Returns: how many bytes were moved, if there are any.
  private func transfer(
    _ number: Int32, _ local: consuming IOBuffer, _ remote: UserPointer<Iovec>, _ remoteCount: UInt64,
    _ move: (AddressSpace, UInt64, Int, inout IOBuffer) throws(Errno) -> Int
  ) throws(Errno) -> Int {
    var local = local
    guard remoteCount <= UInt64(IOBuffer.segmentLimit) else { throw .EINVAL }
    var vectors = GrowableArray<Iovec>()
    for index in 0..<Int(remoteCount) {
      let vector = try remote.load(at: index)
      guard vector.count <= UInt64(Int64.max) else { throw .EINVAL }
      try vectors.append(vector)
    }
    if local.remaining == 0 || vectors.isEmpty { return 0 }
    let other = try inspected(number)
    try other.checkControl(by: task)
    guard let space = other.resourcesForOthers.memory?.space else { throw .ESRCH }
    var total = 0
    do throws(Errno) {
      for index in 0..<vectors.count {
        var (address, left) = (vectors[index].address, vectors[index].count)
        while left > 0, local.remaining > 0 {
          if task.isEnding { throw .EINTR }
          let inPage = 4_096 - address & 4_095
          let count = min(Int(min(left, inPage)), min(Self.pieceByteCount, local.remaining))
          let moved = try move(space, address, count, &local)
          total += moved
          guard moved == count else { throw .EFAULT }
          (address, left) = (address &+ UInt64(count), left - UInt64(count))
        }
      }
    } catch {
      if total == 0 { throw error }
    }
    return total
  }
}
