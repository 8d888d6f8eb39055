import Foundation

/// A spec as plain JSON, read without any of the generator's code, so that the tests compute for themselves.
struct SpecTable {
  struct Field {
    let json: [String: Any]
    let name: String
    let low: Int
    let high: Int
    var width: Int { high - low + 1 }
    var ones: UInt64 { width == 64 ? .max : (1 << UInt64(width)) - 1 }
    var mask: UInt64 { ones << UInt64(low) }
    var fixed: UInt64? { SpecTable.number(json["fixed"]) }
    var clears: String? { json["clears"] as? String }
    var isInPlace: Bool { json["inPlace"] as? Bool ?? false }

    init(_ json: [String: Any]) {
      self.json = json
      name = json["name"] as? String ?? ""
      let bits = (json["bits"] as? [Int]) ?? []
      low = bits.first ?? 0
      high = bits.last ?? 0
    }

    func access(in register: String) -> String { json["access"] as? String ?? register }
  }

  struct Register {
    let json: [String: Any]
    let name: String
    let width: Int
    let access: String
    let reserved: String
    let fields: [Field]

    var all: UInt64 { width == 64 ? .max : (1 << UInt64(width)) - 1 }
    var reservedMask: UInt64 { fields.isEmpty ? 0 : all & ~fields.reduce(0) { $0 | $1.mask } }
    var reset: UInt64? { SpecTable.number(json["reset"]) }
    var array: [String: Any]? { json["array"] as? [String: Any] }
    var count: Int { array?["count"] as? Int ?? 1 }
    func number(_ key: String) -> UInt64? { SpecTable.number(json[key]) }
    func stride(_ key: String) -> UInt64 {
      SpecTable.number(array?[key]) ?? SpecTable.number(array?["stride"]) ?? 0
    }

    /// What reaches the device when software writes `bits`, having read `old` if it read at all.
    func written(_ bits: UInt64, old: UInt64? = nil) -> UInt64 {
      var result = bits
      for bit in 0..<width {
        let mask: UInt64 = 1 << UInt64(bit)
        if let field = fields.first(where: { $0.mask & mask != 0 }) {
          guard let fixed = field.fixed else { continue }
          let level = fixed >> UInt64(bit - field.low) & 1
          result = level == 1 ? result | mask : result & ~mask
        } else if !fields.isEmpty {
          switch reserved {
          case "zero": result &= ~mask
          case "one": result |= mask
          case "preserve": if let old { result = result & ~mask | old & mask }
          default: break
          }
        }
      }
      return result & all
    }
  }

  let json: [String: Any]
  let registers: [Register]
  let layouts: [String: [Field]]
  let kind: String

  init(file: String) throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let object = try JSONSerialization.jsonObject(with: Data(contentsOf: root.appending(path: file)))
    json = object as? [String: Any] ?? [:]
    kind = (json["space"] as? [String: Any])?["kind"] as? String ?? ""
    func fields(_ json: [String: Any]) -> [Field] { (json["fields"] as? [[String: Any]] ?? []).map(Field.init) }
    let layouts = Dictionary(
      uniqueKeysWithValues: (json["layouts"] as? [[String: Any]] ?? []).map {
        ($0["name"] as? String ?? "", fields($0))
      })
    self.layouts = layouts
    let reserved = json["reserved"] as? String ?? ""
    registers = (json["registers"] as? [[String: Any]] ?? []).map { entry in
      Register(
        json: entry, name: entry["name"] as? String ?? "", width: entry["width"] as? Int ?? 0,
        access: entry["access"] as? String ?? "", reserved: entry["reserved"] as? String ?? reserved,
        fields: (entry["layout"] as? String).flatMap { layouts[$0] } ?? fields(entry))
    }
  }

  /// The register or layout with the type name `name`, as a register.
  func division(_ name: String) -> Register? {
    if layouts[name] != nil { return registers.first { $0.json["layout"] as? String == name } }
    return registers.first { $0.name.prefix(1).uppercased() + $0.name.dropFirst() == name }
  }

  func register(_ name: String) -> Register? { registers.first { $0.name == name } }

  static func number(_ value: Any?) -> UInt64? {
    if let text = value as? String { return UInt64(text.dropFirst(2).replacing("_", with: ""), radix: 16) }
    return (value as? Int).map(UInt64.init)
  }
}
