import Foundations
import Machine
import PCI

/// Which functions a VT-d unit serves. Source: VT-d 4.1, sections 8.3 and 8.3.1.
struct VTDScope: ~Copyable {
  /// The segment group.
  let segment: UInt16
  /// It serves all that no other unit names.
  let servesOthers: Bool
  private var functions = GrowableArray<PCIAddress>()
  private var bridges = GrowableArray<PCIAddress>()

  /// A scope that names nobody.
  init(segment: UInt16, servesOthers: Bool) { (self.segment, self.servesOthers) = (segment, servesOthers) }

  /// Adds one function.
  mutating func add(function: PCIAddress) throws(Errno) { try functions.append(function) }

  /// Adds a bridge and all that is behind it.
  mutating func add(bridge: PCIAddress) throws(Errno) { try bridges.append(bridge) }

  /// Whether the unit serves the function at the end of `path`.
  func coverage(of path: DMAPath) -> RemappingUnit.Coverage {
    guard path.function.segment == segment else { return .none }
    for index in 0..<functions.count where functions[index] == path.function { return .named }
    for index in 0..<bridges.count {
      if bridges[index] == path.function { return .named }
      for step in 0..<path.bridgeCount where path.bridge(step) == bridges[index] { return .named }
    }
    return servesOthers ? .others : .none
  }
}
