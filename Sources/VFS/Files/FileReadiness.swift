import Foundations
import Machine
import Synchronization
import Time
import Waiting

import struct LinuxABI.OpenFlags

/// Tells a file's owner by signals when the file becomes ready. Source: fcntl(2), "Managing signals".
///
/// It is in the file's queues from when O_ASYNC is set until that is cleared, or the last descriptor closed. Whoever wakes a queue may
/// hold locks that come behind those of processes, so what has come is only noted there (`ReadinessTeller`).
final class FileReadiness: FileWatcher {
  /// Lets one at a time set O_ASYNC or clear it.
  private static let turn = SleepLock()

  private let file: OpenFile
  private let teller: ReadinessTeller
  private var entries = GrowableArray<WaitEntry>()

  private init(_ file: OpenFile, _ descriptor: Descriptor) {
    self.file = file
    teller = ReadinessTeller(file, descriptor)
    super.init()
  }

  // MARK: Beginning and end

  /// Begins to tell the owner of `file`, if files of its kind have anything to tell.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: a thread without locks; may wait.
  static func start(_ file: OpenFile, _ descriptor: Descriptor) throws(Errno) {
    guard file.readinessSignals != .none else { return }
    try turn.withLock { () throws(Errno) in try begin(file, descriptor) }
    // One that was closed before it had a watcher has told nobody.
    if !file.hasDescriptors { stop(file) }
  }

  /// Ends what `start` began, if nothing has yet.
  ///
  /// - Context: as `start`.
  static func stop(_ file: OpenFile) {
    turn.withLock {
      let old = file.notification.withLock { notification in
        notification.wantsRoom = false
        return notification.readiness.take()
      }
      old?.leave()
    }
  }

  override func fileWasClosed() { Self.stop(file) }

  private static func begin(_ file: OpenFile, _ descriptor: Descriptor) throws(Errno) {
    guard file.notification.withLock({ $0.readiness == nil }) else { return }
    try ObjectMemory.check()
    let new = FileReadiness(file, descriptor)
    try new.enter()
    file.notification.withLock { $0.readiness = new }
    file.addWatcher(new)
  }

  private func enter() throws(Errno) {
    var queueCount = 0
    file.forEachWaitQueue { _ in queueCount += 1 }
    try entries.reserveCapacity(queueCount)
    for _ in 0..<queueCount { try entries.append(WaitEntry(self)) }
    do throws(Errno) {
      try teller.open()
    } catch {
      entries.removeAll()
      throw error
    }
    forEachEntry { queue, entry in queue.add(entry) }
  }

  private func leave() {
    forEachEntry { queue, entry in queue.remove(entry) }
    // They refer to it.
    entries.removeAll()
    file.removeWatcher(self)
    teller.close()
  }

  private func forEachEntry(_ body: (borrowing WaitQueue, WaitEntry) -> Void) {
    var index = 0
    file.forEachWaitQueue { queue in
      guard index < entries.count else { return }
      body(queue, entries[index])
      index += 1
    }
  }

  // MARK: Events

  override func notify(_ entry: WaitEntry, _ events: PollEvents) -> Bool {
    teller.note(events)
    return false
  }

  /// Tells the owner of room, once there is some.
  ///
  /// - Context: a thread without locks.
  static func noteLackOfRoom(of file: OpenFile) {
    let readiness = file.notification.withLock { notification in
      notification.wantsRoom = notification.readiness != nil
      return notification.readiness
    }
    // What has come meanwhile was perhaps not told of.
    if let readiness, file.hasRoom { readiness.teller.note(.output) }
  }
}

extension OpenFile {
  /// Says that there was too little room for all that somebody wanted to write.
  ///
  /// - Context: a thread without locks.
  @inline(__always)
  public final func noteLackOfRoom() {
    if flags.contains(.O_ASYNC) { FileReadiness.noteLackOfRoom(of: self) }
  }
}

/// Tells of what was noted under any lock as soon as all are open: a timer that expires at once.
private final class ReadinessTeller: ClockTimer {
  /// What is noted of a change of which no more is known.
  private static var change: UInt32 { 1 << 16 }

  private let file: OpenFile
  private let descriptor: Descriptor
  private let noted = Atomic<UInt32>(0)

  init(_ file: OpenFile, _ descriptor: Descriptor) {
    (self.file, self.descriptor) = (file, descriptor)
    super.init(.monotonic)
  }

  /// Notes what has come.
  ///
  /// - Context: any; locks may be held.
  func note(_ events: PollEvents) {
    let bits = events == .all ? Self.change : UInt32(events.rawValue)
    if noted.bitwiseOr(bits, ordering: .acquiringAndReleasing).oldValue == 0 { arm(at: 0, by: .monotonic) }
  }

  override func expired() {
    let bits = noted.exchange(0, ordering: .acquiringAndReleasing)
    var events = PollEvents(rawValue: UInt16(truncatingIfNeeded: bits))
    if bits & Self.change != 0 { events.formUnion(file.readinessAfterChange()) }
    let (owner, signal) = file.notification.withLock { ($0.owner, $0.signal) }
    guard let owner else { return }
    if events.contains(.error) { owner.tell(.error, signal: signal, descriptor: descriptor) }
    if events.contains(.input) {
      owner.tell(.input, signal: signal, descriptor: descriptor)
    } else if events.contains(.priority) {
      owner.tell(.priority, signal: signal, descriptor: descriptor)
    }
    if events.contains(.output), isRoomToBeTold { owner.tell(.output, signal: signal, descriptor: descriptor) }
    if events.contains(.hangUp) { owner.tell(.hangUp, signal: signal, descriptor: descriptor) }
  }

  private var isRoomToBeTold: Bool {
    switch file.readinessSignals {
    case .none: false
    case .all: true
    case .roomWhenWanted:
      file.hasRoom
        && file.notification.withLock { notification in
          let isWanted = notification.wantsRoom
          notification.wantsRoom = false
          return isWanted
        }
    }
  }
}
