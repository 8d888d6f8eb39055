import DeviceModels
import Foundations
import Testing

@testable import PCI

@Suite("What programs ask of PCI slots")
struct SlotRequestTests {
  @Test("a device is taken out in order and brought back, without five seconds of waiting")
  func offAndOn() throws {
    let model = SlotModel()
    model.releasesWhenOff = false
    let stand = try SlotStand(model)
    model.insert([card()])
    stand.run()
    let begin = model.clock.milliseconds
    try stand.slot.turnOff()
    #expect(stand.recorder.heard == ["filled", "will empty", "emptied"])
    #expect(stand.slot.state == .off && !model.hasPower && model.clock.milliseconds - begin < 3_000)
    #expect(throws: Errno.ENODEV) { try stand.slot.turnOff() }
    try stand.slot.turnOn()
    #expect(stand.recorder.heard.last == "filled" && stand.slot.state == .on && model.hasPower)
    #expect(throws: Errno.ENODEV) { try stand.slot.turnOn() }
    stand.run(20_000)
    #expect(stand.slot.state == .on && stand.recorder.heard.count == 4)
    #expect(model.express.violations == [])
  }

  @Test("a device that leaves when its power goes, as QEMU's, is not to be brought back")
  func leaves() throws {
    let stand = try SlotStand()
    #expect(throws: Errno.ENODEV) { try stand.slot.turnOn() }
    stand.model.insert([card()])
    stand.run()
    try stand.slot.turnOff()
    stand.run()
    #expect(stand.slot.state == .empty)
    #expect(throws: Errno.ENODEV) { try stand.slot.turnOn() }
    #expect(stand.recorder.heard == ["filled", "will empty", "emptied"])
  }

  @Test("a device that does not work is an error, and the slot stays without power")
  func fault() throws {
    let model = SlotModel()
    model.releasesWhenOff = false
    let stand = try SlotStand(model)
    model.insert([card()])
    stand.run()
    try stand.slot.turnOff()
    model.answers = false
    #expect(throws: Errno.EIO) { try stand.slot.turnOn() }
    #expect(stand.slot.state == .fault(.silence) && !model.hasPower)
    model.answers = true
    try stand.slot.turnOn()
    #expect(stand.slot.state == .on)
  }

  @Test("a press of the button before is overtaken")
  func button() throws {
    let model = SlotModel()
    model.releasesWhenOff = false
    let stand = try SlotStand(model)
    model.insert([card()])
    stand.run()
    model.press()
    stand.run(100)
    try stand.slot.turnOff()
    stand.run(10_000)
    #expect(stand.recorder.heard == ["filled", "will empty", "emptied"] && stand.slot.state == .off)
  }

  @Test("the attention lamp shows what is asked, where there is one")
  func attention() throws {
    let stand = try SlotStand()
    try stand.slot.showAttention(.blinking)
    #expect(stand.model.attentionLamp == 2)
    try stand.slot.showAttention(.off)
    #expect(stand.model.attentionLamp == 3)
    let dark = try SlotStand(SlotModel(hasIndicators: false))
    #expect(throws: Errno.ENODEV) { try dark.slot.showAttention(.on) }
  }
}
