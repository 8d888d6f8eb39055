import Foundations
import Machine
import PageCache
import Processes
import Scheduler
import Waiting

/// How threads wait for pages that others read, write or evict.
final class ThreadPageWaiting: PageWaiting {
  private static let queueCount = 64
  /// Who waits for a page is in the queue that its number and its file lead to.
  private let queues: GrowableArray<WaitQueue>

  /// - Throws: `ENOMEM`.
  init(makingQueues: ()) throws(Errno) {
    var queues = GrowableArray<WaitQueue>()
    for _ in 0..<Self.queueCount { try queues.append(WaitQueue()) }
    self.queues = queues
    super.init()
  }

  private func index(_ page: UInt64, _ file: CachedFile) -> Int {
    Int(file.identity(of: page) % UInt64(Self.queueCount))
  }

  override func wait(for page: UInt64, of file: CachedFile, _ patience: Patience) throws(Errno) {
    guard Scheduler.isStarted else { throw .EDEADLK }
    try queues[index(page, file)].wait(patience == .killable ? .kill : .nothing) { !file.isBusy(page) }
  }

  override func wake(for page: UInt64, of file: CachedFile) { queues[index(page, file)].wakeAll() }

  override func waitForReclaim() -> Bool {
    guard Scheduler.isStarted else { return false }
    // No provider that there is allocates while it is written to, so it is another thread's.
    Scheduler.yield()
    return true
  }

  override func waitForVictim() -> Bool {
    guard Scheduler.isStarted, let task = Task.current, !task.isEnding else { return false }
    // A millisecond is enough for a process that only has to unmap its memory to get on with it.
    try? Scheduler.sleep(nanoseconds: 1_000_000)
    return !task.isEnding
  }
}
