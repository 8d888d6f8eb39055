public import Machine

/// Machine's way to the scheduler. The process layer adds what programs need.
open class SchedulerHooks: ThreadHooks {
  /// Creates the hooks.
  public override init() { super.init() }

  public final override func reschedule() { Scheduler.scheduler(of: Processor.current)?.switchAway(keepsReady: true) }
}
