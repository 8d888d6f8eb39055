/// Who is told what happens to a slot: one that knows the functions behind it and their drivers.
///
/// Each is called from the thread that calls the controller's `serve`, which holds no lock, and may wait. It must not call
/// the controller, but may look at its properties.
open class SlotListener {
  /// Creates a listener.
  public init() {}

  /// A device has come: it has power and answers. The bus behind the port is to be looked at again.
  open func slotFilled(_ slot: SlotController) {}

  /// The device is to be taken out: drivers let go of it now. It is still there, and is gone when this has returned.
  open func slotWillEmpty(_ slot: SlotController) {}

  /// The device is gone, and so is all behind the port. With `isSurprise`, nobody has been asked before.
  open func slotEmptied(_ slot: SlotController, isSurprise: Bool) {}

  /// The device could not be brought to work, or its power failed.
  open func slotFailed(_ slot: SlotController, _ failure: SlotFailure) {}
}

/// The time that a slot's controller lives by: the kernel's clock, or a test's.
public protocol SlotTiming: AnyObject {
  /// Milliseconds since some start; it never goes back.
  var milliseconds: UInt64 { get }
  /// Lets the thread wait for so many milliseconds.
  func wait(milliseconds: Int)
}
