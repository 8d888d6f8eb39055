import Foundations
import Machine
public import Scheduling

/// How much run time is promised to threads of the policy `deadline`.
///
/// Source: sched(7), "SCHED_DEADLINE": what cannot be kept is refused; Linux Documentation/scheduler/sched-deadline.rst, 4.1: 95 %
/// of the CPUs.
private enum DeadlineAdmission {
  /// In units of 2^-20 CPUs. Its lock is held while a thread's parameters are changed; run queues' come after it.
  static let promised = SpinLock<UInt64>(0)

  static var limit: UInt64 { UInt64(Processor.onlineCount) * (1 << 20) * 95 / 100 }

  /// What is promised to a thread with `parameters`.
  static func bandwidth(_ parameters: SchedulingParameters) -> UInt64 {
    parameters.policy == .deadline ? parameters.reservation.bandwidth : 0
  }
}

extension Thread {
  /// Changes how it is scheduled, as `body` decides with how it is now, if what is promised to it then can be kept.
  ///
  /// - Throws: `EBUSY` when it cannot, `ESRCH` when the thread has ended, and what `body` throws; nothing has changed.
  /// - Context: any. `body` is called with a lock held, and takes none.
  public func adjustParameters(_ body: (inout SchedulingParameters) throws(Errno) -> Void) throws(Errno) {
    try DeadlineAdmission.promised.withLock { promised throws(Errno) in
      guard !hasEndedAdmission else { throw .ESRCH }
      let old = parameters
      var new = old
      try body(&new)
      let (before, after) = (DeadlineAdmission.bandwidth(old), DeadlineAdmission.bandwidth(new))
      // Less than before is always possible, also when CPUs have gone.
      guard after <= before || promised - before + after <= DeadlineAdmission.limit else { throw .EBUSY }
      promised = promised - before + after
      setParameters(new)
    }
  }

  /// Gives back what was promised to it: it ends.
  func endAdmission() {
    DeadlineAdmission.promised.withLock { promised in
      promised -= DeadlineAdmission.bandwidth(entity.parameters)
      hasEndedAdmission = true
    }
  }
}
