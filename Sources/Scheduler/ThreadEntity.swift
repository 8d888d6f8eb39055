import Machine
import Scheduling

/// A thread as run queues order it.
final class ThreadEntity: SchedulingEntity {
  /// Whose it is, from its start to its end: a thread that can run is kept alive by this.
  var thread: Thread?
  /// It was woken while it was about to wait. Guarded by the lock of the queue that it runs by.
  var isWoken = false

  /// How the one that runs leaves: one that was woken while it was about to wait stays.
  func departure(_ departure: Departure) -> Departure {
    guard departure == .waits, isWoken else { return departure }
    isWoken = false
    return .preempted
  }

  /// Its thread, as what a CPU is about to run.
  func nextThread() -> NextThread<Thread>? {
    guard let thread else { return nil }
    return NextThread(thread)
  }
}
