import Foundations
import Machine
import PageCache
import PageFrames
import TestSupport

/// Descriptors of `count` frames, as the frame table has them.
func makeDescriptors(count: Int) throws -> GrowableArray<FrameDescriptor> {
  var descriptors = GrowableArray<FrameDescriptor>()
  for _ in 0..<count { try descriptors.append(FrameDescriptor()) }
  return descriptors
}

/// The kernel's own policy, driven as the page cache drives it: frames 1 to `capacity`.
struct KernelPolicyCache: ~Copyable {
  private var lists: ReclaimLists
  private var frameOfPage: [UInt32]
  private var pageOfFrame: [Int]
  private var free: [UInt32]

  init(capacity: Int, pageCount: Int, _ lists: consuming ReclaimLists) {
    self.lists = lists
    frameOfPage = [UInt32](repeating: 0, count: pageCount)
    pageOfFrame = [Int](repeating: -1, count: capacity + 1)
    free = (1...capacity).map { UInt32($0) }
  }

  /// Uses `page`; tells whether it was there.
  mutating func access(_ page: Int, in frames: Span<FrameDescriptor>) -> Bool {
    if frameOfPage[page] != 0 {
      frames[FrameNumber(frameOfPage[page])].markReferenced()
      return true
    }
    if free.isEmpty { evict(in: frames) }
    guard let number = free.popLast() else { return false }
    frameOfPage[page] = number
    pageOfFrame[Int(number)] = page
    lists.add(FrameNumber(number), identity: UInt64(page), in: frames)
    frames[FrameNumber(number)].markReferenced()
    return false
  }

  /// Whether each page that is here has a frame of its own, and the lists have all of them.
  var isConsistent: Bool {
    let frames = frameOfPage.filter { $0 != 0 }
    return Set(frames).count == frames.count && frames.count + free.count == pageOfFrame.count - 1
      && lists.evictableCount == frames.count
  }

  private mutating func evict(in frames: Span<FrameDescriptor>) {
    var budget = 1_000_000
    guard let frame = lists.nextCandidate(budget: &budget, in: frames) else { return }
    let page = pageOfFrame[Int(frame.rawValue)]
    lists.evict(frame, identity: UInt64(page), in: frames)
    frameOfPage[page] = 0
    free.append(frame.rawValue)
  }
}

/// Least recently used, to compare with.
struct LeastRecentlyUsedCache {
  private let capacity: Int
  private var next: [Int]
  private var previous: [Int]
  private var isHere: [Bool]
  private var count = 0

  /// Pages are below `pageCount`; slot number `pageCount` is both ends of the list.
  init(capacity: Int, pageCount: Int) {
    self.capacity = capacity
    next = Array(0...pageCount)
    previous = next
    isHere = Array(repeating: false, count: pageCount + 1)
    next[pageCount] = pageCount
    previous[pageCount] = pageCount
  }

  /// Uses `page`; tells whether it was there.
  mutating func access(_ page: Int) -> Bool {
    let isHit = isHere[page]
    if isHit {
      unlink(page)
    } else if count == capacity {
      let oldest = previous[next.count - 1]
      unlink(oldest)
      isHere[oldest] = false
    } else {
      count += 1
    }
    isHere[page] = true
    let head = next.count - 1
    next[page] = next[head]
    previous[page] = head
    previous[next[head]] = page
    next[head] = page
    return isHit
  }

  private mutating func unlink(_ page: Int) {
    next[previous[page]] = next[page]
    previous[next[page]] = previous[page]
  }
}

/// Two lists with refault distances, as Linux has them for memory of 1 to 10 GiB, to compare with: a page enters the inactive
/// list, is activated by its second use there, or by coming back within as many evictions and activations as there are active
/// pages; the active list may be three times as long.
///
/// Source: Linux, Documentation/mm/multigen_lru.rst names it the "active/inactive LRU"; mm/workingset.c describes the distance.
struct TwoListCache {
  private let capacity: Int
  private var next: [Int]
  private var previous: [Int]
  private var place: [UInt8]
  private var isReferenced: [Bool]
  private var evictedAt: [Int]
  private var counts = [0, 0, 0]
  private var age = 0

  init(capacity: Int, pageCount: Int) {
    self.capacity = capacity
    next = Array(0..<pageCount + 3)
    previous = next
    place = Array(repeating: 0, count: pageCount)
    isReferenced = Array(repeating: false, count: pageCount)
    evictedAt = Array(repeating: Int.min / 2, count: pageCount)
  }

  /// Uses `page`; tells whether it was there.
  mutating func access(_ page: Int) -> Bool {
    if place[page] == 1 && isReferenced[page] {
      move(page, to: 2)
      age += 1
      return true
    }
    if place[page] != 0 {
      isReferenced[page] = true
      return true
    }
    if counts[1] + counts[2] == capacity { evict() }
    move(page, to: age - evictedAt[page] <= counts[2] ? 2 : 1)
    return false
  }

  private mutating func evict() {
    while counts[1] * 3 < counts[2] || counts[1] == 0 { move(last(of: 2), to: 1) }
    let page = last(of: 1)
    move(page, to: 0)
    age += 1
    evictedAt[page] = age
  }

