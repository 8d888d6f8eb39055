public import Foundations
import Machine
import Time

/// The keyboard and the mouse at a controller, as their driver has them: what they send, and what they are told.
///
/// It belongs to the driver. What the devices do it reports to `KeyboardDevices`, which are the kernel's. Whatever they send, serving
/// them ends.
///
/// - Context: one caller at a time.
public final class KeyboardUnit<Space: RegisterSpace & ~Copyable> {
  private var state: KeyboardState<Space>
  /// What there is.
  public let identity: KeyboardIdentity
  /// Whether a keyboard has answered when the controller was set up.
  public let hasKeyboard: Bool

  /// More rounds of serving than devices that work ask for.
  private static var roundLimit: Int { 64 }

  /// Takes a controller that works. It does not interrupt yet.
  public init(_ controller: consuming KeyboardController<Space>) {
    identity = KeyboardIdentity(
      isTranslated: controller.translates, number: controller.keyboardIdentity, mouse: controller.mouse)
    hasKeyboard = controller.hasKeyboard
    state = KeyboardState(controller)
  }

  /// Whether a mouse has answered when the controller was set up.
  public var hasMouse: Bool { identity.mouse != nil }

  /// Whether the controller still answers.
  public var isPresent: Bool { state.isPresent }

  // MARK: Interrupts

  /// Whether the controller interrupts.
  public var interrupts: Bool { state.interrupts }

  /// Lets the devices interrupt.
  ///
  /// - Throws: when the controller does not take it.
  public func startInterrupts() throws(KeyboardControllerError) { try state.setInterrupts(true) }

  /// Keeps the devices from interrupting.
  ///
  /// - Throws: when the controller does not take it.
  public func stopInterrupts() throws(KeyboardControllerError) { try state.setInterrupts(false) }

  /// Has the keyboard send something that means nothing, so that it interrupts.
  public func provokeKeyboard() { state.askForEcho() }

  /// Has the mouse do that.
  public func provokeMouse() { state.askMouse() }

  // MARK: Serving

  /// Takes what the devices have sent, and reports it.
  ///
  /// - Returns: how many bytes that were.
  /// - Throws: `.outputStaysFull` when there is no end of them.
  public func serve(_ devices: KeyboardDevices) throws(KeyboardControllerError) -> Int {
    var total = 0
    for _ in 0..<Self.roundLimit {
      var reports = KeyboardReports()
      let count = state.serve(&reports, now: Clock.nanoseconds)
      guard count > 0 else { return total }
      total += count
      Self.deliver(reports, to: devices)
    }
    throw .outputStaysFull
  }

  /// Reports as the kernel: what comes of it is nothing of the driver's.
  private static func deliver(_ reports: borrowing KeyboardReports, to devices: KeyboardDevices) {
    for index in 0..<reports.count {
      let report = reports[index]
      Containment.outside { devices.deliver(report) }
    }
  }

  // MARK: Wishes

  /// Has the keyboard do what is wanted of it from now on: lights, and how keys repeat.
  public func follow(_ devices: KeyboardDevices) { state.follow(Containment.outside { devices.wishes }) }

  /// What the keyboard shows is not known: the next `follow` tells it in any case.
  public func forgetLights() { state.forgetLights() }
}
