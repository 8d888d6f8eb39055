import DeviceModels
import Foundations
import TestSupport
import Testing

@testable import PCI

/// Slots that do not do what they should.
@Suite("PCI slots that fail") struct SlotFaultTests {
  @Test("A port that never completes a command is believed after a second, each time")
  func neverCompletes() throws {
    let model = SlotModel()
    model.completes = false
    let stand = try SlotStand(model)
    model.insert([card()])
    stand.run()
    #expect(stand.slot.state == .on && stand.recorder.heard == ["filled"] && model.powerLamp == 1)
    model.press()
    stand.run(20_000)
    #expect(stand.slot.state == .empty && stand.recorder.heard == ["filled", "will empty", "emptied"])
    #expect(stand.slot.lateCommandCount > 4)
    #expect(model.clock.milliseconds < 60_000)
  }

  @Test(
    "An event that cannot be taken off is not listened to, and the others are",
    arguments: [
      PCIExpressModel.SlotStatus.commandCompleted, PCIExpressModel.SlotStatus.powerFault,
      PCIExpressModel.SlotStatus.linkStateChanged,
    ])
  func stuckEvent(field: FieldKey) throws {
    let model = SlotModel()
    let stand = try SlotStand(model)
    model.express.stick(field, at: 1)
    model.express[field] = 1
    model.notify()
    stand.run(2_000)
    #expect(stand.slot.state == .empty && stand.recorder.heard == [])
    #expect(model.express[PCIExpressModel.slotControl] & 0x20 != 0)
    let told = model.express[PCIExpressModel.slotControl]
    #expect(told & 0x101f != 0x101b)
    #expect(stand.slot.serve() != nil, "it is looked at, since it may not interrupt any more")
    model.express.heal()
    model.express[field] = 0
    model.notify()
    model.insert([card()])
    stand.run(5_000)
    #expect(stand.slot.state == .on && stand.recorder.heard == ["filled"])
    #expect(model.express[PCIExpressModel.slotControl] & 0x103f == 0x103b)
  }

  @Test("A button that is stuck neither hangs nor empties the slot more than once")
  func stuckButton() throws {
    let model = SlotModel()
    let stand = try SlotStand(model)
    model.insert([card()])
    stand.run()
    model.express.stick(PCIExpressModel.SlotStatus.attentionButtonPressed, at: 1)
    model.press()
    stand.run(60_000)
    #expect(stand.recorder.heard == ["filled", "will empty", "emptied"])
    model.pull()
    stand.run()
    #expect(stand.slot.state == .empty)
  }

  @Test("Power that fails, at once or later, ends in a fault that is shown, and a new try may succeed")
  func powerFault() throws {
    let model = SlotModel()
    model.releasesWhenOff = false
    let stand = try SlotStand(model)
    model.failsPower = true
    model.insert([card()])
    stand.run()
    #expect(stand.slot.state == .fault(.power) && stand.recorder.heard == ["failed: power"])
    #expect(!model.hasPower && model.powerLamp == 3 && model.attentionLamp == 1)
    stand.run(10_000)
    #expect(stand.recorder.heard == ["failed: power"])
    // The operator presses the button.
    model.failsPower = false
    model.press()
    stand.run(6_000)
    #expect(stand.slot.state == .on && model.attentionLamp == 3)
    model.failPower()
    stand.run()
    #expect(stand.recorder.heard == ["failed: power", "filled", "surprise", "failed: power"])
    #expect(stand.slot.state == .fault(.power) && !model.hasPower && model.attentionLamp == 1)
    // Or takes it out and puts in another.
    model.pull()
    stand.run()
    #expect(stand.slot.state == .empty && model.attentionLamp == 3)
    model.insert([card()], pressing: false)
    stand.run()
    #expect(stand.slot.state == .on && stand.slot.failureCount == 2)
  }

  @Test("A link that comes late is waited for; one that does not come, and a device that is silent, are faults")
  func link() throws {
    let model = SlotModel()
    model.releasesWhenOff = false
    let stand = try SlotStand(model)
    model.linkDelay = 700
    model.insert([card()])
    stand.run()
    #expect(stand.slot.state == .on)
    model.pull()
    stand.run()
    model.linkDelay = nil
    model.insert([card()])
    let begin = model.clock.milliseconds
    stand.run()
    #expect(stand.slot.state == .fault(.link) && model.clock.milliseconds - begin < 5_000)
    model.pull()
    stand.run()
    model.linkDelay = 0
    model.answers = false
    model.insert([card()])
    stand.run()
    #expect(stand.slot.state == .fault(.silence) && !model.hasPower)
    model.answers = true
    model.pull()
    stand.run()
    model.express[PCIExpressModel.LinkStatus.isTraining] = 1
    model.insert([card()])
    stand.run()
    #expect(stand.slot.state == .fault(.link))
    #expect(stand.recorder.heard.filter { $0 == "filled" }.count == 1)
  }

  @Test("A port without a bus number says so")
  func noBus() throws {
    let stand = try SlotStand(SlotModel(secondaryBus: 0))
    stand.model.insert([card()])
    stand.run()
    #expect(stand.recorder.heard == ["failed: bus"])
  }

