import Foundation
import Testing

/// The specs of PCI configuration space against `pci/header.h` of libpci, which somebody else wrote.
@Suite("PCI configuration space and libpci's header") struct PCIHeaderTests {
  static let header = ["/usr/include/x86_64-linux-gnu/pci/header.h", "/usr/include/pci/header.h"]
    .compactMap { try? String(contentsOfFile: $0, encoding: .utf8) }.first

  /// The header's constants, without `PCI_`; those with arguments are left out.
  static func constants(_ header: String) -> [String: UInt64] {
    var constants: [String: UInt64] = [:]
    for line in header.split(separator: "\n") {
      let words = line.split(whereSeparator: \.isWhitespace)
      guard words.count >= 3, words[0] == "#define", words[1].hasPrefix("PCI_"), !words[1].contains("(") else {
        continue
      }
      let text = words[2].hasPrefix("~") ? words[2].dropFirst() : words[2]
      let value = text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
      // A complement stands for the mask of what is left out.
      if let value { constants[String(words[1].dropFirst(4))] = words[2].hasPrefix("~") ? ~value : value }
    }
    return constants
  }

  /// One register or field of the specs with the name that libpci has for it.
  struct Named {
    let name: String
    let place: String
    let value: UInt64
  }

  /// The registers (name and offset) and fields (name and mask) of every PCI spec that have a mnemonic.
  static func named() throws -> [Named] {
    let folder = TestFiles.root.appending(path: "Specs/registers")
    var named: [Named] = []
    for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) where file.hasPrefix("pci-") {
      let json = try JSONSerialization.jsonObject(with: Data(contentsOf: folder.appending(path: file)))
      let registers = (json as? [String: Any])?["registers"] as? [[String: Any]] ?? []
      #expect(!registers.isEmpty, "\(file)")
      for register in registers {
        let place = "\(file) \(register["name"] ?? "")"
        if let name = register["mnemonic"] as? String {
          named.append(Named(name: name, place: place, value: try #require(number(register["offset"]))))
        }
        for field in register["fields"] as? [[String: Any]] ?? [] {
          guard let name = field["mnemonic"] as? String, let bits = field["bits"] as? [Int] else { continue }
          let width = UInt64(bits[bits.count - 1] - bits[0] + 1)
          let mask: UInt64 = ((1 << width) - 1) << UInt64(bits[0])
          named.append(Named(name: name, place: "\(place).\(field["name"] ?? "")", value: mask))
        }
      }
    }
    return named
  }

  static func number(_ value: Any?) -> UInt64? {
    (value as? String).flatMap { UInt64($0.dropFirst(2), radix: 16) } ?? (value as? Int).map(UInt64.init)
  }

  @Test("Every name that the specs take from the header has the header's offset or mask", .enabled(if: header != nil))
  func agree() throws {
    let constants = Self.constants(try #require(Self.header))
    let named = try Self.named()
    #expect(named.count > 300)
    for entry in named {
      #expect(constants[entry.name] == entry.value, "\(entry.name) of \(entry.place)")
    }
  }

  /// Constants that are no register and no field: values of a field, sizes, other names for the same, older layouts.
  static let others: Set = [
    "STATUS_DEVSEL_FAST", "STATUS_DEVSEL_MEDIUM", "STATUS_DEVSEL_SLOW", "BASE_ADDRESS_SPACE_IO",
    "BASE_ADDRESS_SPACE_MEMORY", "BASE_ADDRESS_MEM_TYPE_32", "BASE_ADDRESS_MEM_TYPE_1M", "BASE_ADDRESS_MEM_TYPE_64",
    "BASE_ADDRESS_1", "BASE_ADDRESS_2", "BASE_ADDRESS_3", "BASE_ADDRESS_4", "BASE_ADDRESS_5", "MSI_RFU", "PM_SIZEOF",
    "EXP_DEVCTL_BCRE", "BASE_ADDRESS_MEM_MASK", "BASE_ADDRESS_IO_MASK",
  ]

  @Test("No register or field that the header has in these groups is missing", .enabled(if: header != nil))
  func complete() throws {
    let known = Set(try Self.named().map(\.name))
    let groups = [
      "COMMAND", "STATUS", "BASE_ADDRESS", "BRIDGE_CTL", "PM_", "MSI_", "MSIX_", "EXP_FLAGS", "EXP_DEV", "EXP_LNK",
      "EXP_RT", "EXP_SLTCAP", "EXP_SLTCTL", "EXP_SLTSTA", "ERR_", "ACS_", "ARI_", "IOV_",
    ]
    let ignored = Self.others.union(["IOV_NUM_BAR"])
    var count = 0
    for name in Self.constants(try #require(Self.header)).keys.sorted() {
      guard groups.contains(where: name.hasPrefix), !ignored.contains(name) else { continue }
      count += 1
      #expect(known.contains(name), "\(name)")
    }
    #expect(count > 250)
  }

  @Test("The capabilities and the kinds of port have the header's numbers", .enabled(if: header != nil))
  func values() throws {
    let constants = Self.constants(try #require(Self.header))
    for (file, register, field, group) in [
      ("pci-capability.json", "identifier", "kind", "CAP_ID_"),
      ("pci-extended-capability.json", "header", "kind", "EXT_CAP_ID_"),
      ("pci-express.json", "capabilities", "portType", "EXP_TYPE_"),
    ] {
      let data = try Data(contentsOf: TestFiles.root.appending(path: "Specs/registers/\(file)"))
      let json = try JSONSerialization.jsonObject(with: data) as? [String: Any]
      let registers = json?["registers"] as? [[String: Any]]
      let fields = registers?.first { $0["name"] as? String == register }?["fields"] as? [[String: Any]]
      let values = fields?.first { $0["name"] as? String == field }?["values"] as? [[String: Any]] ?? []
      let numbers = values.compactMap { Self.number($0["value"]) }.sorted()
      #expect(numbers == constants.filter { $0.key.hasPrefix(group) }.map(\.value).sorted(), "\(file)")
    }
  }
}
