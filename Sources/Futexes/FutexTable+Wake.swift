public import Foundations
import Machine
import Synchronization
import Waiting

/// FUTEX_WAKE and its relatives.
extension FutexTable {
  /// Wakes up to `limit` of those that wait at `word` with a bit of `mask`, those that came first.
  ///
  /// - Returns: how many.
  /// - Throws: `EINVAL` when the word is one with an owner, for which somebody waits.
  /// - Context: a thread without locks.
  @inline(__always)
  public func wake(_ word: FutexWord, mask: UInt32 = .max, limit: Int) throws(Errno) -> Int {
    let number = number(of: word.key)
    // The program has changed the word before; see `FutexBucket.population`.
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    guard buckets[number].population.load(ordering: .relaxed) > 0, limit > 0 else { return 0 }
    return limit == 1 ? try wakeOne(word.key, mask, number) : try wakeMany(word.key, mask, number, limit)
  }

  private func wakeOne(_ key: FutexKey, _ mask: UInt32, _ number: Int) throws(Errno) -> Int {
    let waiter = try buckets[number].list.withLock { list throws(Errno) in
      let waiter = list.first(at: key, mask)
      guard let waiter else { return nil as FutexWaiter? }
      // Only FUTEX_CMP_REQUEUE_PI is to wake it.
      guard waiter.target == nil else { throw .EINVAL }
      list.remove(waiter)
      waiter.release()
      return waiter
    }
    guard let waiter else { return 0 }
    buckets[number].population.wrappingSubtract(1, ordering: .relaxed)
    waiter.notify()
    return 1
  }

  private func wakeMany(_ key: FutexKey, _ mask: UInt32, _ number: Int, _ limit: Int) throws(Errno) -> Int {
    var wakes = WakeList()
    let count = try buckets[number].list.withLock { list throws(Errno) in
      if list.first(at: key, mask)?.target != nil { throw .EINVAL }
      return list.release(key, mask, limit: limit, to: &wakes)
    }
    buckets[number].population.wrappingSubtract(count, ordering: .relaxed)
    wakes.wake()
    return count
  }

  // MARK: Requeue

  /// Wakes up to `wakeLimit` of those that wait at `source`, and lets up to `moveLimit` others wait at `target` from now on.
  ///
  /// - Parameter expected: what `source` must be; nil for anything.
  /// - Returns: how many were woken, and how many moved.
  /// - Throws: `EAGAIN` when the word is another, `EFAULT`; `EINVAL` for those who are to be moved to a futex with an owner.
  /// - Context: a thread without locks.
  public func requeue(
    _ source: FutexWord, to target: FutexWord, wakeLimit: Int, moveLimit: Int, while expected: UInt32?
  ) throws(Errno) -> (woken: Int, moved: Int) {
    let (sourceNumber, targetNumber) = (number(of: source.key), number(of: target.key))
    var request = Requeue(source.key, target.key, targetNumber, wakeLimit: wakeLimit, moveLimit: moveLimit)
    while true {
      let check: Requeue.Check
      if sourceNumber == targetNumber {
        check = buckets[sourceNumber].list.withLock { list in
          let check = Requeue.check(source, expected, list)
          if check == .passed { list.append(request.takeWaiters(from: &list)) }
          return check
        }
      } else {
        check = withLists(sourceNumber, targetNumber) { list, targetList in
          let check = Requeue.check(source, expected, list)
          if check == .passed {
            targetList.append(request.takeWaiters(from: &list))
            buckets[targetNumber].population.wrappingAdd(request.moved, ordering: .sequentiallyConsistent)
            buckets[sourceNumber].population.wrappingSubtract(request.moved, ordering: .relaxed)
          }
          return check
        }
      }
      switch check {
      case .passed:
        buckets[sourceNumber].population.wrappingSubtract(request.woken, ordering: .relaxed)
        return request.finish()
      case .absent: try source.makePresent()
      case .changed: throw .EAGAIN
      case .owned: throw .EINVAL
      }
    }
  }
}

/// A requeue on its way.
private struct Requeue: ~Copyable {
  enum Check {
    case passed
    /// The word cannot be read at once.
    case absent
    /// The word is another.
    case changed
    /// Those who wait are to be moved to a futex with an owner.
    case owned
  }

  private let (source, target): (FutexKey, FutexKey)
  private let targetNumber: Int
  private let (wakeLimit, moveLimit): (Int, Int)
  private var wakes = WakeList()
  private(set) var woken = 0
  private(set) var moved = 0

  init(_ source: FutexKey, _ target: FutexKey, _ targetNumber: Int, wakeLimit: Int, moveLimit: Int) {
    (self.source, self.target, self.targetNumber) = (source, target, targetNumber)
    (self.wakeLimit, self.moveLimit) = (wakeLimit, moveLimit)
  }

  static func check(_ source: FutexWord, _ expected: UInt32?, _ list: borrowing FutexList) -> Check {
    if let expected {
      guard let value = source.presentValue() else { return .absent }
      guard value == expected else { return .changed }
    }
    return list.first(at: source.key)?.target == nil ? .passed : .owned
  }

  /// Takes those out that are woken, and returns those that are moved.
  mutating func takeWaiters(from list: inout FutexList) -> FutexList {
    var others = FutexList()
    woken = list.release(source, .max, limit: wakeLimit, to: &wakes)
    moved = list.move(source, limit: moveLimit, to: &others, at: target, targetNumber)
    return others
  }

  consuming func finish() -> (woken: Int, moved: Int) {
    let counts = (woken, moved)
    wakes.wake()
    return counts
  }
}
