import Foundations
import Machine

/// Operation regions: where fields lead to the machine.
extension AMLInterpreter {
  /// The address of `width` bytes at `offset` of a region.
  ///
  /// - Throws: `.regionLimit` when they do not lie in it.
  private func address(_ region: AMLRegion, _ offset: UInt64, _ width: Int) throws(AMLError) -> UInt64 {
    var length = region.length
    // Firmware makes regions a few bytes too short for its access width; ACPICA forgives that too.
    if isForgiving { length = (length &+ UInt64(width - 1)) & ~UInt64(width - 1) }
    guard offset <= length, UInt64(width) <= length - offset else { throw .regionLimit }
    let (address, isTooLarge) = region.base.addingReportingOverflow(offset)
    guard !isTooLarge, address <= UInt64.max - UInt64(width) else { throw .regionLimit }
    return address
  }

  func readRegion(_ number: UInt32, at offset: UInt64, width: Int) throws(AMLError) -> UInt64 {
    guard let region = regions[number] else { throw .staleReference }
    let address = try address(region, offset, width)
    let value: UInt64
    switch region.space {
    case .table:
      var bytes: UInt64 = 0
      for index in 0..<UInt64(width) {
        bytes |= UInt64(host.tableByte(region.table, at: address &+ index)) << (index * 8)
      }
      value = bytes
    case .pciConfiguration:
      guard width <= 4 else { throw .operandValue }
      value = try host.readConfiguration(try function(of: number), at: address, width: width)
    case .smBus, .ipmi, .genericSerialBus, .generalPurposeIO: throw .noHandler(space: region.space.rawValue)
    default: value = try host.read(region.space, at: address, width: width)
    }
    return value & UInt64.mask(width: width * 8)
  }

  func writeRegion(_ number: UInt32, at offset: UInt64, width: Int, _ value: UInt64) throws(AMLError) {
    guard let region = regions[number] else { throw .staleReference }
    let address = try address(region, offset, width)
    switch region.space {
    case .table: throw .accessRefused
    case .pciConfiguration:
      guard width <= 4 else { throw .operandValue }
      try host.writeConfiguration(try function(of: number), at: address, width: width, value)
    case .smBus, .ipmi, .genericSerialBus, .generalPurposeIO: throw .noHandler(space: region.space.rawValue)
    default: try host.write(region.space, at: address, width: width, value)
    }
  }

  // MARK: PCI

  /// The PCI function whose configuration space a region is in: that of the device it is declared under.
  private func function(of number: UInt32) throws(AMLError) -> PCIFunctionAddress {
    guard let region = regions[number] else { throw .staleReference }
    if let function = region.function { return function }
    guard let parent = namespace.parent(of: region.node) else { throw .operandType }
    let function = try pciFunction(of: parent)
    regions[number]?.function = function
    return function
  }

  /// The PCI function that a device is, by the `_ADR` of itself and of the bridges above it, the `_BBN` and `_SEG` of its root.
  ///
  /// Source: ACPI 6.5, sections 6.1.1, 6.5.5, 6.5.6.
  public func pciFunction(of node: AMLNode) throws(AMLError) -> PCIFunctionAddress {
    // From the device up to the root bridge.
    var path = InlineArray<16, UInt64>(repeating: 0)
    var depth = 0
    var device = node
    while try !isPCIRoot(device) {
      // Only devices have addresses; a region may stand in a method or a scope below one.
      if case .device = try namespace.record(device).content, let address = try integer(named: "_ADR", of: device) {
        guard depth < 16 else { throw .depthLimit }
        path[depth] = address
        depth += 1
      }
      guard let parent = namespace.parent(of: device) else {
        // No root bridge above: on bus zero of segment zero, as ACPICA has it.
        return Self.function(0, 0, depth > 0 ? path[0] : 0)
      }
      device = parent
    }
    let segment = UInt16(truncatingIfNeeded: try integer(named: "_SEG", of: device) ?? 0)
    var bus = UInt8(truncatingIfNeeded: try integer(named: "_BBN", of: device) ?? 0)
    guard depth > 0 else { return Self.function(segment, bus, try integer(named: "_ADR", of: device) ?? 0) }
    while depth > 1 {
      depth -= 1
      let bridge = Self.function(segment, bus, path[depth])
      // Header types 1 and 2 are bridges; their byte 0x19 is the bus behind them. Source: PCI 3.0, section 3.2.
      let header = try host.readConfiguration(bridge, at: 0xe, width: 1) & 0x7f
      guard header == 1 || header == 2 else { continue }
      bus = UInt8(truncatingIfNeeded: try host.readConfiguration(bridge, at: 0x19, width: 1))
    }
    return Self.function(segment, bus, path[0])
  }

  private static func function(_ segment: UInt16, _ bus: UInt8, _ address: UInt64) -> PCIFunctionAddress {
    PCIFunctionAddress(
      segment: segment, bus: bus, device: UInt8(truncatingIfNeeded: address >> 16 & 0x1f),
      function: UInt8(truncatingIfNeeded: address & 7))
  }
}
