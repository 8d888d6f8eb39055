public import Foundations
import Machine

/// Finding functions and numbering buses.
extension PCIHierarchy {
  /// The longest that a scan waits for functions that are not ready, in milliseconds, all of them together.
  ///
  /// A function may take a second after reset. Source: PCI Express Base Specification 4.0, section 6.6.1.
  static var patience: Int { 5_000 }

  /// How many bus numbers a bridge with a slot for hot-plug gets, its own and those for bridges that may come.
  static var hotPlugBuses: Int { 8 }

  /// Whether bridges get numbers for what may come.
  enum BusReserve {
    case forHotPlug
    case none
  }

  /// A bus that is being scanned.
  struct Frame {
    var bus: UInt8
    /// The highest number that a bus behind it may have.
    var limit: UInt8
    /// The highest number that one has.
    var highest: UInt8
    /// Where the next bridge to follow is searched.
    var place = 0
    /// Whether bridges without a number are followed now; those with one come first, so that theirs are not given away.
    var isNumbering = false
    /// The bridge that leads to it, if that got its number here.
    var numberedBridge: PCIAddress?
    /// How many numbers that bridge keeps at least, its own among them.
    var reserved = 1
    /// Places of functions that were known before, a bit each; they and what is behind them are left alone.
    var known = InlineArray<4, UInt64>(repeating: 0)

    init(bus: UInt8, limit: UInt8, highest: UInt8) {
      self.bus = bus
      self.limit = limit
      self.highest = highest
    }

    mutating func note(_ place: UInt8) { known[Int(place >> 6)] |= 1 << UInt64(place & 63) }
    func knows(_ place: UInt8) -> Bool { known[Int(place >> 6)] & 1 << UInt64(place & 63) != 0 }
  }

  /// Finds all functions of all roots; what was known before is forgotten.
  ///
  /// The firmware's bus numbers are kept where they make sense. Where they do not leave room for a bridge that has none, or for
  /// bridges that may be plugged in, all bridges of the root are numbered anew.
  ///
  /// - Parameter delay: waits for so many milliseconds, while a function is not ready.
  /// - Throws: `ENOMEM`; then nothing is known.
  /// - Context: no driver uses any function.
  public mutating func scan(delay: (Int) -> Void) throws(Errno) {
    functions.removeAll()
    problems = PCIProblems()
    var patience = Self.patience
    do throws(Errno) {
      for index in 0..<roots.count {
        let root = roots[index]
        let before = problems
        let bus = root.buses.lowerBound
        let frame = Frame(bus: bus, limit: root.buses.upperBound, highest: bus)
        try visit(frame, root.segment, keeping: true, .forHotPlug, &patience, delay)
        let kept = problems
        guard kept.closedBridges > before.closedBridges || lacksHotPlugBuses(root) else { continue }
        problems = before
        removeFunctions(onBuses: root.buses, segment: root.segment) { _ in }
        try visit(frame, root.segment, keeping: false, .forHotPlug, &patience, delay)
        if problems.closedBridges > before.closedBridges {
          problems = before
          removeFunctions(onBuses: root.buses, segment: root.segment) { _ in }
          try visit(frame, root.segment, keeping: false, .none, &patience, delay)
        }
        // That numbers are wanted for what may come is no fault of those that there were.
        if kept.closedBridges == before.closedBridges { problems.renumberedBridges = kept.renumberedBridges }
      }
    } catch {
      functions.removeAll()
      throw error
    }
  }

  /// Whether a bridge with a slot for hot-plug has no number but its own.
  private func lacksHotPlugBuses(_ root: PCIRoot) -> Bool {
    for index in indices(onBuses: root.buses, segment: root.segment) {
      let function = functions[index]
      if function.isForHotPlug, function.secondaryBus != 0, function.secondaryBus == function.subordinateBus {
        return true
      }
    }
    return false
  }

