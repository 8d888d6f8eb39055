import Foundations
import Machine

/// Finding places for ranges, and taking windows apart to make some.
extension PCIHierarchy {
  /// Places every range that waits, from the roots down.
  ///
  /// - Returns: The first window that was too small and may be taken apart; nil when there was none.
  mutating func placeAll(_ mode: PCIAssignment, _ torn: borrowing GrowableArray<Bool>) -> Item? {
    var failed: Item?
    var first = 0
    while first < functions.count {
      let address = functions[first].address
      let bus = indices(onBus: address.bus, segment: address.segment)
      let bridge = bridge(toBus: address.bus, segment: address.segment)
      if let item = place(bus, behind: bridge), failed == nil, canTearDown(item, mode, torn) { failed = item }
      first = bus.upperBound
    }
    return failed
  }

  /// Places the ranges of one bus, the largest alignment first.
  ///
  /// - Returns: A window of the bridge before it that is too small.
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
      guard let slot = window(for: resource, of: bridge) else { return nil }
      if let range = functions[bridge].resources[slot].range,
        let base = gap(for: resource, in: range, from: start, bus)
      {
        return base
      }
      // Prefetchable memory may be where other memory is, not the other way round.
      guard slot == PCIResourceSlot.prefetchableWindow.rawValue, let range = functions[bridge][.memoryWindow].range
      else { return nil }
      return gap(for: resource, in: range, from: 0, bus)
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

  func conflict(_ range: Range<UInt64>, isPorts: Bool, _ bus: Range<Int>) -> Range<UInt64>? {
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

  /// Whether a window may be taken apart: once, not with a display behind it, which the boot screen may be using, and in place
  /// only with nothing behind it that was there before.
  private func canTearDown(_ window: Item, _ mode: PCIAssignment, _ torn: borrowing GrowableArray<Bool>) -> Bool {
    guard !torn[window.index * PCIResourceSlot.count + window.slot] else { return false }
    let bridge = functions[window.index]
    for index in indices(onBuses: bridge.secondaryBus...bridge.subordinateBus, segment: bridge.address.segment) {
      if functions[index].baseClass == 3 || mode == .inPlace && !functions[index].isNew { return false }
    }
    return true
  }

  /// Takes a window apart with everything of its kind behind it, so that it is made anew.
  mutating func tearDown(_ window: Item, _ torn: inout GrowableArray<Bool>) {
    let bridge = functions[window.index]
    torn[window.index * PCIResourceSlot.count + window.slot] = true
    let range = bridge.resources[window.slot].range
    let isPorts = bridge.resources[window.slot].kind == .ports
    for index in indices(onBuses: bridge.secondaryBus...bridge.subordinateBus, segment: bridge.address.segment) {
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
  }
}
