import Foundations

/// What to write into the sleep type fields of the PM1 control registers. Source: ACPI 6.5, section 7.4.2.
public struct ACPISleepType: Equatable, Sendable {
  /// For PM1a, three bits.
  public var a: UInt8
  /// For PM1b, three bits.
  public var b: UInt8
}

/// The machine as a whole: starting, sleeping, events.
extension AMLInterpreter {
  // MARK: Start

  /// Runs the firmware's own initialization, after all tables are loaded: `\_INI`, `\_SB._INI`, `_REG` for configuration space,
  /// then `_INI` of every device that is there, parents first.
  ///
  /// A method that fails is reported to the host and does not stop the others. `selectInterruptModel` comes after it.
  /// Source: ACPI 6.5, sections 6.5.1 and 6.5.4.
  ///
  /// - Throws: `.timeLimit` when it takes longer than `AMLLimits` allow: the rest is left out. `.outOfMemory`.
  public func initialize() throws(AMLError) {
    let begin = host.timer()
    try runIfThere("_INI", of: .root)
    let bus = namespace.child(of: .root, named: "_SB_")
    if let bus, (try? status(of: bus))?.isPresent ?? false { try runIfThere("_INI", of: bus) }
    try connectRegions(.pciConfiguration)
    try forEachDevice { device throws(AMLError) in
      // No method takes too long, but a table may have thousands of them.
      let ticks = self.host.timer() &- begin
      guard ticks <= self.limits.initializationMilliseconds * 10_000 else { throw .timeLimit }
      if device != bus { try self.runIfThere("_INI", of: device) }
      return true
    }
  }

  /// Evaluates a method that should not give anything; what goes wrong is reported.
  private func runIfThere(_ name: AMLNameSegment, of node: AMLNode) throws(AMLError) {
    do throws(AMLError) { _ = try evaluate(name, of: node) } catch {
      if error == .outOfMemory { throw error }
      host.warn("ACPI: \(self.message(name)) of \(self.message(path: node)) failed: \(error.text)")
    }
  }

  private func message(_ name: AMLNameSegment) -> Message {
    var text = Message()
    for index in 0..<4 { text.write(byte: name.character(index)) }
    return text
  }

  private func message(path node: AMLNode) -> Message {
    var text = Message()
    writePath(of: node, to: &text)
    return text
  }

  /// Tells the firmware that the regions of an address space can be used from now on, by the `_REG` beside each.
  ///
  /// For configuration space `initialize` does it; a driver of the embedded controller does it for its own. Memory and ports
  /// can always be used. Source: ACPI 6.5, section 6.5.4.
  public func connectRegions(_ space: AMLAddressSpace) throws(AMLError) {
    for place in 0..<regions.placeCount {
      guard let region = regions[UInt32(place)], region.space == space, !region.isConnected,
        let scope = namespace.parent(of: region.node), let method = namespace.child(of: scope, named: "_REG")
      else { continue }
      // One call for all regions of a device.
      for other in 0..<regions.placeCount {
        guard let sibling = regions[UInt32(other)], sibling.space == space, namespace.parent(of: sibling.node) == scope
        else { continue }
        regions[UInt32(other)]?.isConnected = true
      }
      var arguments = AMLArguments(self)
      try arguments.append(UInt64(space.rawValue))
      try arguments.append(1)
      do throws(AMLError) { _ = try evaluate(method, arguments) } catch {
        if error == .outOfMemory { throw error }
        host.warn("ACPI: _REG of \(self.message(path: scope)) failed: \(error.text)")
      }
    }
  }

  // MARK: Sleep

  /// What puts the machine into state S`state`, 0...5; nil when it has no such state.
  ///
  /// Source: ACPI 6.5, section 7.4.2.
  public func sleepType(_ state: Int) throws(AMLError) -> ACPISleepType? {
    guard (0...5).contains(state) else { return nil }
    var name: AMLNameSegment = "_S0_"
    name.setCharacter(2, 0x30 + UInt8(state))
    guard let package = try evaluate(name, of: .root) else { return nil }
    guard package.isPackage, package.count > 0 else { throw .operandType }
    let first = try package.element(0)
    guard let first = first.exactInteger else { throw .operandType }
    // One element holds both values, one in each byte.
    guard package.count > 1 else {
      return ACPISleepType(a: UInt8(truncatingIfNeeded: first) & 7, b: UInt8(truncatingIfNeeded: first >> 8) & 7)
    }
    let second = try package.element(1)
    guard let second = second.exactInteger else { throw .operandType }
    return ACPISleepType(a: UInt8(truncatingIfNeeded: first) & 7, b: UInt8(truncatingIfNeeded: second) & 7)
  }

