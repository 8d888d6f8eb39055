public import Foundations
import Machine
public import PCI

/// The way of a function's requests to the root complex, and the names that they may have there.
public final class DMAPath {
  /// The function.
  public let function: PCIAddress
  private let bridges: GrowableArray<PCIAddress>
  private let sources: GrowableArray<PCIAddress>

  /// Follows the bridges above the function at `address`.
  ///
  /// A bridge from PCI Express to conventional PCI puts its own name under the requests that come through: its secondary bus, with
  /// device and function 0. A conventional bridge may use its own address. Source: PCI Express to PCI/PCI-X Bridge Specification 1.0,
  /// section 2.3; VT-d 4.1, section 3.11.1.
  ///
  /// - Throws: `ENODEV` when there is no such function, `ENOMEM`.
  public init(to address: PCIAddress, in hierarchy: borrowing PCIHierarchy) throws(Errno) {
    guard hierarchy.index(of: address) != nil else { throw .ENODEV }
    var bridges = GrowableArray<PCIAddress>()
    var sources = GrowableArray<PCIAddress>()
    try sources.append(address)
    var bus = address.bus
    // A bridge is on a lower bus than the one behind it, so this ends.
    while let index = hierarchy.bridge(toBus: bus, segment: address.segment) {
      let bridge = hierarchy[index]
      guard bridge.address.bus < bus else { break }
      try bridges.append(bridge.address)
      if let alias = Self.alias(of: bridge) { try sources.append(alias) }
      bus = bridge.address.bus
    }
    function = address
    self.bridges = bridges
    self.sources = sources
  }

  /// What `bridge` puts in place of the names of requests that come through; nil when it leaves them.
  private static func alias(of bridge: PCIFunction) -> PCIAddress? {
    guard bridge.isExpress else { return bridge.address }
    let express = bridge.express
    switch express.capabilities.portType {
    case .bridgeToPCI: return PCIAddress(segment: bridge.address.segment, bus: bridge.secondaryBus, place: 0)
    case .bridgeFromPCI: return bridge.address
    default: return nil
    }
  }

  /// How many bridges there are above the function.
  public var bridgeCount: Int { bridges.count }

  /// Bridge number `index`, 0..<bridgeCount, the one next to the function first.
  public func bridge(_ index: Int) -> PCIAddress { bridges[index] }

  /// How many source identifiers its requests may have; at least 1.
  public var sourceCount: Int { sources.count }

  /// Source identifier number `index`, 0..<sourceCount, the function's own first.
  public func source(_ index: Int) -> PCIAddress { sources[index] }
}
