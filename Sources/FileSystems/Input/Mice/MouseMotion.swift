import Input

/// What a mouse did in one packet.
struct MouseMotion {
  /// To the right.
  var right: Int32 = 0
  /// Upwards: the PS/2 protocol counts so, and events count downwards.
  var up: Int32 = 0
  /// Of the wheel, towards the user.
  var wheel: Int32 = 0
  /// Where an absolute device points, on a screen of `MouseScreen`; nil for a mouse that moves.
  var position: (x: Int32, y: Int32)?
}

/// The screen that absolute devices are taken to point at, as Linux has it. Source: Linux, drivers/input/mousedev.c, xres, yres.
enum MouseScreen {
  static var width: Int32 { 1024 }
  static var height: Int32 { 768 }

  /// Where `axis` has `value` on a line of `length` points.
  static func place(_ value: Int32, _ axis: AbsoluteAxis, _ length: Int32) -> Int32 {
    let size = Int64(axis.maximum) - Int64(axis.minimum)
    // A device that does not say how large it is has points of its own.
    guard size > 0 else { return min(max(value, 0), length) }
    let place = (Int64(value) - Int64(axis.minimum)) * Int64(length) / size
    return Int32(clamping: min(max(place, 0), Int64(length)))
  }
}

/// Makes motions of a device's events. Source: Linux, drivers/input/mousedev.c.
struct MouseCollector {
  private var motion = MouseMotion()
  private var x = MouseScreen.width / 2
  private var y = MouseScreen.height / 2
  /// The buttons that are down: left, right, middle, side, extra from bit 0 on.
  private(set) var buttons: UInt8 = 0

  /// Takes one event.
  ///
  /// - Returns: a motion at the end of a packet.
  mutating func take(_ event: InputEvent, on device: InputDeviceAxes) -> MouseMotion? {
    switch event.type {
    case .EV_REL: move(event)
    case .EV_ABS: point(event, device)
    case .EV_KEY where event.value != 2: press(event)
    case .EV_SYN where event.code == EventCode.SYN_REPORT:
      defer { motion = MouseMotion() }
      return motion
    default: break
    }
    return nil
  }

  private mutating func move(_ event: InputEvent) {
    switch event.code {
    case EventCode.REL_X: motion.right = motion.right.adding(event.value)
    case EventCode.REL_Y: motion.up = motion.up.subtracting(event.value)
    case EventCode.REL_WHEEL: motion.wheel = motion.wheel.subtracting(event.value)
    default: break
    }
  }

  private mutating func point(_ event: InputEvent, _ axes: InputDeviceAxes) {
    switch event.code {
    case EventCode.ABS_X: x = MouseScreen.place(event.value, axes.x, MouseScreen.width)
    case EventCode.ABS_Y: y = MouseScreen.height - MouseScreen.place(event.value, axes.y, MouseScreen.height)
    default: return
    }
    motion.position = (x, y)
  }

  private mutating func press(_ event: InputEvent) {
    let bit: UInt8
    switch event.code {
    case EventCode.BTN_TOUCH, EventCode.BTN_0, EventCode.BTN_LEFT: bit = 1
    case EventCode.BTN_STYLUS, EventCode.BTN_1, EventCode.BTN_RIGHT: bit = 2
    case EventCode.BTN_2, EventCode.BTN_FORWARD, EventCode.BTN_STYLUS2, EventCode.BTN_MIDDLE: bit = 4
    case EventCode.BTN_3, EventCode.BTN_BACK, EventCode.BTN_SIDE: bit = 8
    case EventCode.BTN_4, EventCode.BTN_EXTRA, EventCode.BTN_TASK: bit = 16
    default: return
    }
    if event.value != 0 { buttons |= bit } else { buttons &= ~bit }
  }
}

/// How large an absolute device is.
struct InputDeviceAxes {
  var x = AbsoluteAxis()
  var y = AbsoluteAxis()
}

extension Int32 {
  /// The sum, or the largest or least number where it does not fit.
  func adding(_ other: Int32) -> Int32 { Int32(clamping: Int64(self) + Int64(other)) }
  /// The difference, as `adding`.
  func subtracting(_ other: Int32) -> Int32 { Int32(clamping: Int64(self) - Int64(other)) }
}
