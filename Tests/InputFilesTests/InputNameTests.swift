import Foundations
import Input
import LinuxABI
import Machine
import Testing

@testable import InputFiles

@Suite("Names of input devices", .serialized)
struct InputNameTests {
  private func makeMouse() throws -> InputDevice {
    var description = InputDescription(
      name: "Test mouse", physicalPath: "isa0060/serio1/input0",
      identity: InputIdentity(bus: InputBus.BUS_I8042, vendor: 2, product: 1, version: 0x1f))
    description.capabilities.insert(.EV_KEY, EventCode.BTN_LEFT)
    description.capabilities.insert(.EV_REL, EventCode.REL_X)
    description.capabilities.insert(.EV_REL, EventCode.REL_Y)
    description.capabilities.insert(property: InputProperty.INPUT_PROP_POINTER)
    return try InputDevice(description)
  }

  private func list(_ device: InputDevice) -> String {
    var text = Message()
    InputListText.writeBeginning(of: device, to: &text)
    text.write("/devices/here")
    InputListText.writeEnd(of: device, to: &text)
    return String(text)
  }

  @Test("A device comes before its files and goes after them")
  func order() throws {
    try World.run { _ in
      _ = World.takeChanges()
      let mouse = try makeMouse()
      try InputDevices.register(mouse)
      #expect(World.takeChanges() == ["+Test mouse", "+event0", "+mouse0"])
      InputDevices.unregister(mouse)
      #expect(World.takeChanges() == ["-mouse0", "-event0", "-Test mouse"])
    }
  }

  @Test("The list of /proc has what Linux's has of a device, with those who hear it in the order in which they came")
  func list() throws {
    try World.run { _ in
      let mouse = try makeMouse()
      try InputDevices.register(mouse)
      #expect(
        list(mouse) == """
          I: Bus=0011 Vendor=0002 Product=0001 Version=001f
          N: Name="Test mouse"
          P: Phys=isa0060/serio1/input0
          S: Sysfs=/devices/here
          U: Uniq=
          H: Handlers=event0 mouse0\u{20}
          B: PROP=1
          B: EV=7
          B: KEY=10000 0 0 0 0
          B: REL=3


          """)
      InputDevices.unregister(mouse)
      #expect(list(mouse).contains("\nH: Handlers=\n"))
    }
  }

  @Test("Those who hear events are numbered, and those without a name are left out")
  func handlers() throws {
    final class Named: InputHandler {
      override var name: StaticString? { "test" }
      override var firstMinor: UInt32? { 64 }
    }
    let (named, unnamed) = (Named(), InputHandler())
    try InputDevices.add(unnamed)
    try InputDevices.add(named)
    defer {
      InputDevices.remove(named)
      InputDevices.remove(unnamed)
    }
    var text = Message()
    InputListText.writeHandlers(to: &text)
    let lines = String(text).split(separator: "\n")
    #expect(lines.first?.hasPrefix("N: Number=0 Name=") == true)
    #expect(lines.contains { $0.hasSuffix(" Name=test Minor=64") })
  }
}
