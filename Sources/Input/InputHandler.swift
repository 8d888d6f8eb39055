public import Foundations

/// Who serves a device: told what the device is to do. Its driver derives from it.
open class InputDriver {
  /// Creates a driver.
  public init() {}

  /// A light, a sound or the repetition is to be changed, as a program or the terminal wants it.
  ///
  /// - Parameter event: of the type EV_LED, EV_SND, EV_REP, EV_MSC or EV_SYN, with a code that the device has.
  /// - Context: any, interrupts may be off; no lock of the device is held. It must not wait.
  open func perform(_ event: InputEvent) {}
}

/// Who wants the events of devices: files for programs, the terminal's keyboard.
open class InputHandler {
  /// Creates a handler.
  public init() {}

  /// What programs know it as; nil for one that is none of their business. Source: Linux, struct input_handler.
  open var name: StaticString? { nil }

  /// The first of the minor numbers that are its nodes' own; nil for one without nodes.
  open var firstMinor: UInt32? { nil }

  /// A device has come.
  ///
  /// - Returns: what hears its events from now on; nil when this handler has no use for such a device.
  /// - Throws: `ENOMEM`; then the device is not heard by this handler.
  /// - Context: a thread without locks; it registers and unregisters no device, and adds no handler.
  open func connect(_ device: InputDevice) throws(Errno) -> InputHandle? { nil }
}

/// What one handler has at one device, from `connect` until the device goes.
open class InputHandle {
  /// The device.
  public final let device: InputDevice

  /// Creates a handle.
  public init(_ device: InputDevice) { self.device = device }

  /// What programs know it as, such as `event3`; empty for one that is none of their business.
  open var name: Message { Message() }

  /// Something happened at the device, and nobody else has grabbed it.
  ///
  /// - Parameter packet: the events, of which the last is a SYN_REPORT; at least two.
  /// - Context: any, interrupts off, the device's lock held: it notes what came, and leaves the rest to `deliver`.
  open func take(_ packet: Span<InputEvent>, at time: InputTime) {}

  /// Called after `take`, without the lock; once for one or more packets.
  ///
  /// - Context: any, interrupts may be off.
  open func deliver() {}

  /// The device is gone: nothing more is heard of it.
  ///
  /// - Context: as of `InputHandler.connect`.
  open func disconnect() {}
}
