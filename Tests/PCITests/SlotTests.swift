import DeviceModels
import Foundations
import Testing

@testable import PCI

/// The controller of a slot, on a port made from the spec that behaves as QEMU's.
@Suite("PCI slots") struct SlotTests {
  @Test("A port without a slot for hot-plug gets no controller")
  func noSlot() throws {
    let model = SlotModel()
    model.express[PCIExpressModel.SlotCapabilities.isHotPluggable] = 0
    #expect(SlotController(try model.function, listener: SlotRecorder(), timing: model.clock) == nil)
  }

  @Test("An empty slot is taken over: without power, dark, telling all it can, and with old events forgotten")
  func startEmpty() throws {
    let model = SlotModel()
    model.express[PCIExpressModel.SlotControl.isPoweredOff] = 0
    model.express[PCIExpressModel.SlotStatus.attentionButtonPressed] = 1
    model.express[PCIExpressModel.SlotStatus.presenceChanged] = 1
    let stand = try SlotStand(model)
    #expect(stand.slot.state == .empty && stand.slot.number == 7)
    #expect(!model.hasPower && model.powerLamp == 3 && model.attentionLamp == 3)
    // Button, power fault, presence, completion, any, link.
    #expect(model.express[PCIExpressModel.slotControl] & 0x103f == 0x103b)
    stand.run(100)
    #expect(stand.recorder.heard == [] && stand.slot.state == .empty)
    #expect(model.express[PCIExpressModel.slotStatus] == 0)
    #expect(model.express.violations == [])
    stand.slot.stop()
    #expect(model.express[PCIExpressModel.slotControl] & 0x103f == 0)
  }

  @Test("A device that is added is powered at once, and heard of when it answers")
  func add() throws {
    let stand = try SlotStand()
    stand.recorder.onEvent = { _ in
      #expect(stand.model.read(PCIAddress(bus: 1, place: 0), at: 2, width: 2) == 0x10)
    }
    let begin = stand.model.clock.milliseconds
    stand.model.insert([card()])
    #expect(stand.slot.hasPendingEvents)
    stand.run()
    #expect(stand.recorder.heard == ["filled"] && stand.slot.state == .on)
    #expect(stand.model.hasPower && stand.model.powerLamp == 1 && stand.model.attentionLamp == 3)
    #expect(stand.model.clock.milliseconds - begin < 1_000)
    #expect(stand.slot.lateCommandCount == 0 && stand.slot.failureCount == 0)
    stand.run(20_000)
    #expect(stand.recorder.heard == ["filled"])
    #expect(stand.model.express.violations == [])
  }

