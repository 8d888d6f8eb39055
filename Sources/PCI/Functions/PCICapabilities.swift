import Foundations

/// Where a function has the capabilities that this module uses; 0 where it has not.
public struct PCICapabilityPlaces: Equatable, Sendable {
  /// Power management.
  public internal(set) var powerManagement: UInt16 = 0
  /// MSI.
  public internal(set) var messageInterrupts: UInt16 = 0
  /// MSI-X.
  public internal(set) var extendedMessageInterrupts: UInt16 = 0
  /// PCI Express.
  public internal(set) var express: UInt16 = 0
  /// Advanced error reporting.
  public internal(set) var errorReporting: UInt16 = 0
  /// The serial number.
  public internal(set) var serialNumber: UInt16 = 0

  /// None.
  init() {}

  /// Those of the function behind `space`, each the first of its kind.
  init(_ space: PCIConfigurationSpace) {
    func note(_ place: inout UInt16, _ found: Int) { if place == 0 { place = UInt16(truncatingIfNeeded: found) } }
    space.forEachCapability { kind, offset in
      switch kind {
      case .powerManagement: note(&powerManagement, offset)
      case .messageInterrupts: note(&messageInterrupts, offset)
      case .extendedMessageInterrupts: note(&extendedMessageInterrupts, offset)
      case .express: note(&express, offset)
      default: break
      }
    }
    guard express != 0 else { return }
    space.forEachExtendedCapability { kind, offset in
      switch kind {
      case .advancedErrorReporting: note(&errorReporting, offset)
      case .serialNumber: note(&serialNumber, offset)
      default: break
      }
    }
  }
}

extension PCIConfigurationSpace {
  /// Calls `body` with the kind and place of each capability, in the order of the list.
  ///
  /// A list that leads into the header, out of the space or in a circle ends there. Source: PCI Local Bus Specification 3.0,
  /// section 6.7.
  public func forEachCapability(_ body: (PCICapability.Identifier.Kind, Int) -> Void) {
    let registers = PCIConfigurationRegisters(self)
    // The header of a CardBus bridge has the list elsewhere; nobody makes them any more.
    guard registers.status.hasCapabilities, registers.headerType.layout != .cardBus else { return }
    walk(from: Int(registers.capabilities), lowest: PCIConfiguration.length, highest: 0x100) { place in
      let capability = PCICapabilityRegisters(from(place))
      let (kind, next) = (capability.identifier.kind, Int(capability.next))
      // All ones: the function has gone.
      guard kind.rawValue != .max else { return 0 }
      body(kind, place)
      return next
    }
  }

  /// Calls `body` with the kind and place of each extended capability, in the order of the list.
  ///
  /// Bounded as `forEachCapability`. Source: PCI Express Base Specification 4.0, section 7.6.
  public func forEachExtendedCapability(_ body: (PCIExtendedCapability.Header.Kind, Int) -> Void) {
    guard count > 0x100 else { return }
    walk(from: 0x100, lowest: 0x100, highest: count) { place in
      let header = PCIExtendedCapabilityRegisters(from(place)).header
      // Zero in the first place: there is no list. All ones: the function has gone.
      guard header.rawValue != 0, header.rawValue != .max else { return 0 }
      body(header.kind, place)
      return Int(header.next)
    }
  }

  /// The place of the first capability of `kind`, nil when there is none.
  public func find(_ kind: PCICapability.Identifier.Kind) -> Int? {
    var found: Int?
    forEachCapability { if $0 == kind, found == nil { found = $1 } }
    return found
  }

  /// The place of the first extended capability of `kind`, nil when there is none.
  public func find(_ kind: PCIExtendedCapability.Header.Kind) -> Int? {
    var found: Int?
    forEachExtendedCapability { if $0 == kind, found == nil { found = $1 } }
    return found
  }

  /// Follows a list of places, each a multiple of 4 in `lowest..<highest`, and each visited once.
  private func walk(from first: Int, lowest: Int, highest: Int, _ step: (Int) -> Int) {
    // A bit for each of the 1024 places: whether it was visited.
    var visited = InlineArray<16, UInt64>(repeating: 0)
    var place = first & ~3
    while place >= lowest, place <= min(highest, count) - 4 {
      let (word, bit) = (place >> 8, UInt64(place >> 2) & 63)
      guard word < 16, visited[word] & 1 << bit == 0 else { return }
      visited[word] |= 1 << bit
      place = step(place) & ~3
    }
  }
}
