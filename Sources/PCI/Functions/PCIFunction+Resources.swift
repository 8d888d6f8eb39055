import Foundations

/// Which ranges a function decodes, and giving it others.
extension PCIFunction {
  /// How many base address registers its header has.
  var baseAddressCount: Int {
    switch layout {
    case .device: 6
    case .bridge: 2
    case .cardBus, .reserved: 0
    }
  }

  /// Finds out which ranges it decodes and how large they are, and a bridge's windows.
  ///
  /// Meanwhile it decodes nothing. Source: PCI Local Bus Specification 3.0, section 6.2.5.1.
  mutating func readResources() {
    let command = registers.command
    guard command.rawValue != .max else { return }
    decodedPorts = command.decodesPorts
    decodedMemory = command.decodesMemory
    setDecoding(ports: false, memory: false)
    var index = 0
    while index < baseAddressCount { index += readBaseAddress(index) }
    readROM()
    if isBridge { readWindows() }
    setDecoding(ports: command.decodesPorts, memory: command.decodesMemory)
  }

  /// The address that the base address register number `index` holds now.
  func currentBase(_ index: Int) -> UInt64 {
    let registers = registers
    let low = registers.baseAddress(at: index)
    let fixed: UInt32 = low.isPorts ? 3 : 15
    let isWide = resources[index].is64Bit && index + 1 < baseAddressCount
    var high: UInt32 = 0
    if isWide { high = registers.baseAddress(at: index + 1).rawValue }
    return UInt64(low.rawValue & ~fixed) | UInt64(high) << 32
  }

  /// Lets it decode ports and memory, or not.
  func setDecoding(ports: Bool, memory: Bool) {
    let registers = registers
    registers.changeCommand {
      $0.decodesPorts = ports
      $0.decodesMemory = memory
    }
  }

  /// - Returns: How many registers the range takes.
  private mutating func readBaseAddress(_ index: Int) -> Int {
    let registers = registers
    let low = registers.baseAddress(at: index)
    let is64Bit = !low.isPorts && low.memoryType == .bits64 && index + 1 < baseAddressCount
    var high = PCIConfiguration.BaseAddress()
    if is64Bit { high = registers.baseAddress(at: index + 1) }
    let ones = PCIConfiguration.BaseAddress(rawValue: .max)
    registers.writeBaseAddress(ones, at: index)
    if is64Bit { registers.writeBaseAddress(ones, at: index + 1) }
    let lowMask = registers.baseAddress(at: index)
    var highMask = ones
    if is64Bit { highMask = registers.baseAddress(at: index + 1) }
    registers.writeBaseAddress(low, at: index)
    if is64Bit { registers.writeBaseAddress(high, at: index + 1) }
    let step = is64Bit ? 2 : 1

    // A register that keeps no bit is not there; one that has lost its kind is not one. QEMU lets ranges of fewer than 16 bytes keep
    // bits that say what kind of memory it is, so those do not count.
    let fixed: UInt32 = low.isPorts ? 3 : 15
    let kind: UInt32 = low.isPorts ? 3 : 1
    guard lowMask.rawValue & kind == low.rawValue & kind, lowMask.rawValue & ~fixed != 0 || highMask != ones else {
      return step
    }
    var resource = PCIResource()
    resource.kind = low.isPorts ? .ports : low.isPrefetchable ? .prefetchable : .memory
    resource.is64Bit = is64Bit
    let mask = UInt64(lowMask.rawValue & ~fixed) | UInt64(highMask.rawValue) << 32
    // The lowest bit that it keeps is its size. More than 2^47 bytes nobody can address.
    guard mask != 0, mask.trailingZeroBitCount < 48 else { return step }
    resource.size = mask & (~mask &+ 1)
    resource.alignment = resource.size
    let base = UInt64(low.rawValue & ~fixed) | UInt64(high.rawValue) << 32
    if base != 0 { _ = resource.assign(base) }
    resources[index] = resource
    return step
  }

  private mutating func readROM() {
    let registers = registers
    guard layout == .device || layout == .bridge else { return }
    let old = readROMRegister()
    writeROMRegister(PCIConfiguration.ExpansionROM(rawValue: .max << 11))
    let mask = readROMRegister().address
    writeROMRegister(old)
    let command = registers.command
    guard mask != 0, command.rawValue != .max else { return }
    var resource = PCIResource()
    resource.kind = .prefetchable
    resource.size = UInt64(mask & (~mask &+ 1))
    resource.alignment = resource.size
    if old.address != 0 { _ = resource.assign(UInt64(old.address)) }
    self[.rom] = resource
  }

  /// The memory in which firmware has put the ROM of the display that it uses; nil for other functions.
  public var shadowROM: Range<UInt64>? {
    classCode >> 8 == 0x0300 && wasDecoded ? 0xc_0000..<0xe_0000 : nil
  }

  /// Whether its ROM answers, if memory does.
  public var isROMEnabled: Bool {
    guard self[.rom].kind != .none else { return false }
    return readROMRegister().isEnabled
  }

  /// Lets its ROM answer, or not. Some devices answer to nothing else meanwhile.
  func setROMDecoding(_ isEnabled: Bool) {
    guard self[.rom].kind != .none else { return }
    var register = readROMRegister()
    register.isEnabled = isEnabled
    writeROMRegister(register)
    let registers = registers
    if isEnabled { registers.changeCommand { $0.decodesMemory = true } }
  }

  private func readROMRegister() -> PCIConfiguration.ExpansionROM {
    let registers = registers
    if isBridge { return PCIConfiguration.ExpansionROM(rawValue: registers.bridgeExpansionROM.rawValue) }
    return registers.expansionROM
  }

  private func writeROMRegister(_ value: PCIConfiguration.ExpansionROM) {
    let registers = registers
    if isBridge {
      registers.modifyBridgeExpansionROM { $0.rawValue = value.rawValue }
    } else {
      registers.modifyExpansionROM { $0 = value }
    }
  }

  /// Writes the addresses of all ranges but the ROM to the function, which must not decode.
  func program() {
    for slot in PCIResourceSlot.allCases where slot != .rom { program(slot) }
  }

  /// Writes the address of the range in `slot` to the function, which must not decode; a window is closed when it has none.
  func program(_ slot: PCIResourceSlot) {
    let resource = self[slot]
    guard resource.kind != .none else { return }
    switch slot {
    case .portWindow: programPortWindow()
    case .memoryWindow: programMemoryWindow()
    case .prefetchableWindow: programPrefetchableWindow()
    case .rom:
      var rom = readROMRegister()
      rom.address = UInt32(truncatingIfNeeded: resource.base)
      writeROMRegister(rom)
    case .bar0, .bar1, .bar2, .bar3, .bar4, .bar5:
      guard resource.isAssigned else { return }
      let registers = registers
      let value = PCIConfiguration.BaseAddress(rawValue: UInt32(truncatingIfNeeded: resource.base))
      registers.writeBaseAddress(value, at: slot.rawValue)
      guard resource.is64Bit else { return }
      let upper = PCIConfiguration.BaseAddress(rawValue: UInt32(truncatingIfNeeded: resource.base >> 32))
      registers.writeBaseAddress(upper, at: slot.rawValue + 1)
    }
  }
}
