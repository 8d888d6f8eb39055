import Foundations
import Machine

/// The numbers of those that may be ready, first come first, each at most once.
///
/// There is room for every number, so adding one takes no memory: it is done in interrupts.
struct ReadyRing: ~Copyable {
  private var ring = GrowableArray<Int32>()
  private var isQueued = GrowableArray<Bool>()
  private var head = 0
  /// How many there are.
  private(set) var count = 0

  init() {}

  /// Makes room for the numbers below `limit`.
  ///
  /// - Throws: `ENOMEM`.
  mutating func reserve(_ limit: Int) throws(Errno) {
    guard limit > ring.count else { return }
    let capacity = max(limit, ring.count * 2, 8)
    var larger = GrowableArray<Int32>()
    try larger.resize(to: capacity, filledWith: 0)
    try isQueued.resize(to: capacity, filledWith: false)
    for index in 0..<count { larger[index] = ring[place(index)] }
    ring = larger
    head = 0
  }

  /// Where the number is that is `index` behind the first.
  private func place(_ index: Int) -> Int {
    let place = head + index
    return place < ring.count ? place : place - ring.count
  }

  /// Adds `number` behind the others, unless it is there.
  ///
  /// - Returns: whether it was not.
  @inline(__always)
  mutating func push(_ number: Int) -> Bool {
    guard !isQueued[number] else { return false }
    isQueued[number] = true
    ring[place(count)] = Int32(truncatingIfNeeded: number)
    count += 1
    return true
  }

  /// The first, which stays.
  @inline(__always)
  var first: Int? { count > 0 ? Int(ring[head]) : nil }

  /// Puts the first behind the others.
  @inline(__always)
  mutating func rotate() {
    guard count > 1 else { return }
    // In a full ring that is where it is already.
    ring[place(count)] = ring[head]
    head = head + 1 == ring.count ? 0 : head + 1
  }

  /// Takes the first.
  @inline(__always)
  mutating func pop() -> Int? {
    guard count > 0 else { return nil }
    let number = Int(ring[head])
    head = head + 1 == ring.count ? 0 : head + 1
    count -= 1
    isQueued[number] = false
    return number
  }
}
