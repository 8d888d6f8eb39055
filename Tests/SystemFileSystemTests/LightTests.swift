import Foundations
import LinuxABI
import Machine
import SyntheticFiles
import Testing
import VFS

@testable import Input
@testable import InputFiles
@testable import SystemFileSystem

@Suite("Lights in /sys/class/leds")
struct LightTests {
  private static let path = "class/leds/input9::capslock"

  /// A keyboard with a light that is shown.
  private func withLight(_ body: (World, InputDirectories, InputLight, EventTests.Collector) throws -> Void) throws {
    try EventTests().withEvents { world, events in
      var description = InputDescription(name: "Keyboard", identity: InputIdentity(bus: 0x11))
      description.capabilities.insert(.EV_LED, EventCode.LED_CAPSL)
      let device = try InputDevice(description)
      try device.begin(number: 9, below: nil)
      let inputs = InputDirectories(world.fileSystem)
      let light = try #require(InputLight(device, EventCode.LED_CAPSL, InputHandle(device)))
      #expect(throws: Errno.ENODEV) { try inputs.add(light) }
      try inputs.add(device, below: nil)
      try inputs.add(light)
      try body(world, inputs, light, events)
      inputs.remove(light)
      inputs.remove(device)
    }
  }

  @Test("a light lies below its device, with Linux's files")
  func tree() throws {
    try withLight { world, inputs, light, _ throws in
      #expect(try world.link(Self.path) == "../../devices/virtual/input/input9/input9::capslock")
      #expect(try world.link("\(Self.path)/device") == "../../input9")
      #expect(
        Set(try world.names(Self.path)) == [
          "uevent", "device", "subsystem", "power", "brightness", "max_brightness", "trigger",
        ])
      #expect(try world.text("\(Self.path)/max_brightness") == "1\n")
      inputs.remove(light)
      #expect(try world.names("class/leds") == [])
      inputs.remove(light)
    }
  }

  @Test("writing turns the light, and 0 ends what it follows")
  func brightness() throws {
    try withLight { world, _, light, events in
      let (brightness, trigger) = ("\(Self.path)/brightness", "\(Self.path)/trigger")
      #expect(try world.text(brightness) == "0\n")
      #expect(try world.text(trigger) == "none kbd-scrolllock kbd-numlock [kbd-capslock]\n")
      try world.write("1\n", to: brightness)
      #expect(try world.text(brightness) == "1\n" && light.trigger == .capsLock)
      light.device.report(.EV_LED, EventCode.LED_CAPSL, 0)
      #expect(try world.text(brightness) == "0\n", "what the light is, and not what was written")
      _ = events.take()
      try world.write("0", to: brightness)
      #expect(try world.text(trigger) == "[none] kbd-scrolllock kbd-numlock kbd-capslock\n")
      #expect(events.take().contains { $0[0].hasPrefix("change@") && $0.contains("TRIGGER=none") })
      for word in ["on", "-1", "1x"] { #expect(throws: Errno.EINVAL) { try world.write(word, to: brightness) } }
    }
  }

  @Test("writing a name has the light follow that, and a name that there is not is refused")
  func trigger() throws {
    try withLight { world, _, light, events in
      let file = "\(Self.path)/trigger"
      _ = events.take()
      try world.write("kbd-numlock\n", to: file)
      #expect(light.trigger == .numLock)
      #expect(try world.text(file) == "none kbd-scrolllock [kbd-numlock] kbd-capslock\n")
      #expect(events.take().contains { $0.contains("TRIGGER=kbd-numlock") })
      try world.write("kbd-numlock", to: file)
      #expect(events.take() == [], "no news")
      for name in ["heartbeat", "kbd", "kbd-numlock2", "NONE"] {
        #expect(throws: Errno.EINVAL) { try world.write(name, to: file) }
      }
      try world.write("none", to: file)
      #expect(light.trigger == .none)
    }
  }

  @Test("nothing keeps a light that is not shown any more")
  func nothingLeaks() throws {
    weak var kept: InputLight?
    try withLight { _, _, light, _ in kept = light }
    #expect(kept == nil)
  }
}
