import Machine
import Scheduling

/// Machine's way to the scheduler.
final class SchedulerHooks: ThreadHooks {
  override func reschedule() { Scheduler.scheduler(of: Processor.current)?.switchAway(.preempted) }
}
