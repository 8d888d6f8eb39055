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
    body(.removed(function))
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
  }

  /// Looks again for the functions of a bus: forgets those that are gone or are others now, finds new ones and what is behind
  /// them, and gives those addresses in the gaps. Functions that stay keep theirs.
  ///
  /// - Parameter delay: waits for so many milliseconds, while a function is not ready.
  /// - Parameter body: is told of every change, the removed first.
  /// - Context: one that may wait, as in `PCISystem.change`, where `delay` waits.
  /// - Throws: `EINVAL` for a bus that is not known; `ENOMEM`, then new functions may be known without addresses, and the next
  ///   call goes on.
  public mutating func rescan(
    bus: UInt8, segment: UInt16 = 0, delay: (Int) -> Void, _ body: (PCIChange) -> Void
  ) throws(Errno) {
    guard let limit = limit(ofBus: bus, segment) else { throw .EINVAL }
    removeMissing(bus, segment, body)
    var frame = Frame(bus: bus, limit: limit, highest: bus)
    for index in indices(onBus: bus, segment: segment) { frame.note(functions[index].address.place) }
    var patience = Self.patience
    try visit(frame, segment, keeping: true, .forHotPlug, &patience, delay)
    try assignResources(.inPlace)
    for index in indices(onBus: bus, segment: segment) where !frame.knows(functions[index].address.place) {
      let function = functions[index]
      body(.added(function))
      guard function.secondaryBus != 0 else { continue }
      for behind in indices(onBuses: function.secondaryBus...function.subordinateBus, segment: segment) {
        body(.added(functions[behind]))
      }
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
