#if !os(none)
  import Glibc

  /// The thread of the host's that a test runs on.
  public enum HostThread {
    /// Lets another run.
    public static func yield() { sched_yield() }

    /// The host's monotonic clock, in nanoseconds.
    public static var nanoseconds: UInt64 {
      var time = timespec()
      // SAFETY: the structure is this function's own.
      unsafe clock_gettime(CLOCK_MONOTONIC, &time)
      return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
  }
#endif
