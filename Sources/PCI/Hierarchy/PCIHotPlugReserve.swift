import Foundations
import Machine

/// How much a bridge with slots for hot-plug gets beyond what is behind it, so that what comes finds addresses.
///
/// The larger ones are for machines with few slots. A port leads to one slot, so nothing is kept for a second device.
enum PCIHotPlugReserve: Int {
  /// For devices such as display adapters.
  case generous
  /// For nearly all others.
  case modest
  /// Without prefetchable memory, which can be among the other, and ports, which nobody needs.
  case memory
  case nothing

  /// The next smaller one.
  var smaller: PCIHotPlugReserve { PCIHotPlugReserve(rawValue: rawValue + 1) ?? .nothing }

  /// The size of the window in a slot, a power of two; 0 for nothing.
  func size(of window: Int) -> UInt64 {
    switch PCIResourceSlot(rawValue: window) {
    case .portWindow:
      switch self {
      case .generous, .modest: PCIFunction.portWindowUnit
      case .memory, .nothing: 0
      }
    case .memoryWindow:
      switch self {
      case .generous: 16 << 20
      case .modest, .memory: 2 << 20
      case .nothing: 0
      }
    case .prefetchableWindow:
      switch self {
      case .generous: 64 << 20
      case .modest: 2 << 20
      case .memory, .nothing: 0
      }
    case .bar0, .bar1, .bar2, .bar3, .bar4, .bar5, .rom, nil: 0
    }
  }
}

/// Room for what may come.
extension PCIHierarchy {
  var hasHotPlugBridge: Bool {
    for index in 0..<functions.count where functions[index].isForHotPlug && functions[index].secondaryBus != 0 {
      return true
    }
    return false
  }

  /// Whether every bridge with slots has memory to forward; of the rest it gets what there is.
  var hasReserves: Bool {
    for index in 0..<functions.count where functions[index].isForHotPlug && functions[index].secondaryBus != 0 {
      if functions[index][.memoryWindow].range == nil { return false }
    }
    return true
  }

  /// Takes away windows that firmware has made smaller than the reserve, of bridges with nothing behind them.
  mutating func openSlots(_ reserve: PCIHotPlugReserve) {
    for index in 0..<functions.count where functions[index].isForHotPlug && functions[index].secondaryBus != 0 {
      let bridge = functions[index]
      let behind = indices(onBuses: bridge.secondaryBus...bridge.subordinateBus, segment: bridge.address.segment)
      guard behind.isEmpty else { continue }
      for slot in PCIResourceSlot.portWindow.rawValue..<PCIResourceSlot.count
      where bridge.resources[slot].size < reserve.size(of: slot) {
        functions[index].resources[slot].unassign()
      }
    }
  }

  /// Notes the windows of bridges that are new.
  mutating func keepFirstWindows() {
    for index in 0..<functions.count where functions[index].isNew && functions[index].isForHotPlug {
      for window in 0..<3 {
        let resource = functions[index].resources[PCIResourceSlot.portWindow.rawValue + window]
        functions[index].firstWindows[window] = resource
      }
    }
  }

  /// Gives the bridge at `address` the windows that it had first, when nothing is behind it: a large device that was plugged in
  /// may have moved them. Where something else is by now they stay as they are.
  mutating func restoreWindows(of address: PCIAddress) {
    guard let index = index(of: address), functions[index].isForHotPlug, functions[index].secondaryBus != 0 else {
      return
    }
    let bridge = functions[index]
    guard indices(onBuses: bridge.secondaryBus...bridge.subordinateBus, segment: address.segment).isEmpty else {
      return
    }
    var hasChanged = false
    for window in 0..<3 {
      let slot = PCIResourceSlot.portWindow.rawValue + window
      let (now, first) = (bridge.resources[slot], bridge.firstWindows[window])
      guard now.range != first.range else { continue }
      functions[index].resources[slot].unassign()
      if let range = first.range, !isFree(range, isPorts: first.kind == .ports, for: index) {
        functions[index].resources[slot] = now
      } else {
        functions[index].resources[slot] = first
        hasChanged = true
      }
    }
    if hasChanged, functions[index].isPresent { functions[index].program() }
  }

  /// Whether nothing on the bus of the function `index` has one of these addresses, and the bridge before it forwards them.
  private func isFree(_ range: Range<UInt64>, isPorts: Bool, for index: Int) -> Bool {
    let address = functions[index].address
    let bus = indices(onBus: address.bus, segment: address.segment)
    guard conflict(range, isPorts: isPorts, bus) == nil else { return false }
    return isForwarded(
      range, isPorts ? .ports : .memory, by: bridge(toBus: address.bus, segment: address.segment))
  }
}
