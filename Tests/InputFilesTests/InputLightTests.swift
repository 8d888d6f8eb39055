import Foundations
import LinuxABI
import Machine
import Testing

@testable import Input
@testable import InputFiles

/// Notes what a device is asked to show.
private final class LightDriver: InputDriver {
  var orders: [InputEvent] = []
  override func perform(_ event: InputEvent) { if event.type == .EV_LED { orders.append(event) } }
}

@Suite("Lights of input devices", .serialized)
struct InputLightTests {
  private func withLights(_ body: (borrowing World, InputDevice, LightDriver) throws -> Void) throws {
    try World.run { world in
      var description = InputDescription(name: "Test lights", identity: InputIdentity(bus: InputBus.BUS_USB))
      for code in [EventCode.LED_NUML, EventCode.LED_CAPSL, EventCode.LED_MUTE] {
        description.capabilities.insert(.EV_LED, code)
      }
      let driver = LightDriver()
      let device = try InputDevice(description, driver: driver)
      _ = World.takeChanges()
      try InputDevices.register(device)
      try body(world, device, driver)
      InputDevices.unregister(device)
    }
  }

  private func light(_ device: InputDevice, _ word: String) throws -> InputLight {
    try #require(World.light(device, word))
  }

  @Test("Each light is named behind its device and before its files, and goes in the reverse order")
  func names() throws {
    try withLights { _, device, _ in
      let beginning = "input\(device.number ?? 0)::"
      #expect(
        World.takeChanges() == [
          "+Test lights", "+\(beginning)numlock", "+\(beginning)capslock", "+\(beginning)mute", "+event0",
        ])
      #expect(device.handle(1).map { String($0.name) } == "leds")
      InputDevices.unregister(device)
      #expect(
        World.takeChanges() == [
          "-event0", "-\(beginning)mute", "-\(beginning)capslock", "-\(beginning)numlock", "-Test lights",
        ])
    }
  }

  @Test("Brightness is the light's, whoever turns it, and turning it reaches the driver and those who hear events")
  func brightness() throws {
    try withLights { world, device, driver in
      let mute = try light(device, "mute")
      let file = try world.open(device)
      #expect(mute.brightness == 0)
      #expect(!mute.setBrightness(255))
      let on = InputEvent(.EV_LED, EventCode.LED_MUTE, 1)
      #expect(mute.brightness == 1 && driver.orders == [on])
      #expect(try file.events() == [on, .report])
      // A program by the file of events.
      device.report(.EV_LED, EventCode.LED_MUTE, 0)
      #expect(mute.brightness == 0)
      #expect(!mute.setBrightness(0))
      #expect(driver.orders.count == 2, "that is no news")
    }
  }

  @Test("A light follows what it is told to, and nothing once it is turned off")
  func triggers() throws {
    try withLights { _, device, _ in
      let (caps, num) = (try light(device, "capslock"), try light(device, "numlock"))
      #expect(caps.trigger == .capsLock && num.trigger == .numLock)
      #expect(try light(device, "mute").trigger == .none)
      LightTriggers.set(.scrollLock, true)
      defer { LightTriggers.set(.scrollLock, false) }
      #expect(num.setTrigger(.scrollLock) && num.brightness == 1, "as the trigger is now")
      #expect(!num.setTrigger(.scrollLock))
      #expect(device.lights(following: .scrollLock)[EventCode.LED_NUML])
      #expect(device.lights(following: .numLock).isEmpty)
      #expect(num.setBrightness(1) == false && num.trigger == .scrollLock)
      #expect(num.setBrightness(0) && num.trigger == .none && num.brightness == 0)
      #expect(num.setTrigger(.scrollLock) && num.setTrigger(.none) && num.brightness == 0)
    }
  }

  @Test("Who has grabbed the device keeps others from its lights")
  func grab() throws {
    try withLights { _, device, driver in
      let mute = try light(device, "mute")
      let handle = InputHandle(device)
      try device.grab(handle)
      mute.setBrightness(1)
      #expect(mute.brightness == 0 && driver.orders.isEmpty)
      device.release(handle)
      mute.setBrightness(1)
      #expect(mute.brightness == 1)
    }
  }

  @Test("A light outlives its device for who still holds it, and does nothing")
  func gone() throws {
    try withLights { _, device, driver in
      let mute = try light(device, "mute")
      InputDevices.unregister(device)
      mute.setBrightness(1)
      mute.setTrigger(.capsLock)
      #expect(driver.orders.isEmpty && World.light(device, "mute") == nil)
    }
  }
}
