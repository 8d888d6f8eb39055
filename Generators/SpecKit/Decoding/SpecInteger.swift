/// An integer that a spec may write as `96` or, where the field thinks in hexadecimal, as `"0x60"`.
///
/// Hexadecimal digits may be grouped with underscores: `"0xFFFF_F000"`.
public struct SpecInteger: Decodable, Hashable, Comparable, Sendable {
  /// The number.
  public let value: Int128
  /// True when the spec wrote it in hexadecimal.
  public let isHexadecimal: Bool

  /// The number `value`, written in decimal.
  public init(_ value: Int128) {
    self.value = value
    isHexadecimal = false
  }

  /// The number that `node` holds, or nil when it holds none.
  public init?(_ node: JSONNode) {
    switch node.value {
    case .integer(let number): self.init(number)
    case .string(let text): self.init(hexadecimal: text)
    default: return nil
    }
  }

  /// The number that `text` like `0x60` or `-0x1` spells, or nil.
  public init?(hexadecimal text: String) {
    let isNegative = text.hasPrefix("-")
    let rest = isNegative ? text.dropFirst() : text[...]
    guard rest.hasPrefix("0x") else { return nil }
    let digits = rest.dropFirst(2).filter { $0 != "_" }
    guard !digits.isEmpty, digits.allSatisfy(\.isHexDigit), let magnitude = Int128(digits, radix: 16) else {
      return nil
    }
    value = isNegative ? -magnitude : magnitude
    isHexadecimal = true
  }

  /// Decodes either form.
  public init(from decoder: any Decoder) throws {
    guard let node = (decoder as? SpecDecoder)?.node, let number = SpecInteger(node) else {
      let problem = "an integer, or a string like \"0x60\", is expected"
      throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: problem))
    }
    self = number
  }

  /// The number as an `Int`; the nearest one when it does not fit, which a range check of the model will have refused.
  public var int: Int { Int(clamping: value) }

  /// Orders by value.
  public static func < (left: SpecInteger, right: SpecInteger) -> Bool { left.value < right.value }

  /// Equal values are equal, however they are written.
  public static func == (left: SpecInteger, right: SpecInteger) -> Bool { left.value == right.value }

  /// Hashes the value.
  public func hash(into hasher: inout Hasher) { hasher.combine(value) }
}
