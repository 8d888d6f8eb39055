/// Who makes the sounds of a screen's terminal. The kernel provides it.
open class ScreenBell {
  /// Creates one that nobody hears.
  public init() {}

  /// Rings, instead of what sounded before.
  ///
  /// - Parameters:
  ///   - hertz: the frequency.
  ///   - milliseconds: for how long; 0 for not at all.
  /// - Context: any, interrupts may be off; called without locks of the screen. It must not wait.
  open func ring(hertz: UInt32, milliseconds: UInt32) {}

  /// Sounds a tone, as KIOCSOUND and KDMKTONE of ioctl_console(2) order it.
  ///
  /// - Parameters:
  ///   - period: in ticks of 1,193,182 Hz; 0 for silence.
  ///   - milliseconds: for how long; nil until another tone is ordered.
  /// - Context: as `ring`.
  open func sound(period: UInt16, milliseconds: UInt16?) {}
}
