import Machine

/// The kernel's delegate for every interrupt and exception: the generated switch over the vectors.
public final class InterruptDispatcher: InterruptDelegate {
  /// Creates the dispatcher.
  public override init() { super.init() }

  /// Calls the handler that the vector's spec names.
  public override func handle(_ frame: borrowing TrapFrame) {
    dispatchInterrupt(frame)
  }
}
