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
  /// - Context: whoever allocates for a program; no lock of the memory system is held.
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

  /// The zones' figures, and how many frames lie in this CPU's cache.
  public static var statistics: (node: MemoryNode, cachedCount: Int)? {
    guard let figures = node.withValue({ node in node.withLock { $0 } }) else { return nil }
    return (figures, ProcessorArea.withCurrent { $0.frames.count })
  }

  /// Takes a single frame, from the CPU's cache when it has one.
  @inline(__always)
  static func allocate(_ priority: AllocationPriority) -> FrameNumber? {
    guard AllocationFaults.allows() else { return nil }
    if let frame = ProcessorArea.withCurrent({ $0.frames.take(in: FrameTable.descriptors) }) { return frame }
    return refill(priority)
  }

  /// Gives a single frame back, to the CPU's cache when it has room.
  @inline(__always)
  static func release(_ frame: FrameNumber) {
    if ProcessorArea.withCurrent({ $0.frames.put(frame, in: FrameTable.descriptors) }) { return }
    drain(frame)
  }

  @inline(never)
  private static func refill(_ priority: AllocationPriority) -> FrameNumber? {
    var isLow = false
    let frame: FrameNumber?? = node.withValue { node in
      node.withLock { node in
        ProcessorArea.withCurrent { area in
          node.fill(&area.frames, upTo: FrameCache.batch, priority: .user, in: FrameTable.descriptors)
          isLow = node.isLow
          if let frame = area.frames.take(in: FrameTable.descriptors) { return frame }
          return node.allocate(order: 0, priority: priority, in: FrameTable.descriptors)
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
          _ = area.frames.put(frame, in: FrameTable.descriptors)
        }
      }
    }
  }

  /// Takes a single frame for a program, asking for help when there is none.
  ///
  /// - Throws: `ENOMEM` when nothing helped.
  @inline(__always)
  static func allocateForUser() throws(Errno) -> FrameNumber {
    if let frame = allocate(.user) { return frame }
    return try relieve(order: 0) { allocate(.user) }
  }

  @inline(never)
  private static func relieve(order: Int, _ retry: () -> FrameNumber?) throws(Errno) -> FrameNumber {
    var attempt = 0
    while pressure.withValue({ $0.relieve(order: order, attempt: attempt) }) ?? false {
      if let frame = retry() { return frame }
      attempt += 1
    }
    throw .ENOMEM
  }

  /// Takes `count` neighbouring frames below `limit`'s end, or returns nil.
  static func allocateRun(count: Int, limit: ZoneKind = .high, priority: AllocationPriority) -> FrameNumber? {
    guard AllocationFaults.allows() else { return nil }
    let frame: FrameNumber?? = node.withValue { node in
      node.withLock { $0.allocateRun(count: count, limit: limit, priority: priority, in: FrameTable.descriptors) }
    }
    return frame ?? nil
  }

  /// Takes a block of 2^`order` frames, or returns nil.
  static func allocate(order: Int, limit: ZoneKind = .high, priority: AllocationPriority) -> FrameNumber? {
    guard AllocationFaults.allows() else { return nil }
    let frame: FrameNumber?? = node.withValue { node in
      node.withLock { $0.allocate(order: order, limit: limit, priority: priority, in: FrameTable.descriptors) }
    }
    return frame ?? nil
  }

  /// Gives back `count` frames from `first` on, which were taken together.
  static func releaseRun(_ first: FrameNumber, count: Int) {
    node.withValue { node in
      node.withLock { $0.release(first.rawValue..<(first + count).rawValue, in: FrameTable.descriptors) }
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
