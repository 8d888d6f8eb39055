/// The names of PCI vendors, devices, subsystems and classes as a `PCIIdentifierTable`, as Swift.
///
/// String literals, because the compiler takes them in no time and they lie in the image's read-only data. They hold seven bits a
/// byte, so that the bytes are the literal's UTF-8.
enum PCIIdentifiers: SpecProduct {
  static let name = "pci-ids"

  static func generate(_ model: PCIIdentifierSpec, context: GenerationContext) throws(SpecErrors) -> [GeneratedFile] {
    let table = PCIIdentifierEncoder(model)
    guard table.texts.count < SevenBitNumber.limit else {
      throw SpecErrors([
        Diagnostic(
          context.document.root, problem: "the names take \(table.texts.count) bytes, packed",
          remedy: "leave out some: at most \(SevenBitNumber.limit) fit")
      ])
    }
    var writer = CodeWriter(header: context)
    writer.line("// \(model.source)")
    writer.line("// \(model.copyright). License: \(model.license.identifier), Specs/pci/\(model.license.file).")
    writer.line()
    writer.block("extension PCIIdentifierTable") { writer in
      writer.documentation(
        "The PCI ID Repository's list, version \(model.version): \(model.entryCount) names in \(table.byteCount) bytes."
      )
      // Not inlined, so that the image holds the literals once.
      writer.line("@inline(never)")
      writer.block("static var standard: PCIIdentifierTable") { writer in
        writer.line("PCIIdentifierTable(")
        writer.indented { writer in
          let columns = table.columns
          for (index, column) in columns.enumerated() {
            let end = index + 1 < columns.count ? "," : ")"
            writer.line("\(column.name): \(SevenBitNumber.literal(column.bytes))\(end)")
          }
        }
      }
    }
    return [GeneratedFile(name: context.output, contents: writer.text)]
  }
}

/// Numbers as bytes below 128, the highest first.
enum SevenBitNumber {
  /// What three bytes hold.
  static let limit = 1 << 21

  static func encode(_ value: Int, _ count: Int = 3) -> [UInt8] {
    (0..<count).reversed().map { UInt8(value >> (7 * $0) & 0x7f) }
  }

  /// Bytes below 128 as a Swift string literal.
  static func literal(_ bytes: [UInt8]) -> String {
    var literal: [UInt8] = [UInt8(ascii: "\"")]
    literal.reserveCapacity(bytes.count * 2)
    for byte in bytes {
      switch byte {
      case 0: literal += [UInt8(ascii: "\\"), UInt8(ascii: "0")]
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): literal += [UInt8(ascii: "\\"), byte]
      case 0x20..<0x7f: literal.append(byte)
      default: literal += Array("\\u{\(String(byte, radix: 16))}".utf8)
      }
    }
    return String(decoding: literal, as: UTF8.self) + "\""
  }
}

/// The columns of a `PCIIdentifierTable`.
struct PCIIdentifierEncoder {
  private(set) var columns: [(name: String, bytes: [UInt8])] = []
  let texts: [UInt8]

  /// How many bytes the columns take together.
  var byteCount: Int { columns.reduce(0) { $0 + $1.bytes.count } }

  init(_ spec: PCIIdentifierSpec) {
    let packed = PackedTexts(Self.names(of: spec))
    texts = packed.texts
    func name(_ name: Located<String>) -> [UInt8] { SevenBitNumber.encode(packed.place(name.value)) }
    func word(_ key: some StringProtocol) -> [UInt8] { SevenBitNumber.encode(Int(key, radix: 16) ?? 0) }

    var firstDevices: [String: Int] = [:]
    var numbers: [String: Int] = [:]
    var devices: [UInt8] = []
    var deviceCount = 0
    for vendor in spec.devices.members {
      firstDevices[vendor.key.value] = deviceCount
      for device in vendor.value.members {
        devices += word(device.key.value) + name(device.value)
        numbers["\(vendor.key.value):\(device.key.value)"] = deviceCount
        deviceCount += 1
      }
    }
    var vendors: [UInt8] = []
    var nextDevice = deviceCount
    for vendor in spec.vendors.members.reversed() {
      nextDevice = firstDevices[vendor.key.value] ?? nextDevice
      vendors = word(vendor.key.value) + name(vendor.value) + SevenBitNumber.encode(nextDevice) + vendors
    }
    var groups: [UInt8] = []
    var subsystems: [UInt8] = []
    var subsystemCount = 0
    for device in spec.subsystems.members {
      groups += SevenBitNumber.encode(numbers[device.key.value] ?? 0) + SevenBitNumber.encode(subsystemCount)
      for subsystem in device.value.members {
        let parts = subsystem.key.value.split(separator: ":")
        let key = (Int(parts[0], radix: 16) ?? 0) << 16 | (Int(parts[1], radix: 16) ?? 0)
        subsystems += SevenBitNumber.encode(key, 5) + name(subsystem.value)
        subsystemCount += 1
      }
    }
    let classes = Self.classes(of: spec).flatMap { SevenBitNumber.encode($0.key, 4) + name($0.name) }
    columns = [
      ("vendors", vendors), ("devices", devices), ("subsystemGroups", groups), ("subsystems", subsystems),
      ("classes", classes), ("texts", packed.texts),
      ("wordStarts", packed.wordStarts.flatMap { SevenBitNumber.encode($0) }),
      ("words", packed.words),
    ]
  }

  /// Names of classes by key: base class, subclass and interface in eight bits each, and how many of them count.
  private static func classes(of spec: PCIIdentifierSpec) -> [(key: Int, name: Located<String>)] {
    var result: [(key: Int, name: Located<String>)] = []
    for base in spec.classes.members {
      let baseKey = (Int(base.key.value, radix: 16) ?? 0) << 18
      result.append((baseKey, base.value.name))
      for subclass in base.value.subclasses?.members ?? [] {
        let subclassKey = baseKey | (Int(subclass.key.value, radix: 16) ?? 0) << 10
        result.append((subclassKey | 1, subclass.value.name))
        for interface in subclass.value.interfaces?.members ?? [] {
          result.append((subclassKey | (Int(interface.key.value, radix: 16) ?? 0) << 2 | 2, interface.value))
        }
      }
    }
    return result.sorted { $0.key < $1.key }
  }

  private static func names(of spec: PCIIdentifierSpec) -> [String] {
    let devices = spec.devices.members.flatMap { $0.value.members.map(\.value.value) }
    let subsystems = spec.subsystems.members.flatMap { $0.value.members.map(\.value.value) }
    return spec.vendors.members.map(\.value.value) + devices + subsystems + classes(of: spec).map(\.name.value)
  }
}
