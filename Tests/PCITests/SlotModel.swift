import DeviceModels
import Foundations

@testable import PCI

/// Time that passes only when somebody waits, and what happens meanwhile.
final class SlotClock: SlotTiming {
  private(set) var milliseconds: UInt64 = 1_000
  private var plans: [(time: UInt64, action: () -> Void)] = []

  func wait(milliseconds count: Int) { advance(UInt64(max(count, 0))) }

  /// Lets so much time pass.
  func advance(_ count: UInt64) {
    let end = milliseconds + count
    while let next = plans.indices.min(by: { plans[$0].time < plans[$1].time }), plans[next].time <= end {
      let plan = plans.remove(at: next)
      milliseconds = max(milliseconds, plan.time)
      plan.action()
    }
    milliseconds = end
  }

  /// Has `action` happen in so many milliseconds.
  func plan(in delay: UInt64, _ action: @escaping () -> Void) { plans.append((milliseconds + delay, action)) }
}

/// A root port with a slot, on bus 0, as QEMU's: its capability PCI Express is a model made from the spec.
final class SlotModel: PCIConfigurationAccess {
  let buses = HierarchyModel()
  let port: FunctionModel
  let express = DeviceModel(PCIExpressModel.layout)
  let clock = SlotClock()
  /// Where the capability is.
  private let place: Int

  /// What is in the slot.
  private(set) var occupant: [FunctionModel] = []
  /// Whether commands complete; when not, the port never says so.
  var completes = true
  /// How long the link takes after power; nil for ever.
  var linkDelay: UInt64? = 0
  /// Whether power fails as soon as there is some.
  var failsPower = false
  /// Whether what is in the slot answers.
  var answers = true
  /// Whether a device is let go as soon as power and lamp are off, as QEMU does.
  var releasesWhenOff = true
  /// Called when a device has been let go.
  var onRelease: (() -> Void)?
  /// Called for each message that the port sends.
  var onInterrupt: (() -> Void)?
  private(set) var interruptCount = 0
  private var wasNotified = false
  private var lastControl: UInt64
  private var isWriting = false

  init(
    secondaryBus: UInt8 = 1, hasPowerController: Bool = true, hasIndicators: Bool = true, hasButton: Bool = true,
    hasLatch: Bool = false, reportsLink: Bool = true, completesSilently: Bool = false
  ) {
    port = FunctionModel(0x10, vendor: 0x1b36, device: 0xc, classCode: 0x060400, isBridge: true, byteCount: 4096)
    port.setWindows(ports: true, prefetchable: true, is64Bit: true)
    place = port.add(16, PCIExpressModel.layout, length: 0x3c)
    port.set(0x18, UInt32(secondaryBus) << 8 | UInt32(secondaryBus) << 16)
    buses.functions = [port]
    express[PCIExpressModel.Capabilities.portType] = 4
    express[PCIExpressModel.Capabilities.hasSlot] = 1
    express[PCIExpressModel.SlotCapabilities.isHotPluggable] = 1
    express[PCIExpressModel.SlotCapabilities.allowsSurprise] = 1
    express[PCIExpressModel.SlotCapabilities.number] = 7
    express[PCIExpressModel.SlotCapabilities.hasPowerController] = hasPowerController ? 1 : 0
    express[PCIExpressModel.SlotCapabilities.hasPowerIndicator] = hasIndicators ? 1 : 0
    express[PCIExpressModel.SlotCapabilities.hasAttentionIndicator] = hasIndicators ? 1 : 0
    express[PCIExpressModel.SlotCapabilities.hasAttentionButton] = hasButton ? 1 : 0
    express[PCIExpressModel.SlotCapabilities.hasRetentionSensor] = hasLatch ? 1 : 0
    express[PCIExpressModel.SlotCapabilities.completesSilently] = completesSilently ? 1 : 0
    express[PCIExpressModel.LinkCapabilities.reportsActive] = reportsLink ? 1 : 0
    express[PCIExpressModel.LinkStatus.width] = 1
    express[PCIExpressModel.SlotControl.isPoweredOff] = hasPowerController ? 1 : 0
    express[PCIExpressModel.SlotControl.powerIndicator] = 3
    express[PCIExpressModel.SlotControl.attentionIndicator] = 3
    lastControl = express[PCIExpressModel.slotControl]
    express.onWrite[PCIExpressModel.slotControl] = { [unowned self] _, _, _ in controlWritten() }
    express.onWrite[PCIExpressModel.slotStatus] = { [unowned self] _, _, _ in notify() }
  }

