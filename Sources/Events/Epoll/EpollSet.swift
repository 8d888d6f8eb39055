import Foundations
import Machine
import Synchronization
import VFS
import Waiting

import struct LinuxABI.EpollEvents

/// The files that an epoll instance watches, and which of them may be ready.
///
/// It lies behind the open file, so that what is watched can refer to it: the file's end empties it.
final class EpollSet {
  private static let total = Atomic<Int>(0)
  /// How many files may be watched by all sets together (`/proc/sys/fs/epoll/max_user_watches`).
  private static let totalLimit = 1 << 20

  private let lock = SleepLock()
  // Guarded by the lock.
  private var interests = GrowableArray<EpollInterest?>()
  private var freeNumbers = GrowableArray<Int32>()
  /// The first number of each hash of a descriptor; a power of two of them, or none.
  private var buckets = GrowableArray<Int32>()
  private var count = 0

  private let ready = SpinLock(ReadyRing())
  /// How many may be ready: `ready.count`, to be looked at without its lock.
  private let readyCount = Atomic<Int>(0)
  /// Those who wait for events.
  private let waiters = WaitQueue()
  /// Those who wait for the instance as a file.
  let pollers = WaitQueue()
  /// Its place among those that watch each other.
  let place = EpollPlace()

  init() {}

  // MARK: Being told

  /// Notes that number `number` may be ready.
  ///
  /// - Returns: whether that has made a thread run.
  /// - Context: any; the lock of the queue by which it was told is held.
  func note(_ number: Int) -> Bool {
    push(number)
    let woken = waiters.wake([.input, .readNormal])
    pollers.wakeAll([.input, .readNormal])
    return woken > 0
  }

  @inline(__always)
  private func push(_ number: Int) {
    ready.withLock { ready in
      if ready.push(number) { readyCount.store(ready.count, ordering: .releasing) }
    }
  }

  @inline(__always)
  private func pop() -> Int? {
    ready.withLock { ready in
      let number = ready.pop()
      readyCount.store(ready.count, ordering: .releasing)
      return number
    }
  }

  @inline(__always)
  private var mayBeReady: Bool { readyCount.load(ordering: .acquiring) > 0 }

  // MARK: Waiting

  /// Tells up to `limit` events by `emit`, which may fail; waits until there is one, or `deadline`.
  ///
  /// - Parameter deadline: in nanoseconds of the monotonic clock; nil for none, 0 not to wait.
  /// - Returns: how many; 0 at the deadline.
  /// - Throws: `EINTR`; what `emit` throws at the first.
  @inline(__always)
  func wait(
    limit: Int, deadline: UInt64?, _ emit: (_ index: Int, _ events: UInt32, _ data: UInt64) throws(Errno) -> Void
  ) throws(Errno) -> Int {
    if mayBeReady {
      let count = try collect(limit, emit)
      if count > 0 { return count }
    }
    return try waitAndCollect(limit, deadline, emit)
  }

  /// The same once nothing is ready, apart from what must be quick.
  @inline(never)
  private func waitAndCollect(
    _ limit: Int, _ deadline: UInt64?, _ emit: (_ index: Int, _ events: UInt32, _ data: UInt64) throws(Errno) -> Void
  ) throws(Errno) -> Int {
    while true {
      if deadline == 0 { return 0 }
      do throws(Errno) {
        try waiters.wait(for: [.input, .readNormal], isExclusive: true, deadline: deadline) { mayBeReady }
      } catch {
        guard error == .ETIMEDOUT else { throw error }
        return 0
      }
      guard mayBeReady else { continue }
      let count = try collect(limit, emit)
      if count > 0 { return count }
    }
  }

  @inline(__always)
  private func collect(
    _ limit: Int, _ emit: (_ index: Int, _ events: UInt32, _ data: UInt64) throws(Errno) -> Void
  ) throws(Errno) -> Int {
    defer {
      // One that was woken for several events leaves some, and what stays ready is everybody's.
      if mayBeReady { waiters.wake([.input, .readNormal]) }
    }
    lock.lock()
    defer { lock.unlock() }
    // No more than there were: those that stay ready come again behind the others.
    var remaining = readyCount.load(ordering: .relaxed)
    var count = 0
    while count < limit, remaining > 0, let number = ready.withLockInThread({ $0.first }) {
      remaining -= 1
      do throws(Errno) {
        let index = count
        let isTold = try interests.use(number) { interest throws(Errno) in try tell(interest, index, emit) }
        // The number is nobody's, if not another's soon.
        guard let isTold else {
          dropFirst()
          continue
        }
        if isTold { count += 1 }
      } catch {
        if count > 0 { return count }
        throw error
      }
    }
    return count
  }

