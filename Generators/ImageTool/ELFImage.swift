/// A 64-bit little-endian ELF file in memory: what ImageTool needs to read and change of it.
///
/// Source: System V ABI, chapters 4 and 5, with the ELF-64 object file format.
struct ELFImage {
  /// Why a file cannot be used.
  struct Malformed: Error, CustomStringConvertible {
    var description: String
  }

  struct Section {
    var index: Int
    var name: String
    var type: UInt32
    var address: UInt64
    var offset: Int
    var size: Int
    var link: Int
  }

  struct Symbol {
    var name: ArraySlice<UInt8>
    var address: UInt64
    var size: UInt64
    var isFunction: Bool
  }

  private(set) var bytes: [UInt8]
  let sections: [Section]

  private static let loadable: UInt64 = 1

  init(_ bytes: [UInt8]) throws {
    guard bytes.count >= 64, bytes[0..<6].elementsEqual([0x7f, 0x45, 0x4c, 0x46, 2, 1]) else {
      throw Malformed(description: "not a 64-bit little-endian ELF file")
    }
    self.bytes = bytes
    let start = try Self.number(bytes, at: 40, 8)
    let entrySize = try Self.number(bytes, at: 58, 2)
    let count = try Self.number(bytes, at: 60, 2)
    let nameIndex = try Self.number(bytes, at: 62, 2)
    guard entrySize == 64, count > nameIndex else { throw Malformed(description: "no section names") }

    var nameOffsets: [Int] = []
    var sections: [Section] = []
    for index in 0..<Int(count) {
      let header = Int(start) + index * 64
      nameOffsets.append(Int(try Self.number(bytes, at: header, 4)))
      sections.append(
        Section(
          index: index, name: "", type: UInt32(try Self.number(bytes, at: header + 4, 4)),
          address: try Self.number(bytes, at: header + 16, 8), offset: Int(try Self.number(bytes, at: header + 24, 8)),
          size: Int(try Self.number(bytes, at: header + 32, 8)), link: Int(try Self.number(bytes, at: header + 40, 4))))
    }
    let names = sections[Int(nameIndex)].offset
    for index in sections.indices {
      sections[index].name = String(decoding: try Self.text(bytes, at: names + nameOffsets[index]), as: UTF8.self)
    }
    self.sections = sections
  }

  func section(_ name: String) throws -> Section {
    guard let section = sections.first(where: { $0.name == name }) else {
      throw Malformed(description: "no section \(name)")
    }
    return section
  }

  /// The symbol table's entries that have a name.
  func symbols() throws -> [Symbol] {
    let table = try section(".symtab")
    let names = sections[table.link].offset
    return try stride(from: table.offset, to: table.offset + table.size, by: 24).compactMap { entry in
      let name = Int(try Self.number(bytes, at: entry, 4))
      guard name != 0 else { return nil }
      return Symbol(
        name: try Self.text(bytes, at: names + name), address: try Self.number(bytes, at: entry + 8, 8),
        size: try Self.number(bytes, at: entry + 16, 8), isFunction: try Self.number(bytes, at: entry + 4, 1) & 15 == 2)
    }
  }

  /// Replaces the contents of the last loaded section, which must have a program header of its own, by `contents`.
  ///
  /// The bytes are put at the end of the file, at an offset that agrees with the address page by page, as loaders that map
  /// files want it.
  mutating func replaceLastSegment(of section: Section, with contents: [UInt8]) throws {
    let start = Int(try Self.number(bytes, at: 32, 8))
    let entrySize = Int(try Self.number(bytes, at: 54, 2))
    let count = Int(try Self.number(bytes, at: 56, 2))
    let loads = try (0..<count).map { start + $0 * entrySize }.filter {
      try Self.number(bytes, at: $0, 4) == Self.loadable
    }
    guard let own = try loads.first(where: { try Self.number(bytes, at: $0 + 16, 8) == section.address }) else {
      throw Malformed(description: "section \(section.name) has no program header of its own")
    }
    for other in loads where try Self.number(bytes, at: other + 16, 8) > section.address {
      throw Malformed(description: "section \(section.name) is not the last that is loaded")
    }
    let pageSize = 4096
    bytes += [UInt8](repeating: 0, count: (pageSize - bytes.count % pageSize) % pageSize)
    let offset = bytes.count
    bytes += contents

    put(UInt64(offset), at: own + 8)
    put(UInt64(contents.count), at: own + 32)
    put(UInt64(contents.count), at: own + 40)
    let header = Int(try Self.number(bytes, at: 40, 8)) + section.index * 64
    put(UInt64(offset), at: header + 24)
    put(UInt64(contents.count), at: header + 32)
  }

  private mutating func put(_ value: UInt64, at offset: Int) {
    for index in 0..<8 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(index * 8)) }
  }

  private static func number(_ bytes: [UInt8], at offset: Int, _ byteCount: Int) throws -> UInt64 {
    guard offset >= 0, offset + byteCount <= bytes.count else { throw Malformed(description: "the file is cut off") }
    return (0..<byteCount).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64($1 * 8) }
  }

  private static func text(_ bytes: [UInt8], at offset: Int) throws -> ArraySlice<UInt8> {
    guard offset >= 0, offset < bytes.count else { throw Malformed(description: "a name is outside the file") }
    return bytes[offset...].prefix { $0 != 0 }
  }
}
