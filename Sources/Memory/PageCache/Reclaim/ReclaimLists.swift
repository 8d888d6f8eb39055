public import Foundations
public import PageFrames

/// The order in which pages of files are evicted: the policy of reclaim, without locks, files or devices.
///
/// The policy is S3-FIFO. A new page enters the *inactive* list, a tenth of all pages; when it reaches the end it goes on to
/// the *active* list if it was used at least three times, and is evicted if not, which is what happens to the pages of a scan
/// before they push anything out. A page that comes back soon after its eviction was evicted too early and enters the active
/// list at once. At that list's end a page gets another round for each of up to three uses.
///
/// A use only changes two bits of the frame's descriptor: no list changes, and a page that is used all the time is not even written.
/// A page offered for eviction stays listed, at the front, until `remove`; so a page that cannot go now has another round.
///
/// Source: Yang and others, "FIFO queues are all you need for cache eviction", SOSP 2023. What it is compared with is in the
/// module's README.
public struct ReclaimLists: ~Copyable {
  /// Which list a page is on.
  public enum Membership: Sendable {
    case inactive
    case active
    case swapBacked
    case unevictable
  }

  /// The inactive list is one part in this many of the pages that can be evicted.
  private static let inactiveShare = 10

  private var inactive = FrameList()
  private var active = FrameList()
  /// Anonymous memory, shared memory and files that exist in memory only: it can go nowhere until there is swap.
  private var swapBacked = FrameList()
  private var unevictable = FrameList()
  private var history = EvictionHistory()

  /// Pages that came back after their eviction.
  public private(set) var refaultCount: UInt64 = 0
  /// Those of them that came back so soon that they became active.
  public private(set) var activationCount: UInt64 = 0

  /// Creates empty lists that remember no evicted pages.
  public init() {}

  /// Creates empty lists for a machine with `frameCount` frames.
  ///
  /// - Throws: `ENOMEM` when there is no memory for the history of evictions.
  public init(frameCount: Int) throws(Errno) { history = try EvictionHistory(pageCount: frameCount) }

  /// How many pages are on a list.
  public func count(_ membership: Membership) -> Int {
    switch membership {
    case .inactive: inactive.count
    case .active: active.count
    case .swapBacked: swapBacked.count
    case .unevictable: unevictable.count
    }
  }

  /// How many pages eviction can choose from.
  public var evictableCount: Int { inactive.count &+ active.count }

  /// Lists a page of a file that was just read or created.
  ///
  /// - Parameter identity: the same number whenever it is the same page of the same file.
  public mutating func add(_ frame: FrameNumber, identity: UInt64, in frames: Span<FrameDescriptor>) {
    var isActive = false
    if let distance = history.recall(identity) {
      refaultCount &+= 1
      isActive = distance <= evictableCount &- inactiveTarget
      if isActive { activationCount &+= 1 }
    }
    if isActive { enterActive(frame, in: frames) } else { enterInactive(frame, in: frames) }
  }

  /// Lists a page that only swap could take.
  public mutating func addSwapBacked(_ frame: FrameNumber, in frames: Span<FrameDescriptor>) {
    frames[frame].insert([.listed, .active, .unevictable])
    swapBacked.prepend(frame, in: frames)
  }

  /// Takes a page off its list; does nothing when it is on none.
  public mutating func remove(_ frame: FrameNumber, in frames: Span<FrameDescriptor>) {
    switch membership(of: frame, in: frames) {
    case .inactive: inactive.remove(frame, in: frames)
    case .active: active.remove(frame, in: frames)
    case .swapBacked: swapBacked.remove(frame, in: frames)
    case .unevictable: unevictable.remove(frame, in: frames)
    case nil: return
    }
    frames[frame].remove([.listed, .active, .unevictable, .referenced, .referencedTwice])
  }

  /// Takes a page off its list because it is evicted; remembers that if it may have been too early.
  public mutating func evict(_ frame: FrameNumber, identity: UInt64, in frames: Span<FrameDescriptor>) {
    if membership(of: frame, in: frames) == .inactive { history.record(identity) }
    remove(frame, in: frames)
  }

  /// Moves a page where eviction does not look, for as long as it is locked in memory.
  public mutating func setUnevictable(_ frame: FrameNumber, in frames: Span<FrameDescriptor>) {
    switch membership(of: frame, in: frames) {
    case .inactive: inactive.remove(frame, in: frames)
    case .active: active.remove(frame, in: frames)
    case .swapBacked, .unevictable, nil: return
    }
    frames[frame].remove(.active)
    frames[frame].insert(.unevictable)
    unevictable.prepend(frame, in: frames)
  }

