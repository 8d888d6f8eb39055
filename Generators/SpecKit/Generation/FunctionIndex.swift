/// The functions that a target's Swift sources declare, so that a spec can only name handlers that exist.
///
/// Reads tokens, not types: the compiler checks a handler's type at the spec's own line.
public struct FunctionIndex {
  /// A function that was found.
  public struct Function: Hashable, Sendable {
    /// The name with the types around it, such as `FaultHandlers.pageFault`.
    public let name: String
    /// Whether it can be called without an instance: at file level, or `static`.
    public let isStatic: Bool
    /// The file that declares it.
    public let file: String
    /// The line of its name.
    public let line: Int
  }

  /// The functions, in the order of the sources.
  public private(set) var functions: [Function] = []

  /// An index of nothing.
  public init() {}

  /// Adds the functions of a source text.
  public mutating func add(_ text: String, file: String) {
    var scanner = SwiftScanner(text: text, file: file)
    functions += scanner.functions()
  }

  /// The names that a spec may give as a handler.
  public var handlerNames: [String] { functions.filter(\.isStatic).map(\.name) }

  /// Why `handler` cannot be called, and what to write; nil when it can.
  public func mistake(in handler: String, arguments: String) -> (problem: String, remedy: String)? {
    let candidates = functions.filter { $0.name == handler }
    if candidates.contains(where: \.isStatic) { return nil }
    if let method = candidates.first {
      return ("\(handler) is not static (\(method.file):\(method.line))", "declare it static func")
    }
    let known = Set(handlerNames)
    let member = ".\(handler.split(separator: ".").last ?? "")"
    if let elsewhere = known.filter({ $0.hasSuffix(member) }).min() {
      return ("no function \(handler) in the target's sources", "did you mean \(elsewhere.debugDescription)?")
    }
    let types = Set(known.map { $0.prefix(through: $0.lastIndex(of: ".") ?? $0.startIndex) }).map(String.init)
    let family = handler.lastIndex(of: ".").map { String(handler[...$0]) } ?? ""
    let meant = Suggestion.nearest(to: family, among: types.sorted()) ?? family
    let offered = known.filter { $0.hasPrefix(meant) && meant.count > 1 }.sorted()
    let remedy =
      if let nearest = Suggestion.nearest(to: handler, among: known.sorted()) {
        "did you mean \(nearest.debugDescription)?"
      } else if offered.isEmpty {
        "write static func \(handler.split(separator: ".").last ?? "")(\(arguments)) in the target's sources"
      } else {
        "write one of \(offered.joined(separator: ", "))"
      }
    return ("no function \(handler) in the target's sources", remedy)
  }
}

/// Finds declarations in Swift text: skips comments and strings, follows braces and the types that open them.
private struct SwiftScanner {
  private let file: String
  private let scalars: [Unicode.Scalar]
  private var index = 0
  private var line = 1
  /// One for every open brace: the type that it opened, or nil.
  private var scopes: [String?] = []

  init(text: String, file: String) {
    self.file = file
    scalars = Array(text.unicodeScalars)
  }

  private enum Token { case word(String), sign(Unicode.Scalar), end }

  mutating func functions() -> [FunctionIndex.Function] {
    var found: [FunctionIndex.Function] = []
    var pendingType: String?
    var isStatic = false
    while true {
      switch next() {
      case .end: return found
      case .word("enum"), .word("struct"), .word("class"), .word("actor"), .word("extension"), .word("protocol"):
        switch qualifiedName() {
        case "func", "var":
          // `class func` and `class var` are members, not types: read the word again as what it is.
          isStatic = true
          index = lastWordStart
        case let name: pendingType = name
        }
      case .word("static"): isStatic = true
      case .word("func"):
        if case .word(let name) = next(), !scopes.contains(nil) {
          let types = scopes.compactMap { $0 }
          found.append(
            FunctionIndex.Function(
              name: (types + [name]).joined(separator: "."), isStatic: isStatic || types.isEmpty, file: file, line: line
            ))
        }
        isStatic = false
      case .word("var"), .word("let"), .word("init"), .word("subscript"), .word("case"): isStatic = false
      case .sign("{"):
        scopes.append(pendingType)
        pendingType = nil
      case .sign("}"):
        if !scopes.isEmpty { scopes.removeLast() }
        isStatic = false
      case .word, .sign: break
      }
    }
  }

  private var lastWordStart = 0

  private mutating func qualifiedName() -> String? {
    guard case .word(var name) = next() else { return nil }
    while index < scalars.count, scalars[index] == "." {
      index += 1
      guard case .word(let part) = next() else { break }
      name += ".\(part)"
    }
    return name
  }

  private mutating func next() -> Token {
    while index < scalars.count {
      let scalar = scalars[index]
      if scalar == "/", peek("//") {
        while index < scalars.count, scalars[index] != "\n" { index += 1 }
      } else if scalar == "/", peek("/*") {
        skipBlockComment()
      } else if scalar == "\"" || (scalar == "#" && isRawString) {
        skipString()
      } else if isWord(scalar) || scalar == "`" {
        lastWordStart = index
        return .word(word())
      } else {
        if scalar == "\n" { line += 1 }
        index += 1
        if !scalar.properties.isWhitespace { return .sign(scalar) }
      }
    }
    return .end
  }

  private func isWord(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "_" || scalar.properties.isXIDContinue
  }

  private func peek(_ text: String) -> Bool { scalars[index...].starts(with: text.unicodeScalars) }

  private var isRawString: Bool {
    scalars[index...].first { $0 != "#" } == "\""
  }

  private mutating func word() -> String {
    var word = String.UnicodeScalarView()
    while index < scalars.count, isWord(scalars[index]) || scalars[index] == "`" {
      if scalars[index] != "`" { word.append(scalars[index]) }
      index += 1
    }
    return String(word)
  }

  private mutating func skipBlockComment() {
    var depth = 0
    repeat {
      if peek("/*") {
        depth += 1
        index += 2
      } else if peek("*/") {
        depth -= 1
        index += 2
      } else {
        if scalars[index] == "\n" { line += 1 }
        index += 1
      }
    } while depth > 0 && index < scalars.count
  }

  /// Skips a literal with whatever its interpolations hold.
  private mutating func skipString() {
    var hashes = ""
    while scalars[index] == "#" {
      hashes += "#"
      index += 1
    }
    let quotes = peek("\"\"\"") ? "\"\"\"" : "\""
    index += quotes.count
    while index < scalars.count, !peek(quotes + hashes) {
      if scalars[index] == "\n" {
        if quotes.count == 1 { return }
        line += 1
      }
      if peek("\\" + hashes) {
        index += 1 + hashes.count
        if index < scalars.count, scalars[index] == "(" {
          skipInterpolation()
          continue
        }
      }
      index += 1
    }
    index = min(index + quotes.count + hashes.count, scalars.count)
  }

  private mutating func skipInterpolation() {
    var depth = 0
    repeat {
      switch scalars[index] {
      case "(": depth += 1
      case ")": depth -= 1
      case "\n": line += 1
      case "\"":
        skipString()
        continue
      default: break
      }
      index += 1
    } while depth > 0 && index < scalars.count
  }
}
