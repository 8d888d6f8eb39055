public import Foundations
import Machine
public import PageCache
import Synchronization

/// The names that were looked up, found by directory and name in constant time; also those that turned out not to
/// exist.
///
/// Names leave it when memory is short and nobody else has them, those not used lately first. Whoever has a dentry
/// keeps it in the cache, and with it the directories above.
public final class DentryCache: Shrinker {
  private struct Bucket: ~Copyable {
    var first: Dentry?
  }

  private var buckets = GrowableArray<SpinLock<Bucket>>()
  private let mask: UInt64
  private let population = Atomic<Int>(0)
  private let hand = Atomic<Int>(0)
  /// How many directories were removed since their names were last forgotten.
  private let goneDirectories = Atomic<Int>(0)

  /// Creates an empty cache.
  ///
  /// - Parameter bucketCount: a power of two; about as many as there will be names.
  /// - Throws: `ENOMEM`.
  public init(bucketCount: Int) throws(Errno) {
    precondition(bucketCount > 0 && bucketCount & (bucketCount - 1) == 0, "not a power of two")
    mask = UInt64(bucketCount - 1)
    try buckets.reserveCapacity(bucketCount)
    for _ in 0..<bucketCount { try buckets.append(SpinLock(Bucket())) }
  }

  /// How many names are cached.
  public var count: Int { population.load(ordering: .relaxed) }

  @inline(__always)
  private func mix(_ nameHash: UInt64, _ parent: Dentry) -> UInt64 {
    var hash = nameHash ^ (parent.serial &* 0x9e37_79b9_7f4a_7c15)
    hash ^= hash >> 32
    return hash
  }

