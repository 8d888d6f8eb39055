public import Foundations
import Machine
import PageFrames
import Synchronization

/// Counts what reclaim did, for statistics.
struct ReclaimCounters: ~Copyable {
  let scanned = Atomic<UInt64>(0)
  let freed = Atomic<UInt64>(0)
  let written = Atomic<UInt64>(0)
  let failedWrites = Atomic<UInt64>(0)

  init() {}
}

extension PageCache {
  /// How hard reclaim tries: at 12 it looks at a 4,096th of the pages, at 0 at all of them.
  public static let lowestPriority = 12
  /// From here on pages that were found locked in memory are looked at again.
  private static let seriousPriority = 2
  /// Pages that are taken from the lists at a time, and at least looked at.
  private static let batch = 32

  /// Adds a cache of kernel objects that reclaim may ask for memory.
  ///
  /// - Throws: `ENOMEM`.
  public func add(_ shrinker: any Shrinker) throws(Errno) {
    try shrinkers.withLock { shrinkers throws(Errno) in try shrinkers.append(shrinker) }
  }

  /// Removes what `add` added.
  public func remove(_ shrinker: any Shrinker) { shrinkers.withLock { $0.remove(shrinker) } }

  /// Frees frames: evicts pages of files and asks the shrinkers, each in proportion to what it has.
  ///
  /// - Parameters:
  ///   - target: how many frames are wanted.
  ///   - priority: 12 to 0; the share of everything that is looked at is 1/2^priority.
  /// - Returns: how many were freed, which may be more. 0 too when this is called from within reclaim.
  /// - Context: no lock is held; waits for devices when pages are dirty.
  public func reclaim(target: Int, priority: Int) -> Int {
    reclaimUnlessNested(target: target, priority: priority) ?? 0
  }

  /// As `reclaim`.
  ///
  /// - Returns: nil when this is called from within reclaim.
  func reclaimUnlessNested(target: Int, priority: Int) -> Int? {
    guard beginReclaim() else { return nil }
    defer { isReclaiming.store(false, ordering: .releasing) }
    let priority = max(0, min(priority, Self.lowestPriority))
    var freed = reclaimPages(target: target, priority: priority)
    if freed < target { freed += shrink(priority: priority) }
    reclaimCounters.freed.wrappingAdd(UInt64(freed), ordering: .relaxed)
    return freed
  }

  /// One reclaim at a time: a second would find the lists in motion, and one within the first, called because a provider
  /// allocates, would write what is being written.
  private func beginReclaim() -> Bool {
    while !isReclaiming.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged {
      guard waiting.waitForReclaim() else { return false }
    }
    return true
  }

  private func reclaimPages(target: Int, priority: Int) -> Int {
    var freed = 0
    var failures = 0
    var budget = lists.withLock { lists in
      // When it gets serious: whoever unlocked a page need not have said so.
      if priority <= Self.seriousPriority {
        lists.recheckUnevictable(lists.count(.unevictable) >> priority, in: FrameTable.descriptors)
      }
      return max(Self.batch, lists.evictableCount >> priority)
    }
    // A device that refuses a batch of writes will refuse the next.
    while freed < target && budget > 0 && failures < Self.batch {
      let before = budget
      let candidates = takeCandidates(atMost: target - freed, &budget)
      reclaimCounters.scanned.wrappingAdd(UInt64(before - budget), ordering: .relaxed)
      if candidates.count == 0 { break }
      for index in 0..<candidates.count {
        switch evict(FrameNumber(candidates.frames[index])) {
        case .freed: freed += 1
        case .kept: break
        case .failed: failures += 1
        }
      }
    }
    if failures > 0 { reclaimCounters.failedWrites.wrappingAdd(UInt64(failures), ordering: .relaxed) }
    return freed
  }

  private struct Candidates {
    var frames = InlineArray<32, UInt32>(repeating: 0)
    var count = 0
  }

  /// Asks the policy for up to a batch of pages. They stay on their lists.
  private func takeCandidates(atMost wanted: Int, _ budget: inout Int) -> Candidates {
    var candidates = Candidates()
    lists.withLock { lists in
      // Not more than there are, or the first would come again.
      let limit = min(Self.batch, wanted, lists.evictableCount)
      while candidates.count < limit,
        let frame = lists.nextCandidate(budget: &budget, in: FrameTable.descriptors)
      {
        candidates.frames[candidates.count] = frame.rawValue
        candidates.count += 1
      }
    }
    return candidates
  }

  /// Evicts a frame that was on a list a moment ago. Whose it is now is seen by its file, under the file's lock.
  private func evict(_ frame: FrameNumber) -> EvictionOutcome {
    let owner = FrameTable.descriptors[frame].owner
    let page = FrameTable.descriptors[frame].index
    guard let file = files.withLock({ $0[owner] }) else { return .kept }
    return file.evict(frame, page: page)
  }

  private func shrink(priority: Int) -> Int {
    var freed = 0
    var index = 0
    while let shrinker = shrinkers.withLock({ $0[index] }) {
      let count = shrinker.reclaimableCount
      if count > 0 { freed += max(0, shrinker.scan(max(min(count, Self.batch), count >> priority))) }
      index += 1
    }
    return freed
  }
}
