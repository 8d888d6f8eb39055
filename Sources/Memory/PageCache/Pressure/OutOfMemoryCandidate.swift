public import Foundations

/// What a process has of memory, in pages.
public struct ProcessMemory: Equatable, Sendable {
  /// Pages of all its areas, present or not.
  public var virtualCount = 0
  /// Private pages that are present.
  public var anonymousCount = 0
  /// Pages of files that are mapped.
  public var fileCount = 0
  /// Pages of shared memory that are mapped.
  public var sharedCount = 0
  /// Pages in swap.
  public var swapCount = 0
  /// Frames of its page tables.
  public var pageTableCount = 0

  /// Creates the figures of a process without memory.
  public init() {}

  /// Pages that are present.
  public var residentCount: Int { anonymousCount + fileCount + sharedCount }

  /// What would become free if it died.
  public var freeableCount: Int { residentCount + swapCount + pageTableCount }
}

/// A process as the out-of-memory killer sees it.
public protocol OutOfMemoryCandidate: AnyObject {
  /// Its number.
  var processID: Int32 { get }
  /// Its name.
  var name: Message { get }
  /// Its owner.
  var userID: UInt32 { get }
  /// Its memory.
  var memory: ProcessMemory { get }
  /// What was written to its `oom_score_adj`: -1000 to 1000.
  var scoreAdjustment: Int { get }
  /// Whether it must not die: init, and threads of the kernel.
  var isUnkillable: Bool { get }
  /// Whether it is about to end, killed or not, and has not given all its memory back.
  var isExiting: Bool { get }
  /// Whether the memory that is missing is for it.
  var isRequester: Bool { get }
  /// Ends it for good: a SIGKILL that cannot be blocked.
  func kill()
}

extension OutOfMemoryCandidate {
  /// How much it would help to kill it: the pages it has, and for each point of adjustment a thousandth of all memory.
  ///
  /// - Parameter total: pages of memory and swap.
  /// - Returns: nil for those that are never killed.
  /// Source: Linux Documentation/filesystems/proc.rst, 3.1; proc_pid_oom_score_adj(5).
  public func badness(total: Int) -> Int? {
    guard !isUnkillable, scoreAdjustment > -1000 else { return nil }
    return memory.freeableCount + min(scoreAdjustment, 1000) * total / 1000
  }

  /// What `/proc/PID/oom_score` shows: 0 to about 1333, and 0 for those that are never killed.
  public func score(total: Int) -> Int {
    guard total > 0, let badness = badness(total: total) else { return 0 }
    return max(0, (1000 + badness * 1000 / total) * 2 / 3)
  }
}

/// The processes of the system.
public protocol OutOfMemoryCandidates: AnyObject {
  /// Calls `body` with each process.
  func forEachCandidate(_ body: (any OutOfMemoryCandidate) -> Void)
}