  /// Tells of `interest`, the first of those that may be ready, if it is.
  ///
  /// It stays where it is meanwhile: what is told of it from here on finds it there, and it is ready as long as it was not dropped. Only
  /// what may be told once is dropped before it is looked at, as what comes afterwards must be told again.
  ///
  /// - Returns: whether it was.
  /// - Throws: what `emit` throws; it may be ready as before.
  @inline(__always)
  private func tell(
    _ interest: EpollInterest, _ index: Int,
    _ emit: (_ index: Int, _ events: UInt32, _ data: UInt64) throws(Errno) -> Void
  ) throws(Errno) -> Bool {
    let wish = interest.wish.load(ordering: .relaxed)
    guard wish & (Self.oneShot | Self.edgeTriggered) == 0 else { return try tellOnce(interest, wish, index, emit) }
    let events = interest.currentEvents(wish)
    guard events != 0 else { return try tellOnce(interest, wish, index, emit) }
    try emit(index, events, interest.data)
    if readyCount.load(ordering: .relaxed) > 1 { ready.withLockInThread { $0.rotate() } }
    return true
  }

  /// The same for one that is not to stay among those that may be ready, or not if it is not.
  @inline(never)
  private func tellOnce(
    _ interest: EpollInterest, _ wish: UInt32, _ index: Int,
    _ emit: (_ index: Int, _ events: UInt32, _ data: UInt64) throws(Errno) -> Void
  ) throws(Errno) -> Bool {
    dropFirst()
    let events = interest.currentEvents(wish)
    guard events != 0 else { return false }
    do throws(Errno) {
      try emit(index, events, interest.data)
    } catch {
      push(interest.number)
      throw error
    }
    if wish & Self.oneShot != 0 {
      interest.wish.store(wish & Self.ways, ordering: .relaxed)
    } else if wish & Self.edgeTriggered == 0 {
      push(interest.number)
    }
    return true
  }

  private func dropFirst() { _ = pop() }

  private static var oneShot: UInt32 { UInt32(truncatingIfNeeded: EpollEvents.EPOLLONESHOT.rawValue) }
  private static var edgeTriggered: UInt32 { UInt32(truncatingIfNeeded: EpollEvents.EPOLLET.rawValue) }
  /// The bits that are no events.
  private static var ways: UInt32 { 0xf000_0000 }

  /// Whether any file is ready.
  func hasEvents() -> Bool {
    guard mayBeReady else { return false }
    lock.lock()
    defer { lock.unlock() }
    var remaining = readyCount.load(ordering: .relaxed)
    while remaining > 0, let number = pop() {
      remaining -= 1
      guard let interest = interests[number] else { continue }
      guard interest.currentEvents(interest.wish.load(ordering: .relaxed)) != 0 else { continue }
      // It stays, behind the others, which may be ready as well.
      push(number)
      return true
    }
    return false
  }

  // MARK: Changing

  /// Watches `file`, which `descriptor` stands for.
  ///
  /// - Throws: `EEXIST` when it is watched by that descriptor already, `EBADF` when its last descriptor was closed meanwhile,
  ///   `ENOSPC` when too many files are watched, `ENOMEM`.
  /// - Context: a thread without locks; may wait.
  func add(_ file: OpenFile, _ descriptor: Int32, _ request: EpollRequest) throws(Errno) {
    try ObjectMemory.check()
    let interest = try lock.withLock { () throws(Errno) in try register(file, descriptor, request) }
    // One that was closed before it had a watcher has told nobody.
    guard file.hasDescriptors || !detach(interest) else { throw .EBADF }
    tellIfReady(interest)
  }

  /// Changes what is watched for.
  ///
  /// - Throws: `ENOENT` when it is not watched; `EINVAL` for one that was added as exclusive.
  func modify(_ file: OpenFile, _ descriptor: Int32, _ request: EpollRequest) throws(Errno) {
    let interest = try lock.withLock { () throws(Errno) in
      guard let interest = find(file, descriptor) else { throw .ENOENT }
      let old = EpollEvents(rawValue: UInt64(interest.wish.load(ordering: .relaxed)))
      guard !old.contains(.EPOLLEXCLUSIVE) else { throw .EINVAL }
      interest.data = request.data
      interest.wish.store(request.wish, ordering: .sequentiallyConsistent)
      return interest
    }
    tellIfReady(interest)
  }

  /// Watches `file` no more.
  ///
  /// - Throws: `ENOENT` when it is not watched.
  func remove(_ file: OpenFile, _ descriptor: Int32) throws(Errno) {
    let interest = try lock.withLock { () throws(Errno) in
      guard let interest = find(file, descriptor) else { throw .ENOENT }
      return interest
    }
    remove(interest)
  }

