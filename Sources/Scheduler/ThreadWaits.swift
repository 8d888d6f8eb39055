import Foundations
import Machine
import Time
import Waiting

/// How a thread waits.
final class ThreadWaits: ThreadBlocking {
  private var thread: Thread?
  /// The thread's own entry, while there is a thread. Whoever keeps it longer may use it still.
  private var place: WaitEntry?
  /// Made when the thread first waits with a deadline.
  private var alarm: Alarm?
  /// What ends the wait that was prepared last. The thread's own.
  private var interruption = Interruption.nothing

  func bind(_ thread: Thread) {
    self.thread = thread
    place = WaitEntry(ThreadWaiter(thread))
  }

  func unbind() {
    thread = nil
    place = nil
    alarm = nil
  }

  override var entry: WaitEntry {
    guard let place else { fatalError("a thread that has ended waits") }
    return place
  }

  override func prepare(_ interruption: Interruption) {
    self.interruption = interruption
    thread?.prepareToWait(interruption)
  }

  override func block(deadline: UInt64?) -> Outcome {
    guard let thread else { return .woken }
    if let deadline, !setAlarm(deadline) { return .timedOut }
    if thread.body.isInterrupted(interruption) {
      clearAlarm()
      return .interrupted
    }
    Scheduler.block(thread)
    thread.body.waitHasEnded(interruption)
    clearAlarm()
    if thread.body.isInterrupted(interruption) { return .interrupted }
    // An alarm of an earlier wait may have been late, so the clock decides.
    if let deadline, Clock.nanoseconds >= deadline { return .timedOut }
    return .woken
  }

  override func finish() { thread?.ceaseToWait() }

  /// Sees to it that the thread is woken at `deadline`.
  ///
  /// - Returns: false when it has passed, or there is no memory to wait for it.
  private func setAlarm(_ deadline: UInt64) -> Bool {
    guard let thread, Clock.nanoseconds < deadline else { return false }
    if alarm == nil {
      do throws(Errno) { alarm = try Alarm(thread) } catch { return false }
    }
    alarm?.arm(at: deadline)
    return true
  }

  private func clearAlarm() { alarm?.cancel() }
}

/// A thread's deadline.
private final class Alarm {
  private let timer: Timer

  init(_ thread: Thread) throws(Errno) {
    timer = try Timer(handler: AlarmHandler(thread))
  }

  func arm(at deadline: UInt64) { timer.arm(at: deadline) }
  func cancel() { timer.cancel() }
}

private final class AlarmHandler: TimerHandler {
  private let thread: Thread

  init(_ thread: Thread) {
    self.thread = thread
    super.init()
  }

  override func timerExpired(now: UInt64, expirations: UInt64) { thread.wake() }
}

/// A thread in a wait queue.
private final class ThreadWaiter: Waiter {
  private let thread: Thread

  init(_ thread: Thread) {
    self.thread = thread
    super.init()
  }

  override func notify(_ entry: WaitEntry, _ events: PollEvents) -> Bool { thread.wake() }
}

/// Leads to the means to wait of the thread that runs.
final class RunningThread: BlockingProvider {
  override var current: ThreadBlocking {
    guard let thread = Thread.running else { fatalError("a wait outside threads") }
    return thread.waits
  }
}
