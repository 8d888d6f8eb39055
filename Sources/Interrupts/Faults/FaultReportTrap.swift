import Machine
import Synchronization

/// Makes the next fault report fault itself, to see that the second fault is still told.
public enum FaultReportTrap {
  private static let isArmed = Atomic<Bool>(false)

  /// Arms the trap.
  public static func arm() { isArmed.store(true, ordering: .relaxed) }

  /// Faults once if armed.
  static func springIfArmed() {
    guard isArmed.exchange(false, ordering: .relaxed) else { return }
    FaultProvocation.readNearNull()
  }
}