  /// Tells the firmware that the machine is about to enter S`state`, by `\_PTS`. Source: ACPI 6.5, section 7.4.1.
  public func prepareToSleep(_ state: Int) throws(AMLError) {
    guard let method = namespace.child(of: .root, named: "_PTS") else { return }
    var arguments = AMLArguments(self)
    try arguments.append(UInt64(state))
    _ = try evaluate(method, arguments)
  }

  /// Tells the firmware that the machine woke up from S`state`, by `\_WAK`. Source: ACPI 6.5, section 7.4.5.
  public func wakeUp(from state: Int) throws(AMLError) {
    guard let method = namespace.child(of: .root, named: "_WAK") else { return }
    var arguments = AMLArguments(self)
    try arguments.append(UInt64(state))
    _ = try evaluate(method, arguments)
  }

  // MARK: Events

  /// The method that handles general-purpose event `number`, and whether the event is a level: it is cleared after the method,
  /// an edge before. Source: ACPI 6.5, section 5.6.4.1.
  public func eventMethod(_ number: UInt8) -> (method: AMLNode, isLevel: Bool)? {
    guard let scope = namespace.child(of: .root, named: "_GPE") else { return nil }
    var name: AMLNameSegment = "_L00"
    for (index, digit) in [number >> 4, number & 0xf].enumerated() {
      name.setCharacter(2 + index, digit < 10 ? 0x30 + digit : 0x37 + digit)
    }
    if let method = namespace.child(of: scope, named: name) { return (method, true) }
    name.setCharacter(1, 0x45)
    return namespace.child(of: scope, named: name).map { ($0, false) }
  }

  /// Takes a device out, by `_EJ0`. Source: ACPI 6.5, section 6.3.3.
  ///
  /// - Throws: `.notFound` when it cannot be taken out.
  public func eject(_ device: AMLNode) throws(AMLError) {
    guard let method = namespace.child(of: device, named: "_EJ0") else { throw .notFound }
    var arguments = AMLArguments(self)
    try arguments.append(1)
    _ = try evaluate(method, arguments)
  }

  /// Calls a function of a device's own, by `_DSM`. Source: ACPI 6.5, section 9.1.1.
  ///
  /// - Parameter identifier: The UUID in ToUUID's order of bytes; see `ACPIUUID`.
  /// - Returns: Nil when the device has no `_DSM`.
  public func deviceSpecific(
    _ device: AMLNode, _ identifier: ACPIUUID, revision: UInt64, function: UInt64
  ) throws(AMLError) -> AMLObject? {
    guard let method = namespace.child(of: device, named: "_DSM") else { return nil }
    var arguments = AMLArguments(self)
    try arguments.append(buffer: identifier.bytes.span)
    try arguments.append(revision)
    try arguments.append(function)
    try arguments.appendEmptyPackage()
    return try evaluate(method, arguments)
  }
}

/// A UUID in the order of bytes that AML has. Source: ACPI 6.5, section 19.6.142 (ToUUID).
public struct ACPIUUID: Sendable {
  /// The bytes: the first three groups with the lowest byte first.
  public let bytes: InlineArray<16, UInt8>

  /// Creates a UUID from its text, `e5c937d0-3553-4d7a-9117-ea4d19c3434d`; nil for what is none.
  public init?(_ text: String) {
    var digits = InlineArray<32, UInt8>(repeating: 0)
    var (count, position) = (0, 0)
    for byte in text.utf8 {
      defer { position += 1 }
      if position == 8 || position == 13 || position == 18 || position == 23 {
        guard byte == 0x2d else { return nil }
        continue
      }
      guard count < 32, let digit = AMLInterpreter.digit(byte) else { return nil }
      digits[count] = UInt8(truncatingIfNeeded: digit)
      count += 1
    }
    guard count == 32, position == 36 else { return nil }
    var bytes = InlineArray<16, UInt8>(repeating: 0)
    let order: InlineArray<16, Int> = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
    for index in 0..<16 { bytes[order[index]] = digits[index * 2] << 4 | digits[index * 2 + 1] }
    self.bytes = bytes
  }
}
