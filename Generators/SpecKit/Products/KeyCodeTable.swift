/// The keys as a Swift type, with their names and scan codes.
enum KeyCodeTable: SpecProduct {
  static let name = "keycodes"
  private typealias Numbered = (key: KeyCodeSpec.Key, code: Int)

  static func generate(_ model: KeyCodeSpec, context: GenerationContext) throws(SpecErrors) -> [GeneratedFile] {
    let keys = try model.numbered(context, file: context.document.file)
    var writer = CodeWriter(header: context)
    writer.documentation(
      """
      A key of a keyboard, by the number that Linux gives it.

      Source: \(model.sources.joined(separator: "; ")).
      """)
    writer.block("public struct KeyCode: RawRepresentable, Hashable, Sendable") { writer in
      writer.documentation("The number.")
      writer.line("public let rawValue: UInt16")
      writer.line()
      writer.documentation("The key with the number `rawValue`, which need not have a name.")
      writer.line("@inlinable")
      writer.line("public init(rawValue: UInt16) { self.rawValue = rawValue }")
      for (key, code) in keys {
        writer.line()
        writer.documentation("`\(key.constant.value)`.")
        writer.line("@inlinable")
        writer.line(
          "public static var \(SwiftName.escaped(key.name.value)): KeyCode { KeyCode(rawValue: \(code)) }")
      }
      names(keys, &writer)
      lookUp("set1 code: UInt8", "sends `code` in scan code set 1", "code", keys, &writer) { bytes in
        bytes.count == 1 ? "0x\(bytes[0])" : nil
      }
      lookUp("set1Extended code: UInt8", "sends 0xE0 and `code` in scan code set 1", "code", keys, &writer) { bytes in
        bytes.count == 2 ? "0x\(bytes[1])" : nil
      }
      lookUp(
        "set1Long first: UInt8, _ second: UInt8", "sends 0xE1, `first` and `second` in scan code set 1",
        "UInt16(first) << 8 | UInt16(second)", keys, &writer
      ) { bytes in
        bytes.count == 3 ? "0x\(bytes[1])\(bytes[2])" : nil
      }
    }
    return [GeneratedFile(name: context.output, contents: writer.text)]
  }

  private static func names(_ keys: [Numbered], _ writer: inout CodeWriter) {
    writer.line()
    writer.documentation("The C name, or nil for a number that none has here.")
    writer.block("public var constant: StaticString?") { writer in
      writer.line("switch rawValue {")
      for (key, code) in keys { writer.line("case \(code): \(CodeWriter.literal(key.constant.value))") }
      writer.line("default: nil")
      writer.line("}")
    }
  }

  private static func lookUp(
    _ parameters: String, _ condition: String, _ value: String, _ keys: [Numbered], _ writer: inout CodeWriter,
    _ pattern: ([Substring]) -> String?
  ) {
    writer.line()
    writer.documentation("The key that \(condition) when it is pressed; nil when there is none.")
    writer.block("public init?(\(parameters))") { writer in
      writer.line("switch \(value) {")
      for (key, code) in keys {
        let patterns = key.set1.compactMap { pattern($0.value.split(separator: " ")) }
        guard !patterns.isEmpty else { continue }
        writer.line("case \(patterns.joined(separator: ", ")): self.init(rawValue: \(code))")
      }
      writer.line("default: return nil")
      writer.line("}")
    }
  }
}
