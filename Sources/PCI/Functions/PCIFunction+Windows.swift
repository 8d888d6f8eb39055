import Foundations

/// The windows of a bridge. Source: PCI-to-PCI Bridge Architecture Specification 1.2, section 3.2.5.
extension PCIFunction {
  /// The unit of a window of ports.
  static var portWindowUnit: UInt64 { 1 << 12 }
  /// The unit of a window of memory.
  static var memoryWindowUnit: UInt64 { 1 << 20 }

  /// Finds out which windows a bridge has and what they forward.
  mutating func readWindows() {
    let registers = registers
    if hasPortWindow {
      let (first, last) = (registers.portBase, registers.portLimit)
      let is32Bit = first.addressing == .bits32
      var (lower, upper) = (UInt64(first.address) << 12, UInt64(last.address) << 12)
      if is32Bit {
        lower |= UInt64(registers.portBaseUpper) << 16
        upper |= UInt64(registers.portLimitUpper) << 16
      }
      self[.portWindow] = window(.ports, lower, upper, unit: Self.portWindowUnit, is64Bit: false)
    }
    self[.memoryWindow] = window(
      .memory, UInt64(registers.memoryBase.address) << 20, UInt64(registers.memoryLimit.address) << 20,
      unit: Self.memoryWindowUnit, is64Bit: false)
    guard hasPrefetchableWindow else { return }
    let (first, last) = (registers.prefetchableBase, registers.prefetchableLimit)
    let is64Bit = first.addressing == .bits64
    var (lower, upper) = (UInt64(first.address) << 20, UInt64(last.address) << 20)
    if is64Bit {
      lower |= UInt64(registers.prefetchableBaseUpper) << 32
      upper |= UInt64(registers.prefetchableLimitUpper) << 32
    }
    self[.prefetchableWindow] = window(
      .prefetchable, lower, upper, unit: Self.memoryWindowUnit, is64Bit: is64Bit)
  }

  private func window(
    _ kind: PCIResource.Kind, _ first: UInt64, _ last: UInt64, unit: UInt64, is64Bit: Bool
  ) -> PCIResource {
    var window = PCIResource()
    window.kind = kind
    window.is64Bit = is64Bit
    window.alignment = unit
    // Zeros are what reset leaves: a window there would forward the interrupt table or port 0.
    guard first <= last, first != 0, last < 1 << 62 else { return window }
    window.size = last - first + unit
    if !window.assign(first) { window.size = 0 }
    return window
  }

  /// Whether the bridge forwards ports at all: then its base keeps what is written.
  private var hasPortWindow: Bool {
    let registers = registers
    let old = registers.portBase
    guard old.address == 0, registers.portLimit.address == 0 else { return true }
    registers.modifyPortBase { $0.address = 15 }
    let isKept = registers.portBase.address == 15
    registers.portBase = old
    return isKept
  }

  private var hasPrefetchableWindow: Bool {
    let registers = registers
    let old = registers.prefetchableBase
    guard old.address == 0, registers.prefetchableLimit.address == 0 else { return true }
    registers.modifyPrefetchableBase { $0.address = 0xfff }
    let isKept = registers.prefetchableBase.address == 0xfff
    registers.prefetchableBase = old
    return isKept
  }

  func programPortWindow() {
    let registers = registers
    let range = self[.portWindow].range
    let first = range?.lowerBound ?? 0xf000
    let last = range.map { $0.upperBound - 1 } ?? 0
    registers.modifyPortBase { $0.address = UInt8(truncatingIfNeeded: first >> 12) & 15 }
    registers.modifyPortLimit { $0.address = UInt8(truncatingIfNeeded: last >> 12) & 15 }
    guard registers.portBase.addressing == .bits32 else { return }
    registers.portBaseUpper = UInt16(truncatingIfNeeded: first >> 16)
    registers.portLimitUpper = UInt16(truncatingIfNeeded: last >> 16)
  }

  func programMemoryWindow() {
    let registers = registers
    let range = self[.memoryWindow].range
    let first = range?.lowerBound ?? 0xfff0_0000
    let last = range.map { $0.upperBound - 1 } ?? 0
    registers.modifyMemoryBase { $0.address = UInt16(truncatingIfNeeded: first >> 20) & 0xfff }
    registers.modifyMemoryLimit { $0.address = UInt16(truncatingIfNeeded: last >> 20) & 0xfff }
  }

  func programPrefetchableWindow() {
    let window = self[.prefetchableWindow]
    let registers = registers
    let first = window.range?.lowerBound ?? 0xfff0_0000
    let last = window.range.map { $0.upperBound - 1 } ?? 0
    registers.modifyPrefetchableBase { $0.address = UInt16(truncatingIfNeeded: first >> 20) & 0xfff }
    registers.modifyPrefetchableLimit { $0.address = UInt16(truncatingIfNeeded: last >> 20) & 0xfff }
    guard window.is64Bit else { return }
    registers.prefetchableBaseUpper = UInt32(truncatingIfNeeded: first >> 32)
    registers.prefetchableLimitUpper = UInt32(truncatingIfNeeded: last >> 32)
  }
}
