import Foundations
import Machine

/// Swift's own allocations.
enum HeapBenchmarks {
  private final class Object {
    let first: Int
    let second: Int

    init(_ value: Int) {
      first = value
      second = value
    }
  }

  static func register(_ registrar: inout BenchmarkRegistrar) {
    registrar.measure("slab.object-of-64-bytes", target: 120, on: cache) { cache throws(Errno) in
      _ = try cache.make(InlineArray<8, UInt64>(repeating: 0))
    }
    registrar.measure("heap.object-of-32-bytes") { _ = object(1) }
    registrar.measure("heap.array-of-1-KiB") { _ = bytes(1024) }
    registrar.measure("heap.array-of-64-KiB", operations: 100) { _ = bytes(65_536) }
  }

  private static func cache() throws(Errno) -> ObjectCache<InlineArray<8, UInt64>> {
    try ObjectCache(name: "benchmark-64")
  }

  // Not inlined, because the optimizer leaves out what it sees to be made and dropped at once.

  @inline(never)
  private static func object(_ value: Int) -> Object { Object(value) }

  @inline(never)
  private static func bytes(_ count: Int) -> [UInt8] { [UInt8](repeating: 1, count: count) }
}