  private func last(of list: UInt8) -> Int { previous[place.count + Int(list)] }

  /// Moves `page` to the front of a list: 1 is inactive, 2 active, 0 none. A list's both ends are an element of its own.
  private mutating func move(_ page: Int, to list: UInt8) {
    if place[page] != 0 {
      next[previous[page]] = next[page]
      previous[next[page]] = previous[page]
      counts[Int(place[page])] -= 1
    }
    place[page] = list
    isReferenced[page] = false
    guard list != 0 else { return }
    let head = place.count + Int(list)
    next[page] = next[head]
    previous[page] = head
    previous[next[head]] = page
    next[head] = page
    counts[Int(list)] += 1
  }
}

/// A sequence of page numbers below `pageCount`, as a kind of load makes it.
struct EvictionTrace {
  let name: String
  var pages: [Int] = []
  private(set) var pageCount = 0
  private var generator = SeededGenerator(seed: 42)

  init(_ name: String) { self.name = name }

  mutating func use(_ page: Int) {
    pages.append(page)
    pageCount = max(pageCount, page + 1)
  }

  mutating func random(below limit: Int) -> Int { Int(generator.next() % UInt64(limit)) }

  /// Picks by Zipf's law with exponent 1 among `weights.count` items; `weights` come from `zipf`.
  mutating func pick(_ sums: [Double]) -> Int {
    let wanted = Double(generator.next() >> 11) / Double(1 << 53) * (sums.last ?? 0)
    var low = 0
    var high = sums.count - 1
    while low < high {
      let middle = (low + high) / 2
      if sums[middle] < wanted { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Running sums of 1/1, 1/2, 1/3, …
  static func zipf(_ count: Int) -> [Double] {
    var sum = 0.0
    return (1...count).map {
      sum += 1 / Double($0)
      return sum
    }
  }
}

extension EvictionTrace {
  /// Every trace is for a cache of this many pages.
  static let capacity = 500

  /// Popular and unpopular pages, ten times the cache.
  static var popularity: EvictionTrace {
    var trace = EvictionTrace("Zipf, 10 times the cache")
    let sums = zipf(10 * capacity)
    for _ in 0..<50_000 { trace.use(trace.pick(sums)) }
    return trace
  }

  /// The same with long scans of pages that are never used again.
  static var popularityAndScans: EvictionTrace {
    var trace = EvictionTrace("Zipf, interrupted by scans")
    let sums = zipf(5 * capacity)
    var fresh = 5 * capacity
    for _ in 0..<100 {
      for _ in 0..<250 { trace.use(trace.pick(sums)) }
      for _ in 0..<375 {
        trace.use(fresh)
        fresh += 1
      }
    }
    return trace
  }

  /// A working set that fits, while a file is streamed; each page of it once, or twice.
  static func workingSet(percent: Int, streamReads: Int) -> EvictionTrace {
    var trace = EvictionTrace("working set of \(percent) %, stream read \(streamReads == 1 ? "once" : "twice")")
    let hot = capacity * percent / 100
    var fresh = hot
    for step in 0..<50_000 {
      if step % 2 == 0 {
        trace.use(trace.random(below: hot))
      } else if streamReads == 1 || step % 4 == 1 || fresh < hot + 50 {
        trace.use(fresh)
        fresh += 1
      } else {
        trace.use(fresh - 10)
      }
    }
    return trace
  }

  /// A file of `percent` % of the cache, read from begin to end again and again.
  static func loop(percent: Int) -> EvictionTrace {
    var trace = EvictionTrace("loop over \(percent) % of the cache")
    for step in 0..<50_000 { trace.use(step % (capacity * percent / 100)) }
    return trace
  }

  /// A working set that is exchanged for another now and then.
  static var shifting: EvictionTrace {
    var trace = EvictionTrace("working set of 70 % that changes")
    for phase in 0..<10 {
      for _ in 0..<5_000 { trace.use(phase * 350 + trace.random(below: 350)) }
    }
    return trace
  }

  /// Headers used over and over, sources read once, objects written and read once more at the end.
  static var compile: EvictionTrace {
    var trace = EvictionTrace("compile and link")
    let sums = zipf(375)
    var fresh = 375
    var objects: [Int] = []
    for _ in 0..<400 {
      for _ in 0..<60 { trace.use(trace.pick(sums)) }
      for _ in 0..<10 {
        trace.use(fresh)
        trace.use(fresh + 1)
        objects.append(fresh + 1)
        fresh += 2
      }
      if objects.count > 187 {
        for page in objects { trace.use(page) }
        objects = []
      }
    }
    return trace
  }

  static var all: [EvictionTrace] {
    [
      popularity, popularityAndScans, workingSet(percent: 60, streamReads: 1), workingSet(percent: 90, streamReads: 1),
      workingSet(percent: 60, streamReads: 2), workingSet(percent: 90, streamReads: 2), loop(percent: 95),
      loop(percent: 110), loop(percent: 150), shifting, compile,
    ]
  }
}
