import Foundations
import Machine
import Time

/// What the lock of an `InputDevice` guards.
struct InputDeviceState: ~Copyable {
  /// What is to be done without the lock.
  struct Outcome {
    /// Whether handles have something to deliver.
    var hasPacket = false
    /// What the driver is to do.
    var order: InputEvent?
    /// Who.
    var driver: InputDriver?
  }

  private(set) var capabilities: InputCapabilities
  private(set) var number: UInt32?
  private(set) var parent: InputParent?
  /// Whether events come to nothing.
  private(set) var isInhibited = false
  var repeater: KeyRepeater?
  private let isRepeatedByDevice: Bool
  private var driver: InputDriver?

  private var keys = InputBits()
  private var lights = InputBits()
  /// What turns each of them.
  var triggers = FollowedTriggers()
  private var sounds = InputBits()
  private var switches = InputBits()
  /// One for each axis that there can be, or none.
  private var axes = GrowableArray<AbsoluteAxis>()
  private var keyCodes = GrowableArray<UInt16>()
  private var delay: Int32
  private var period: Int32
  /// The key that is held and repeats.
  private var repeatedKey: UInt16 = 0

  /// Events since the last SYN_REPORT. There is room for `packetLimit`.
  private var packet = GrowableArray<InputEvent>()
  private let packetLimit: Int

  private var handles = GrowableArray<InputHandle>()
  private var grabber: InputHandle?
  /// Whether somebody has all its events for himself.
  var isGrabbed: Bool { grabber != nil }
  private var isRegistered = false

  init(_ description: InputDescription, _ keyCodes: Span<UInt16>, _ driver: InputDriver?) throws(Errno) {
    capabilities = description.capabilities
    isRepeatedByDevice = description.repeater == .device
    (delay, period) = (max(description.repeatDelay, 0), max(description.repeatPeriod, 0))
    packetLimit = description.capabilities.packetEstimate + 2
    self.driver = driver
    try packet.reserveCapacity(packetLimit)
    if let last = EventType.EV_ABS.lastCode, capabilities.contains(.EV_ABS) {
      try axes.resize(to: Int(last) + 1, filledWith: AbsoluteAxis())
    }
    try self.keyCodes.reserveCapacity(keyCodes.count)
    for index in keyCodes.indices { try self.keyCodes.append(keyCodes[index]) }
  }

  // MARK: What it is

  func axis(_ code: UInt16) -> AbsoluteAxis? { Int(code) < axes.count ? axes[Int(code)] : nil }

  mutating func setAxis(_ code: UInt16, _ axis: AbsoluteAxis) -> Bool {
    guard Int(code) < axes.count else { return false }
    axes[Int(code)] = axis
    return true
  }

  func active(_ type: EventType) -> InputBits {
    switch type {
    case .EV_KEY: keys
    case .EV_LED: lights
    case .EV_SND: sounds
    case .EV_SW: switches
    default: InputBits()
    }
  }

  func isDown(_ key: UInt16) -> Bool { keys[key] }

  func lights(following trigger: LightTrigger) -> InputBits {
    var found = InputBits()
    let all = capabilities.bits(of: .EV_LED)
    var next = all.next(from: 0)
    while let code = next {
      if triggers[code] == trigger { found[code] = true }
      next = all.next(from: code + 1)
    }
    return found
  }

  var repetition: (delay: Int32, period: Int32)? { capabilities.contains(.EV_REP) ? (delay, period) : nil }

  var isRepeatedByKernel: Bool {
    capabilities.contains(.EV_REP) && capabilities.contains(.EV_KEY) && !isRepeatedByDevice
  }

  // MARK: Scan codes

  func key(ofScanCode code: UInt32) -> UInt16? {
    guard let index = Int(exactly: code), index < keyCodes.count else { return nil }
    return keyCodes[index]
  }

  mutating func setKey(_ key: UInt32, ofScanCode code: UInt32, at time: InputTime) throws(Errno) -> Outcome {
    guard let last = EventType.EV_KEY.lastCode, key <= UInt32(last), let new = UInt16(exactly: key),
      let index = Int(exactly: code), index < keyCodes.count
    else { throw .EINVAL }
    let old = keyCodes[index]
    keyCodes[index] = new
    var isUsed = false
    for index in 0..<keyCodes.count where keyCodes[index] == old { isUsed = true }
    var outcome = Outcome()
    if !isUsed && old != EventCode.KEY_RESERVED {
      if keys[old] { outcome = takePacket(InputEvent(.EV_KEY, old, 0), at: time) }
      capabilities.keys[old] = false
    }
    capabilities.insert(.EV_KEY, new)
    return outcome
  }

