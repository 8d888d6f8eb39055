import Foundations
import LinuxABI
import Machine

/// What is known of pending signals that the slot of a `PendingSignals` has no room for: one queue for each signal.
///
/// It takes memory when the first signal comes, and adding and taking cost the same however many there are.
struct SignalQueue: ~Copyable {
  private struct Entry {
    var information: SignalInformation
    /// Whose signals it is counted with; nil when the entry is free.
    var account: SignalAccount?
    /// The next of the same signal, or the next that is free; -1 for none.
    var next: Int32
  }

  /// The first and last entry of a signal; -1 for none.
  private struct Ends {
    var first: Int32 = -1
    var last: Int32 = -1
  }

  /// More room than this is given back when the queue has become empty.
  private static let keptCapacity = 16

  private var entries = GrowableArray<Entry>()
  /// By the signal's number less one; empty before the first entry.
  private var ends = GrowableArray<Ends>()
  private var firstFree: Int32 = -1
  /// How many signals there are.
  private(set) var count = 0

  init() {}

  deinit {
    for index in 0..<entries.count { entries[index].account?.release() }
  }

  /// Whether there is none of `signal`.
  @inline(__always)
  func isEmpty(_ signal: Signal) -> Bool { count == 0 || ends[Self.index(signal)].first < 0 }

  /// Adds one of `signal` behind the others. It has been counted with `account`, and the queue gives that back.
  ///
  /// - Throws: `ENOMEM`; nothing has changed.
  mutating func append(
    _ signal: Signal, _ information: SignalInformation, _ account: SignalAccount
  ) throws(Errno) {
    if ends.isEmpty { try ends.resize(to: Int(Signal.last), filledWith: Ends()) }
    let place = try makeEntry(Entry(information: information, account: account, next: -1))
    let queue = Self.index(signal)
    let last = ends[queue].last
    if last < 0 { ends[queue].first = place } else { entries[Int(last)].next = place }
    ends[queue].last = place
    count += 1
  }

  /// Takes the first of `signal`.
  mutating func popFirst(_ signal: Signal) -> SignalInformation? {
    guard !isEmpty(signal) else { return nil }
    let queue = Self.index(signal)
    let place = ends[queue].first
    let entry = entries[Int(place)]
    ends[queue].first = entry.next
    if entry.next < 0 { ends[queue].last = -1 }
    entry.account?.release()
    entries[Int(place)].account = nil
    entries[Int(place)].next = firstFree
    firstFree = place
    count -= 1
    if count == 0 { shrink() }
    return entry.information
  }

  /// Drops all of `signal`.
  mutating func removeAll(_ signal: Signal) {
    while popFirst(signal) != nil {}
  }

  private mutating func makeEntry(_ entry: Entry) throws(Errno) -> Int32 {
    guard firstFree >= 0 else {
      guard entries.count < Int(Int32.max) else { throw .ENOMEM }
      try entries.append(entry)
      return Int32(entries.count - 1)
    }
    let place = firstFree
    firstFree = entries[Int(place)].next
    entries[Int(place)] = entry
    return place
  }

  private mutating func shrink() {
    guard entries.capacity > Self.keptCapacity else { return }
    entries = GrowableArray()
    firstFree = -1
  }

  @inline(__always)
  private static func index(_ signal: Signal) -> Int { Int(signal.rawValue) &- 1 }
}
