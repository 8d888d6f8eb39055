import Synchronization

#if !os(none)
  import Glibc
#endif

/// Failures of memory on demand, for tests of what happens then. A test build's only; on the metal it is nothing.
///
/// Only the thread that asked for them has them, so that tests beside it do not.
public enum AllocationFaults {
  #if !os(none)
    private static let remaining = Atomic<Int>(Int.max)
    private static let thread = Atomic<UInt>(0)
  #endif

  #if !os(none)
    /// Lets `count` more allocations of this thread succeed and none after them, until `count` is set again; nil ends it.
    ///
    /// One test at a time does this: within `SimulatedMemory.exclusive`.
    public static func fail(after count: Int?) {
      thread.store(UInt(pthread_self()), ordering: .relaxed)
      remaining.store(count ?? Int.max, ordering: .relaxed)
    }
  #endif

  /// Whether the next allocation may succeed.
  @inline(__always)
  static func allows() -> Bool {
    #if os(none)
      return true
    #else
      let left = remaining.load(ordering: .relaxed)
      if left == Int.max || thread.load(ordering: .relaxed) != UInt(pthread_self()) { return true }
      if left <= 0 { return false }
      remaining.store(left - 1, ordering: .relaxed)
      return true
    #endif
  }
}
