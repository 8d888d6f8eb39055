import Synchronization

/// Failures of memory on demand, for tests of what happens then. A test build's only; on the metal it is nothing.
public enum AllocationFaults {
  #if !os(none)
    private static let remaining = Atomic<Int>(Int.max)
  #endif

  #if !os(none)
    /// Lets `count` more allocations succeed and none after them, until `count` is set again; nil ends it.
    public static func fail(after count: Int?) {
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
      if left == Int.max { return true }
      if left <= 0 { return false }
      remaining.store(left - 1, ordering: .relaxed)
      return true
    #endif
  }
}
