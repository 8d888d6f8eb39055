import Foundations
import Synchronization

/// What turns a light of a device on and off by itself.
///
/// Source: Linux Documentation/leds/leds-class.rst; the triggers of the terminal's keyboard in drivers/tty/vt/keyboard.c.
public enum LightTrigger: UInt8, CaseIterable, Sendable {
  /// Nothing: programs do, or nobody.
  case none
  /// Scroll lock of the terminal's keyboard.
  case scrollLock
  /// Num lock.
  case numLock
  /// Caps lock.
  case capsLock

  /// What programs know it as.
  public var name: StaticString {
    switch self {
    case .none: "none"
    case .scrollLock: "kbd-scrolllock"
    case .numLock: "kbd-numlock"
    case .capsLock: "kbd-capslock"
    }
  }

  /// That of the light with number `code` until somebody says otherwise.
  static func usual(ofLight code: UInt16) -> LightTrigger {
    switch code {
    case EventCode.LED_SCROLLL: .scrollLock
    case EventCode.LED_NUML: .numLock
    case EventCode.LED_CAPSL: .capsLock
    default: .none
    }
  }
}

/// Which triggers are on.
public enum LightTriggers {
  private static let active = Atomic<UInt8>(0)

  private static func bit(_ trigger: LightTrigger) -> UInt8 {
    trigger == .none ? 0 : 1 << (trigger.rawValue & 7)
  }

  /// Whether `trigger` is on: it then turns the lights that follow it on.
  ///
  /// - Context: any.
  public static func isOn(_ trigger: LightTrigger) -> Bool { active.load(ordering: .relaxed) & bit(trigger) != 0 }

  /// Notes whether `trigger` is on. Whoever says so also turns lights: those of `InputDevice.lights(following:)`.
  ///
  /// - Context: any.
  public static func set(_ trigger: LightTrigger, _ isOn: Bool) {
    if isOn {
      active.bitwiseOr(bit(trigger), ordering: .relaxed)
    } else {
      active.bitwiseAnd(~bit(trigger), ordering: .relaxed)
    }
  }
}

/// What each light of a device follows.
struct FollowedTriggers {
  private static let count = 16
  private var triggers = InlineArray<16, LightTrigger>(repeating: .none)

  init() {
    for code in 0..<Self.count {
      triggers[code] = LightTrigger.usual(ofLight: UInt16(truncatingIfNeeded: code))
    }
  }

  subscript(code: UInt16) -> LightTrigger {
    get { Int(code) < Self.count ? triggers[Int(code)] : .none }
    set { if Int(code) < Self.count { triggers[Int(code)] = newValue } }
  }
}
