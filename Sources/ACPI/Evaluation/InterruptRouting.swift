import Foundations

/// Where an interrupt pin of a PCI device leads. Source: ACPI 6.5, section 6.2.13.
public struct PCIRoute: Equatable, Sendable {
  /// What the pin is wired to.
  public enum Source: Equatable, Sendable {
    /// This global system interrupt, always.
    case interrupt(UInt32)
    /// A device that chooses among interrupts, and which of its resources.
    case link(AMLNode, index: UInt32)
  }

  /// The device on the bus, 0...31.
  public var device: UInt8
  /// The pin: 0 for INTA, 3 for INTD.
  public var pin: UInt8
  /// What it is wired to.
  public var source: Source
}

/// Which model of interrupts the system uses. Source: ACPI 6.5, section 5.8.1.
public enum ACPIInterruptModel: UInt64, Sendable {
  case legacy = 0
  case apic = 1
}

/// How PCI interrupts are wired.
extension AMLInterpreter {
  /// Tells the firmware which model of interrupts is used, by `\_PIC`: `_PRT` depends on it.
  public func selectInterruptModel(_ model: ACPIInterruptModel) throws(AMLError) {
    guard let method = namespace.child(of: .root, named: "_PIC") else { return }
    var arguments = AMLArguments(self)
    try arguments.append(model.rawValue)
    _ = try evaluate(method, arguments)
  }

  /// Calls `body` for each route of the bus behind `bridge`, by its `_PRT`.
  ///
  /// Entries that make no sense are left out with a warning.
  ///
  /// - Returns: False when the bridge has no `_PRT`: then the pins of its bus are those of the bridge, rotated by the device.
  public func forEachRoute(
    ofBusBehind bridge: AMLNode, _ body: (PCIRoute) throws(AMLError) -> Void
  ) throws(AMLError) -> Bool {
    guard let table = try evaluate("_PRT", of: bridge) else { return false }
    guard table.isPackage else { throw .operandType }
    for index in 0..<table.count {
      let route: PCIRoute
      do throws(AMLError) {
        guard let found = try self.route(try table.element(index), of: bridge) else { throw .operandType }
        route = found
      } catch {
        if error == .outOfMemory || error == .heapLimit { throw error }
        host.warn("ACPI: route \(index) of a _PRT makes no sense: \(error.text)")
        continue
      }
      try body(route)
    }
    return true
  }

  private func route(_ entry: borrowing AMLObject, of bridge: AMLNode) throws(AMLError) -> PCIRoute? {
    guard entry.isPackage, entry.count >= 4 else { return nil }
    let address = try entry.element(0)
    let pin = try entry.element(1)
    let index = try entry.element(3)
    guard let address = address.exactInteger, let pin = pin.exactInteger, pin < 4, let index = index.exactInteger,
      index <= UInt64(UInt32.max), address >> 16 < 32
    else { return nil }
    let number = UInt32(truncatingIfNeeded: index)
    let source: PCIRoute.Source
    let name = try entry.element(2)
    if let node = name.node {
      source = .link(node, index: number)
    } else if case .string(let path) = name.value, let node = try find(nameIn: path, from: bridge) {
      // A path in a string is a slip of the firmware that other systems take.
      source = .link(node, index: number)
    } else {
      guard name.exactInteger == 0 else { return nil }
      source = .interrupt(number)
    }
    return PCIRoute(
      device: UInt8(truncatingIfNeeded: address >> 16), pin: UInt8(truncatingIfNeeded: pin), source: source)
  }

  /// The interrupts that a link device uses now; nil when it uses none.
  public func currentInterrupts(ofLink link: AMLNode) throws(AMLError) -> ACPIInterrupts? {
    var result: ACPIInterrupts?
    try forEachResource(of: link) { resource throws(AMLError) in
      if case .interrupts(let interrupts) = resource, result == nil { result = interrupts }
    }
    guard let found = result, found.count > 0, found[0] != 0 || found.isExtended else { return nil }
    return found
  }

  /// The interrupts that a link device could use.
  public func possibleInterrupts(ofLink link: AMLNode) throws(AMLError) -> ACPIInterrupts? {
    var result: ACPIInterrupts?
    try forEachPossibleResource(of: link) { resource throws(AMLError) in
      if case .interrupts(let interrupts) = resource, result == nil { result = interrupts }
    }
    return result
  }

  /// Makes a link device use `number`, by `_SRS`, with a template of the form that its `_PRS` has.
  ///
  /// - Throws: `.notFound` when it has no `_SRS`, `.operandValue` when `possible` does not list the number.
  public func setInterrupt(
    ofLink link: AMLNode, to number: UInt32, from possible: ACPIInterrupts
  ) throws(AMLError) {
    guard let method = namespace.child(of: link, named: "_SRS") else { throw .notFound }
    var isListed = false
    for index in 0..<possible.count where possible[index] == number { isListed = true }
    guard isListed, possible.isExtended || number < 16 else { throw .operandValue }
    var arguments = AMLArguments(self)
    if possible.isExtended {
      var flags: UInt8 = 1
      flags[bit: 1] = possible.isEdgeTriggered
      flags[bit: 2] = possible.isActiveLow
      flags[bit: 3] = possible.isShared
      flags[bit: 4] = possible.isWakeCapable
      let bytes: InlineArray<11, UInt8> = [
        0x89, 6, 0, flags, 1, UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8),
        UInt8(truncatingIfNeeded: number >> 16), UInt8(truncatingIfNeeded: number >> 24), 0x79, 0,
      ]
      try arguments.append(buffer: bytes.span)
    } else {
      var flags: UInt8 = 0
      flags[bit: 0] = possible.isEdgeTriggered
      flags[bit: 3] = possible.isActiveLow
      flags[bit: 4] = possible.isShared
      flags[bit: 5] = possible.isWakeCapable
      let mask: UInt16 = 1 << UInt16(number)
      let bytes: InlineArray<6, UInt8> = [
        0x23, UInt8(truncatingIfNeeded: mask), UInt8(truncatingIfNeeded: mask >> 8), flags, 0x79, 0,
      ]
      try arguments.append(buffer: bytes.span)
    }
    _ = try evaluate(method, arguments)
  }
}