  /// Finds the functions on the bus of `first` that it does not know, and those behind their bridges.
  ///
  /// - Parameter keeping: whether bus numbers that make sense are kept.
  mutating func visit(
    _ first: Frame, _ segment: UInt16, keeping: Bool, _ reserve: BusReserve, _ patience: inout Int,
    _ delay: (Int) -> Void
  ) throws(Errno) {
    var frames = GrowableArray<Frame>()
    try probe(segment, first, keeping, &patience, delay)
    try frames.append(first)
    while frames.count > 0 {
      let top = frames.count - 1
      guard let bridge = nextBridge(&frames[top], segment) else {
        guard let done = frames.popLast() else { return }
        let highest = finish(done, segment)
        if frames.count > 0 { frames[frames.count - 1].highest = max(frames[frames.count - 1].highest, highest) }
        continue
      }
      let address = functions[bridge].address
      var child: Frame
      if functions[bridge].secondaryBus != 0 {
        let subordinate = functions[bridge].subordinateBus
        child = Frame(bus: functions[bridge].secondaryBus, limit: subordinate, highest: subordinate)
      } else {
        guard let free = freeBuses(frames[top], segment) else {
          problems.closedBridges += 1
          continue
        }
        problems.renumberedBridges += 1
        let share = free.count / max(unnumberedBridges(frames[top], segment), 1)
        setBuses(bridge, secondary: free.lowerBound, subordinate: free.upperBound)
        child = Frame(bus: free.lowerBound, limit: free.upperBound, highest: free.lowerBound)
        child.numberedBridge = address
        if reserve == .forHotPlug, functions[bridge].isForHotPlug {
          child.reserved = max(min(Self.hotPlugBuses, share), 1)
        }
      }
      try probe(segment, child, keeping, &patience, delay)
      try frames.append(child)
    }
  }

  /// The next bridge of the bus to follow; nil when there is none left.
  private func nextBridge(_ frame: inout Frame, _ segment: UInt16) -> Int? {
    while true {
      let indices = indices(onBus: frame.bus, segment: segment)
      for index in indices where functions[index].isBridge && Int(functions[index].address.place) >= frame.place {
        guard !frame.knows(functions[index].address.place) else { continue }
        let hasNumber = functions[index].secondaryBus != 0
        // In the second round those that have one were followed in the first, or have been numbered meanwhile.
        guard hasNumber != frame.isNumbering else { continue }
        frame.place = Int(functions[index].address.place) + 1
        return index
      }
      if frame.isNumbering { return nil }
      frame.isNumbering = true
      frame.place = 0
    }
  }

  /// How many bridges of the bus have no number yet.
  private func unnumberedBridges(_ frame: Frame, _ segment: UInt16) -> Int {
    var count = 0
    for index in indices(onBus: frame.bus, segment: segment) {
      let function = functions[index]
      if function.isBridge, function.secondaryBus == 0, !frame.knows(function.address.place) { count += 1 }
    }
    return count
  }

  /// The largest range of numbers on which no bridge of the bus has a claim; nil when there is none.
  private func freeBuses(_ frame: Frame, _ segment: UInt16) -> ClosedRange<UInt8>? {
    var best: ClosedRange<UInt8>?
    var next = Int(frame.bus) + 1
    func note(_ last: Int) {
      guard last >= next, last - next + 1 > best?.count ?? 0 else { return }
      best = UInt8(next)...UInt8(last)
    }
    // Bridges by their numbers, each the lowest that is left.
    while true {
      var lowest: Int?
      for index in indices(onBus: frame.bus, segment: segment) {
        let bus = Int(functions[index].secondaryBus)
        if bus >= next, bus < lowest.map({ Int(functions[$0].secondaryBus) }) ?? 256 { lowest = index }
      }
      guard let lowest else { break }
      note(Int(functions[lowest].secondaryBus) - 1)
      next = Int(functions[lowest].subordinateBus) + 1
    }
    note(Int(frame.limit))
    return best
  }

  /// Gives back the numbers that a bridge turned out not to need.
  ///
  /// - Returns: The highest number that it has.
  private mutating func finish(_ frame: Frame, _ segment: UInt16) -> UInt8 {
    guard let bridge = frame.numberedBridge.flatMap({ index(of: $0) }) else { return frame.highest }
    let reserved = min(Int(frame.bus) + frame.reserved - 1, Int(frame.limit))
    let highest = max(frame.highest, UInt8(truncatingIfNeeded: reserved))
    setBuses(bridge, secondary: frame.bus, subordinate: highest)
    return highest
  }

