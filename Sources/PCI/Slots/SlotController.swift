import Foundations
import Machine
import Synchronization

/// The hot-plug controller of a PCI Express port with a slot.
///
/// `handleInterrupt` collects what has happened and may run in an interrupt; everything else is for one thread, which calls
/// `serve` after each interrupt and when the time has come that the last call gave. Powering a slot takes seconds, in which that
/// thread waits; nobody else does.
///
/// Whatever the hardware does, each call ends: waits are counted, not only timed, and an event that cannot be taken off is not
/// listened to until the slot is used the next time. Source: PCI Express Base Specification 4.0, section 6.7.
public final class SlotController {
  /// What is known of what is in a slot when its controller starts.
  public enum Occupant: Sendable {
    /// The functions behind the port have been found.
    case known
    /// None have.
    case unknown
  }

  /// How it learns of events.
  public enum Notification: Sendable {
    /// The port interrupts, and `handleInterrupt` is called then.
    case interrupt
    /// It has no interrupt: `serve` gives a time soon.
    case polling
  }

  /// How long the button's second press is waited for, in milliseconds. Source: section 6.7.1.5.
  static let buttonMilliseconds: UInt64 = 5_000
  /// How often it looks at a slot that does not interrupt, in milliseconds.
  static let pollMilliseconds: UInt64 = 500
  /// How often events are taken off before they count as stuck.
  private static let rounds = 8

  /// The port.
  public let port: PCIFunction
  /// What the slot has.
  let capabilities: PCIExpress.SlotCapabilities
  /// Whether the port says if its link is up.
  let reportsLink: Bool
  let listener: SlotListener
  let timing: any SlotTiming

  /// What the slot is doing.
  public internal(set) var state: SlotState = .empty
  /// How many commands the port has not completed within a second.
  public internal(set) var lateCommandCount = 0
  /// How many times something did not work in the slot.
  public internal(set) var failureCount = 0
  /// Whether a command was given whose end has not been seen.
  var isCommandPending = false
  private var notification = Notification.polling
  /// Whether it has been started and not been stopped.
  private var isListening = false
  /// Events that do not go away, which are not listened to.
  private let stuck = Atomic<UInt32>(0)
  /// What `handleInterrupt` has found and `takeEvents` not yet taken.
  let pending = Atomic<UInt32>(0)
  /// Around changes of the control register, which is read and written back; true once the interrupt has been shut off
  /// because it would not end.
  let control = SpinLock(false)

  /// A controller for `port`; nil when that has no slot that can be filled while the system runs.
  public init?(_ port: PCIFunction, listener: SlotListener, timing: any SlotTiming) {
    guard port.isHotPlugPort else { return nil }
    let registers = port.express
    self.port = port
    capabilities = registers.slotCapabilities
    reportsLink = registers.linkCapabilities.reportsActive
    self.listener = listener
    self.timing = timing
  }

  /// The number of the slot on the case.
  public var number: UInt16 { capabilities.number }

  /// Whether an interrupt has left something for `serve`.
  public var hasPendingEvents: Bool { pending.load(ordering: .acquiring) != 0 }

  // MARK: Beginning and end

  /// Takes the slot over: forgets events that were before, brings it into a state, and lets it notify.
  ///
  /// A device that has no power gets it, and an empty slot loses it.
  ///
  /// - Parameter occupant: whether the functions behind the port are known; the listener is told of what is not as it seemed.
  /// - Context: the thread, once; an interrupt must be connected before. The port may send messages or use its pin by then.
  public func start(_ occupant: Occupant, _ notification: Notification) {
    self.notification = notification
    updateNotifications()
    listenAgain()
    discard(.all)
    let (isOccupied, hasPower) = (readOccupancy(), self.hasPower)
    switch (isOccupied, hasPower, occupant) {
    case (true, true, .known):
      state = .on
      command { control in
        control.powerIndicator = .on
        control.attentionIndicator = .off
      }
    case (true, false, .known):
      // Found, and yet without power: what is behind the port cannot be what was found.
      listener.slotEmptied(self, isSurprise: true)
      powerOn()
    case (true, _, .unknown): powerOn()
    case (false, _, _):
      state = .empty
      if occupant == .known { listener.slotEmptied(self, isSurprise: true) }
      if hasPower { cutPower() }
      show(power: .off, attention: .off)
    }
    isListening = true
    updateNotifications()
    // What came before they were on has not interrupted.
    if state != .gone, readOccupancy() != (state != .empty) { postpone(.presence) }
  }

  /// Keeps the slot from notifying; power stays as it is.
  public func stop() {
    isListening = false
    updateNotifications()
  }

