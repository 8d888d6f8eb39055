import Machine
import Scheduling

/// Machine's way to the scheduler.
final class SchedulerHooks: ThreadHooks {
  override func reschedule() { Scheduler.withScheduler(of: Processor.current) { $0.switchAway(.preempted) } }
}
