/// Reads the start information of a PVH boot. Source: Xen, public/arch-x86/hvm/start_info.h.
extension BootInformation {
  private static let pvhMagic: UInt32 = 0x336e_c578

  /// Reads the structure at physical address `start`.
  public init<Memory: PhysicalMemoryReader & ~Copyable>(
    pvhAt start: UInt64, memory: borrowing Memory
  ) throws(BootInformationError) {
    self.init()
    guard start <= UInt64.max - 64 else { throw .unreadable(address: start) }
    guard let magic = memory.read32(at: start) else { throw .unreadable(address: start) }
    guard magic == Self.pvhMagic else { throw .badSignature(address: start) }
    let version = try word32(start + 4, memory)

    try readModules(count: try word32(start + 12, memory), at: try word64(start + 16, memory), memory)
    let commandLineAddress = try word64(start + 24, memory)
    if commandLineAddress != 0 { try commandLine.copy(from: commandLineAddress, limit: 4096, memory) }
    let rsdp = try word64(start + 32, memory)
    if rsdp != 0 { rsdpAddress = rsdp }
    // Version 0 has no memory map; nothing that boots this kernel is that old.
    if version >= 1 {
      try readMemoryMap(count: try word32(start + 48, memory), at: try word64(start + 40, memory), memory)
    }
    for character in "PVH".utf8 { loaderName.append(character) }
    try finish()
  }

  private mutating func readModules<Memory: PhysicalMemoryReader & ~Copyable>(
    count: UInt32, at address: UInt64, _ memory: borrowing Memory
  ) throws(BootInformationError) {
    guard count <= 4096, address <= MemoryMap.addressLimit else {
      throw .badSize(address: address, stated: UInt64(count))
    }
    for index in 0..<UInt64(count) {
      let entry = address + index * 32
      let start = try word64(entry, memory)
      let (end, overflowed) = start.addingReportingOverflow(try word64(entry + 8, memory))
      addModule(start: start, end: overflowed ? 0 : end)
    }
  }

  private mutating func readMemoryMap<Memory: PhysicalMemoryReader & ~Copyable>(
    count: UInt32, at address: UInt64, _ memory: borrowing Memory
  ) throws(BootInformationError) {
    guard count <= 4096, address <= MemoryMap.addressLimit else {
      throw .badSize(address: address, stated: UInt64(count))
    }
    for index in 0..<UInt64(count) {
      let entry = address + index * 24
      memoryMap.add(
        base: try word64(entry, memory), byteCount: try word64(entry + 8, memory),
        MemoryKind(e820: try word32(entry + 16, memory)))
    }
  }
}
