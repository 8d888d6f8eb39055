public import Foundations
import Machine
import Time

/// An input device: what its driver reports goes to the handles of those that want it, as on Linux.
///
/// Events are collected until a SYN_REPORT ends a packet; what is no news, such as a key going down that is down, is left
/// out. Drivers report without holding a lock that `InputDriver.perform` takes.
///
/// Sources: Linux Documentation/input/event-codes.rst and input-programming.rst.
public final class InputDevice {
  /// What people call it.
  public let name: Message
  /// Where it is connected.
  public let physicalPath: Message?
  /// What no other of its kind has.
  public let uniqueName: Message?
  /// Who made it.
  public let identity: InputIdentity
  /// Events that a packet has at most, as far as its driver keeps to what the device can tell.
  public let packetSize: Int
  let state: SpinLock<InputDeviceState>

  /// Makes a device, which nobody knows before `InputDevices.register`.
  ///
  /// - Parameters:
  ///   - keyCodes: what key each scan code of the device is, for EVIOCGKEYCODE; empty for a device without scan codes.
  ///   - driver: told what the device is to do; kept until the device is unregistered.
  /// - Throws: `ENOMEM`.
  public init(
    _ description: InputDescription, keyCodes: Span<UInt16> = Span(), driver: InputDriver? = nil
  ) throws(Errno) {
    (name, physicalPath, uniqueName) = (description.name, description.physicalPath, description.uniqueName)
    identity = description.identity
    packetSize = description.capabilities.packetEstimate
    state = SpinLock(try InputDeviceState(description, keyCodes, driver))
  }

  // MARK: What it is

  /// What it can send and take now: keys come and go with EVIOCSKEYCODE.
  public var capabilities: InputCapabilities { state.withLock { $0.capabilities } }

  /// Whether somebody has all its events for himself.
  public var isGrabbed: Bool { state.withLock { $0.isGrabbed } }

  /// Its number among all devices that there were, as in "input3"; nil before it was registered.
  public var number: UInt32? { state.withLock { $0.number } }

  /// What it is a part of; nil while it is not registered.
  public var parent: InputParent? { state.withLock { $0.parent } }

  /// Who hears its events, number `index` in the order in which they came; nil behind the last.
  public func handle(_ index: Int) -> InputHandle? { state.withLock { $0.handle(index) } }

  /// What an absolute axis is like and was last; nil when the device has no absolute axes.
  public func axis(_ code: UInt16) -> AbsoluteAxis? { state.withLock { $0.axis(code) } }

  /// Describes an absolute axis, as EVIOCSABS does. Nothing happens on a device without absolute axes.
  ///
  /// - Returns: whether the device has any.
  @discardableResult
  public func setAxis(_ code: UInt16, _ axis: AbsoluteAxis) -> Bool { state.withLock { $0.setAxis(code, axis) } }

  /// What is on now: keys that are down for EV_KEY; lights, sounds and switches that are on.
  public func active(_ type: EventType) -> InputBits { state.withLock { $0.active(type) } }

  /// As `active`, and runs `body` before any other event can come.
  ///
  /// - Context: any; `body` runs with interrupts off and the device's lock held.
  public func active(_ type: EventType, _ body: () -> Void) -> InputBits {
    state.withLock { state in
      body()
      return state.active(type)
    }
  }

  /// Whether a key is down.
  public func isDown(_ key: UInt16) -> Bool { state.withLock { $0.isDown(key) } }

  /// How keys repeat, in milliseconds; nil when they do not.
  public var repetition: (delay: Int32, period: Int32)? { state.withLock { $0.repetition } }

  // MARK: Lights

  /// The lights that `trigger` turns.
  public func lights(following trigger: LightTrigger) -> InputBits { state.withLock { $0.lights(following: trigger) } }

  /// What turns light `code`.
  public func lightTrigger(of code: UInt16) -> LightTrigger { state.withLock { $0.triggers[code] } }

  /// Has `trigger` turn light `code` from now on; the light itself stays as it is.
  public func setLightTrigger(_ trigger: LightTrigger, of code: UInt16) {
    state.withLock { $0.triggers[code] = trigger }
  }

  // MARK: Scan codes

  /// The key of a scan code; nil when the device has no such code.
  public func key(ofScanCode code: UInt32) -> UInt16? { state.withLock { $0.key(ofScanCode: code) } }

  /// Gives a scan code another key. A key that no scan code has any more is let go, and is none of the device's.
  ///
  /// - Throws: `EINVAL` when there is no such scan code or key.
  public func setKey(_ key: UInt32, ofScanCode code: UInt32) throws(Errno) {
    let outcome = try state.withLock { state throws(Errno) in
      try state.setKey(key, ofScanCode: code, at: .now)
    }
    finish(outcome)
  }

