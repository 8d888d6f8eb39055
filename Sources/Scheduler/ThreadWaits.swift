import Foundations
import Machine
import Time
import Waiting

/// A thread's means to wait.
final class ThreadWaits {
  /// The thread's own entry, while there is a thread. Whoever keeps it longer may use it still.
  private var place: WaitEntry?
  /// Made when the thread first waits with a deadline.
  private var alarm: Alarm?

  func bind(_ thread: Thread) { place = WaitEntry(ThreadWaiter(thread)) }

  func unbind() {
    place = nil
    alarm = nil
  }

  var entry: WaitEntry {
    guard let place else { fatalError("a thread that has ended waits") }
    return place
  }

  /// Sees to it that `thread` is woken at `deadline`.
  ///
  /// - Returns: false when it has passed, or there is no memory to wait for it.
  func setAlarm(_ thread: Thread, _ deadline: UInt64) -> Bool {
    guard Clock.nanoseconds < deadline else { return false }
    if alarm == nil {
      do throws(Errno) { alarm = try Alarm(thread) } catch { return false }
    }
    alarm?.arm(at: deadline)
    return true
  }

  func clearAlarm() { alarm?.cancel() }
}

extension Thread {
  /// Lets others run until the thread, which runs, is woken or may be interrupted, or until `deadline`.
  func block(_ interruption: Interruption, deadline: UInt64?) -> Blocking.Outcome {
    if let deadline, !waits.setAlarm(self, deadline) { return .timedOut }
    if body.isInterrupted(interruption) {
      if deadline != nil { waits.clearAlarm() }
      return .interrupted
    }
    Scheduler.block(self, interruption)
    body.waitHasEnded(interruption)
    if deadline != nil { waits.clearAlarm() }
    if body.isInterrupted(interruption) { return .interrupted }
    // An alarm of an earlier wait may have been late, so the clock decides.
    if let deadline, Clock.nanoseconds >= deadline { return .timedOut }
    return .woken
  }
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

/// Leads to the thread that runs. It is lent, and not counted.
final class RunningThread: BlockingProvider {
  override var entry: WaitEntry {
    guard let entry = Thread.withRunning({ $0.waits.entry }) else { fatalError("a wait outside threads") }
    return entry
  }

  override func prepare(_ interruption: Interruption) {
    Thread.withRunning { $0.prepareToWait(interruption) }
  }

  override func block(_ interruption: Interruption, deadline: UInt64?) -> Blocking.Outcome {
    Thread.withRunning { $0.block(interruption, deadline: deadline) } ?? .woken
  }

  override func finish() {
    Thread.withRunning { $0.ceaseToWait() }
  }
}