  /// The port as the module knows it.
  var function: PCIFunction {
    get throws {
      guard var function = PCIFunction(self, PCIAddress(bus: 0, place: 0x10)) else { throw Missing() }
      function.secondaryBus = port.secondaryBus
      function.subordinateBus = port.subordinateBus
      return function
    }
  }
  struct Missing: Error {}

  // MARK: Configuration space

  func byteCount(of address: PCIAddress) -> Int { 4096 }

  func read(_ address: PCIAddress, at offset: Int, width: Int) -> UInt32 {
    if isExpress(address, offset) {
      switch width {
      case 1: return UInt32(express.read8(at: offset - place))
      case 2: return UInt32(express.read16(at: offset - place))
      default: return express.read32(at: offset - place)
      }
    }
    if express.isGone || address.bus != 0 && !isReachable { return .max }
    return buses.read(address, at: offset, width: width)
  }

  func write(_ value: UInt32, to address: PCIAddress, at offset: Int, width: Int) {
    if isExpress(address, offset) {
      switch width {
      case 1: express.write8(UInt8(truncatingIfNeeded: value), at: offset - place)
      case 2: express.write16(UInt16(truncatingIfNeeded: value), at: offset - place)
      default: express.write32(value, at: offset - place)
      }
    } else if !express.isGone && (address.bus == 0 || isReachable) {
      buses.write(value, to: address, at: offset, width: width)
    }
  }

  private func isExpress(_ address: PCIAddress, _ offset: Int) -> Bool {
    address == PCIAddress(bus: 0, place: 0x10) && offset >= place + 2 && offset < place + 0x3c
  }

  // MARK: The slot

  var hasPower: Bool { express[PCIExpressModel.SlotControl.isPoweredOff] == 0 }
  var powerLamp: UInt64 { express[PCIExpressModel.SlotControl.powerIndicator] }
  var attentionLamp: UInt64 { express[PCIExpressModel.SlotControl.attentionIndicator] }
  private var isReachable: Bool { hasPower && answers && express[PCIExpressModel.LinkStatus.isActive] != 0 }

  /// Puts functions into the slot, with or without pressing the button.
  func insert(_ functions: [FunctionModel], pressing: Bool = true) {
    occupant = functions
    port.children = functions
    express[PCIExpressModel.SlotStatus.isOccupied] = 1
    express[PCIExpressModel.SlotStatus.presenceChanged] = 1
    if pressing { express[PCIExpressModel.SlotStatus.attentionButtonPressed] = 1 }
    if hasPower { bringLinkUp() }
    notify()
  }

  /// Pulls out what is in the slot.
  func pull() {
    occupant = []
    port.children = []
    express[PCIExpressModel.SlotStatus.isOccupied] = 0
    express[PCIExpressModel.SlotStatus.presenceChanged] = 1
    setLink(0)
    notify()
  }

  func press() {
    express[PCIExpressModel.SlotStatus.attentionButtonPressed] = 1
    notify()
  }

  /// Lets a contact bounce: presence changes and changes back.
  func bounce() {
    express[PCIExpressModel.SlotStatus.isOccupied] ^= 1
    express[PCIExpressModel.SlotStatus.presenceChanged] = 1
    notify()
  }

  func failPower() {
    express[PCIExpressModel.SlotStatus.powerFault] = 1
    notify()
  }

