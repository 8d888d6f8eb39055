import Foundations
public import PageFrames

/// What is done when memory is short: reclaim, and in the end the killing of a program. Given to Machine once at boot.
open class MemoryPressureHandler {
  /// Creates a handler that can do nothing.
  public init() {}

  /// Makes memory free so that a block of 2^`order` frames can be had.
  ///
  /// - Parameter attempt: how many times this was called for the same request, from 0.
  /// - Returns: whether it is worth trying again.
  /// - Context: whoever allocates for a program; no lock is held.
  open func relieve(order: Int, attempt: Int) -> Bool { false }

  /// Told when free memory falls below the low watermark. Must only take note.
  open func memoryIsLow() {}
}

/// The page-frame allocator: one node's zones under a lock, with a cache of single frames for each CPU in front.
///
/// What it returns are numbers, which prove nothing; the types that own frames (`UserFrame`, `FrameRun`, page tables, the
/// heap) are made from them inside Machine.
public enum FrameAllocator {
  private static let node = BootCell<SpinLock<MemoryNode>>()
  private static let pressure = BootCell<MemoryPressureHandler>()

  /// Makes `first` the memory that is allocated from.
  static func start(_ first: consuming MemoryNode) {
    node.fill(SpinLock(first))
  }

  /// Makes `handler` what is asked for help from now on. Only the first call counts.
  public static func setPressureHandler(_ handler: MemoryPressureHandler) {
    pressure.fill(handler)
  }

  /// Everything about the zones, which is much: for reports, not for decisions deep within a page fault.
  public static var statistics: FrameStatistics {
    var statistics = FrameStatistics()
    node.withValue { node in node.withLock { statistics.node = $0 } }
    ProcessorArea.forEach { statistics.cachedCount += $0.frames.count }
    return statistics
  }

  /// The sums over all zones and CPUs. Needs little stack.
  public static var figures: FrameFigures {
    var figures = FrameFigures()
    node.withValue { node in node.withLock { $0.addFigures(to: &figures) } }
    ProcessorArea.forEach { area in
      figures.freeCount += area.frames.count
      figures.usage.add(area.usage)
    }
    return figures
  }

  /// How many frames are used for `kind`. Needs little stack, and no lock.
  public static func usedCount(_ kind: FrameKind) -> Int {
    var count = 0
    ProcessorArea.forEach { count += $0.usage[kind] }
    return count
  }

  /// How many free frames CPU `processor` has at hand.
  public static func cachedCount(on processor: Int) -> Int {
    var count = 0
    ProcessorArea.forEach { area in if area.number == processor { count = area.frames.count } }
    return count
  }

  /// Takes a single frame for `kind`, from the CPU's cache when it has one.
  @inline(__always)
  static func allocate(_ kind: FrameKind, _ priority: AllocationPriority) -> FrameNumber? {
    guard AllocationFaults.allows() else { return nil }
    let frame = ProcessorArea.withCurrent { take(kind, from: &$0) }
    if frame != nil { return frame }
    return refill(kind, priority)
  }

  @inline(__always)
  private static func take(_ kind: FrameKind, from area: inout ProcessorArea) -> FrameNumber? {
    guard let frame = area.frames.take(for: kind, in: FrameTable.descriptors) else { return nil }
    area.usage.add(1, rawKind: kind.rawValue)
    return frame
  }

  /// Gives a single frame back, to the CPU's cache when it has room.
  @inline(__always)
  static func release(_ frame: FrameNumber) {
    let isDone = ProcessorArea.withCurrent { area in
      let kind = FrameTable.descriptors[frame].rawKind
      guard area.frames.put(frame, in: FrameTable.descriptors) else { return false }
      area.usage.add(-1, rawKind: kind)
      return true
    }
    if !isDone { drain(frame) }
  }

  @inline(never)
  private static func refill(_ kind: FrameKind, _ priority: AllocationPriority) -> FrameNumber? {
    var isLow = false
    let frame: FrameNumber?? = node.withValue { node in
      node.withLock { node in
        ProcessorArea.withCurrent { area in
          node.fill(&area.frames, upTo: FrameCache.batch, priority: .user, in: FrameTable.descriptors)
          isLow = node.isLow
          if let frame = take(kind, from: &area) { return frame }
          guard let frame = node.allocate(order: 0, for: kind, priority: priority, in: FrameTable.descriptors) else {
            return nil
          }
          area.usage.add(1, rawKind: kind.rawValue)
          return frame
        }
      }
    }
    if isLow { pressure.withValue { $0.memoryIsLow() } }
    return frame ?? nil
  }

