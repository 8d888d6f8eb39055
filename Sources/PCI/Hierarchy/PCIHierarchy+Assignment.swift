public import Foundations
import Machine

/// What assignment may change.
public enum PCIAssignment: Sendable {
  /// Ranges that have addresses may get others, to make room behind a bridge: while there are no drivers.
  case moving
  /// Ranges of functions that were there before keep theirs; those of new ones get others than they came with.
  case inPlace
}

/// Giving addresses to ranges that have none, and windows to the bridges before them.
///
/// Ranges go into the gaps of their bus, the largest first, so that none is lost to alignment. When they do not fit behind a
/// bridge, the bridge's window is taken apart with everything in it and made anew, with what the ranges behind it need, and
/// before a slot for hot-plug also with what may come.
extension PCIHierarchy {
  /// A range that has to be placed.
  struct Item {
    var index: Int
    var slot: Int
  }

  /// Checks the addresses that there are, gives addresses to ranges that have none, and writes them to the functions.
  ///
  /// ROMs get none: who wants to read one asks. Functions decode afterwards what they decoded before, if all those ranges have
  /// addresses; bridges forward. Room for what may come is kept as far as no range goes without addresses for it.
  ///
  /// - Throws: `ENOMEM`; functions may be left without addresses, but none with wrong ones.
  /// - Context: `.moving` while no driver uses any function.
  public mutating func assignResources(_ mode: PCIAssignment) throws(Errno) {
    problems.misplacedRanges = 0
    problems.unplacedRanges = 0
    if mode == .inPlace { forgetNewAddresses() }
    validateResources()
    var before = GrowableArray<PCIFunction>()
    try Self.append(functions, to: &before)
    var torn = GrowableArray<Bool>()
    try torn.resize(to: functions.count * PCIResourceSlot.count, filledWith: false)
    place(with: .nothing, mode, &torn)
    let unplaced = unplacedCount
    // The largest reserve for which nothing goes without addresses that could have some.
    var reserve = hasHotPlugBridge ? PCIHotPlugReserve.generous : PCIHotPlugReserve.nothing
    while reserve != .nothing {
      restore(before)
      place(with: reserve, mode, &torn)
      if unplacedCount <= unplaced, hasReserves { break }
      reserve = reserve.smaller
      guard reserve == .nothing else { continue }
      restore(before)
      place(with: .nothing, mode, &torn)
    }
    problems.unplacedRanges = unplacedCount
    keepFirstWindows()
    program()
  }

  /// Makes everything as in `before`, which has as many functions.
  private mutating func restore(_ before: borrowing GrowableArray<PCIFunction>) {
    for index in 0..<min(functions.count, before.count) { functions[index] = before[index] }
  }

  /// Takes away the addresses that new functions came with: those may be another's by now.
  private mutating func forgetNewAddresses() {
    for index in 0..<functions.count where functions[index].isNew {
      for slot in 0..<PCIResourceSlot.count {
        functions[index].resources[slot].unassign()
        if slot >= PCIResourceSlot.portWindow.rawValue { functions[index].resources[slot].size = 0 }
      }
    }
  }

  /// Gives addresses to what has none and can get some.
  private mutating func place(
    with reserve: PCIHotPlugReserve, _ mode: PCIAssignment, _ torn: inout GrowableArray<Bool>
  ) {
    for index in 0..<torn.count { torn[index] = false }
    if mode == .moving { openSlots(reserve) }
    // Each round takes at least one window apart, and none twice.
    while true {
      sizeWindows(reserve)
      guard let failed = placeAll(mode, torn) else { return }
      tearDown(failed, &torn)
    }
  }

  /// How many ranges have no addresses. Windows for nothing but what may come are no loss; what is behind the others counts
  /// itself.
  private var unplacedCount: Int {
    var count = 0
    for index in 0..<functions.count {
      for slot in 0..<PCIResourceSlot.portWindow.rawValue where isWaiting(index, slot) { count += 1 }
    }
    return count
  }

  // MARK: Windows

  /// The slot of the window of `bridge` that a range has to be in; nil when the bridge has none.
  func window(for resource: PCIResource, of bridge: Int) -> Int? {
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
  func isWaiting(_ index: Int, _ slot: Int) -> Bool {
    let resource = functions[index].resources[slot]
    return resource.kind != .none && resource.size > 0 && !resource.isAssigned && slot != PCIResourceSlot.rom.rawValue
  }

  /// Gives every window without an address the size that the ranges behind it need, the deepest first.
  private mutating func sizeWindows(_ reserve: PCIHotPlugReserve) {
    for index in (0..<functions.count).reversed() where functions[index].secondaryBus != 0 {
      for slot in PCIResourceSlot.portWindow.rawValue..<PCIResourceSlot.count {
        guard functions[index].resources[slot].kind != .none, !functions[index].resources[slot].isAssigned else {
          continue
        }
        sizeWindow(index, slot, reserve)
      }
    }
  }

  private mutating func sizeWindow(_ bridge: Int, _ slot: Int, _ reserve: PCIHotPlugReserve) {
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
    if functions[bridge].isForHotPlug {
      let size = reserve.size(of: slot)
      end = max(end, size)
      alignment = max(alignment, size)
    }
    functions[bridge].resources[slot].size = (end + unit - 1) & ~(unit - 1)
    functions[bridge].resources[slot].alignment = alignment
  }
}