  // MARK: Events

  /// Collects what has happened.
  ///
  /// - Returns: whether the slot was the one that interrupted.
  /// - Context: any, interrupts included.
  public func handleInterrupt() -> Bool {
    let events = readEvents()
    guard !events.found.isEmpty else { return false }
    postpone(events.found)
    // A line that stays active would let nobody run any more; the thread finds out what it is.
    if !events.left.isEmpty, !events.found.contains(.portGone) { shutInterrupt() }
    return true
  }

  /// Takes what has happened since the last time, until nothing more does.
  public func takeEvents() -> SlotEvents {
    let noted = SlotEvents(rawValue: pending.exchange(0, ordering: .acquiringAndReleasing))
    let (found, left) = readEvents()
    let events = noted.union(found)
    if events.contains(.completion) { isCommandPending = false }
    if !left.isEmpty { stuck.bitwiseOr(left.rawValue, ordering: .relaxed) }
    // An interrupt that was shut off, since it did not end, can come again without what did not go away.
    if !left.isEmpty || control.withLock({ $0 }) { updateNotifications() }
    return events
  }

  /// Takes events off the status, again and again: one that comes meanwhile makes no new interrupt.
  ///
  /// - Returns: all that were there, and those that came back each time.
  private func readEvents() -> (found: SlotEvents, left: SlotEvents) {
    let registers = port.express
    var found: SlotEvents = []
    for _ in 0..<Self.rounds {
      let status = registers.slotStatus
      // Seven bits of the register are always zero.
      guard status.rawValue != .max else { return (found.union(.portGone).subtracting(ignored), []) }
      let here = SlotEvents(status).subtracting(ignored)
      guard !here.isEmpty else { return (found, []) }
      found.formUnion(here)
      registers.writeSlotStatus(here.acknowledgement)
    }
    let status = registers.slotStatus
    guard status.rawValue != .max else { return (found.union(.portGone).subtracting(ignored), []) }
    return (found, SlotEvents(status).subtracting(ignored))
  }

  /// Leaves events to the next `takeEvents`.
  func postpone(_ events: SlotEvents) { pending.bitwiseOr(events.rawValue, ordering: .releasing) }

  /// Forgets what of `events` has come, and keeps the rest for later.
  func discard(_ events: SlotEvents) {
    let rest = takeEvents().subtracting(events)
    if !rest.isEmpty { postpone(rest) }
  }

  /// Listens to nothing any more: the port is gone.
  func fallSilent() {
    stuck.store(SlotEvents.all.union(.portGone).rawValue, ordering: .relaxed)
    pending.store(0, ordering: .relaxed)
  }

  private var ignored: SlotEvents { SlotEvents(rawValue: stuck.load(ordering: .relaxed)) }

  /// Gives events that were stuck another chance.
  func listenAgain() {
    guard stuck.exchange(0, ordering: .relaxed) != 0 else { return }
    updateNotifications()
  }

  private func shutInterrupt() {
    let registers = port.express
    control.withLock { isShut in
      isShut = true
      registers.modifySlotControl { $0.interrupts = false }
    }
  }

  /// Lets the slot notify all that it can and that is not stuck, or nothing.
  private func updateNotifications() {
    let isOn = isListening && notification == .interrupt
    let events = isOn ? notifiable.subtracting(ignored) : []
    control.withLock { isShut in isShut = false }
    command { control in
      control.notifiesAttentionButton = events.contains(.button)
      control.notifiesPowerFault = events.contains(.powerFault)
      control.notifiesRetention = events.contains(.retention)
      control.notifiesPresence = events.contains(.presence)
      control.notifiesCompletion = events.contains(.completion)
      control.notifiesLinkState = events.contains(.link)
      control.interrupts = isOn
    }
  }

  /// What the slot can notify.
  private var notifiable: SlotEvents {
    var events: SlotEvents = .presence
    if capabilities.hasAttentionButton { events.insert(.button) }
    if capabilities.hasPowerController { events.insert(.powerFault) }
    if capabilities.hasRetentionSensor { events.insert(.retention) }
    if !capabilities.completesSilently { events.insert(.completion) }
    if reportsLink { events.insert(.link) }
    return events
  }

  /// When `serve` is to be called without an interrupt, in milliseconds of the clock; nil for never.
  var nextTime: UInt64? {
    guard state != .gone else { return nil }
    let isQuiet = notification == .polling || !ignored.isEmpty
    let poll = isQuiet ? timing.milliseconds &+ Self.pollMilliseconds : nil
    guard let deadline = state.deadline else { return poll }
    return min(deadline, poll ?? deadline)
  }
}
