import Foundations
import Machine
import Testing

@testable import Input

/// Source: Linux Documentation/input/input-programming.rst, "Inhibiting input devices".
@Suite("Devices that are inhibited")
struct InhibitionTests {
  @Test("events come to nothing, keys are let go, and lights go out until events come again")
  func inhibited() throws {
    let setup = try Setup()
    defer { setup.end() }
    let light = InputEvent(.EV_LED, EventCode.LED_CAPSL, 1)
    let key = InputEvent(.EV_KEY, EventCode.KEY_A, 1)
    _ = setup.report(key, light)
    let orders = setup.driver.performed.count
    setup.device.setInhibited(true)
    #expect(setup.device.isInhibited)
    #expect(setup.handle.heard().contains(InputEvent(.EV_KEY, EventCode.KEY_A, 0)))
    #expect(setup.driver.performed.dropFirst(orders) == [InputEvent(.EV_LED, EventCode.LED_CAPSL, 0)])
    // What is on is remembered.
    #expect(setup.device.active(.EV_LED)[EventCode.LED_CAPSL])

    #expect(setup.report(key) == [])
    #expect(!setup.device.isDown(EventCode.KEY_A))
    setup.device.inject(InputEvent(.EV_LED, EventCode.LED_CAPSL, 0), by: setup.handle)
    #expect(setup.driver.performed.count == orders + 1)
    setup.device.setInhibited(true)
    #expect(setup.driver.performed.count == orders + 1)

    setup.device.setInhibited(false)
    #expect(setup.driver.performed.dropFirst(orders + 1) == [light])
    #expect(setup.report(key) == [key, .report])
  }

  @Test("half a packet that came before is no part of the first after it")
  func half() throws {
    let setup = try Setup()
    defer { setup.end() }
    setup.device.report(InputEvent(.EV_REL, EventCode.REL_WHEEL, 1))
    setup.device.setInhibited(true)
    setup.device.synchronize()
    setup.device.setInhibited(false)
    let key = InputEvent(.EV_KEY, EventCode.KEY_B, 1)
    #expect(setup.report(key) == [key, .report])
  }

  @Test("a device knows what it is a part of while it is registered")
  func parent() throws {
    let parent = InputParent()
    let device = try InputDevice(InputDescription(name: "part", identity: InputIdentity(bus: InputBus.BUS_VIRTUAL)))
    #expect(device.parent == nil)
    try InputDevices.register(device, below: parent)
    #expect(device.parent === parent)
    InputDevices.unregister(device)
    #expect(device.parent == nil)
  }
}
