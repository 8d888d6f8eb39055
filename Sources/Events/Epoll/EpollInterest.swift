import Foundations
import Machine
import Synchronization
import VFS
import Waiting

import struct LinuxABI.EpollEvents

/// A file that is watched, by one of its descriptors.
///
/// Guarded by the lock of its set, but `wish`, which those that tell of events read.
final class EpollInterest: FileWatcher {
  /// The set that it belongs to.
  let set: EpollSet
  /// The file, which is kept open by this only while any descriptor of it is.
  let file: OpenFile
  /// The descriptor by which it was added.
  let descriptor: Int32
  /// Its number in the set.
  let number: Int
  /// What is told, and how: bits of `EpollEvents`. No event while it is disabled by EPOLLONESHOT.
  let wish: Atomic<UInt32>
  /// What the program is told with events.
  var data: UInt64
  /// The number of the next one with the same hash, or -1.
  var nextInBucket: Int32 = -1
  private var entries = GrowableArray<WaitEntry>()
  /// Whose the file's queues are, if not the file's.
  private let queueOwner: AnyObject?

  init(_ set: EpollSet, _ file: OpenFile, _ descriptor: Int32, number: Int, _ request: EpollRequest) {
    (self.set, self.file, self.descriptor, self.number) = (set, file, descriptor, number)
    wish = Atomic(request.wish)
    data = request.data
    queueOwner = file.queueOwner
    super.init()
  }

  /// Enters the file's queues.
  ///
  /// - Throws: `ENOMEM`; it is in none then.
  func enterQueues() throws(Errno) {
    var queueCount = 0
    file.forEachWaitQueue(of: queueOwner) { _ in queueCount += 1 }
    try entries.reserveCapacity(queueCount)
    let isExclusive = EpollEvents(rawValue: UInt64(wish.load(ordering: .relaxed))).contains(.EPOLLEXCLUSIVE)
    for _ in 0..<queueCount {
      let entry = WaitEntry(self)
      entry.isExclusive = isExclusive
      try entries.append(entry)
    }
    forEachEntry { queue, entry in queue.add(entry) }
  }

  /// Leaves the file's queues: nobody tells it of anything any more.
  func leaveQueues() {
    forEachEntry { queue, entry in queue.remove(entry) }
    // They refer to it.
    entries.removeAll()
  }

  private func forEachEntry(_ body: (borrowing WaitQueue, WaitEntry) -> Void) {
    var index = 0
    file.forEachWaitQueue(of: queueOwner) { queue in
      guard index < entries.count else { return }
      body(queue, entries[index])
      index += 1
    }
  }

  /// What the file is ready for, of what is wished for.
  @inline(__always)
  func currentEvents(_ wish: UInt32) -> UInt32 { UInt32(file.poll().rawValue) & wish }

  override func notify(_ entry: WaitEntry, _ events: PollEvents) -> Bool {
    let wish = wish.load(ordering: .relaxed)
    guard wish & UInt32(events.rawValue) != 0 else { return false }
    let hasWoken = set.note(number)
    return !entry.isExclusive || hasWoken
  }

  override func fileWasClosed() { set.remove(self) }
}

/// What epoll_ctl(2) is told to watch for.
public struct EpollRequest: Sendable {
  /// Bits of `EpollEvents`.
  let wish: UInt32
  /// What the program is told with events.
  let data: UInt64

  /// Watches for `events`, and for errors and hang-ups in any case.
  public init(_ events: UInt32, data: UInt64) {
    wish = events | UInt32(PollEvents.error.union(.hangUp).rawValue)
    self.data = data
  }

  /// EPOLLEXCLUSIVE: one of those that wait like this is enough for each event.
  var isExclusive: Bool { EpollEvents(rawValue: UInt64(wish)).contains(.EPOLLEXCLUSIVE) }

  /// Whether EPOLLEXCLUSIVE goes with all that is asked for. Source: epoll_ctl(2).
  var isProperlyExclusive: Bool {
    let permitted: EpollEvents = [
      .EPOLLIN, .EPOLLOUT, .EPOLLERR, .EPOLLHUP, .EPOLLET, .EPOLLWAKEUP, .EPOLLEXCLUSIVE,
    ]
    return UInt64(wish) & ~permitted.rawValue == 0
  }
}
