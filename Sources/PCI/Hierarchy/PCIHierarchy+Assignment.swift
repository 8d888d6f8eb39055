public import Foundations
import Machine

/// What assignment may change.
public enum PCIAssignment: Sendable {
  /// Ranges that have addresses may get others, to make room behind a bridge: while there are no drivers.
  case moving
  /// Ranges that have addresses keep them.
  case inPlace
}

/// Giving addresses to ranges that have none, and windows to the bridges before them.
///
/// Ranges go into the gaps of their bus, the largest first, so that none is lost to alignment. When they do not fit behind a
/// bridge, the bridge's window is taken apart with everything in it and made anew, with what the ranges behind it need.
extension PCIHierarchy {
  /// What a port for hot-plug gets for what may come, beside the ports that nobody needs.
  static var hotPlugMemory: UInt64 { 2 << 20 }

  /// A range that has to be placed.
  private struct Item {
    var index: Int
    var slot: Int
  }

  /// Checks the addresses that there are, gives addresses to ranges that have none, and writes them to the functions.
  ///
  /// ROMs get none: who wants to read one asks. Functions decode afterwards what they decoded before, if all those ranges have
  /// addresses; bridges forward.
  ///
  /// - Throws: `ENOMEM`; functions may be left without addresses, but none with wrong ones.
  /// - Context: `.moving` while no driver uses any function.
  public mutating func assignResources(_ mode: PCIAssignment) throws(Errno) {
    problems.misplacedRanges = 0
    problems.unplacedRanges = 0
    validateResources()
    // Each round takes at least one window apart, and none twice.
    var torn = GrowableArray<Bool>()
    try torn.resize(to: functions.count * PCIResourceSlot.count, filledWith: false)
    while true {
      sizeWindows()
      guard let failed = placeAll(), mode == .moving, tearDown(failed, &torn) else { break }
    }
    countUnplaced()
    program()
  }

  // MARK: Windows

  /// The slot of the window of `bridge` that a range has to be in; nil when the bridge has none.
  private func window(for resource: PCIResource, of bridge: Int) -> Int? {
    let slot: PCIResourceSlot
    switch resource.kind {
    case .none: return nil
    case .ports: slot = .portWindow
    case .memory: slot = .memoryWindow
    case .prefetchable:
      let has = functions[bridge][.prefetchableWindow].kind != .none
      slot = resource.is64Bit && has ? .prefetchableWindow : .memoryWindow
    }
    return functions[bridge][slot].kind == .none ? nil : slot.rawValue
  }

  /// Whether the range in `slot` is to get an address and has none.
  private func isWaiting(_ index: Int, _ slot: Int) -> Bool {
    let resource = functions[index].resources[slot]
    return resource.kind != .none && resource.size > 0 && !resource.isAssigned && slot != PCIResourceSlot.rom.rawValue
  }

  /// Gives every window without an address the size that the ranges behind it need, the deepest first.
  private mutating func sizeWindows() {
    for index in (0..<functions.count).reversed() where functions[index].secondaryBus != 0 {
      for slot in PCIResourceSlot.portWindow.rawValue..<PCIResourceSlot.count {
        guard functions[index].resources[slot].kind != .none, !functions[index].resources[slot].isAssigned else {
          continue
        }
        sizeWindow(index, slot)
      }
    }
  }

  private mutating func sizeWindow(_ bridge: Int, _ slot: Int) {
    let isPorts = slot == PCIResourceSlot.portWindow.rawValue
    let unit = isPorts ? PCIFunction.portWindowUnit : PCIFunction.memoryWindowUnit
    let behind = indices(onBus: functions[bridge].secondaryBus, segment: functions[bridge].address.segment)
    var end: UInt64 = 0
    var alignment = unit
    for exponent in (0..<UInt64(48)).reversed() {
      for index in behind {
        for other in 0..<PCIResourceSlot.count where isWaiting(index, other) {
          let resource = functions[index].resources[other]
          guard resource.alignment == 1 << exponent, window(for: resource, of: bridge) == slot else { continue }
          alignment = max(alignment, resource.alignment)
          end = (end + resource.alignment - 1) & ~(resource.alignment - 1)
          // Sizes are below 2^48 and there are less than 2^12 of them.
          end += min(resource.size, 1 << 48)
        }
      }
    }
    if end == 0, slot == PCIResourceSlot.memoryWindow.rawValue, functions[bridge].isHotPlugPort {
      end = Self.hotPlugMemory
    }
    functions[bridge].resources[slot].size = (end + unit - 1) & ~(unit - 1)
    functions[bridge].resources[slot].alignment = alignment
  }

  // MARK: Places

  /// Places every range that waits, from the roots down.
  ///
  /// - Returns: The first window that was too small; nil when there was none.
  private mutating func placeAll() -> Item? {
    var first = 0
    while first < functions.count {
      let address = functions[first].address
      let bus = indices(onBus: address.bus, segment: address.segment)
      let bridge = bridge(toBus: address.bus, segment: address.segment)
      if let failed = place(bus, behind: bridge) { return failed }
      first = bus.upperBound
    }
    return nil
  }