  /// Removes `interest`, if nobody else does.
  ///
  /// - Context: a thread without locks; may wait.
  func remove(_ interest: EpollInterest) {
    guard detach(interest), let nested = (interest.file as? EpollFile)?.set else { return }
    place.removeChild(nested.place)
  }

  /// - Returns: whether it was still there.
  private func detach(_ interest: EpollInterest) -> Bool {
    lock.withLock {
      guard interests[interest.number] === interest else { return false }
      unregister(interest)
      return true
    }
  }

  /// Watches nothing any more.
  func removeAll() {
    while let interest = lock.withLock({ firstInterest }) { remove(interest) }
  }

  private var firstInterest: EpollInterest? {
    for index in 0..<interests.count { if let interest = interests[index] { return interest } }
    return nil
  }

  /// What is ready from the beginning has told nobody.
  private func tellIfReady(_ interest: EpollInterest) {
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    if interest.currentEvents(interest.wish.load(ordering: .relaxed)) != 0 { _ = note(interest.number) }
  }

  private func register(
    _ file: OpenFile, _ descriptor: Int32, _ request: EpollRequest
  ) throws(Errno) -> EpollInterest {
    guard find(file, descriptor) == nil else { throw .EEXIST }
    guard Self.total.load(ordering: .relaxed) < Self.totalLimit else { throw .ENOSPC }
    try reserve()
    let number = freeNumbers.isEmpty ? interests.count : Int(freeNumbers[freeNumbers.count - 1])
    let interest = EpollInterest(self, file, descriptor, number: number, request)
    try interest.enterQueues()
    // Nothing fails from here on.
    if number == interests.count { try interests.append(interest) } else { _ = freeNumbers.popLast() }
    interests[number] = interest
    let bucket = bucket(descriptor)
    interest.nextInBucket = buckets[bucket]
    buckets[bucket] = Int32(number)
    count += 1
    Self.total.wrappingAdd(1, ordering: .relaxed)
    file.addWatcher(interest)
    return interest
  }

  /// Makes room for one more.
  private func reserve() throws(Errno) {
    if freeNumbers.isEmpty {
      let wanted = interests.count + 1
      guard wanted <= Int(Int32.max) else { throw .ENOSPC }
      if interests.capacity < wanted { try interests.reserveCapacity(max(8, wanted * 2)) }
      try freeNumbers.reserveCapacity(interests.capacity)
      try ready.withLock { ready throws(Errno) in try ready.reserve(wanted) }
    }
    if count >= buckets.count { try growBuckets() }
  }

  private func growBuckets() throws(Errno) {
    var larger = GrowableArray<Int32>()
    do throws(Errno) {
      try larger.resize(to: max(8, buckets.count * 2), filledWith: -1)
    } catch {
      // Longer chains do, too.
      if buckets.isEmpty { throw error }
      return
    }
    buckets = larger
    for index in 0..<interests.count {
      guard let interest = interests[index] else { continue }
      let bucket = bucket(interest.descriptor)
      interest.nextInBucket = buckets[bucket]
      buckets[bucket] = Int32(index)
    }
  }

  /// Descriptors are small and close together.
  private func bucket(_ descriptor: Int32) -> Int { Int(descriptor) & (buckets.count - 1) }

  private func find(_ file: OpenFile, _ descriptor: Int32) -> EpollInterest? {
    guard !buckets.isEmpty else { return nil }
    var number = buckets[bucket(descriptor)]
    while number >= 0, let interest = interests[Int(number)] {
      if interest.descriptor == descriptor && interest.file === file { return interest }
      number = interest.nextInBucket
    }
    return nil
  }

  private func unregister(_ interest: EpollInterest) {
    interest.leaveQueues()
    interest.file.removeWatcher(interest)
    let bucket = bucket(interest.descriptor)
    if buckets[bucket] == Int32(interest.number) {
      buckets[bucket] = interest.nextInBucket
    } else {
      var number = buckets[bucket]
      while number >= 0, let before = interests[Int(number)] {
        if before.nextInBucket == Int32(interest.number) {
          before.nextInBucket = interest.nextInBucket
          break
        }
        number = before.nextInBucket
      }
    }
    interests[interest.number] = nil
    // There is room. It may still be among those that may be ready: whoever has the number next is looked at once for nothing.
    try? freeNumbers.append(Int32(interest.number))
    count -= 1
    Self.total.wrappingSubtract(1, ordering: .relaxed)
  }
}
