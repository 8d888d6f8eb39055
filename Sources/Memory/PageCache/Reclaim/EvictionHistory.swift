import Foundations
import Machine

/// Which pages were evicted lately, and how long ago: what tells a page that came back soon from one that is new.
///
/// A hash table of a fixed size, so that eviction needs no memory. An entry is 16 bits of a page's hash and 16 bits of time;
/// sixteen of them are a bucket, a cache line, in which the oldest gives way. A page that was never evicted is taken for one
/// that was about once in 4,000 times.
struct EvictionHistory: ~Copyable {
  private static let waysShift: UInt64 = 4
  private static let ways = 16

  /// Each is a mark that is not 0, then 16 bits of time; 0 is an empty one.
  private var entries = GrowableArray<UInt32>()
  /// One less than the number of buckets, a power of two.
  private var bucketMask: UInt64 = 0
  /// The evictions are counted in units of 2^`timeShift`, so that 16 bits reach four times as far as the table does.
  private var timeShift: UInt64 = 0
  private var evictionCount: UInt64 = 0

  /// Creates a history that remembers nothing.
  init() {}

  /// Creates a history of about `pageCount` pages, in four bytes each.
  ///
  /// - Throws: `ENOMEM`.
  init(pageCount: Int) throws(Errno) {
    let wanted = max(1, min(pageCount, 1 << 32) / Self.ways)
    let bucketCount = 1 << (Int.bitWidth - (wanted - 1).leadingZeroBitCount)
    try entries.resize(to: bucketCount * Self.ways, filledWith: 0)
    bucketMask = UInt64(bucketCount) - 1
    while UInt64(entries.count) >> timeShift > 1 << 14 { timeShift += 1 }
  }

  /// Notes that the page with this identity is evicted now.
  mutating func record(_ identity: UInt64) {
    evictionCount &+= 1
    guard !entries.isEmpty else { return }
    let (first, mark) = place(of: identity)
    var oldest = first
    var oldestAge: UInt16 = 0
    for index in first..<first + Self.ways {
      let entry = entries[index]
      if entry == 0 || entry >> 16 == mark {
        oldest = index
        break
      }
      let age = now &- UInt16(truncatingIfNeeded: entry)
      if age >= oldestAge {
        oldest = index
        oldestAge = age
      }
    }
    entries[oldest] = mark << 16 | UInt32(now)
  }

  /// How many evictions ago the page with this identity was evicted, not counting pages evicted since twice; forgets it.
  ///
  /// - Returns: nil when it was not, or so long ago that it is forgotten. Exact to the unit of time, a 16,384th of the table.
  mutating func recall(_ identity: UInt64) -> Int? {
    guard !entries.isEmpty else { return nil }
    let (first, mark) = place(of: identity)
    for index in first..<first + Self.ways where entries[index] >> 16 == mark {
      let age = now &- UInt16(truncatingIfNeeded: entries[index])
      entries[index] = 0
      return Int(age) << Int(timeShift)
    }
    return nil
  }

  private var now: UInt16 { UInt16(truncatingIfNeeded: evictionCount >> timeShift) }

  /// The first entry of the bucket that a page belongs in, and its mark.
  private func place(of identity: UInt64) -> (first: Int, mark: UInt32) {
    // The finalizer of SplitMix64: every bit of the result depends on every bit of the identity.
    var hash = identity
    hash = (hash ^ (hash >> 30)) &* 0xbf58_476d_1ce4_e5b9
    hash = (hash ^ (hash >> 27)) &* 0x94d0_49bb_1331_11eb
    hash ^= hash >> 31
    let mark = UInt32(truncatingIfNeeded: hash >> 48)
    return (Int((hash & bucketMask) << Self.waysShift), max(1, mark))
  }
}