  // MARK: Events

  /// Takes an event: from the driver what happened, from programs and handlers what is to happen.
  ///
  /// - Parameter time: when it happened; counts for the event that ends the packet.
  /// - Context: any.
  public func report(_ event: InputEvent, at time: InputTime = .now) {
    finish(state.withLock { $0.take(event, at: time) })
  }

  /// As the other.
  @inline(__always)
  public func report(_ type: EventType, _ code: UInt16, _ value: Int32, at time: InputTime = .now) {
    report(InputEvent(type, code, value), at: time)
  }

  /// Ends a packet.
  @inline(__always)
  public func synchronize(at time: InputTime = .now) { report(.report, at: time) }

  /// Takes an event of somebody who has a handle, unless another has grabbed the device. Source: Linux, input_inject_event.
  ///
  /// - Context: any.
  public func inject(_ event: InputEvent, by handle: InputHandle, at time: InputTime = .now) {
    finish(
      state.withLock { state in
        state.mayInject(handle) ? state.take(event, at: time) : InputDeviceState.Outcome()
      })
  }

  /// Lets all keys go that are down, as when the keyboard has lost count.
  ///
  /// - Context: any.
  public func releaseAllKeys(at time: InputTime = .now) { finish(state.withLock { $0.releaseAllKeys(at: time) }) }

  /// Has what came of an event done without the lock.
  private func finish(_ outcome: InputDeviceState.Outcome) {
    if let event = outcome.order { outcome.driver?.perform(event) }
    guard outcome.hasPacket else { return }
    // Handles only come while the device is registered.
    var index = 0
    while let handle = state.withLock({ $0.handle(index) }) {
      handle.deliver()
      index += 1
    }
  }

  // MARK: Inhibiting

  /// Whether its events are of no interest: programs have said so.
  public var isInhibited: Bool { state.withLock { $0.isInhibited } }

  /// Has its events, and what is wanted of it, come to nothing from now on, or no more. Keys that are down are let go, lights and
  /// sounds end; lights that were on come back with the events.
  ///
  /// Source: Linux Documentation/input/input-programming.rst, "Inhibiting input devices".
  ///
  /// - Context: any without locks.
  public func setInhibited(_ isInhibited: Bool) {
    guard self.isInhibited != isInhibited else { return }
    if isInhibited { releaseAllKeys() }
    let change = state.withLock { $0.setInhibited(isInhibited) }
    guard let driver = change.driver else { return }
    Self.turn(.EV_LED, change.lights, isOn: !isInhibited, by: driver)
    Self.turn(.EV_SND, change.sounds, isOn: !isInhibited, by: driver)
  }

  private static func turn(_ type: EventType, _ codes: InputBits, isOn: Bool, by driver: InputDriver) {
    var next = codes.next(from: 0)
    while let code = next {
      driver.perform(InputEvent(type, code, isOn ? 1 : 0))
      next = codes.next(from: code + 1)
    }
  }

  // MARK: Grabbing

  /// Keeps events from all but `handle`. EVIOCGRAB.
  ///
  /// - Throws: `EBUSY` when somebody else has done so, `ENODEV` when the device is gone.
  public func grab(_ handle: InputHandle) throws(Errno) {
    try state.withLock { state throws(Errno) in try state.grab(handle) }
  }

  /// Ends what `grab` began, if it did.
  public func release(_ handle: InputHandle) { state.withLock { $0.release(handle) } }

  // MARK: Registration

  func begin(number: UInt32, below parent: InputParent?) throws(Errno) {
    guard state.withLock({ $0.begin(number: number, below: parent) }) else { throw .EBUSY }
    guard state.withLock({ $0.isRepeatedByKernel }) else { return }
    let timer = KeyRepeater(self)
    do throws(Errno) {
      try timer.open()
      state.withLock { $0.repeater = timer }
    } catch {
      // A machine without timers has keys that do not repeat, which is better than none.
      timer.close()
    }
  }

  func connect(_ handle: InputHandle) throws(Errno) {
    try state.withLock { state throws(Errno) in try state.connect(handle) }
  }

  /// The device is gone.
  func end() {
    releaseAllKeys()
    let belongings = state.withLock { $0.end() }
    belongings.repeater?.close()
    while let handle = state.withLock({ $0.takeHandle() }) { handle.disconnect() }
  }

  /// The key that is held repeats.
  fileprivate func repeatKey() {
    let time = InputTime.now
    finish(state.withLock { $0.repeatKey(at: time) })
  }
}

/// The time at which a key that is held repeats.
final class KeyRepeater: ClockTimer {
  private let device: InputDevice

  init(_ device: InputDevice) {
    self.device = device
    super.init(.monotonic)
  }

  override func expired() { device.repeatKey() }
}
