public import Foundations
import Machine

/// An input of the machine's interrupt controllers that a pin leads to.
public struct PCIInterruptLine: Equatable, Sendable {
  /// The input's global number.
  public var global: UInt32
  /// Whether the interrupt lasts until the device is served; PCI's own do.
  public var isLevelTriggered: Bool
  /// Whether the line is low while it lasts; PCI's own are.
  public var isActiveLow: Bool

  /// A line, by default with PCI's own signal.
  public init(global: UInt32, isLevelTriggered: Bool = true, isActiveLow: Bool = true) {
    self.global = global
    self.isLevelTriggered = isLevelTriggered
    self.isActiveLow = isActiveLow
  }
}

/// Where the machine's wiring takes pins: what the firmware's `_PRT`s say.
struct PCIInterruptRoutes: ~Copyable {
  private struct Route: Sendable {
    var source: PCIInterruptSource
    var line: PCIInterruptLine
  }

  private var routes = GrowableArray<Route>()
  /// Segment and bus of those whose wiring is known: a pin that is not in the table is connected to nothing.
  private var buses = GrowableArray<UInt32>()

  borrowing func copied() throws(Errno) -> PCIInterruptRoutes {
    var copy = PCIInterruptRoutes()
    try PCIHierarchy.append(routes, to: &copy.routes)
    try PCIHierarchy.append(buses, to: &copy.buses)
    return copy
  }

  private static func key(_ segment: UInt16, _ bus: UInt8) -> UInt32 { UInt32(segment) << 8 | UInt32(bus) }

  func isKnown(bus: UInt8, segment: UInt16) -> Bool {
    for index in 0..<buses.count where buses[index] == Self.key(segment, bus) { return true }
    return false
  }

  mutating func addBus(_ bus: UInt8, segment: UInt16) throws(Errno) {
    guard !isKnown(bus: bus, segment: segment) else { throw .EEXIST }
    try buses.append(Self.key(segment, bus))
  }

  mutating func add(_ line: PCIInterruptLine, for source: PCIInterruptSource) throws(Errno) {
    guard source.device < 32, source.pin < 4 else { throw .EINVAL }
    guard self[source] == nil else { throw .EEXIST }
    try routes.append(Route(source: source, line: line))
  }

  subscript(source: PCIInterruptSource) -> PCIInterruptLine? {
    for index in 0..<routes.count where routes[index].source == source { return routes[index].line }
    return nil
  }
}

/// Where interrupt pins lead. Source: ACPI 6.5, section 6.2.13; PCI-to-PCI Bridge Architecture Specification 1.2, section 9.1.
extension PCIHierarchy {
  /// Notes that the wiring of a bus is known: of its pins only those that `addRoute` names lead anywhere.
  ///
  /// - Throws: `EEXIST` when it was known before, `ENOMEM`.
  public mutating func addRoutedBus(_ bus: UInt8, segment: UInt16) throws(Errno) {
    try routes.addBus(bus, segment: segment)
  }

  /// Notes where a pin at a slot of a bus leads.
  ///
  /// - Throws: `EEXIST` when the pin leads somewhere already, `EINVAL` for what is no slot or pin, `ENOMEM`.
  public mutating func addRoute(from source: PCIInterruptSource, to line: PCIInterruptLine) throws(Errno) {
    try routes.add(line, for: source)
  }

  /// The line that a function's pin leads to, through the bridges before it where the wiring of its own bus is not known.
  ///
  /// - Returns: nil when the function has no pin, or nobody knows where it leads: then there is no interrupt but by messages.
  public func interruptLine(of function: PCIFunction) -> PCIInterruptLine? {
    var source = interruptSource(of: function)
    while let here = source {
      if routes.isKnown(bus: here.bus, segment: here.segment) { return routes[here] }
      // A bridge is on a lower bus than what is behind it, so this ends.
      source = upstream(of: here)
    }
    return nil
  }
}
