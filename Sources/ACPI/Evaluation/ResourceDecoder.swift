import Foundations

/// Decodes what `_CRS` and `_PRS` give. Source: ACPI 6.5, section 6.4.
extension AMLObject {
  /// Calls `body` for each resource of a template, up to its end tag.
  ///
  /// - Throws: `.operandType` for what is no buffer, `.badResourceTemplate` for a descriptor that is too short or passes the
  ///   end, and for a missing end tag.
  public func forEachResource(_ body: (ACPIResource) throws(AMLError) -> Void) throws(AMLError) {
    guard isBuffer else { throw .operandType }
    var offset = 0
    while offset < count {
      let tag = byte(offset)
      let isLarge = tag & 0x80 != 0
      let length = isLarge ? 3 + Int(number(offset + 1, 2)) : 1 + Int(tag & 7)
      guard length <= count - offset else { throw .badResourceTemplate }
      if tag & 0xf8 == 0x78 { return }
      try body(isLarge ? try large(tag, offset, length) : try small(tag, offset, length))
      offset += length
    }
    throw .badResourceTemplate
  }

  /// The number in `width` bytes; zero behind the end.
  private func number(_ offset: Int, _ width: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<width { value |= UInt64(byte(offset + index)) << UInt64(index * 8) }
    return value
  }

  private func require(_ length: Int, _ needed: Int) throws(AMLError) {
    guard length >= needed else { throw .badResourceTemplate }
  }

  private func small(_ tag: UInt8, _ at: Int, _ length: Int) throws(AMLError) -> ACPIResource {
    switch tag >> 3 {
    case 0x4:
      try require(length, 3)
      var interrupts = ACPIInterrupts()
      let mask = number(at + 1, 2)
      for bit in 0..<UInt32(16) where mask >> UInt64(bit) & 1 != 0 { interrupts.append(bit) }
      if length > 3 {
        let flags = byte(at + 3)
        interrupts.isEdgeTriggered = flags[bit: 0]
        interrupts.isActiveLow = flags[bit: 3]
        interrupts.isShared = flags[bit: 4]
        interrupts.isWakeCapable = flags[bit: 5]
      }
      return .interrupts(interrupts)
    case 0x5:
      try require(length, 3)
      return .dma(channels: byte(at + 1), width: byte(at + 2) & 3, isBusMaster: byte(at + 2)[bit: 2])
    case 0x6: return .startAlternatives(priority: length > 1 ? byte(at + 1) & 3 : 1)
    case 0x7: return .endAlternatives
    case 0x8:
      try require(length, 8)
      let range = ACPIRange(
        minimum: number(at + 2, 2), maximum: number(at + 4, 2), alignment: UInt64(byte(at + 6)),
        length: UInt64(byte(at + 7)))
      return .ports(range, decodesAllBits: byte(at + 1)[bit: 0])
    case 0x9:
      try require(length, 4)
      let base = number(at + 1, 2) & 0x3ff
      let range = ACPIRange(minimum: base, maximum: base, alignment: 1, length: UInt64(byte(at + 3)))
      return .ports(range, decodesAllBits: false)
    case 0xa:
      try require(length, 6)
      return .fixedDMA(
        request: UInt16(truncatingIfNeeded: number(at + 1, 2)), channel: UInt16(truncatingIfNeeded: number(at + 3, 2)),
        width: byte(at + 5))
    default: return .other(tag)
    }
  }

  private func large(_ tag: UInt8, _ at: Int, _ length: Int) throws(AMLError) -> ACPIResource {
    switch tag {
    case 0x81:
      try require(length, 12)
      let alignment = number(at + 8, 2)
      let range = ACPIRange(
        minimum: number(at + 4, 2) << 8, maximum: number(at + 6, 2) << 8,
        alignment: alignment == 0 ? 0x10000 : alignment,
        length: number(at + 10, 2) << 8)
      return .memory(range, isWritable: byte(at + 3)[bit: 0])
    case 0x82:
      try require(length, 15)
      return .register(
        GenericAddress(
          space: AMLAddressSpace(rawValue: byte(at + 3)), bitWidth: byte(at + 4), bitOffset: byte(at + 5),
          accessSize: byte(at + 6), address: number(at + 7, 8)))
    case 0x85:
      try require(length, 20)
      let range = ACPIRange(
        minimum: number(at + 4, 4), maximum: number(at + 8, 4), alignment: number(at + 12, 4),
        length: number(at + 16, 4))
      return .memory(range, isWritable: byte(at + 3)[bit: 0])
    case 0x86:
      try require(length, 12)
      let base = number(at + 4, 4)
      let range = ACPIRange(minimum: base, maximum: base, alignment: 1, length: number(at + 8, 4))
      return .memory(range, isWritable: byte(at + 3)[bit: 0])
    case 0x87: return .window(try window(at, length, width: 4, first: 6))
    case 0x88: return .window(try window(at, length, width: 2, first: 6))
    case 0x89: return .interrupts(try extendedInterrupts(at, length))
    case 0x8a: return .window(try window(at, length, width: 8, first: 6))
    case 0x8b: return .window(try window(at, length, width: 8, first: 8))
    default: return .other(tag)
    }
  }

  private func extendedInterrupts(_ at: Int, _ length: Int) throws(AMLError) -> ACPIInterrupts {
    try require(length, 5)
    let count = Int(byte(at + 4))
    try require(length, 5 + count * 4)
    var interrupts = ACPIInterrupts()
    let flags = byte(at + 3)
    interrupts.isExtended = true
    interrupts.isEdgeTriggered = flags[bit: 1]
    interrupts.isActiveLow = flags[bit: 2]
    interrupts.isShared = flags[bit: 3]
    interrupts.isWakeCapable = flags[bit: 4]
    for index in 0..<count {
      interrupts.append(UInt32(truncatingIfNeeded: number(at + 5 + index * 4, 4)))
    }
    return interrupts
  }

  private func window(_ at: Int, _ length: Int, width: Int, first: Int) throws(AMLError) -> ACPIWindow {
    try require(length, first + 5 * width)
    let flags = byte(at + 4)
    let specific = byte(at + 5)
    let kind: ACPIWindow.Kind
    switch byte(at + 3) {
    case 0: kind = .memory(isWritable: specific[bit: 0], isPrefetchable: specific[bits: 1...2] == 3)
    case 1: kind = .ports(isTranslated: specific[bit: 4])
    case 2: kind = .buses
    case let other: kind = .other(other)
    }
    func value(_ index: Int) -> UInt64 { number(at + first + index * width, width) }
    return ACPIWindow(
      kind: kind, isConsumer: flags[bit: 0], isSubtractive: flags[bit: 1], isMinimumFixed: flags[bit: 2],
      isMaximumFixed: flags[bit: 3], granularity: value(0), minimum: value(1), maximum: value(2), translation: value(3),
      length: value(4))
  }
}

extension AMLInterpreter {
  /// Calls `body` for each resource that `device` uses now, by its `_CRS`; for none when it has no `_CRS`.
  public func forEachResource(
    of device: AMLNode, _ body: (ACPIResource) throws(AMLError) -> Void
  ) throws(AMLError) {
    guard let object = try evaluate("_CRS", of: device) else { return }
    try object.forEachResource(body)
  }

  /// Calls `body` for each resource that `device` could use, by its `_PRS`.
  public func forEachPossibleResource(
    of device: AMLNode, _ body: (ACPIResource) throws(AMLError) -> Void
  ) throws(AMLError) {
    guard let object = try evaluate("_PRS", of: device) else { return }
    try object.forEachResource(body)
  }
}
