import Machine
import Synchronization

/// The handlers that `Specs/interrupts.json` names for what arrives from devices and other processors.
///
/// Interrupts stay off until the APIC step brings the controllers up, so an arrival before that is unexpected: it is counted,
/// never fatal, because firmware may leave a device with a request pending.
enum InterruptHandlers {
  /// A device's line or message.
  static func device(_ frame: borrowing TrapFrame, _ vector: InterruptVector) { UnexpectedInterrupts.count(vector) }
  /// A message from another processor.
  static func interprocessor(_ frame: borrowing TrapFrame, _ vector: InterruptVector) {
    UnexpectedInterrupts.count(vector)
  }
  /// The local APIC's own error.
  static func localError(_ frame: borrowing TrapFrame, _ vector: InterruptVector) { UnexpectedInterrupts.count(vector) }
  /// Another source inside the local APIC.
  static func localSource(_ frame: borrowing TrapFrame, _ vector: InterruptVector) {
    UnexpectedInterrupts.count(vector)
  }
  /// A request that was withdrawn before it was taken.
  static func spurious(_ frame: borrowing TrapFrame, _ vector: InterruptVector) { UnexpectedInterrupts.count(vector) }
  /// The local timer.
  static func timer(_ frame: borrowing TrapFrame, _ vector: InterruptVector) { UnexpectedInterrupts.count(vector) }
  /// A vector that nothing is assigned to.
  static func unexpected(_ frame: borrowing TrapFrame, _ vector: InterruptVector) { UnexpectedInterrupts.count(vector) }
}

/// How many interrupts arrived that nobody had asked for.
public enum UnexpectedInterrupts {
  private static let total = Atomic<Int>(0)
  private static let lastVector = Atomic<UInt8>(0)

  static func count(_ vector: InterruptVector) {
    lastVector.store(vector.rawValue, ordering: .relaxed)
    total.add(1, ordering: .relaxed)
  }

  /// How many so far.
  public static var count: Int { total.load(ordering: .relaxed) }
}
