public import Foundations
public import Input
import Machine

/// A light of a device, as programs find it in /sys/class/leds.
///
/// Source: Linux Documentation/leds/leds-class.rst and Documentation/ABI/testing/sysfs-class-led; the names are those of
/// drivers/input/input-leds.c.
public final class InputLight {
  /// What programs may set the brightness to: on is 1.
  public static let highestBrightness: UInt64 = 1

  /// The device.
  public let device: InputDevice
  private let code: UInt16
  private let word: StaticString
  private let handle: InputHandle

  /// A light by its code, which acts in the name of `handle`; nil for one that has no name.
  init?(_ device: InputDevice, _ code: UInt16, _ handle: InputHandle) {
    guard let word = Self.word(of: code) else { return nil }
    (self.device, self.code, self.word, self.handle) = (device, code, word, handle)
  }

  private static func word(of code: UInt16) -> StaticString? {
    switch code {
    case EventCode.LED_NUML: "numlock"
    case EventCode.LED_CAPSL: "capslock"
    case EventCode.LED_SCROLLL: "scrolllock"
    case EventCode.LED_COMPOSE: "compose"
    case EventCode.LED_KANA: "kana"
    case EventCode.LED_SLEEP: "sleep"
    case EventCode.LED_SUSPEND: "suspend"
    case EventCode.LED_MUTE: "mute"
    case EventCode.LED_MISC: "misc"
    case EventCode.LED_MAIL: "mail"
    case EventCode.LED_CHARGING: "charging"
    default: nil
    }
  }

  /// Its name, as `input0::capslock`.
  public var name: Message { "input\(UInt64(device.number ?? 0))::\(word.description)" }

  /// How bright it is: 0 or `highestBrightness`, whoever has turned it.
  public var brightness: UInt64 { device.active(.EV_LED)[code] ? Self.highestBrightness : 0 }

  /// Turns it on or off. Who turns it off also wants it to follow nothing.
  ///
  /// - Returns: whether it has ceased to follow something.
  /// - Context: any, without locks.
  @discardableResult
  public func setBrightness(_ brightness: UInt64) -> Bool {
    let ceases = brightness == 0 && trigger != .none
    if ceases { device.setLightTrigger(.none, of: code) }
    turn(isOn: brightness != 0)
    return ceases
  }

  /// What it follows.
  public var trigger: LightTrigger { device.lightTrigger(of: code) }

  /// Has it follow `trigger` from now on, as that is now.
  ///
  /// - Returns: whether it has followed another one before.
  /// - Context: any, without locks.
  @discardableResult
  public func setTrigger(_ trigger: LightTrigger) -> Bool {
    guard self.trigger != trigger else { return false }
    device.setLightTrigger(trigger, of: code)
    turn(isOn: LightTriggers.isOn(trigger))
    return true
  }

  private func turn(isOn: Bool) {
    device.inject(InputEvent(.EV_LED, code, isOn ? 1 : 0), by: handle)
    device.inject(.report, by: handle)
  }
}

/// Has every light of every device named. Source: Linux, drivers/input/input-leds.c.
final class LightHandler: InputHandler {
  override var name: StaticString? { "leds" }

  override func connect(_ device: InputDevice) throws(Errno) -> InputHandle? {
    let codes = device.capabilities.bits(of: .EV_LED)
    guard device.capabilities.contains(.EV_LED), !codes.isEmpty else { return nil }
    let handle = LightHandle(device)
    var next = codes.next(from: 0)
    while let code = next {
      if let light = InputLight(device, code, handle) { try handle.add(light) }
      next = codes.next(from: code + 1)
    }
    handle.show()
    return handle
  }
}

private final class LightHandle: InputHandle {
  /// Only changed while the device comes and goes, which is one after the other.
  private var lights = GrowableArray<InputLight>()

  override var name: Message { "leds" }

  func add(_ light: InputLight) throws(Errno) { try lights.append(light) }

  func show() {
    for index in 0..<lights.count { InputFiles.add(lights[index]) }
  }

  override func disconnect() {
    while let light = lights.popLast() { InputFiles.remove(light) }
  }
}