  @Test(
    "A device that is to be removed has five seconds and its driver's leave; then it goes, and another may come at once"
  )
  func remove() throws {
    let stand = try SlotStand()
    stand.model.insert([card()])
    stand.run()
    stand.recorder.onEvent = { event in
      let answer = stand.model.read(PCIAddress(bus: 1, place: 0), at: 2, width: 2)
      if event == "will empty" { #expect(answer != 0xffff && stand.model.hasPower) }
    }
    stand.model.press()
    stand.run(4_900)
    #expect(stand.model.powerLamp == 2 && stand.recorder.heard == ["filled"])
    stand.model.onRelease = {
      stand.model.onRelease = nil
      stand.model.insert([card(0x11)])
    }
    stand.run(200)
    #expect(stand.recorder.heard == ["filled", "will empty", "emptied", "filled"])
    #expect(stand.slot.state == .on && stand.model.hasPower)
    stand.model.press()
    stand.run(8_000)
    #expect(stand.recorder.heard.suffix(2) == ["will empty", "emptied"])
    #expect(stand.slot.state == .empty && !stand.model.hasPower && stand.model.powerLamp == 3)
    #expect(stand.slot.lateCommandCount == 0 && stand.model.express.violations == [])
  }

  @Test("A second press of the button cancels, on the way out and on the way in")
  func cancel() throws {
    let model = SlotModel()
    model.releasesWhenOff = false
    let stand = try SlotStand(model)
    model.insert([card()])
    stand.run()
    model.press()
    stand.run(3_000)
    #expect(model.powerLamp == 2)
    model.press()
    stand.run(10_000)
    #expect(stand.recorder.heard == ["filled"] && stand.slot.state == .on && model.powerLamp == 1)

    model.press()
    stand.run(8_000)
    #expect(stand.slot.state == .off && !model.hasPower && model.powerLamp == 3)
    model.press()
    stand.run(3_000)
    #expect(model.powerLamp == 2 && !model.hasPower)
    model.press()
    stand.run(10_000)
    #expect(stand.slot.state == .off && model.powerLamp == 3 && !model.hasPower)
    model.press()
    stand.run(8_000)
    #expect(stand.slot.state == .on && stand.recorder.heard == ["filled", "will empty", "emptied", "filled"])
    model.press()
    stand.run(8_000)
    model.pull()
    stand.run()
    #expect(stand.slot.state == .empty)
  }

  @Test("The button of an empty slot does nothing")
  func emptyButton() throws {
    let stand = try SlotStand()
    stand.model.press()
    stand.run(10_000)
    #expect(stand.slot.state == .empty && stand.model.powerLamp == 3 && stand.recorder.heard == [])
  }

  @Test(
    "A device that is pulled out, or replaced, is gone at once, also while the lamp blinks", arguments: [false, true])
  func surprise(isBlinking: Bool) throws {
    let stand = try SlotStand()
    stand.model.insert([card()])
    stand.run()
    if isBlinking {
      stand.model.press()
      stand.run(1_000)
    }
    stand.model.pull()
    stand.run(8_000)
    #expect(stand.recorder.heard == ["filled", "surprise"])
    #expect(stand.slot.state == .empty && !stand.model.hasPower && stand.model.powerLamp == 3)
    stand.model.insert([card()], pressing: false)
    stand.run()
    stand.model.releasesWhenOff = false
    stand.model.pull()
    stand.model.insert([card(0x11)], pressing: false)
    stand.run(2_000)
    #expect(stand.recorder.heard == ["filled", "surprise", "filled", "surprise", "filled"])
    #expect(stand.slot.state == .on && stand.model.hasPower && stand.model.powerLamp == 1)
  }

  @Test("What is in the slot at the start is used, powered, or found gone, as it is")
  func startOccupied() throws {
    func model(hasPower: Bool, isOccupied: Bool = true) -> SlotModel {
      let model = SlotModel()
      model.releasesWhenOff = false
      if hasPower { model.express[PCIExpressModel.SlotControl.isPoweredOff] = 0 }
      if isOccupied { model.insert([card()]) }
      return model
    }
    let known = try SlotStand(model(hasPower: true), .known)
    known.run(10_000)
    #expect(known.slot.state == .on && known.recorder.heard == [] && known.model.powerLamp == 1)
    let unknown = try SlotStand(model(hasPower: true), .unknown)
    #expect(unknown.slot.state == .on && unknown.recorder.heard == ["filled"])
    let dark = try SlotStand(model(hasPower: false), .unknown)
    #expect(dark.slot.state == .on && dark.recorder.heard == ["filled"] && dark.model.hasPower)
    let lost = try SlotStand(model(hasPower: false), .known)
    #expect(lost.slot.state == .on && lost.recorder.heard == ["surprise", "filled"])
    let gone = try SlotStand(model(hasPower: true, isOccupied: false), .known)
    #expect(gone.slot.state == .empty && gone.recorder.heard == ["surprise"] && !gone.model.hasPower)
  }

  @Test("A slot with nothing but presence works too")
  func plain() throws {
    let model = SlotModel(
      hasPowerController: false, hasIndicators: false, hasButton: false, reportsLink: false, completesSilently: true)
    let stand = try SlotStand(model)
    #expect(model.express[PCIExpressModel.slotControl] & 0x103f == 0x28)
    let lamps = model.express[PCIExpressModel.slotControl] & 0x7c0
    // Without a report of the link, a device answers when its link is up.
    model.express[PCIExpressModel.LinkStatus.isActive] = 1
    model.insert([card()], pressing: false)
    stand.run()
    #expect(stand.slot.state == .on && stand.recorder.heard == ["filled"])
    model.pull()
    stand.run()
    #expect(stand.slot.state == .empty && stand.recorder.heard == ["filled", "surprise"])
    #expect(model.express[PCIExpressModel.slotControl] & 0x7c0 == lamps && model.express.violations == [])
  }

  @Test("An open latch keeps a device without power, and opening one takes it away")
  func latch() throws {
    let model = SlotModel(hasLatch: true)
    model.releasesWhenOff = false
    func setLatch(open: Bool) {
      model.express[PCIExpressModel.SlotStatus.isRetentionOpen] = open ? 1 : 0
      model.express[PCIExpressModel.SlotStatus.retentionChanged] = 1
      model.notify()
    }
    let stand = try SlotStand(model)
    setLatch(open: true)
    model.insert([card()])
    stand.run(10_000)
    #expect(stand.slot.state == .empty && !model.hasPower && stand.recorder.heard == [])
    setLatch(open: false)
    stand.run()
    #expect(stand.slot.state == .on)
    setLatch(open: true)
    stand.run()
    #expect(stand.slot.state == .empty && !model.hasPower && stand.recorder.heard == ["filled", "surprise"])
  }

  @Test("Power that is cut under a working device counts as its being pulled out, and the next one works")
  func droppedPower() throws {
    let model = SlotModel()
    let stand = try SlotStand(model)
    for _ in 0..<3 {
      model.insert([card()])
      stand.run(10_000)
      #expect(stand.slot.state == .on)
      stand.slot.dropPower()
      stand.run(10_000)
      #expect(stand.slot.state == .empty && model.occupant.isEmpty)
    }
    #expect(stand.recorder.heard == ["filled", "surprise", "filled", "surprise", "filled", "surprise"])
  }

  @Test("Without an interrupt the slot is looked at now and then")
  func polling() throws {
    let stand = try SlotStand(SlotModel(), .unknown, .polling)
    #expect(stand.model.express[PCIExpressModel.slotControl] & 0x103f == 0)
    stand.model.insert([card()])
    stand.run(1_000)
    #expect(stand.slot.state == .on && stand.model.interruptCount == 0)
    stand.model.press()
    stand.run(9_000)
    #expect(stand.slot.state == .empty && stand.recorder.heard == ["filled", "will empty", "emptied"])
  }
}
