/// A bus that hangs on no bridge, with the buses that may be reached through it.
public struct PCIRoot: Equatable, Sendable {
  /// The segment group.
  public var segment: UInt16
  /// Its own number, and the highest that a bus behind it may have.
  public var buses: ClosedRange<UInt8>

  /// A root bus.
  public init(segment: UInt16 = 0, buses: ClosedRange<UInt8> = 0...255) {
    self.segment = segment
    self.buses = buses
  }
}

/// Addresses that the host forwards to a root bus.
public struct PCIAperture: Equatable, Sendable {
  /// What the addresses are.
  public enum Kind: UInt8, Sendable {
    case ports
    case memory
  }

  /// What the addresses are.
  public var kind: Kind
  /// The addresses; below 2^63.
  public var range: Range<UInt64>

  /// The addresses `range`.
  public init(_ kind: Kind, _ range: Range<UInt64>) {
    self.kind = kind
    self.range = range
  }
}

/// What was not as it should be with the functions of a hierarchy.
public struct PCIProblems: Equatable, Sendable {
  /// Bridges whose bus numbers made no sense or were missing, and which got others.
  public internal(set) var renumberedBridges = 0
  /// Bridges for which no bus number was left.
  public internal(set) var closedBridges = 0
  /// Functions that were not ready in time.
  public internal(set) var lateFunctions = 0
  /// Ranges whose addresses overlapped others or lay where the bridge before them does not forward.
  public internal(set) var misplacedRanges = 0
  /// Ranges for which no addresses were left.
  public internal(set) var unplacedRanges = 0

  /// None.
  public init() {}
}
