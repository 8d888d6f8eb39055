public import Foundations
import Machine

/// What has become of a function.
public enum PCIChange {
  /// It came, and has addresses if there were some.
  case added(PCIFunction)
  /// It is gone, or has been taken out.
  case removed(PCIFunction)
}

/// Functions that come and go.
extension PCIHierarchy {
  /// Forgets the function at `address`, and all behind it when it is a bridge; those behind first.
  public mutating func remove(_ address: PCIAddress, _ body: (PCIChange) -> Void) {
    guard let index = index(of: address) else { return }
    let function = functions[index]
    if function.secondaryBus != 0 {
      removeFunctions(
        onBuses: function.secondaryBus...function.subordinateBus, segment: address.segment
      ) { body(.removed($0)) }
    }
    _ = functions.remove(at: index)
    if let bridge = bridge(toBus: address.bus, segment: address.segment) {
      restoreWindows(of: functions[bridge].address)
    }
    body(.removed(function))
  }

  /// Forgets all functions of the device that the function at `address` belongs to, and all behind them, as when its slot has
  /// been emptied.
  public mutating func removeDevice(_ address: PCIAddress, _ body: (PCIChange) -> Void) {
    var function = UInt8(8)
    while function > 0 {
      function -= 1
      remove(
        PCIAddress(segment: address.segment, bus: address.bus, device: address.device, function: function), body)
    }
  }

  /// Forgets all functions behind the bridge at `address`, as when what was in its slot has been pulled out; the last first.
  /// The bridge keeps its bus numbers and windows for what comes next.
  public mutating func removeAll(behind address: PCIAddress, _ body: (PCIChange) -> Void) {
    guard let index = index(of: address) else { return }
    let bridge = functions[index]
    guard bridge.secondaryBus != 0 else { return }
    removeFunctions(onBuses: bridge.secondaryBus...bridge.subordinateBus, segment: address.segment) {
      body(.removed($0))
    }
    restoreWindows(of: address)
  }

  /// Looks again for the functions of a bus: forgets those that are gone or are others now, finds new ones and what is behind
  /// them, and gives those addresses in the gaps. Functions that stay keep theirs.
  ///
  /// - Parameter delay: waits for so many milliseconds, while a function is not ready.
  /// - Parameter body: is told of every change, the removed first.
  /// - Context: one that may wait, as in `PCISystem.change`, where `delay` waits.
  /// - Throws: `EINVAL` for a bus that is not known; `ENOMEM`, then none of the new functions are known, and the next call finds
  ///   them.
  public mutating func rescan(
    bus: UInt8, segment: UInt16 = 0, delay: (Int) -> Void, _ body: (PCIChange) -> Void
  ) throws(Errno) {
    guard let limit = limit(ofBus: bus, segment) else { throw .EINVAL }
    removeMissing(bus, segment, body)
    var frame = Frame(bus: bus, limit: limit, highest: bus)
    for index in indices(onBus: bus, segment: segment) { frame.note(functions[index].address.place) }
    var patience = Self.patience
    do throws(Errno) {
      try visit(frame, segment, keeping: true, .forHotPlug, &patience, delay)
      try assignResources(.inPlace)
    } catch {
      forgetNew(onBuses: bus...max(bus, limit), segment)
      throw error
    }
    for index in indices(onBus: bus, segment: segment) where !frame.knows(functions[index].address.place) {
      let function = functions[index]
      body(.added(function))
      guard function.secondaryBus != 0 else { continue }
      for behind in indices(onBuses: function.secondaryBus...function.subordinateBus, segment: segment) {
        body(.added(functions[behind]))
      }
    }
  }

  /// Forgets functions that have just been found, and takes the numbers of the buses behind them away.
  private mutating func forgetNew(onBuses buses: ClosedRange<UInt8>, _ segment: UInt16) {
    for index in indices(onBuses: buses, segment: segment).reversed() where functions[index].isNew {
      if functions[index].isBridge { setBuses(index, secondary: 0, subordinate: 0) }
      _ = functions.remove(at: index)
    }
  }

  /// The highest bus number that may be behind `bus`; nil when it is neither a root nor behind a known bridge.
  private func limit(ofBus bus: UInt8, _ segment: UInt16) -> UInt8? {
    for index in 0..<roots.count where roots[index].segment == segment && roots[index].buses.lowerBound == bus {
      return roots[index].buses.upperBound
    }
    return bridge(toBus: bus, segment: segment).map { functions[$0].subordinateBus }
  }

  private mutating func removeMissing(_ bus: UInt8, _ segment: UInt16, _ body: (PCIChange) -> Void) {
    var place = 255
    while place >= 0 {
      let address = PCIAddress(segment: segment, bus: bus, place: UInt8(truncatingIfNeeded: place))
      if let index = index(of: address), !functions[index].isPresent { remove(address, body) }
      place -= 1
    }
  }
}
