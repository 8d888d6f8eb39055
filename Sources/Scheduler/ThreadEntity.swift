import Scheduling

/// A thread as run queues order it.
final class ThreadEntity: SchedulingEntity {
  /// Whose it is, from its start to its end: a thread that can run is kept alive by this.
  var thread: Thread?
  /// It was woken while it was about to wait. Guarded by the lock of the queue that it runs by.
  var isWoken = false
}
