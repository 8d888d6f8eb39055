public import Machine
import Synchronization

/// Where the figures of memory come from; a test has its own.
open class MemoryFigureSource {
  /// The source that reads the frame allocator's.
  public init() {}

  /// The figures now.
  open var figures: MemoryFigures { MemoryFigures(FrameAllocator.figures) }
}

/// Decides what is done when memory is short.
///
/// An allocation for a program that finds too little asks `relieve`, again and again while it says that trying again is worth
/// it: first clean pages of files and shrinkers are asked for memory, ever harder; when they have none left, the
/// out-of-memory killer ends a process; when there is nobody to end, the request fails with `ENOMEM`.
///
/// Before it comes to that, memory below the low watermark wakes background reclaim, which goes on until the high one is
/// reached: `isBackgroundReclaimWanted` is set, and a thread calls `reclaimInBackground`. Until there are threads, the flag
/// only turns read-ahead off.
public final class MemoryPressure: MemoryPressureHandler {
  /// Frames that direct reclaim frees, so that not every allocation has to reclaim again.
  public static let batch = 32
  /// How often reclaim may succeed and the allocation fail all the same, because others took the memory or it is in pieces.
  public static let retryLimit = 16
  /// Blocks larger than 2^3 frames are no reason to kill: they fail for memory in pieces, and callers have something smaller.
  public static let largestOrderToKillFor = 3

  private let cache: PageCache
  private let killer: OutOfMemoryKiller
  private let source: MemoryFigureSource
  private let isWanted = Atomic<Bool>(false)
  private let directCount = Atomic<UInt64>(0)
  private let killCount = Atomic<UInt64>(0)

  /// Creates the decider over a page cache, a killer and the allocator's figures.
  public init(_ cache: PageCache, _ killer: OutOfMemoryKiller, source: MemoryFigureSource = MemoryFigureSource()) {
    self.cache = cache
    self.killer = killer
    self.source = source
    super.init()
  }

  /// What one call to `relieve` comes to.
  public enum Decision: Equatable, Sendable {
    /// This many frames were freed.
    case reclaimed(Int)
    /// A process was killed, or is being waited for.
    case killed(OutOfMemoryOutcome)
    /// Nothing can be done.
    case hopeless
  }

  public override func relieve(order: Int, attempt: Int) -> Bool {
    switch decide(order: order, attempt: attempt) {
    case .reclaimed: return true
    case .killed(.killed), .killed(.waiting): return cache.waiting.waitForVictim()
    case .killed(.nobody), .hopeless: return false
    }
  }

  /// Does one thing against the shortage that made a request for 2^`order` frames fail for the `attempt`-th time, from 0.
  ///
  /// - Context: no lock is held.
  func decide(order: Int, attempt: Int) -> Decision {
    memoryIsLow()
    directCount.wrappingAdd(1, ordering: .relaxed)
    let target = max(Self.batch, order < 32 ? 1 << order : 0)
    let isRetryWorthwhile = attempt < Self.retryLimit
    if isRetryWorthwhile {
      // Who allocates while reclaim has something written must do with what there is.
      guard let freed = reclaim(target: target) else { return .hopeless }
      if freed > 0 { return .reclaimed(freed) }
    }
    guard order <= Self.largestOrderToKillFor else { return .hopeless }
    let outcome = killer.run(order: order, total: source.figures.total)
    if case .killed = outcome { killCount.wrappingAdd(1, ordering: .relaxed) }
    return .killed(outcome)
  }

  /// Reclaims until `target` frames are free, looking at more and more of what there is.
  ///
  /// - Returns: how many frames were freed; nil when this is called from within reclaim.
  private func reclaim(target: Int) -> Int? {
    var freed = 0
    for priority in (0...PageCache.lowestPriority).reversed() where freed < target {
      guard let now = cache.reclaimUnlessNested(target: target - freed, priority: priority) else { return nil }
      freed += now
    }
    return freed
  }

  public override func memoryIsLow() {
    isWanted.store(true, ordering: .relaxed)
    cache.isMemoryLow.store(true, ordering: .relaxed)
  }

  /// Whether `reclaimInBackground` has something to do.
  public var isBackgroundReclaimWanted: Bool { isWanted.load(ordering: .relaxed) }

  /// Reclaims until the high watermark is reached or nothing is left to reclaim.
  ///
  /// - Returns: how many frames were freed.
  /// - Context: a thread of the kernel's own, or an idle CPU; no lock is held.
  @discardableResult
  public func reclaimInBackground() -> Int {
    isWanted.store(false, ordering: .relaxed)
    var freed = 0
    var priority = PageCache.lowestPriority
    while true {
      let target = source.figures.reclaimTarget
      if target == 0 {
        cache.isMemoryLow.store(false, ordering: .relaxed)
        return freed
      }
      let now = cache.reclaim(target: target, priority: priority)
      freed += now
      // As long as it goes easily there is no need to look harder.
      if now < min(target, Self.batch) {
        if priority == 0 { return freed }
        priority -= 1
      }
    }
  }

  /// How many requests had to reclaim themselves.
  public var directReclaimCount: UInt64 { directCount.load(ordering: .relaxed) }

  /// How many processes were killed.
  public var outOfMemoryKillCount: UInt64 { killCount.load(ordering: .relaxed) }
}
