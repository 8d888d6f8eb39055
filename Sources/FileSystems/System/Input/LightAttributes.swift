import Foundations
import Input
import InputFiles
import Machine
import SyntheticFiles

/// The files of a light in /sys/class/leds. Source: Linux Documentation/ABI/testing/sysfs-class-led and sysfs-class-led-trigger.
final class LightAttributes {
  private let light: InputLight
  private let place = SpinLock<SystemDevice?>(nil)

  init(_ light: InputLight) { self.light = light }

  /// Its directory, while that is there: the directory's files lead back to this.
  var device: SystemDevice? {
    get { place.withLock { $0 } }
    set { place.withLock { $0 = newValue } }
  }

  /// Adds them.
  func add(to directory: SyntheticDirectory) throws(Errno) {
    let light = light
    let attributes = self
    try directory.add(
      "brightness", permissions: 0o644, { text in text.write("\(light.brightness)\n" as Message) },
      accepts: { (text: Span<UInt8>) throws(Errno) in
        if light.setBrightness(try AttributeText.number(text)) { attributes.announce(.none) }
      })
    try directory.add("max_brightness") { text in text.write("\(InputLight.highestBrightness)\n" as Message) }
    try directory.add(
      "trigger", permissions: 0o644, { text in Self.write(light.trigger, to: &text) },
      accepts: { (text: Span<UInt8>) throws(Errno) in
        let trigger = try Self.trigger(AttributeText.line(text))
        if light.setTrigger(trigger) { attributes.announce(trigger) }
      })
  }

  private func announce(_ trigger: LightTrigger) {
    device?.announceChange("TRIGGER=\(trigger.name.description)\n")
  }

  /// Writes what there is to follow, with brackets around what is followed.
  private static func write(_ current: LightTrigger, to text: inout TextBuffer) {
    for trigger in LightTrigger.allCases {
      if trigger != .none { text.write(" ") }
      if trigger == current { text.write("[") }
      text.write(trigger.name.description)
      if trigger == current { text.write("]") }
    }
    text.write("\n")
  }

  /// - Throws: `EINVAL` for what there is not.
  private static func trigger(_ name: Span<UInt8>) throws(Errno) -> LightTrigger {
    for trigger in LightTrigger.allCases where name.isEqual(to: trigger.name.description) { return trigger }
    throw .EINVAL
  }
}
