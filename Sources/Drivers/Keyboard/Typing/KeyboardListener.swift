/// Who uses a keyboard. The kernel provides it.
open class KeyboardListener {
  /// Creates a listener.
  public init() {}

  /// What keys are to send now.
  ///
  /// - Context: any, interrupts may be off; called without locks of the keyboard.
  open var modes: KeyModes { KeyModes() }

  /// Told what was typed.
  ///
  /// - Context: as of `modes`.
  open func type(_ bytes: Span<UInt8>) {}

  /// Told what keys ask for.
  ///
  /// - Context: as of `modes`.
  open func perform(_ request: KeyboardRequest) {}
}
