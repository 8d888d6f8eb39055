#if !os(none)
  import Synchronization

  /// Stands in for contained work in host tests: what is shared with devices meanwhile is as if a driver had done it.
  ///
  /// Used within `SimulatedMemory.exclusive`.
  public enum SimulatedCompartment {
    private static let number = Atomic<Int>(-1)

    /// The heap that the work would allocate from.
    static var current: Int? {
      let number = number.load(ordering: .relaxed)
      return number >= 0 ? number : nil
    }

    /// Runs `body` as work whose device may reach `domain`; afterwards the work is over, and what `body` has left is lost.
    ///
    /// - Returns: what `body` gave; nil when there are too many heaps.
    public static func run<Result: ~Copyable, Failure: Error>(
      _ domain: DMADomain?, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result? {
      guard let heap = CompartmentHeap.make() else { return nil }
      CompartmentHeap.setDomain(domain, number: heap)
      number.store(heap, ordering: .relaxed)
      defer {
        number.store(-1, ordering: .relaxed)
        CompartmentHeap.retire(heap)
      }
      return try body()
    }

    /// Runs `body` as the kernel's work for the simulated work.
    static func asKernel<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
      let heap = number.exchange(-1, ordering: .relaxed)
      defer { number.store(heap, ordering: .relaxed) }
      return try body()
    }

    /// Loses `buffer`, as a driver does whose stack is abandoned.
    public static func lose(_ buffer: consuming DMABuffer) {
      // SAFETY: nobody has the reference, so what it refers to is never used again.
      _ = unsafe Unmanaged.passRetained(LostBuffer(buffer))
    }

    private final class LostBuffer {
      let buffer: DMABuffer
      init(_ buffer: consuming DMABuffer) { self.buffer = buffer }
    }
  }
#endif
