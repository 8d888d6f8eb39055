import PageCache
import Testing

/// The policy on traces of what caches meet. The README shows what these come to.
@Suite("Eviction policy")
struct EvictionPolicyTests {
  struct Ratios {
    var kernel = 0
    var twoLists = 0
    var recency = 0
  }

  /// Hits in thousandths of all accesses.
  private func ratios(_ trace: EvictionTrace) throws -> Ratios {
    let capacity = EvictionTrace.capacity
    let descriptors = try makeDescriptors(count: capacity + 1)
    let frames = descriptors.span
    var kernel = KernelPolicyCache(
      capacity: capacity, pageCount: trace.pageCount, try ReclaimLists(frameCount: capacity))
    var recency = LeastRecentlyUsedCache(capacity: capacity, pageCount: trace.pageCount)
    var twoLists = TwoListCache(capacity: capacity, pageCount: trace.pageCount)
    var hits = Ratios()
    for page in trace.pages {
      if kernel.access(page, in: frames) { hits.kernel += 1 }
      if twoLists.access(page) { hits.twoLists += 1 }
      if recency.access(page) { hits.recency += 1 }
    }
    func thousandths(_ count: Int) -> Int { count * 1000 / trace.pages.count }
    return Ratios(
      kernel: thousandths(hits.kernel), twoLists: thousandths(hits.twoLists), recency: thousandths(hits.recency))
  }

  @Test("Scans and loops do not push out what is used, which they do where only recency counts")
  func resistsScans() throws {
    for trace in [
      EvictionTrace.popularityAndScans, .workingSet(percent: 60, streamReads: 1),
      .workingSet(percent: 90, streamReads: 1), .workingSet(percent: 90, streamReads: 2),
    ] {
      let ratios = try ratios(trace)
      #expect(ratios.kernel > ratios.recency + 70, "\(trace.name): \(ratios)")
      #expect(ratios.kernel >= ratios.twoLists, "\(trace.name): \(ratios)")
    }
    for trace in [EvictionTrace.loop(percent: 110), .loop(percent: 150)] {
      let ratios = try ratios(trace)
      #expect(ratios.kernel > 400 && ratios.recency == 0 && ratios.twoLists == 0, "\(trace.name): \(ratios)")
    }
  }

  @Test("What is popular stays, and what fits is not evicted at all")
  func keepsPopular() throws {
    let popular = try ratios(.popularity)
    #expect(popular.kernel > popular.recency + 50 && popular.kernel > popular.twoLists + 20, "\(popular)")
    let fitting = try ratios(.loop(percent: 95))
    #expect(fitting.kernel == fitting.recency)
  }

  @Test("Where only recency counts, the policy loses little")
  func followsChange() throws {
    for trace in [EvictionTrace.shifting, .compile] {
      let ratios = try ratios(trace)
      #expect(ratios.kernel > ratios.recency - 80, "\(trace.name): \(ratios)")
    }
  }

  @Test("Frames and pages stay one to one through a whole trace")
  func bookkeeping() throws {
    let capacity = EvictionTrace.capacity
    let descriptors = try makeDescriptors(count: capacity + 1)
    let trace = EvictionTrace.compile
    var cache = KernelPolicyCache(
      capacity: capacity, pageCount: trace.pageCount, try ReclaimLists(frameCount: capacity))
    for page in trace.pages { _ = cache.access(page, in: descriptors.span) }
    let isConsistent = cache.isConsistent
    #expect(isConsistent)
  }
}