  // MARK: Events

  /// Takes an event, and ends the packet.
  private mutating func takePacket(_ event: InputEvent, at time: InputTime) -> Outcome {
    let first = take(event, at: time)
    var outcome = take(InputEvent(.EV_SYN, EventCode.SYN_REPORT, 1), at: time)
    outcome.hasPacket = outcome.hasPacket || first.hasPacket
    return outcome
  }

  private enum Destination {
    case nowhere
    case handles
    case driver
    case everybody
  }

  /// Takes an event into the packet, if it is news, and passes the packet on when the event ends it.
  mutating func take(_ event: InputEvent, at time: InputTime) -> Outcome {
    var outcome = Outcome()
    guard capabilities.contains(event.type) else { return outcome }
    var event = event
    let destination = destination(of: &event)
    switch destination {
    case .nowhere: return outcome
    case .driver, .everybody: (outcome.order, outcome.driver) = (event, driver)
    case .handles: break
    }
    if destination != .driver { outcome.hasPacket = collect(event, at: time) }
    return outcome
  }

  /// Where an event goes; notes what it changes. Source: Linux, input_get_disposition.
  private mutating func destination(of event: inout InputEvent) -> Destination {
    if isInhibited { return .nowhere }
    switch event.type {
    case .EV_SYN:
      switch event.code {
      case EventCode.SYN_REPORT, EventCode.SYN_MT_REPORT: return .handles
      case EventCode.SYN_CONFIG: return .everybody
      default: return .nowhere
      }
    case .EV_KEY:
      guard capabilities.keys[event.code] else { return .nowhere }
      if event.value == 2 { return .handles }
      return Self.change(&keys, event) ? .handles : .nowhere
    case .EV_SW: return isKnown(event) && Self.change(&switches, event) ? .handles : .nowhere
    case .EV_ABS: return isKnown(event) && move(&event) ? .handles : .nowhere
    case .EV_REL: return isKnown(event) && event.value != 0 ? .handles : .nowhere
    case .EV_MSC: return isKnown(event) ? .everybody : .nowhere
    case .EV_LED: return isKnown(event) && Self.change(&lights, event) ? .everybody : .nowhere
    case .EV_SND:
      guard isKnown(event) else { return .nowhere }
      // A tone that sounds may change its pitch.
      _ = Self.change(&sounds, event)
      return .everybody
    case .EV_REP: return setRepetition(event) ? .everybody : .nowhere
    case .EV_PWR: return .everybody
    default: return .nowhere
    }
  }

  private func isKnown(_ event: InputEvent) -> Bool { capabilities.contains(event.type, event.code) }

  /// - Returns: whether `event` is news.
  private static func change(_ bits: inout InputBits, _ event: InputEvent) -> Bool {
    guard bits[event.code] != (event.value != 0) else { return false }
    bits[event.code] = event.value != 0
    return true
  }

  /// Moves an absolute axis. Those of fingers say something of each finger, so that the same value is news.
  private mutating func move(_ event: inout InputEvent) -> Bool {
    let index = Int(event.code)
    guard index < axes.count else { return false }
    if event.code >= EventCode.ABS_MT_SLOT && event.code <= EventCode.ABS_MT_TOOL_Y { return true }
    event.value = axes[index].withoutNoise(event.value)
    guard event.value != axes[index].value else { return false }
    axes[index].value = event.value
    return true
  }

  private mutating func setRepetition(_ event: InputEvent) -> Bool {
    guard event.value >= 0 else { return false }
    switch event.code {
    case EventCode.REP_DELAY where event.value != delay: delay = event.value
    case EventCode.REP_PERIOD where event.value != period: period = event.value
    default: return false
    }
    return true
  }

  /// Adds an event to the packet.
  ///
  /// - Returns: whether a packet was passed on.
  private mutating func collect(_ event: InputEvent, at time: InputTime) -> Bool {
    add(event)
    if event.isReport {
      defer { packet.removeAll() }
      // A SYN_REPORT alone says nothing.
      guard packet.count > 1 else { return false }
      pass(at: time)
      return true
    }
    guard packet.count >= packetLimit - 1 else { return false }
    add(InputEvent(.EV_SYN, EventCode.SYN_REPORT, 1))
    pass(at: time)
    packet.removeAll()
    return true
  }

