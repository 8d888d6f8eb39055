public import Foundations
import Machine
import Synchronization

/// The futexes that somebody waits at. There is one table on a machine. Source: futex(2).
public struct FutexTable: ~Copyable {
  let buckets: GrowableArray<FutexBucket>
  /// The futexes that have owners.
  let ownership = SpinLock(FutexOwnership())
  private let shift: UInt64

  /// Makes a table.
  ///
  /// - Parameter bucketCount: rounded up to a power of two.
  /// - Throws: `ENOMEM`.
  public init(bucketCount: Int) throws(Errno) {
    var bits: UInt64 = 1
    while 1 << bits < bucketCount && bits < 20 { bits += 1 }
    var buckets = GrowableArray<FutexBucket>()
    try buckets.reserveCapacity(1 << Int(bits))
    for _ in 0..<1 << Int(bits) { try buckets.append(FutexBucket()) }
    self.buckets = buckets
    shift = 64 - bits
  }

  /// The number of the bucket that `key` belongs to.
  @inline(__always)
  func number(of key: FutexKey) -> Int {
    // Fibonacci hashing: Knuth, The Art of Computer Programming vol. 3, 6.4. Words are multiples of four.
    let mixed = (key.place >> 2 &+ key.owner &* 0xff51_afd7_ed55_8ccd) &* 0x9e37_79b9_7f4a_7c15
    return Int(truncatingIfNeeded: mixed >> shift)
  }

  /// Runs `body` with the lists of two different buckets, whose locks are taken in the order of their numbers.
  @inline(__always)
  func withLists<Result>(
    _ one: Int, _ other: Int, _ body: (inout FutexList, inout FutexList) -> Result
  ) -> Result {
    guard one < other else {
      return buckets[other].list.withLock { otherList in
        buckets[one].list.withLock { oneList in body(&oneList, &otherList) }
      }
    }
    return buckets[one].list.withLock { oneList in
      buckets[other].list.withLock { otherList in body(&oneList, &otherList) }
    }
  }
}

/// The machine's futexes.
public enum Futexes {
  private static let table = BootCell<FutexTable>()

  /// Makes the table, for `processorCount` CPUs.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: once.
  public static func start(processorCount: Int) throws(Errno) {
    // As many a CPU as on Linux.
    table.fill(try FutexTable(bucketCount: 256 * processorCount))
  }

  /// Runs `body` with the table.
  ///
  /// - Throws: `ENOSYS` before `start`, and what `body` throws.
  @inline(__always)
  public static func withTable<Result>(
    _ body: (borrowing FutexTable) throws(Errno) -> Result
  ) throws(Errno) -> Result {
    guard let result = try table.withValue(body) else { throw .ENOSYS }
    return result
  }
}
