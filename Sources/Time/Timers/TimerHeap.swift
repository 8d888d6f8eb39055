import Foundations
import Machine

/// Which timers are armed, the next to expire first: a heap of which each node has four children.
///
/// Four children of 16 bytes are one cache line, and the heap is half as deep as a binary one. Each timer knows its place,
/// so one that is not the first is taken out in O(log n) as well. Source: D. B. Johnson, "Priority queues with update and finding
/// minimum spanning trees", Information Processing Letters 4(3), 1975.
struct TimerHeap: ~Copyable {
  /// An armed timer.
  struct Entry {
    /// When it must have been seen to, in nanoseconds.
    var deadline: UInt64
    /// The timer.
    var timer: Int
  }

  private var entries = GrowableArray<Entry>()
  /// The place of each timer in `entries`, or -1.
  private var places = GrowableArray<Int>()
  /// How many timers are armed.
  private(set) var count = 0

  /// Makes room for timer number `places.count`.
  mutating func addTimer() throws(Errno) {
    try entries.append(Entry(deadline: 0, timer: 0))
    do throws(Errno) {
      try places.append(-1)
    } catch {
      _ = entries.popLast()
      throw error
    }
  }

  /// The next timer to expire, or nil.
  @inline(__always)
  var first: Entry? { count > 0 ? entries[0] : nil }

  /// Whether `timer` is armed.
  @inline(__always)
  func contains(_ timer: Int) -> Bool { places[timer] >= 0 }

  /// Arms `timer`, whether it is armed already or not.
  mutating func set(_ timer: Int, deadline: UInt64) {
    let place = places[timer]
    guard place >= 0 else {
      count += 1
      return rise(Entry(deadline: deadline, timer: timer), from: count - 1)
    }
    move(Entry(deadline: deadline, timer: timer), at: place)
  }

  /// Disarms `timer`.
  ///
  /// - Returns: whether it was armed.
  mutating func remove(_ timer: Int) -> Bool {
    let place = places[timer]
    guard place >= 0 else { return false }
    places[timer] = -1
    count -= 1
    if place < count { move(entries[count], at: place) }
    return true
  }

  /// Puts `entry` where the entry at `place` was, or where it belongs then.
  private mutating func move(_ entry: Entry, at place: Int) {
    if place > 0, entry.deadline < entries[(place - 1) / 4].deadline {
      rise(entry, from: place)
    } else {
      sink(entry, from: place)
    }
  }

  private mutating func rise(_ entry: Entry, from start: Int) {
    var place = start
    while place > 0 {
      let parent = (place - 1) / 4
      let above = entries[parent]
      guard entry.deadline < above.deadline else { break }
      put(above, at: place)
      place = parent
    }
    put(entry, at: place)
  }

  private mutating func sink(_ entry: Entry, from start: Int) {
    var place = start
    while true {
      let firstChild = 4 * place + 1
      guard firstChild < count else { break }
      var least = firstChild
      var child = firstChild + 1
      let end = min(firstChild + 4, count)
      while child < end {
        if entries[child].deadline < entries[least].deadline { least = child }
        child += 1
      }
      let below = entries[least]
      guard below.deadline < entry.deadline else { break }
      put(below, at: place)
      place = least
    }
    put(entry, at: place)
  }

  @inline(__always)
  private mutating func put(_ entry: Entry, at place: Int) {
    entries[place] = entry
    places[entry.timer] = place
  }
}
