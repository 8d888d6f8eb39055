import Foundations
import Machine
import Synchronization
import VFS
import Waiting

/// Where an epoll instance is among those that watch each other: its children are what it watches, its parents watch it.
///
/// An event at the bottom is told to all above it, one inside the other, in an interrupt; so there are no circles, chains are short,
/// and there are not too many ways up. All places are guarded by one lock.
final class EpollPlace {
  /// How many instances a chain may have. Source: epoll_ctl(2), ELOOP.
  private static let chainLimit = 5
  /// How many ways may lead up from an instance.
  private static let wayLimit = 500

  private static let lock = SleepLock()
  private static let nextVisit = Atomic<UInt64>(1)

  private var children = GrowableArray<EpollPlace>()
  private var parents = GrowableArray<EpollPlace>()
  // What the last visit found.
  private var visit: UInt64 = 0
  private var found = 0
  /// The last visit that went on from it.
  private var descent: UInt64 = 0

  init() {}

  /// Puts `child` below it, and runs `body`, which does what follows from that; takes it back if `body` fails.
  ///
  /// - Throws: `ELOOP` for a circle and for a chain that is too long, `EINVAL` for too many ways up, `ENOMEM`; what `body` throws.
  /// - Context: a thread without locks; may wait.
  func addChild(_ child: EpollPlace, _ body: () throws(Errno) -> Void) throws(Errno) {
    try Self.lock.withLock { () throws(Errno) in
      let visit = Self.newVisit()
      let depth = child.depth(visit)
      // The visit has seen everything below the child.
      guard self.visit != visit, self !== child else { throw .ELOOP }
      guard depth + height(Self.newVisit()) <= Self.chainLimit else { throw .ELOOP }
      try children.reserveCapacity(children.count + 1)
      try child.parents.append(self)
      try children.append(child)
    }
    do throws(Errno) {
      try Self.lock.withLock { () throws(Errno) in
        guard child.mostWays(Self.newVisit()) <= Self.wayLimit else { throw .EINVAL }
      }
      try body()
    } catch {
      removeChild(child)
      throw error
    }
  }

  /// Takes `child` from below it, once.
  ///
  /// - Context: a thread without locks; may wait.
  func removeChild(_ child: EpollPlace) {
    Self.lock.withLock {
      Self.remove(child, from: &children)
      Self.remove(self, from: &child.parents)
    }
  }

  private static func newVisit() -> UInt64 { nextVisit.wrappingAdd(1, ordering: .relaxed).newValue }

  private static func remove(_ place: EpollPlace, from places: inout GrowableArray<EpollPlace>) {
    for index in 0..<places.count where places[index] === place {
      _ = places.remove(at: index)
      return
    }
  }

  /// How many instances the longest chain down from it has, itself included.
  private func depth(_ visit: UInt64) -> Int {
    guard self.visit != visit else { return found }
    self.visit = visit
    found = 1
    for index in 0..<children.count { found = max(found, 1 + children[index].depth(visit)) }
    return found
  }

  /// How many instances the longest chain up from it has, itself included.
  private func height(_ visit: UInt64) -> Int {
    guard self.visit != visit else { return found }
    self.visit = visit
    found = 1
    for index in 0..<parents.count { found = max(found, 1 + parents[index].height(visit)) }
    return found
  }

  /// How many ways lead up from it.
  private func ways(_ visit: UInt64) -> Int {
    guard self.visit != visit else { return found }
    self.visit = visit
    found = 1
    for index in 0..<parents.count { found = min(found + parents[index].ways(visit), Self.wayLimit + 1) }
    return found
  }

  /// The most ways up from it or from anything below it.
  private func mostWays(_ visit: UInt64) -> Int {
    guard descent != visit else { return 0 }
    descent = visit
    var most = ways(visit)
    for index in 0..<children.count { most = max(most, children[index].mostWays(visit)) }
    return most
  }
}