  @inline(never)
  private static func drain(_ frame: FrameNumber) {
    node.withValue { node in
      node.withLock { node in
        ProcessorArea.withCurrent { area in
          node.drain(&area.frames, downTo: FrameCache.capacity - FrameCache.batch, in: FrameTable.descriptors)
          area.usage.add(-1, rawKind: FrameTable.descriptors[frame].rawKind)
          _ = area.frames.put(frame, in: FrameTable.descriptors)
        }
      }
    }
  }

  /// Takes a single frame for a program, as far as there is one to spare.
  ///
  /// - Throws: `ENOMEM`. Who holds no lock then asks for help, by `retrying`.
  @inline(__always)
  static func allocateForUser(_ kind: FrameKind) throws(Errno) -> FrameNumber {
    guard let frame = allocate(kind, .user) else { throw .ENOMEM }
    return frame
  }

  /// Runs `body` again for as long as it fails for lack of memory and the pressure handler finds some.
  ///
  /// - Context: the caller holds no lock, for the handler may need any.
  @inline(__always)
  public static func retrying<Result: ~Copyable>(_ body: () throws(Errno) -> Result) throws(Errno) -> Result {
    var attempt = 0
    while true {
      do throws(Errno) {
        return try body()
      } catch {
        guard error == .ENOMEM, relieve(attempt: attempt) else { throw error }
        attempt += 1
      }
    }
  }

  /// Asks the pressure handler for memory.
  ///
  /// - Parameter attempt: how many times this was done for the same request, from 0.
  /// - Returns: whether it is worth trying again.
  /// - Context: the caller holds no lock.
  @inline(never)
  public static func relieve(attempt: Int) -> Bool {
    pressure.withValue { $0.relieve(order: 0, attempt: attempt) } ?? false
  }

  /// Whether there is so much free memory that it may be spent on convenience: an eighth of all.
  public static var isPlentiful: Bool {
    node.withValue { node in node.withLock { $0.freeCount > $0.managedCount / 8 } } ?? false
  }

  /// Takes `count` neighbouring frames for `kind` in a zone up to `limit`, or returns nil.
  static func allocateRun(
    _ kind: FrameKind, count: Int, limit: ZoneKind = .high, _ priority: AllocationPriority
  ) -> FrameNumber? {
    guard AllocationFaults.allows() else { return nil }
    let first: FrameNumber?? = node.withValue { node in
      node.withLock { node in
        ProcessorArea.withCurrent { area in
          let descriptors = FrameTable.descriptors
          guard
            let first = node.allocateRun(count: count, for: kind, limit: limit, priority: priority, in: descriptors)
          else { return nil }
          area.usage.add(count, rawKind: kind.rawValue)
          return first
        }
      }
    }
    return first ?? nil
  }

  /// Gives back `count` frames from `first` on, all of one kind: a run or part of one.
  static func releaseRun(_ first: FrameNumber, count: Int) {
    node.withValue { node in
      node.withLock { node in
        ProcessorArea.withCurrent { area in
          let descriptors = FrameTable.descriptors
          area.usage.add(-count, rawKind: descriptors[first].rawKind)
          node.release(first.rawValue..<(first + count).rawValue, in: descriptors)
        }
      }
    }
  }

  /// Gives the allocator `pages`, whole frames that it never had: what boot needs no longer.
  static func add(_ pages: Range<UInt64>) {
    let frames = FrameNumber(containing: pages.lowerBound).rawValue..<FrameNumber(containing: pages.upperBound).rawValue
    node.withValue { node in
      node.withLock { node in
        node.add(frames, in: FrameTable.descriptors)
        node.setWatermarks()
      }
    }
  }

  /// Gives this CPU's cache back to the zones, so that its frames can join others.
  public static func drainCache() {
    node.withValue { node in
      node.withLock { node in
        ProcessorArea.withCurrent { node.drain(&$0.frames, downTo: 0, in: FrameTable.descriptors) }
      }
    }
  }
}

/// What the frame allocator has.
public struct FrameStatistics: Sendable {
  /// The zones' figures.
  public internal(set) var node = MemoryNode()
  /// Free frames in CPUs' caches.
  public internal(set) var cachedCount = 0

  /// Frames that are free.
  public var freeCount: Int { node.freeCount + cachedCount }
}
