public import Foundations
import Machine
import Synchronization
import Waiting

/// FUTEX_WAKE_OP.
extension FutexTable {
  /// How often a word that others keep changing is tried before the locks are let go of for a moment.
  private static var attemptLimit: Int { 32 }

  /// Changes `other` by `operation`, wakes up to `limit` at `word`, and up to `otherLimit` at `other` if `operation` says so.
  ///
  /// - Returns: how many were woken.
  /// - Throws: `EFAULT`.
  /// - Context: a thread without locks.
  public func wake(
    _ word: FutexWord, limit: Int, changing other: FutexWord, by operation: FutexWordOperation, otherLimit: Int
  ) throws(Errno) -> Int {
    let (number, otherNumber) = (number(of: word.key), number(of: other.key))
    var wakes = WakeList()
    while true {
      var (count, otherCount) = (0, 0)
      let old: UInt32?
      if number == otherNumber {
        old = buckets[number].list.withLock { list in
          guard let old = Self.change(other, by: operation) else { return nil as UInt32? }
          count = list.release(word.key, .max, limit: limit, to: &wakes)
          if operation.wakes(old) { otherCount = list.release(other.key, .max, limit: otherLimit, to: &wakes) }
          return old
        }
      } else {
        old = withLists(number, otherNumber) { list, otherList in
          guard let old = Self.change(other, by: operation) else { return nil as UInt32? }
          count = list.release(word.key, .max, limit: limit, to: &wakes)
          if operation.wakes(old) { otherCount = otherList.release(other.key, .max, limit: otherLimit, to: &wakes) }
          return old
        }
      }
      guard old != nil else {
        try other.makeWritable()
        continue
      }
      buckets[number].population.wrappingSubtract(count, ordering: .relaxed)
      buckets[otherNumber].population.wrappingSubtract(otherCount, ordering: .relaxed)
      wakes.wake()
      return count + otherCount
    }
  }

  /// Changes the word.
  ///
  /// - Returns: what it was; nil when that did not succeed at once.
  private static func change(_ word: FutexWord, by operation: FutexWordOperation) -> UInt32? {
    guard var value = word.presentValue() else { return nil }
    for _ in 0..<attemptLimit {
      guard let found = word.exchange(value, for: operation.changed(value)) else { return nil }
      if found == value { return found }
      value = found
    }
    return nil
  }
}
