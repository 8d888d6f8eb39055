/// The key maps as a Swift enumeration: one file for the map that the entry names, which is the usual one, and those beside it.
enum KeyMapTable: SpecProduct {
  static let name = "keymaps"

  private static let keyCodes = "input/keycodes.json"
  private static let folder = "keymaps/"

  static func generate(_ model: KeyMapSpec, context: GenerationContext) throws(SpecErrors) -> [GeneratedFile] {
    let codes = try context.companion(KeyCodeSpec.self, spec: keyCodes)
    var numbers: [String: Int] = [:]
    let keyFile = "\(SpecPackage.specFolder)/\(keyCodes)"
    for (key, code) in try codes.numbered(context, file: keyFile) { numbers[key.name.value] = code }
    var maps = [model]
    try check(model, context.document.file, numbers)
    for file in context.companions where file != context.document.file {
      let spec = String(file.dropFirst(SpecPackage.specFolder.count + 1))
      guard spec.hasPrefix(folder) else { continue }
      let other = try context.companion(KeyMapSpec.self, spec: spec)
      try check(other, file, numbers)
      maps.append(other)
    }
    if let second = maps.dropFirst().first(where: { $0.name.value == model.name.value }) {
      throw SpecErrors([
        Diagnostic(
          file: context.document.file, position: model.name.position, path: model.name.path,
          problem: "another map is called \(second.name.value)", remedy: "give each its own name")
      ])
    }
    return [GeneratedFile(name: context.output, contents: text(maps, numbers, context))]
  }

  private static func check(_ model: KeyMapSpec, _ file: String, _ numbers: [String: Int]) throws(SpecErrors) {
    var diagnostics: [Diagnostic] = []
    for key in model.keys where numbers[key.key.value] == nil {
      let hint = Suggestion.hint(for: key.key.value, among: numbers.keys.sorted())
      diagnostics.append(
        Diagnostic(
          file: file, position: key.key.position, path: key.key.path, problem: "there is no key \(key.key.value)",
          remedy: "name a key of \(keyCodes)\(hint)"))
    }
    if !diagnostics.isEmpty { throw SpecErrors(diagnostics) }
  }

  private static func text(_ maps: [KeyMapSpec], _ numbers: [String: Int], _ context: GenerationContext) -> String {
    var writer = CodeWriter(header: context)
    writer.documentation("What the keys of a keyboard type; the first is the usual one.")
    writer.block("public enum KeyMap: UInt8, CaseIterable, Sendable") { writer in
      for map in maps {
        writer.documentation("\(map.title). Source: \(map.sources.joined(separator: "; ")).")
        writer.line("case \(SwiftName.escaped(map.name.value))")
      }
      property("The name that `keymap=` gives it.", "name: StaticString", maps, &writer) {
        CodeWriter.literal($0.name.value)
      }
      property("Whether the right Alt key chooses third and fourth texts.", "hasAltGr: Bool", maps, &writer) {
        "\($0.rightAlt.value == .altGr)"
      }
      writer.line()
      writer.documentation("What a key types; nil for one that types no text.")
      writer.block("public func texts(of key: KeyCode) -> KeyTexts?") { writer in
        writer.line("switch self {")
        for map in maps {
          writer.line("case .\(SwiftName.escaped(map.name.value)):")
          writer.indented { writer in keys(of: map, numbers, &writer) }
        }
        writer.line("}")
      }
      writer.line()
      writer.documentation("What `base` becomes behind a dead key; nil when nothing.")
      writer.block("public func compose(dead: UInt32, base: UInt32) -> UInt32?") { writer in
        writer.line("switch (self, dead, base) {")
        for map in maps { compositions(of: map, &writer) }
        writer.line("default: nil")
        writer.line("}")
      }
    }
    return writer.text
  }

  private static func property(
    _ documentation: String, _ declaration: String, _ maps: [KeyMapSpec], _ writer: inout CodeWriter,
    _ value: (KeyMapSpec) -> String
  ) {
    writer.line()
    writer.documentation(documentation)
    writer.block("public var \(declaration)") { writer in
      writer.line("switch self {")
      for map in maps { writer.line("case .\(SwiftName.escaped(map.name.value)): \(value(map))") }
      writer.line("}")
    }
  }

  private static func keys(of map: KeyMapSpec, _ numbers: [String: Int], _ writer: inout CodeWriter) {
    writer.line("switch key.rawValue {")
    for key in map.keys.sorted(by: { numbers[$0.key.value] ?? 0 < numbers[$1.key.value] ?? 0 }) {
      guard let number = numbers[key.key.value] else { continue }
      let texts = (0..<4).map { symbol(key.text, $0) }.joined(separator: ", ")
      writer.line("case \(number): KeyTexts(\(texts), isLetter: \(key.isLetter?.value == true))")
    }
    writer.line("default: nil")
    writer.line("}")
  }

  /// A character's number, with the highest bit for a dead key; 0 for nothing.
  private static func symbol(_ texts: [Located<KeyMapSpec.Text>], _ level: Int) -> String {
    guard level < texts.count, let scalar = texts[level].value.scalar else { return "0" }
    let number = scalar.value | (texts[level].value.isDead ? 0x8000_0000 : 0)
    return "0x\(String(number, radix: 16))"
  }

  private static func compositions(of map: KeyMapSpec, _ writer: inout CodeWriter) {
    for composition in map.compose ?? [] {
      guard let dead = composition.dead.value.unicodeScalars.first else { continue }
      let name = SwiftName.escaped(map.name.value)
      for (base, result) in zip(composition.bases.value.unicodeScalars, composition.results.value.unicodeScalars) {
        let numbers = [dead, base, result].map { "0x\(String($0.value, radix: 16))" }
        writer.line("case (.\(name), \(numbers[0]), \(numbers[1])): \(numbers[2])")
      }
    }
  }
}
