import BootInformation

/// Physical memory that holds a few pieces and nothing between them.
struct FakeMemory: PhysicalMemoryReader {
  var pieces: [(start: UInt64, bytes: [UInt8])] = []

  init(_ pieces: (start: UInt64, bytes: [UInt8])...) { self.pieces = pieces }

  func read8(at address: UInt64) -> UInt8? {
    for piece in pieces where address >= piece.start && address - piece.start < UInt64(piece.bytes.count) {
      return piece.bytes[Int(address - piece.start)]
    }
    return nil
  }
}

/// Little-endian bytes of numbers and texts.
struct ByteWriter {
  var bytes: [UInt8] = []

  mutating func put(_ value: some FixedWidthInteger) {
    for index in 0..<(value.bitWidth / 8) { bytes.append(UInt8(truncatingIfNeeded: value >> (index * 8))) }
  }

  mutating func put(text: String) { bytes += Array(text.utf8) + [0] }
}

/// The map's regions.
func regions(_ map: MemoryMap) -> [MemoryRegion] { (0..<map.count).map { map[$0] } }
