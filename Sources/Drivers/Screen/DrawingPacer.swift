/// Who knows the time, so that a screen is not drawn more often than anybody can see. The kernel provides it.
open class DrawingPacer {
  /// Creates the means.
  public init() {}

  /// The monotonic clock, in nanoseconds.
  open var nanoseconds: UInt64 { 0 }

  /// Asks for a call of the screen's `drawPending` at `time` or soon after.
  ///
  /// - Context: any, interrupts may be off; called without locks of the screen.
  open func requestDrawing(at time: UInt64) {}
}
