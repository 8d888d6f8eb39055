import Machine
import Synchronization

/// The handlers that `Specs/interrupts.json` names for what arrives from devices and other processors.
enum InterruptHandlers {
  /// A device's line or message: whoever asked for the vector serves it.
  static func device(_ frame: borrowing TrapFrame, _ vector: InterruptVector) {
    if !VectorHandlers.run(vector.rawValue) { UnexpectedInterrupts.count(vector) }
    end()
  }

  /// A message from another processor.
  static func interprocessor(_ frame: borrowing TrapFrame, _ vector: InterruptVector) {
    switch vector {
    case .tlbShootdown: ProcessorMessages.receiveTranslationRequest()
    case .callFunction: ProcessorMessages.receiveCall()
    case .stop: ProcessorMessages.receiveStop()
    // Being interrupted may be all that it is for: whoever waited looks for work.
    default:
      ThreadEntry.noteInterrupted(frame)
      _ = VectorHandlers.run(vector.rawValue)
    }
    end()
  }

  /// The local APIC's own error.
  static func localError(_ frame: borrowing TrapFrame, _ vector: InterruptVector) {
    LocalErrors.note(LocalInterruptController.takeErrors())
    end()
  }

  /// Another source inside the local APIC.
  static func localSource(_ frame: borrowing TrapFrame, _ vector: InterruptVector) {
    if !VectorHandlers.run(vector.rawValue) { UnexpectedInterrupts.count(vector) }
    end()
  }

  /// A request that was withdrawn before it was taken: nothing is in service, so nothing is ended.
  static func spurious(_ frame: borrowing TrapFrame, _ vector: InterruptVector) {}

  /// The local timer.
  static func timer(_ frame: borrowing TrapFrame, _ vector: InterruptVector) {
    ThreadEntry.noteInterrupted(frame)
    if !VectorHandlers.run(vector.rawValue) { UnexpectedInterrupts.count(vector) }
    end()
  }

  /// A vector that nothing is assigned to.
  static func unexpected(_ frame: borrowing TrapFrame, _ vector: InterruptVector) {
    UnexpectedInterrupts.count(vector)
    end()
  }

  /// Before the controllers are up, firmware's may still deliver something; there is nobody to tell then.
  @inline(__always)
  private static func end() {
    if LocalInterruptController.isStarted { LocalInterruptController.endInterrupt() }
  }
}

/// Interrupts that arrived and that nobody had asked for.
public enum UnexpectedInterrupts {
  private static let total = Atomic<Int>(0)
  private static let lastVector = Atomic<UInt8>(0)

  static func count(_ vector: InterruptVector) {
    lastVector.store(vector.rawValue, ordering: .relaxed)
    total.add(1, ordering: .relaxed)
  }

  /// How many so far.
  public static var count: Int { total.load(ordering: .relaxed) }

  /// The vector of the last one.
  public static var last: InterruptVector { InterruptVector(rawValue: lastVector.load(ordering: .relaxed)) }
}

/// Interrupts whose end did not arrive at the local APIC.
///
/// The local APIC then keeps back every interrupt of that priority and below, for good. It was seen once, in QEMU 7.2 while devices came and
/// went, which seems to lose a write now and then.
public enum ForgottenEnds {
  private static let total = Atomic<UInt32>(0)

  /// Looks whether there is one on this CPU, and makes up for it.
  ///
  /// - Parameter isServing: whether an interrupt is being served.
  /// - Returns: the lowest vector that was kept in service; nil where all is well.
  /// - Context: interrupts off.
  public static func makeUp(isServing: Bool) -> UInt8? {
    guard let vector = LocalInterruptController.endForgotten(isServing: isServing) else { return nil }
    total.add(1, ordering: .relaxed)
    return vector
  }

  /// How often that was so.
  public static var count: UInt32 { total.load(ordering: .relaxed) }
}

/// Errors that local APICs have found.
public enum LocalErrors {
  private static let total = Atomic<Int>(0)
  private static let lastStatus = Atomic<UInt32>(0)

  static func note(_ status: UInt32) {
    lastStatus.store(status, ordering: .relaxed)
    total.add(1, ordering: .relaxed)
  }

  /// How many so far.
  public static var count: Int { total.load(ordering: .relaxed) }

  /// The bits of the last one. Source: Intel SDM vol. 3A, 11.5.3.
  public static var last: UInt32 { lastStatus.load(ordering: .relaxed) }
}
