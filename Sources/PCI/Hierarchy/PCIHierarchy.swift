public import Foundations
import Machine

/// All PCI functions that were found, bus by bus.
///
/// Functions are kept in the order of their addresses, so a bus, and what is behind a bridge, is a range of them. Invariants: the
/// buses behind a bridge are above its own and inside the range of the bridge before it; ranges of bridges on one bus are apart.
/// So nothing is visited twice, whatever the hardware answers.
///
/// It is not locked: whoever owns it puts a lock around it.
public struct PCIHierarchy: ~Copyable {
  let access: any PCIConfigurationAccess
  var functions = GrowableArray<PCIFunction>()
  var roots = GrowableArray<PCIRoot>()
  var apertures = GrowableArray<RootAperture>()
  var routes = PCIInterruptRoutes()
  /// What was not as it should be.
  public internal(set) var problems = PCIProblems()

  struct RootAperture {
    var segment: UInt16
    var bus: UInt8
    var aperture: PCIAperture
  }

  /// A hierarchy without functions, whose configuration space is reached by `access`.
  public init(_ access: any PCIConfigurationAccess) { self.access = access }

  /// Another one that knows the same.
  ///
  /// - Throws: `ENOMEM`.
  borrowing func copied() throws(Errno) -> PCIHierarchy {
    var copy = PCIHierarchy(access)
    try Self.append(functions, to: &copy.functions)
    try Self.append(roots, to: &copy.roots)
    try Self.append(apertures, to: &copy.apertures)
    copy.routes = try routes.copied()
    copy.problems = problems
    return copy
  }

  static func append<Element>(
    _ elements: borrowing GrowableArray<Element>, to target: inout GrowableArray<Element>
  ) throws(Errno) {
    try target.reserveCapacity(target.count + elements.count)
    for index in 0..<elements.count { try target.append(elements[index]) }
  }

  /// How many functions there are.
  public var count: Int { functions.count }

  /// Function number `index`, 0..<count, in the order of addresses.
  public subscript(index: Int) -> PCIFunction { functions[index] }

  /// How many root buses there are.
  public var rootCount: Int { roots.count }

  /// Root bus number `index`, 0..<rootCount.
  public func root(_ index: Int) -> PCIRoot { roots[index] }

  /// Adds a root bus, whose functions `scan` will find.
  ///
  /// - Throws: `EEXIST` when another root has some of its buses, `ENOMEM`.
  public mutating func add(_ root: PCIRoot) throws(Errno) {
    for index in 0..<roots.count where roots[index].segment == root.segment {
      guard !roots[index].buses.overlaps(root.buses) else { throw .EEXIST }
    }
    try roots.append(root)
  }

  /// Adds addresses that the host forwards to the root bus `bus`.
  ///
  /// Without any, whatever addresses functions have are taken for good, and none can be given.
  ///
  /// - Throws: `EINVAL` for addresses from 2^63 on, or ports from 2^16 on; `ENOMEM`.
  public mutating func add(_ aperture: PCIAperture, toRoot bus: UInt8, segment: UInt16 = 0) throws(Errno) {
    let limit: UInt64 = aperture.kind == .ports ? 1 << 16 : 1 << 63
    guard aperture.range.upperBound <= limit else { throw .EINVAL }
    try apertures.append(RootAperture(segment: segment, bus: bus, aperture: aperture))
  }

  /// How many ranges of addresses the host forwards.
  public var apertureCount: Int { apertures.count }

  /// The number of the function at `address`, nil when there is none.
  public func index(of address: PCIAddress) -> Int? {
    let index = firstIndex(from: address)
    return index < functions.count && functions[index].address == address ? index : nil
  }

  /// Notes which driver has the function at `address`: nil for none.
  ///
  /// - Throws: `ENODEV` when there is no such function.
  public mutating func setDriver(_ driver: StaticString?, of address: PCIAddress) throws(Errno) {
    guard let index = index(of: address) else { throw .ENODEV }
    functions[index].boundDriver = driver
  }

  /// The functions on bus `bus`.
  public func indices(onBus bus: UInt8, segment: UInt16 = 0) -> Range<Int> {
    indices(onBuses: bus...bus, segment: segment)
  }

  /// The functions on `buses`.
  func indices(onBuses buses: ClosedRange<UInt8>, segment: UInt16) -> Range<Int> {
    let first = firstIndex(from: PCIAddress(segment: segment, bus: buses.lowerBound, place: 0))
    let last = PCIAddress(segment: segment, bus: buses.upperBound, place: .max)
    var end = firstIndex(from: last)
    if end < functions.count, functions[end].address == last { end += 1 }
    return first..<end
  }

  /// The bridge to bus `bus`; nil for a root bus.
  public func bridge(toBus bus: UInt8, segment: UInt16 = 0) -> Int? {
    guard bus > 0 else { return nil }
    // A bridge is on a lower bus than the one behind it.
    for index in indices(onBuses: 0...(bus - 1), segment: segment) where functions[index].secondaryBus == bus {
      return index
    }
    return nil
  }

  /// The first function that is not before `address`.
  func firstIndex(from address: PCIAddress) -> Int {
    var lower = 0
    var upper = functions.count
    while lower < upper {
      let middle = lower + (upper - lower) / 2
      if functions[middle].address < address { lower = middle + 1 } else { upper = middle }
    }
    return lower
  }
}
