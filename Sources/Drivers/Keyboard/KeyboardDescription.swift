import Foundations
import Input

/// What the devices at the controller are like, as Linux describes them.
///
/// Sources: Linux, drivers/input/keyboard/atkbd.c and drivers/input/mouse/psmouse-base.c.
enum KeyboardDescription {
  /// The keyboard.
  static func keyboard(isTranslated: Bool, identity: UInt16) -> InputDescription {
    var description = InputDescription(
      name: isTranslated ? "AT Translated Set 2 keyboard" : "AT Raw Set 2 keyboard",
      physicalPath: "isa0060/serio0/input0",
      identity: InputIdentity(bus: InputBus.BUS_I8042, vendor: 1, product: isTranslated ? 1 : 2, version: identity))
    for code in 0..<UInt16(256) {
      if let key = key(ofScanCode: code) { description.capabilities.insert(.EV_KEY, key) }
    }
    description.capabilities.insert(.EV_MSC, EventCode.MSC_SCAN)
    description.capabilities.insert(.EV_LED, EventCode.LED_NUML)
    description.capabilities.insert(.EV_LED, EventCode.LED_CAPSL)
    description.capabilities.insert(.EV_LED, EventCode.LED_SCROLLL)
    description.capabilities.insert(.EV_REP)
    description.repeater = .device
    (description.repeatDelay, description.repeatPeriod) = (
      KeyRate.usual.delayMilliseconds, KeyRate.period(KeyRate.usual.period)
    )
    return description
  }

  /// The key of each scan code.
  static var keyCodes: InlineArray<256, UInt16> {
    var codes = InlineArray<256, UInt16>(repeating: EventCode.KEY_RESERVED)
    for code in 0..<256 { codes[code] = key(ofScanCode: UInt16(code)) ?? EventCode.KEY_RESERVED }
    return codes
  }

  /// The key of a scan code of the first set, with bit 7 for one behind a prefix.
  private static func key(ofScanCode code: UInt16) -> UInt16? {
    let low = UInt8(truncatingIfNeeded: code & 0x7f)
    if code < 0x80 { return KeyCode(set1: low)?.rawValue }
    return (KeyCode(set1Extended: low) ?? KeyCode(set1Long: 0x1d, low))?.rawValue
  }

  /// A mouse.
  static func mouse(_ kind: MouseKind) -> InputDescription {
    let name: Message =
      switch kind {
      case .standard: "PS/2 Generic Mouse"
      case .wheel: "ImPS/2 Generic Wheel Mouse"
      case .explorer: "ImExPS/2 Generic Explorer Mouse"
      }
    var description = InputDescription(
      name: name, physicalPath: "isa0060/serio1/input0",
      identity: InputIdentity(bus: InputBus.BUS_I8042, vendor: 2, product: kind.protocolNumber))
    description.capabilities.insert(.EV_KEY, EventCode.BTN_LEFT)
    description.capabilities.insert(.EV_KEY, EventCode.BTN_RIGHT)
    description.capabilities.insert(.EV_KEY, EventCode.BTN_MIDDLE)
    description.capabilities.insert(.EV_REL, EventCode.REL_X)
    description.capabilities.insert(.EV_REL, EventCode.REL_Y)
    if kind != .standard { description.capabilities.insert(.EV_REL, EventCode.REL_WHEEL) }
    if kind == .explorer {
      description.capabilities.insert(.EV_KEY, EventCode.BTN_SIDE)
      description.capabilities.insert(.EV_KEY, EventCode.BTN_EXTRA)
    }
    description.capabilities.insert(property: InputProperty.INPUT_PROP_POINTER)
    return description
  }

  /// Reports what a mouse says.
  static func deliver(_ report: MouseReport, to device: InputDevice) {
    let time = InputTime.now
    device.report(.EV_KEY, EventCode.BTN_LEFT, Int32(report.buttons & 1), at: time)
    device.report(.EV_KEY, EventCode.BTN_RIGHT, Int32(report.buttons >> 1 & 1), at: time)
    device.report(.EV_KEY, EventCode.BTN_MIDDLE, Int32(report.buttons >> 2 & 1), at: time)
    device.report(.EV_KEY, EventCode.BTN_SIDE, Int32(report.buttons >> 3 & 1), at: time)
    device.report(.EV_KEY, EventCode.BTN_EXTRA, Int32(report.buttons >> 4 & 1), at: time)
    device.report(.EV_REL, EventCode.REL_X, report.right, at: time)
    device.report(.EV_REL, EventCode.REL_Y, -report.up, at: time)
    device.report(.EV_REL, EventCode.REL_WHEEL, -report.wheel, at: time)
    device.synchronize(at: time)
  }
}