  /// Moves a page back that is not locked any more.
  public mutating func setEvictable(_ frame: FrameNumber, in frames: Span<FrameDescriptor>) {
    guard membership(of: frame, in: frames) == .unevictable else { return }
    unevictable.remove(frame, in: frames)
    frames[frame].remove(.unevictable)
    enterActive(frame, in: frames)
  }

  /// Lets eviction look again at up to `count` pages that were locked in memory when it last did.
  public mutating func recheckUnevictable(_ count: Int, in frames: Span<FrameDescriptor>) {
    var left = min(count, unevictable.count)
    while left > 0, let frame = unevictable.takeLast(in: frames) {
      enterInactive(frame, in: frames)
      left -= 1
    }
  }

  /// Notes that a page that was offered for eviction turned out to be in use, by a mapping through which it was read or
  /// written. It becomes active when that makes three uses.
  public mutating func keep(_ frame: FrameNumber, in frames: Span<FrameDescriptor>) {
    frames[frame].markReferenced()
    guard frames[frame].isInUse, membership(of: frame, in: frames) == .inactive else { return }
    inactive.remove(frame, in: frames)
    enterActive(frame, in: frames)
  }

  /// The next page to evict, if it can be.
  ///
  /// - Parameter budget: how many pages may still be looked at; counted down for each.
  /// - Returns: nil when the budget is used up or no page can be evicted.
  public mutating func nextCandidate(budget: inout Int, in frames: Span<FrameDescriptor>) -> FrameNumber? {
    while budget > 0 {
      budget &-= 1
      let isInactiveTurn = inactive.count > inactiveTarget || active.count == 0
      if isInactiveTurn {
        guard let frame = inactive.takeLast(in: frames) else { return nil }
        if frames[frame].isInUse {
          enterActive(frame, in: frames)
        } else {
          inactive.prepend(frame, in: frames)
          return frame
        }
      } else {
        guard let frame = active.takeLast(in: frames) else { return nil }
        active.prepend(frame, in: frames)
        if !takeUse(of: frame, in: frames) { return frame }
      }
    }
    return nil
  }

  private var inactiveTarget: Int { evictableCount / Self.inactiveShare }

  private func membership(of frame: FrameNumber, in frames: Span<FrameDescriptor>) -> Membership? {
    let flags = frames[frame].flags
    guard flags.contains(.listed) else { return nil }
    if flags.contains(.unevictable) { return flags.contains(.active) ? .swapBacked : .unevictable }
    return flags.contains(.active) ? .active : .inactive
  }

  private mutating func enterInactive(_ frame: FrameNumber, in frames: Span<FrameDescriptor>) {
    frames[frame].remove([.active, .unevictable, .referenced, .referencedTwice])
    frames[frame].insert(.listed)
    inactive.prepend(frame, in: frames)
  }

  private mutating func enterActive(_ frame: FrameNumber, in frames: Span<FrameDescriptor>) {
    frames[frame].remove([.referenced, .referencedTwice])
    frames[frame].insert([.listed, .active])
    active.prepend(frame, in: frames)
  }

  /// Takes one use back.
  ///
  /// - Returns: false when there was none.
  private func takeUse(of frame: FrameNumber, in frames: Span<FrameDescriptor>) -> Bool {
    let flags = frames[frame].flags
    if flags.contains(.referenced) {
      frames[frame].remove(.referenced)
    } else if flags.contains(.referencedTwice) {
      frames[frame].insert(.referenced)
      frames[frame].remove(.referencedTwice)
    } else {
      return false
    }
    return true
  }
}

extension FrameDescriptor {
  /// Counts a use of the frame, up to three. Writes nothing when there are three already.
  ///
  /// CPUs that do this at the same time may count one use for two.
  @inline(__always)
  public func markReferenced() {
    let flags = flags
    if flags.isSuperset(of: [.referenced, .referencedTwice]) { return }
    if flags.contains(.referenced) {
      insert(.referencedTwice)
      remove(.referenced)
    } else {
      insert(.referenced)
    }
  }

  /// Whether the frame was used three times: read once, which brought it in, and then again and again.
  var isInUse: Bool { flags.isSuperset(of: [.referenced, .referencedTwice]) }
}