  mutating func setBuses(_ index: Int, secondary: UInt8, subordinate: UInt8) {
    functions[index].secondaryBus = secondary
    functions[index].subordinateBus = subordinate
    let registers = functions[index].registers
    registers.primaryBus = functions[index].address.bus
    registers.secondaryBus = secondary
    registers.subordinateBus = subordinate
  }

  /// Finds the functions on the frame's bus, and takes away the bus numbers of bridges where they make no sense.
  private mutating func probe(
    _ segment: UInt16, _ frame: Frame, _ keeping: Bool, _ patience: inout Int, _ delay: (Int) -> Void
  ) throws(Errno) {
    let last: UInt8 = isLink(bus: frame.bus, segment) ? 0 : 31
    for device in 0...last {
      try probe(segment, frame.bus, device, &patience, delay)
    }
    for index in indices(onBus: frame.bus, segment: segment) where functions[index].isBridge {
      guard !frame.knows(functions[index].address.place) else { continue }
      let registers = functions[index].registers
      let (secondary, subordinate) = (registers.secondaryBus, registers.subordinateBus)
      let isSensible =
        keeping && secondary > frame.bus && secondary <= subordinate && subordinate <= frame.limit
        && !isClaimed(secondary...max(secondary, subordinate), besides: index)
      if isSensible {
        functions[index].secondaryBus = secondary
        functions[index].subordinateBus = subordinate
        if registers.primaryBus != frame.bus { registers.primaryBus = frame.bus }
      } else {
        setBuses(index, secondary: 0, subordinate: 0)
      }
    }
  }

  /// Whether a bridge besides `index` on its bus, whose numbers have been looked at, claims some of `buses`.
  private func isClaimed(_ buses: ClosedRange<UInt8>, besides index: Int) -> Bool {
    let address = functions[index].address
    for other in indices(onBus: address.bus, segment: address.segment)
    where other != index && functions[other].secondaryBus != 0 {
      if (functions[other].secondaryBus...functions[other].subordinateBus).overlaps(buses) { return true }
    }
    return false
  }

  /// Whether the bus is a link of PCI Express, at whose end only device 0 can be.
  private func isLink(bus: UInt8, _ segment: UInt16) -> Bool {
    guard let bridge = bridge(toBus: bus, segment: segment) else { return false }
    return functions[bridge].isAboveLink
  }

  /// Finds the functions of one device that are not known yet.
  mutating func probe(
    _ segment: UInt16, _ bus: UInt8, _ device: UInt8, _ patience: inout Int, _ delay: (Int) -> Void
  ) throws(Errno) {
    for function in UInt8(0)..<8 {
      let address = PCIAddress(segment: segment, bus: bus, device: device, function: function)
      if let known = index(of: address) {
        if function == 0 && !functions[known].isMultiFunction { return }
        continue
      }
      var wait = 1
      while PCIFunction.isNotReady(access, address), patience >= wait {
        delay(wait)
        patience -= wait
        wait = min(wait * 2, 256)
      }
      if PCIFunction.isNotReady(access, address) {
        problems.lateFunctions += 1
        continue
      }
      guard var found = PCIFunction(access, address) else {
        // Without function 0 there is no device.
        if function == 0 { return }
        continue
      }
      // Room first: a function that cannot be kept is not touched.
      try functions.reserveCapacity(functions.count == functions.capacity ? max(16, functions.count * 2) : 0)
      found.readResources()
      let isMultiFunction = found.isMultiFunction
      try functions.insert(found, at: firstIndex(from: address))
      if function == 0 && !isMultiFunction { return }
    }
  }

  /// Forgets the functions on `buses`, the last first.
  mutating func removeFunctions(
    onBuses buses: ClosedRange<UInt8>, segment: UInt16, _ body: (PCIFunction) -> Void
  ) {
    for index in indices(onBuses: buses, segment: segment).reversed() {
      let function = functions.remove(at: index)
      body(function)
    }
  }
}