  @Test("A device that is pulled out while it gets power leaves the slot empty, whenever that is")
  func pulledEarly() throws {
    for delay in stride(from: UInt64(0), to: 400, by: 7) {
      let model = SlotModel()
      model.linkDelay = 100
      let stand = try SlotStand(model)
      model.insert([card()])
      model.clock.plan(in: delay) { model.pull() }
      stand.run(5_000)
      #expect(stand.slot.state == .empty && !model.hasPower, "after \(delay) ms")
      let heard = stand.recorder.heard
      #expect(heard.filter { $0 == "filled" }.count == heard.filter { $0 == "surprise" }.count, "after \(delay) ms")
    }
  }

  @Test("Contacts that bounce are waited out; those that never stop keep the slot without power")
  func bouncing() throws {
    let model = SlotModel()
    model.releasesWhenOff = false
    let stand = try SlotStand(model)
    func bounce(_ times: Int) {
      guard times > 0 else { return }
      stand.model.bounce()
      stand.model.clock.plan(in: 15) { bounce(times - 1) }
    }
    stand.model.insert([card()], pressing: false)
    bounce(60)
    stand.run(3_000)
    #expect(stand.slot.state == .on && stand.recorder.heard == ["filled"])
    bounce(40)
    stand.run(10_000)
    #expect(stand.slot.state == .on)
    let heard = stand.recorder.heard
    #expect(heard.filter { $0 == "filled" }.count == heard.filter { $0 == "surprise" }.count + 1)

    let wild = try SlotStand()
    wild.model.insert([card()], pressing: false)
    func bounceForEver() {
      wild.model.bounce()
      wild.model.clock.plan(in: 15) { bounceForEver() }
    }
    bounceForEver()
    for _ in 0..<50 {
      _ = wild.slot.serve()
      wild.model.clock.advance(10)
    }
    #expect(wild.recorder.heard == [] && !wild.model.hasPower)
  }

  @Test("A port that vanishes at any moment ends the controller, and everybody has been told")
  func vanishing() throws {
    var number = 0
    var isVanishing = true
    while isVanishing {
      let model = SlotModel()
      isVanishing = false
      var left = number
      let stand = try SlotStand(model)
      model.express.beforeAccess = { express in
        left -= 1
        guard left < 0 else { return }
        express.isGone = true
        isVanishing = true
      }
      model.insert([card()])
      stand.run(1_000)
      model.press()
      stand.run(8_000)
      let heard = stand.recorder.heard
      let ends = heard.filter { $0 == "surprise" || $0 == "emptied" }.count
      #expect(heard.filter { $0 == "filled" }.count == ends, "after \(number) accesses: \(heard)")
      if isVanishing { #expect(stand.slot.state == .gone && stand.slot.serve() == nil, "after \(number) accesses") }
      number += 7
    }
    #expect(number > 300)
  }

  @Test("Noise in place of a port neither traps nor keeps a call from ending")
  func noise() throws {
    for seed in UInt64(0)..<12 {
      let model = SlotModel()
      let stand = try SlotStand(model)
      var generator = SeededGenerator(seed: seed)
      model.express.beforeAccess = { express in
        guard generator.next() & 3 == 0 else { return }
        express[PCIExpressModel.slotStatus] = generator.next()
        express[PCIExpressModel.linkStatus] = generator.next()
      }
      for _ in 0..<20 {
        _ = stand.slot.handleInterrupt()
        _ = stand.slot.serve()
        model.clock.advance(500)
      }
      let heard = stand.recorder.heard
      let ends = heard.filter { $0 == "surprise" || $0 == "emptied" }.count
      let isFilled = stand.slot.state.isFilled ? 1 : 0
      #expect(heard.filter { $0 == "filled" }.count == ends + isFilled, "seed \(seed)")
    }
  }

  @Test("After anything that operators do, listener, controller and slot agree")
  func operators() throws {
    for seed in UInt64(0)..<30 {
      let model = SlotModel()
      model.releasesWhenOff = seed & 1 == 0
      let stand = try SlotStand(model)
      var generator = SeededGenerator(seed: seed)
      for _ in 0..<60 {
        switch generator.next() % 5 {
        case 0 where model.occupant.isEmpty: model.insert([card()], pressing: generator.next() & 1 == 0)
        case 1 where !model.occupant.isEmpty: model.pull()
        case 2: model.press()
        case 3: model.clock.plan(in: generator.next() % 3_000) { model.press() }
        default: stand.run(generator.next() % 4_000)
        }
      }
      stand.run(30_000)
      let heard = stand.recorder.heard
      let ends = heard.filter { $0 == "surprise" || $0 == "emptied" }.count
      let fills = heard.filter { $0 == "filled" }.count
      let isFilled = stand.slot.state == .on
      #expect(fills == ends + (isFilled ? 1 : 0), "seed \(seed)")
      #expect(isFilled == (model.hasPower && !model.occupant.isEmpty), "seed \(seed)")
      #expect((stand.slot.state == .empty) == model.occupant.isEmpty, "seed \(seed): \(stand.slot.state)")
      #expect(model.powerLamp == (isFilled ? 1 : 3), "seed \(seed)")
      #expect(stand.slot.lateCommandCount == 0 && model.express.violations == [], "seed \(seed)")
    }
  }
}
