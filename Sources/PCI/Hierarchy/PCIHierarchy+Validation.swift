import Foundations
import Machine

/// Which of the firmware's addresses can stay.
extension PCIHierarchy {
  /// Takes away the addresses of ranges that overlap others of their bus, or lie where the bridge before them does not forward.
  ///
  /// From the roots down: what was in a window that was taken away goes with it.
  mutating func validateResources() {
    var first = 0
    while first < functions.count {
      let address = functions[first].address
      let bus = indices(onBus: address.bus, segment: address.segment)
      let bridge = bridge(toBus: address.bus, segment: address.segment)
      for index in bus { validate(index, behind: bridge, first: bus.lowerBound) }
      first = bus.upperBound
    }
  }

  private mutating func validate(_ index: Int, behind bridge: Int?, first: Int) {
    for slot in 0..<PCIResourceSlot.count {
      guard let range = functions[index].resources[slot].range else { continue }
      let kind = functions[index].resources[slot].kind
      if isForwarded(range, kind, by: bridge), !isTaken(range, kind, before: index, slot, first: first) { continue }
      functions[index].resources[slot].unassign()
      if slot >= PCIResourceSlot.portWindow.rawValue { functions[index].resources[slot].size = 0 }
      problems.misplacedRanges += 1
    }
  }

  /// Whether one of the windows of `bridge` for this kind has `range`; everything reaches a root bus.
  func isForwarded(_ range: Range<UInt64>, _ kind: PCIResource.Kind, by bridge: Int?) -> Bool {
    guard let bridge else { return true }
    func has(_ slot: PCIResourceSlot) -> Bool {
      guard let window = functions[bridge][slot].range else { return false }
      return window.lowerBound <= range.lowerBound && range.upperBound <= window.upperBound
    }
    return kind == .ports ? has(.portWindow) : has(.memoryWindow) || has(.prefetchableWindow)
  }

  /// Whether a range of the same bus that comes before has some of these addresses.
  private func isTaken(
    _ range: Range<UInt64>, _ kind: PCIResource.Kind, before index: Int, _ slot: Int, first: Int
  ) -> Bool {
    for other in first...index {
      for otherSlot in 0..<(other == index ? slot : PCIResourceSlot.count) {
        let resource = functions[other].resources[otherSlot]
        guard (resource.kind == .ports) == (kind == .ports), let taken = resource.range else { continue }
        if taken.overlaps(range) { return true }
      }
    }
    return false
  }
}