  private mutating func add(_ event: InputEvent) {
    // There is room: it was reserved.
    do throws(Errno) { try packet.append(event) } catch {}
  }

  /// Passes the packet on, and has the last key that went down repeat.
  private mutating func pass(at time: InputTime) {
    if let grabber {
      Self.give(packet, to: grabber, at: time)
    } else {
      for index in 0..<handles.count { Self.give(packet, to: handles[index], at: time) }
    }
    guard repeater != nil else { return }
    for index in 0..<packet.count where packet[index].type == .EV_KEY && packet[index].value != 2 {
      if packet[index].value != 0 { startRepeating(packet[index].code) } else { repeater?.disarm() }
    }
  }

  private static func give(_ packet: borrowing GrowableArray<InputEvent>, to handle: InputHandle, at time: InputTime) {
    handle.take(packet.span, at: time)
  }

  // MARK: Repetition

  private mutating func startRepeating(_ key: UInt16) {
    guard delay > 0, period > 0 else { return }
    repeatedKey = key
    repeater?.arm(at: ClockTime.after(milliseconds: delay), by: .monotonic)
  }

  mutating func repeatKey(at time: InputTime) -> Outcome {
    guard keys[repeatedKey], capabilities.keys[repeatedKey] else { return Outcome() }
    let outcome = takePacket(InputEvent(.EV_KEY, repeatedKey, 2), at: time)
    if period > 0 { repeater?.arm(at: ClockTime.after(milliseconds: period), by: .monotonic) }
    return outcome
  }

  mutating func releaseAllKeys(at time: InputTime) -> Outcome {
    guard !keys.isEmpty else { return Outcome() }
    var hasPacket = false
    var next = keys.next(from: 0)
    while let key = next {
      if take(InputEvent(.EV_KEY, key, 0), at: time).hasPacket { hasPacket = true }
      next = keys.next(from: key + 1)
    }
    var outcome = take(InputEvent(.EV_SYN, EventCode.SYN_REPORT, 1), at: time)
    outcome.hasPacket = outcome.hasPacket || hasPacket
    return outcome
  }

  // MARK: Inhibiting

  /// Who is to turn which lights and sounds off, or on again.
  struct Inhibition {
    let driver: InputDriver?
    let lights: InputBits
    let sounds: InputBits
  }

  mutating func setInhibited(_ isInhibited: Bool) -> Inhibition {
    self.isInhibited = isInhibited
    // Half a packet is none.
    packet.removeAll()
    if isInhibited { repeater?.disarm() }
    return Inhibition(driver: driver, lights: lights, sounds: sounds)
  }

  // MARK: Handles

  /// - Returns: whether it was not registered before.
  mutating func begin(number: UInt32, below parent: InputParent?) -> Bool {
    guard self.number == nil else { return false }
    (self.number, self.parent, isRegistered) = (number, parent, true)
    return true
  }

  mutating func connect(_ handle: InputHandle) throws(Errno) {
    guard isRegistered else { throw .ENODEV }
    try handles.append(handle)
  }

  func handle(_ index: Int) -> InputHandle? { index < handles.count ? handles[index] : nil }

  mutating func takeHandle() -> InputHandle? { handles.popLast() }

  func mayInject(_ handle: InputHandle) -> Bool {
    guard isRegistered, let grabber else { return isRegistered }
    return grabber === handle
  }

  mutating func grab(_ handle: InputHandle) throws(Errno) {
    guard isRegistered else { throw .ENODEV }
    guard grabber == nil else { throw .EBUSY }
    grabber = handle
  }

  mutating func release(_ handle: InputHandle) { if grabber === handle { grabber = nil } }

  /// What a device had while it was registered.
  struct Belongings {
    let repeater: KeyRepeater?
    let driver: InputDriver?
    let grabber: InputHandle?
    let parent: InputParent?
  }

  /// Lets go of all but the handles.
  ///
  /// - Returns: what it was, to be dropped without the lock.
  mutating func end() -> Belongings {
    isRegistered = false
    return Belongings(repeater: repeater.take(), driver: driver.take(), grabber: grabber.take(), parent: parent.take())
  }
}
