/// The rules for names that generated Swift declares.
enum SwiftName {
  /// Words that cannot be the plain name of a declaration, or would be confusing as one.
  static let reserved: Set<String> = [
    "as", "break", "case", "catch", "class", "continue", "default", "defer", "deinit", "do", "else", "enum",
    "extension", "fallthrough",
    "false", "fileprivate", "for", "func", "guard", "if", "import", "in", "init", "inout", "internal", "is", "let",
    "nil", "operator",
    "private", "protocol", "public", "repeat", "rethrows", "return", "self", "static", "struct", "subscript", "super",
    "switch", "throw",
    "throws", "true", "try", "typealias", "var", "where", "while", "Any", "Self", "Type", "rawValue",
  ]

  /// Reports an identifier that Swift keeps for itself.
  static func check(_ name: Located<String>, _ context: inout CheckContext) {
    if reserved.contains(name.value) {
      context.report(name, "\(name.value.debugDescription) is a word of Swift's own", "choose another identifier")
    }
  }
}

extension SwiftName {
  /// `name` as a declaration may write it: in back quotes when it is a word of Swift's own.
  static func escaped(_ name: String) -> String { reserved.contains(name) ? "`\(name)`" : name }

  /// `name` with a capital, as a type is called.
  static func type(_ name: String) -> String { name.prefix(1).uppercased() + name.dropFirst() }
}