  private func setLink(_ value: UInt64) {
    let old = express[PCIExpressModel.LinkStatus.isActive]
    guard old != value else { return }
    express[PCIExpressModel.LinkStatus.isActive] = value
    express[PCIExpressModel.SlotStatus.linkStateChanged] = 1
    notify()
  }

  private func bringLinkUp() {
    guard let linkDelay, !occupant.isEmpty else { return }
    if linkDelay == 0 { return setLink(1) }
    clock.plan(in: linkDelay) { [unowned self] in if hasPower, !occupant.isEmpty { setLink(1) } }
  }

  private func controlWritten() {
    let old = lastControl
    let new = express[PCIExpressModel.slotControl]
    lastControl = new
    express[PCIExpressModel.SlotControl.togglesInterlock] = 0
    let off: UInt64 = 0x700
    if hasPower, old & 0x400 != 0 {
      if failsPower { failPower() } else { bringLinkUp() }
    }
    if !hasPower { setLink(0) }
    if releasesWhenOff, !occupant.isEmpty, new & off == off, old & off != off {
      pull()
      onRelease?()
    }
    if completes { express[PCIExpressModel.SlotStatus.commandCompleted] = 1 }
    notify()
  }

  /// Sends a message when there is something to tell and was nothing before, as MSI does.
  func notify() {
    let control = express[PCIExpressModel.slotControl]
    let status = express[PCIExpressModel.slotStatus]
    // The bits stand at the same places, but for the link's.
    let told = control & status & 0x1f | (control >> 4) & status & 0x100
    let isTelling = control & 0x20 != 0 && told != 0
    defer { wasNotified = isTelling }
    guard isTelling, !wasNotified else { return }
    interruptCount += 1
    wasNotified = true
    onInterrupt?()
  }
}

/// A listener that writes down what it hears.
final class SlotRecorder: SlotListener {
  var heard: [String] = []
  var onEvent: ((String) -> Void)?

  private func note(_ event: String) {
    heard.append(event)
    onEvent?(event)
  }

  override func slotFilled(_ slot: SlotController) { note("filled") }
  override func slotWillEmpty(_ slot: SlotController) { note("will empty") }
  override func slotEmptied(_ slot: SlotController, isSurprise: Bool) { note(isSurprise ? "surprise" : "emptied") }
  override func slotFailed(_ slot: SlotController, _ failure: SlotFailure) { note("failed: \(failure)") }
}

/// A slot with its controller.
struct SlotStand {
  let model: SlotModel
  let recorder = SlotRecorder()
  let slot: SlotController

  /// Starts a controller with an interrupt, for a slot with `functions` in it.
  init(
    _ model: SlotModel = SlotModel(), _ occupant: SlotController.Occupant = .unknown,
    _ notification: SlotController.Notification = .interrupt
  ) throws {
    self.model = model
    guard let slot = SlotController(try model.function, listener: recorder, timing: model.clock) else {
      throw SlotModel.Missing()
    }
    self.slot = slot
    model.onInterrupt = { [unowned slot] in _ = slot.handleInterrupt() }
    slot.start(occupant, notification)
  }

  /// What the kernel's thread does for so many milliseconds.
  func run(_ milliseconds: UInt64 = 0) {
    let end = model.clock.milliseconds + milliseconds
    // Bounded, so that a controller that never comes to rest fails its test instead of hanging it.
    for _ in 0..<100_000 {
      let next = slot.serve()
      if slot.hasPendingEvents { continue }
      let now = model.clock.milliseconds
      guard now < end else { return }
      // An interrupt may come at any time; so look every few milliseconds.
      model.clock.advance(max(1, min(25, end - now, (next ?? .max) > now ? (next ?? .max) - now : 1)))
    }
  }
}

/// A device with one range.
func card(_ device: UInt16 = 0x10, size: UInt64 = 0x4000) -> FunctionModel {
  let card = FunctionModel(0, vendor: 0x1b36, device: device, classCode: 0x010802)
  card.add(.init(kind: .memory, size: size, is64Bit: true), at: 0)
  return card
}
