import Foundations

/// How much a bridge with slots for hot-plug gets beyond what is behind it, so that what comes finds addresses.
///
/// The larger ones are for machines with few slots. A port leads to one slot, so nothing is kept for a second device.
enum PCIHotPlugReserve: Int, CaseIterable {
  /// For devices such as display adapters.
  case generous
  /// For nearly all others.
  case modest
  /// Without prefetchable memory, which can be among the other, and ports, which nobody needs.
  case memory
  case none

  /// The size of the window in a slot, a power of two; 0 for nothing.
  func size(of window: Int) -> UInt64 {
    switch PCIResourceSlot(rawValue: window) {
    case .portWindow:
      switch self {
      case .generous, .modest: PCIFunction.portWindowUnit
      case .memory, .none: 0
      }
    case .memoryWindow:
      switch self {
      case .generous: 16 << 20
      case .modest, .memory: 2 << 20
      case .none: 0
      }
    case .prefetchableWindow:
      switch self {
      case .generous: 64 << 20
      case .modest: 2 << 20
      case .memory, .none: 0
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
}
