/// Reads the information that a Multiboot2 loader leaves. Source: Multiboot2 Specification 2.0, section 3.6.
extension BootInformation {
  /// Larger than any loader's information, so that a bad size is told from a good one.
  private static let multiboot2Limit: UInt64 = 1 << 20

  private enum Tag {
    static let end: UInt32 = 0
    static let commandLine: UInt32 = 1
    static let loaderName: UInt32 = 2
    static let module: UInt32 = 3
    static let memoryMap: UInt32 = 6
    static let frameBuffer: UInt32 = 8
    static let efi32SystemTable: UInt32 = 11
    static let efi64SystemTable: UInt32 = 12
    static let oldRSDP: UInt32 = 14
    static let newRSDP: UInt32 = 15
  }

  /// Reads the structure at physical address `start`.
  ///
  /// Unknown tags are passed over; a tag that is too short for what it should hold is an error.
  public init<Memory: PhysicalMemoryReader & ~Copyable>(
    multiboot2At start: UInt64, memory: borrowing Memory
  ) throws(BootInformationError) {
    self.init()
    guard start & 7 == 0 else { throw .badSignature(address: start) }
    guard let size = memory.read32(at: start) else { throw .unreadable(address: start) }
    guard size >= 16, UInt64(size) <= Self.multiboot2Limit, start <= MemoryMap.addressLimit - UInt64(size) else {
      throw .badSize(address: start, stated: UInt64(size))
    }
    let end = start + UInt64(size)
    var address = start + 8
    while true {
      guard address <= end - 8 else { throw .pastEnd(address: address) }
      guard let type = memory.read32(at: address), let tagSize = memory.read32(at: address + 4) else {
        throw .unreadable(address: address)
      }
      guard tagSize >= 8 else { throw .badSize(address: address, stated: UInt64(tagSize)) }
      guard UInt64(tagSize) <= end - address else { throw .pastEnd(address: address) }
      if type == Tag.end { break }
      try readTag(type, address..<(address + UInt64(tagSize)), memory)
      address += (UInt64(tagSize) + 7) & ~7
    }
    try finish()
  }

  private mutating func readTag<Memory: PhysicalMemoryReader & ~Copyable>(
    _ type: UInt32, _ tag: Range<UInt64>, _ memory: borrowing Memory
  ) throws(BootInformationError) {
    let body = tag.lowerBound + 8
    let length = tag.upperBound - body
    switch type {
    case Tag.commandLine: try commandLine.copy(from: body, limit: length, memory)
    case Tag.loaderName: try loaderName.copy(from: body, limit: length, memory)
    case Tag.module:
      try require(length >= 8, tag)
      addModule(start: UInt64(try word32(body, memory)), end: UInt64(try word32(body + 4, memory)))
    case Tag.memoryMap: try readMemoryMap(tag, memory)
    case Tag.frameBuffer: try readFrameBuffer(tag, memory)
    case Tag.efi32SystemTable:
      try require(length >= 4, tag)
      efiSystemTableAddress = UInt64(try word32(body, memory))
    case Tag.efi64SystemTable:
      try require(length >= 8, tag)
      efiSystemTableAddress = try word64(body, memory)
    case Tag.oldRSDP:
      try require(length >= 20, tag)
      if rootPointer.count < 36 { try rootPointer.copy(all: body..<body + 20, memory) }
    case Tag.newRSDP:
      try require(length >= 36, tag)
      try rootPointer.copy(all: body..<body + 36, memory)
    default: break
    }
  }

  private mutating func readMemoryMap<Memory: PhysicalMemoryReader & ~Copyable>(
    _ tag: Range<UInt64>, _ memory: borrowing Memory
  ) throws(BootInformationError) {
    try require(tag.upperBound - tag.lowerBound >= 16, tag)
    let entrySize = UInt64(try word32(tag.lowerBound + 8, memory))
    guard entrySize >= 24, entrySize % 8 == 0 else { throw .badSize(address: tag.lowerBound, stated: entrySize) }
    var entry = tag.lowerBound + 16
    while tag.upperBound - entry >= entrySize {
      memoryMap.add(
        base: try word64(entry, memory), byteCount: try word64(entry + 8, memory),
        MemoryKind(e820: try word32(entry + 16, memory)))
      entry += entrySize
    }
    guard entry == tag.upperBound else { throw .pastEnd(address: entry) }
  }

  private mutating func readFrameBuffer<Memory: PhysicalMemoryReader & ~Copyable>(
    _ tag: Range<UInt64>, _ memory: borrowing Memory
  ) throws(BootInformationError) {
    let body = tag.lowerBound + 8
    try require(tag.upperBound - body >= 23, tag)
    let format: BootScreenDescription.Format
    switch try byte(body + 21, memory) {
    case 0: format = .indexed
    case 1:
      try require(tag.upperBound - body >= 30, tag)
      format = .direct(
        red: try colour(body + 24, memory), green: try colour(body + 26, memory), blue: try colour(body + 28, memory))
    case 2: format = .text
    default:
      droppedCount += 1
      return
    }
    screen = BootScreenDescription(
      address: try word64(body, memory), pitch: try word32(body + 8, memory), width: try word32(body + 12, memory),
      height: try word32(body + 16, memory), bitsPerPixel: try byte(body + 20, memory), format: format)
    if screen?.range == nil {
      screen = nil
      droppedCount += 1
    }
  }

  private func colour<Memory: PhysicalMemoryReader & ~Copyable>(
    _ address: UInt64, _ memory: borrowing Memory
  ) throws(BootInformationError) -> BootScreenDescription.ColourField {
    .init(position: try byte(address, memory), size: try byte(address + 1, memory))
  }
}

// Reading with errors; Multiboot2 and PVH share it.
extension BootInformation {
  func require(_ condition: Bool, _ tag: Range<UInt64>) throws(BootInformationError) {
    guard condition else { throw .badSize(address: tag.lowerBound, stated: tag.upperBound - tag.lowerBound) }
  }

  func byte<Memory: PhysicalMemoryReader & ~Copyable>(
    _ address: UInt64, _ memory: borrowing Memory
  ) throws(BootInformationError) -> UInt8 {
    guard let value = memory.read8(at: address) else { throw .unreadable(address: address) }
    return value
  }

  func word32<Memory: PhysicalMemoryReader & ~Copyable>(
    _ address: UInt64, _ memory: borrowing Memory
  ) throws(BootInformationError) -> UInt32 {
    guard let value = memory.read32(at: address) else { throw .unreadable(address: address) }
    return value
  }

  func word64<Memory: PhysicalMemoryReader & ~Copyable>(
    _ address: UInt64, _ memory: borrowing Memory
  ) throws(BootInformationError) -> UInt64 {
    guard let value = memory.read64(at: address) else { throw .unreadable(address: address) }
    return value
  }
}