  /// Places the ranges of one bus, the largest alignment first.
  private mutating func place(_ bus: Range<Int>, behind bridge: Int?) -> Item? {
    var failed: Item?
    for exponent in (0..<UInt64(48)).reversed() {
      // Those that go to one place follow each other, so the search goes on where the last one ended.
      var next = InlineArray<8, UInt64>(repeating: 0)
      for index in bus {
        for slot in 0..<PCIResourceSlot.count where isWaiting(index, slot) {
          let resource = functions[index].resources[slot]
          guard resource.alignment == 1 << exponent else { continue }
          let kind = Int(resource.kind.rawValue) * 2 + (resource.is64Bit ? 1 : 0)
          if let base = gap(for: resource, from: next[kind], bus, behind: bridge),
            functions[index].resources[slot].assign(base)
          {
            next[kind] = base + resource.size
          } else if let bridge, failed == nil, let window = window(for: resource, of: bridge),
            functions[bridge].resources[window].isAssigned
          {
            failed = Item(index: bridge, slot: window)
          }
        }
      }
    }
    return failed
  }

  /// The lowest address from `start` on that the range can have on its bus.
  private func gap(for resource: PCIResource, from start: UInt64, _ bus: Range<Int>, behind bridge: Int?) -> UInt64? {
    if let bridge {
      guard let slot = window(for: resource, of: bridge), let range = functions[bridge].resources[slot].range else {
        return nil
      }
      return gap(for: resource, in: range, from: start, bus)
    }
    // Above 4 GiB first for those that can be there: below is little room.
    guard resource.kind == .prefetchable && resource.is64Bit else {
      return gap(for: resource, isHigh: false, from: start, bus)
    }
    return gap(for: resource, isHigh: true, from: start, bus) ?? gap(for: resource, isHigh: false, from: 0, bus)
  }

  /// The lowest address from `start` on in the apertures above 4 GiB, or in those below.
  private func gap(for resource: PCIResource, isHigh: Bool, from start: UInt64, _ bus: Range<Int>) -> UInt64? {
    let address = functions[bus.lowerBound].address
    for index in 0..<apertures.count {
      let entry = apertures[index]
      guard entry.bus == address.bus, entry.segment == address.segment,
        (entry.aperture.kind == .ports) == (resource.kind == .ports),
        isHigh == (entry.aperture.range.lowerBound > UInt64(UInt32.max))
      else { continue }
      if let base = gap(for: resource, in: entry.aperture.range, from: start, bus) { return base }
    }
    return nil
  }

  private func gap(
    for resource: PCIResource, in range: Range<UInt64>, from start: UInt64, _ bus: Range<Int>
  ) -> UInt64? {
    let mask = resource.alignment - 1
    let last = min(range.upperBound - 1, resource.limit)
    var base = (max(range.lowerBound, start) + mask) & ~mask
    while base <= last, resource.size - 1 <= last - base {
      guard let taken = conflict(base..<(base + resource.size), isPorts: resource.kind == .ports, bus) else {
        return base
      }
      base = (taken.upperBound + mask) & ~mask
    }
    return nil
  }

  private func conflict(_ range: Range<UInt64>, isPorts: Bool, _ bus: Range<Int>) -> Range<UInt64>? {
    for index in bus {
      for slot in 0..<PCIResourceSlot.count {
        let resource = functions[index].resources[slot]
        guard (resource.kind == .ports) == isPorts, let taken = resource.range, taken.overlaps(range) else { continue }
        return taken
      }
    }
    return nil
  }

  // MARK: Making room

  /// Takes a window apart with everything of its kind behind it, so that it is made anew.
  ///
  /// - Returns: false when that was done before, or when a display is behind it, which the boot screen may be using.
  private mutating func tearDown(_ window: Item, _ torn: inout GrowableArray<Bool>) -> Bool {
    let mark = window.index * PCIResourceSlot.count + window.slot
    let bridge = functions[window.index]
    let behind = indices(
      onBuses: bridge.secondaryBus...bridge.subordinateBus, segment: bridge.address.segment)
    guard !torn[mark] else { return false }
    for index in behind where functions[index].baseClass == 3 { return false }
    torn[mark] = true
    let range = bridge.resources[window.slot].range
    let isPorts = bridge.resources[window.slot].kind == .ports
    for index in behind {
      for slot in 0..<PCIResourceSlot.count {
        let resource = functions[index].resources[slot]
        guard (resource.kind == .ports) == isPorts, let own = resource.range, range?.overlaps(own) ?? true else {
          continue
        }
        functions[index].resources[slot].unassign()
        if slot >= PCIResourceSlot.portWindow.rawValue {
          functions[index].resources[slot].size = 0
          torn[index * PCIResourceSlot.count + slot] = true
        }
      }
    }
    functions[window.index].resources[window.slot].unassign()
    return true
  }

  private mutating func countUnplaced() {
    for index in 0..<functions.count {
      for slot in 0..<PCIResourceSlot.count where isWaiting(index, slot) {
        // Windows for nothing but what may come are no loss; what is behind the others counts itself.
        if slot < PCIResourceSlot.portWindow.rawValue { problems.unplacedRanges += 1 }
      }
    }
  }
}