  @inline(__always)
  private func index(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash & mask) }

  /// The dentry of `name` in `parent`, if it is known.
  @inline(__always)
  func find(_ name: Span<UInt8>, hash nameHash: UInt64, in parent: Dentry) -> Dentry? {
    let hash = mix(nameHash, parent)
    return buckets[index(hash)].withLock { bucket in
      var next = bucket.first
      while let dentry = next {
        if dentry.hash == hash && dentry.isNamed(name, in: parent) {
          dentry.wasUsed = true
          return dentry
        }
        next = dentry.next
      }
      return nil
    }
  }

  /// Adds a dentry whose place is free.
  ///
  /// - Context: its directory's lock is held, as for all changes.
  func insert(_ dentry: Dentry) {
    let key = dentry.key
    guard let parent = key.parent else { return }
    let hash = mix(key.nameHash, parent)
    buckets[index(hash)].withLock { bucket in
      dentry.hash = hash
      dentry.isCached = true
      dentry.wasUsed = true
      dentry.next = bucket.first
      bucket.first = dentry
    }
    population.wrappingAdd(1, ordering: .relaxed)
  }

  /// Takes a dentry out; those who have it keep it.
  func remove(_ dentry: Dentry) {
    let wasCached = buckets[index(dentry.hash)].withLock { bucket in
      guard dentry.isCached else { return false }
      Self.unlink(dentry, from: &bucket)
      return true
    }
    if wasCached { population.wrappingSubtract(1, ordering: .relaxed) }
  }

  private static func unlink(_ dentry: Dentry, from bucket: inout Bucket) {
    if bucket.first === dentry {
      bucket.first = dentry.next
    } else {
      var before = bucket.first
      while let current = before, current.next !== dentry { before = current.next }
      before?.next = dentry.next
    }
    dentry.next = nil
    dentry.isCached = false
  }

  /// Gives a dentry another name, and the cache its new place.
  ///
  /// - Context: the locks of both directories are held, so nobody looks the name up slowly meanwhile.
  func move(_ dentry: Dentry, to name: consuming FileName, in parent: Dentry) {
    remove(dentry)
    let oldParent = dentry.setPlace(name, in: parent)
    _ = consume oldParent
    insert(dentry)
  }

  // MARK: Giving memory back

  /// How many names could be let go of at best.
  public var reclaimableCount: Int { count }

  private static let objectByteCount = 256

  /// Looks at up to `count` names and lets go of those that nobody has and nobody has used since the last look.
  public func scan(_ count: Int) -> Int {
    var (looked, removed, steps) = (0, 0, 0)
    while looked < count && steps < buckets.count {
      steps += 1
      let number = hand.wrappingAdd(1, ordering: .relaxed).oldValue & (buckets.count - 1)
      var victims = takeUnused(fromBucket: number, looked: &looked)
      while let dentry = victims {
        victims = dentry.next.take()
        removed += 1
      }
    }
    population.wrappingSubtract(removed, ordering: .relaxed)
    return removed * Self.objectByteCount / 4096
  }

  /// Takes the unused dentries out of a bucket, as a chain to be released without the lock.
  private func takeUnused(fromBucket number: Int, looked: inout Int) -> Dentry? {
    buckets[number].withLock { bucket in
      var victims: Dentry?
      var kept: Dentry?
      // The chain is taken apart while it is walked, so that each dentry has only the references of others and of
      // `current`.
      var current = bucket.first.take()
      while current != nil {
        looked += 1
        let next = current?.next.take()
        let isOurs = isKnownUniquelyReferenced(&current)
        if let dentry = current.take() {
          if isOurs && !dentry.wasUsed && dentry.mountCount.load(ordering: .relaxed) == 0 {
            dentry.isCached = false
            dentry.next = victims
            victims = dentry
          } else {
            dentry.wasUsed = false
            dentry.next = kept
            kept = dentry
          }
        }
        current = next
      }
      bucket.first = kept
      return victims
    }
  }

  // MARK: What is gone

  /// How many directories may be gone before their names are: few enough to be no burden, and enough that looking
  /// through the whole cache costs each removal little.
  private var goneLimit: Int { max(buckets.count / 16, 4) }

  /// Notes that a directory was removed. Names that were not found in it are of no use any more, and keep it in memory.
  ///
  /// - Context: directories may be locked; no spin lock is held.
  func noteGoneDirectory() {
    guard goneDirectories.wrappingAdd(1, ordering: .relaxed).newValue >= goneLimit else { return }
    forgetGone()
  }

  /// Forgets names in directories that were removed, and of files that have gone without their names being removed one by one, as
  /// those of a device that was unplugged. Takes as long as the cache is large.
  ///
  /// - Context: as `noteGoneDirectory`.
  public func forgetGone() {
    goneDirectories.store(0, ordering: .relaxed)
    for number in 0..<buckets.count {
      var victims = takeGone(fromBucket: number)
      while let dentry = victims { victims = dentry.next.take() }
    }
  }

  /// Takes what is of no use out of a bucket, as a chain to be released without the lock.
  private func takeGone(fromBucket number: Int) -> Dentry? {
    var count = 0
    let victims: Dentry? = buckets[number].withLock { bucket in
      var victims: Dentry?
      var kept: Dentry?
      var current = bucket.first.take()
      while let dentry = current {
        current = dentry.next.take()
        if dentry.isUseless, dentry.mountCount.load(ordering: .relaxed) == 0 {
          dentry.isCached = false
          dentry.next = victims
          victims = dentry
          count += 1
        } else {
          dentry.next = kept
          kept = dentry
        }
      }
      bucket.first = kept
      return victims
    }
    if count > 0 { population.wrappingSubtract(count, ordering: .relaxed) }
    return victims
  }

  /// Forgets every name of a file system that nobody else has, for it is going to be gone.
  func forget(_ fileSystem: FileSystem) {
    for number in 0..<buckets.count {
      while true {
        let removed: Dentry? = buckets[number].withLock { bucket in
          var next = bucket.first
          while let dentry = next {
            if dentry.fileSystem === fileSystem {
              Self.unlink(dentry, from: &bucket)
              return dentry
            }
            next = dentry.next
          }
          return nil
        }
        guard removed != nil else { break }
        population.wrappingSubtract(1, ordering: .relaxed)
      }
    }
  }
}
