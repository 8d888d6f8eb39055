/// Checks documents against a JSON Schema (the part of draft 2020-12 named in SpecKit's README).
///
/// Lists every mistake with its place. What to write instead comes from the `description` of the schema that is broken; descriptions
/// are therefore phrases that can follow the word "write".
public struct SchemaValidator {
  private let schema: Schema

  /// A validator for the schema in the file `name`, which `load` reads like the files it refers to.
  ///
  /// - Throws: every mistake in the schema itself.
  public init(_ name: String, load: @escaping (String) throws(SpecErrors) -> JSONNode) throws(SpecErrors) {
    var compiler = SchemaCompiler(load: load)
    schema = try compiler.compile(name)
  }

  /// Every way in which `document` breaks the schema, in no particular order.
  public func diagnostics(for document: JSONNode) -> [Diagnostic] {
    var run = Validation()
    run.check(document, schema)
    return run.diagnostics
  }
}

/// One pass over a document.
private struct Validation {
  var diagnostics: [Diagnostic] = []

  mutating func report(_ node: JSONNode, _ schema: Schema, _ problem: String, _ remedy: String? = nil) {
    let remedy = remedy ?? schema.advice.map { "write \($0)" } ?? "write what the schema allows"
    diagnostics.append(Diagnostic(node, problem: problem, remedy: remedy))
  }

  /// What breaks `schema` in `node`, apart from this pass.
  func trial(_ node: JSONNode, _ schema: Schema) -> [Diagnostic] {
    var run = Validation()
    run.check(node, schema)
    return run.diagnostics
  }

  mutating func check(_ node: JSONNode, _ schema: Schema) {
    if schema.refuses { return report(node, schema, "nothing is allowed here", "delete it") }
    if let reference = schema.reference { check(node, reference) }
    // Of a value of the wrong kind nothing else needs saying.
    if !schema.kinds.isEmpty, !schema.kinds.contains(where: { $0.matches(node) }) {
      let wanted = Schema.Kind.phrase(schema.kinds)
      return report(
        node, schema, "\(node.described) is not \(wanted)", schema.advice.map { "write \($0)" } ?? "write \(wanted)")
    }
    checkChoices(node, schema)
    switch node.value {
    case .object(let members): checkObject(node, members, schema)
    case .array(let elements): checkArray(node, elements, schema)
    case .string(let text): checkString(node, text, schema)
    case .integer(let number): checkNumber(node, .exact(number), schema)
    case .number(let number): checkNumber(node, .binary(number), schema)
    case .bool, .null: break
    }
    checkCombinations(node, schema)
  }

  private mutating func checkChoices(_ node: JSONNode, _ schema: Schema) {
    if let constant = schema.constant, !node.isSame(as: constant) {
      report(node, schema, "\(node.summary) is not \(constant.summary)", "write \(constant.summary)")
    }
    if let allowed = schema.allowed, !allowed.contains(where: { node.isSame(as: $0) }) {
      let hint = node.string.map { Suggestion.hint(for: $0, among: allowed.compactMap(\.string)) } ?? ""
      let list = allowed.map(\.summary).joined(separator: ", ")
      report(node, schema, "\(node.summary) is none of the allowed values", "write one of \(list)\(hint)")
    }
  }

  private mutating func checkObject(_ node: JSONNode, _ members: [JSONNode.Member], _ schema: Schema) {
    for key in schema.required where node[key] == nil { missing(key, in: node, schema.properties[key]) }
    for (key, needs) in schema.dependentRequired where node[key] != nil {
      for needed in needs where node[needed] == nil { missing(needed, in: node, schema.properties[needed]) }
    }
    if let fewest = schema.fewestProperties, members.count < fewest {
      report(node, schema, "the object has \(members.count) members, not \(fewest) or more")
    }
    if let most = schema.mostProperties, members.count > most {
      report(node, schema, "the object has \(members.count) members, not \(most) or fewer")
    }
    for member in members {
      if let keys = schema.keys { checkKey(member, keys) }
      var isKnown = false
      if let property = schema.properties[member.key] {
        check(member.value, property)
        isKnown = true
      }
      for (pattern, property) in schema.patternProperties where pattern.matcher.matches(member.key) {
        check(member.value, property)
        isKnown = true
      }
      if isKnown { continue }
      if let additional = schema.additionalProperties {
        if additional.refuses { unknown(member, in: node, schema) } else { check(member.value, additional) }
      }
    }
  }

  private mutating func checkKey(_ member: JSONNode.Member, _ schema: Schema) {
    let key = JSONNode(
      .string(member.key), path: member.value.path, source: member.value.source, offset: member.keyOffset)
    check(key, schema)
  }

  private mutating func missing(_ key: String, in node: JSONNode, _ property: Schema?) {
    let remedy = property?.advice.map { "add \(key.debugDescription): \($0)" } ?? "add \(key.debugDescription)"
    diagnostics.append(
      Diagnostic(
        file: node.file, position: node.position, path: node.path.appending(key: key), problem: "is missing",
        remedy: remedy))
  }

  private mutating func unknown(_ member: JSONNode.Member, in node: JSONNode, _ schema: Schema) {
    let present = node.members.map(\.key)
    // A key that is already there was not what a misspelled one meant.
    let candidates = schema.propertyNames.filter { !present.contains($0) }
    var remedy: String
    if let nearest = Suggestion.nearest(to: member.key, among: candidates) {
      remedy = "did you mean \(nearest.debugDescription)?"
    } else if schema.propertyNames.isEmpty {
      remedy = schema.patternProperties.first.map { "write a key that matches \($0.pattern.text)" } ?? "delete it"
    } else {
      remedy = "the keys here are \(schema.propertyNames.joined(separator: ", "))"
    }
    if schema.properties.isEmpty, let first = schema.patternProperties.first?.schema.advice { remedy += " (\(first))" }
    diagnostics.append(
      Diagnostic(
        file: node.file, position: member.keyPosition, path: member.value.path,
        problem: "the key \(member.key.debugDescription) is unknown", remedy: remedy))
  }

  private mutating func checkArray(_ node: JSONNode, _ elements: [JSONNode], _ schema: Schema) {
    if let fewest = schema.fewestItems, elements.count < fewest {
      let problem =
        elements.isEmpty ? "the array is empty" : "the array has \(counted(elements.count)), not \(fewest) or more"
      report(node, schema, problem)
    }
    if let most = schema.mostItems, elements.count > most {
      report(node, schema, "the array has \(counted(elements.count)), not \(most) or fewer")
    }
    for (index, element) in elements.enumerated() {
      if index < schema.prefixItems.count {
        check(element, schema.prefixItems[index])
      } else if let items = schema.items {
        check(element, items)
      }
    }
    if schema.uniqueItems { checkUnique(elements, schema) }
  }

  private mutating func checkUnique(_ elements: [JSONNode], _ schema: Schema) {
    for (index, element) in elements.enumerated() {
      if let first = elements[..<index].first(where: { $0.isSame(as: element) }) {
        report(
          element, schema, "\(element.summary) was already listed on line \(first.position.line)",
          "delete one of the two")
      }
    }
  }

  private func counted(_ count: Int) -> String { count == 1 ? "1 element" : "\(count) elements" }

  private mutating func checkString(_ node: JSONNode, _ text: String, _ schema: Schema) {
    if let shortest = schema.shortest, text.unicodeScalars.count < shortest {
      report(
        node, schema, text.isEmpty ? "the string is empty" : "\(node.summary) is shorter than \(shortest) characters")
    } else if let longest = schema.longest, text.unicodeScalars.count > longest {
      report(node, schema, "\(node.summary) is longer than \(longest) characters")
    } else if let pattern = schema.pattern, !pattern.matcher.matches(text) {
      report(
        node, schema, "\(node.summary) does not have the right form",
        schema.advice.map { "write \($0)" } ?? "write text that matches \(pattern.text)")
    }
  }

  private mutating func checkNumber(_ node: JSONNode, _ number: Number, _ schema: Schema) {
    if let limit = schema.minimum, number < Number(limit) {
      report(node, schema, "\(node.summary) is less than \(limit.summary)")
    }
    if let limit = schema.maximum, number > Number(limit) {
      report(node, schema, "\(node.summary) is more than \(limit.summary)")
    }
    if let limit = schema.exclusiveMinimum, number <= Number(limit) {
      report(node, schema, "\(node.summary) is not more than \(limit.summary)")
    }
    if let limit = schema.exclusiveMaximum, number >= Number(limit) {
      report(node, schema, "\(node.summary) is not less than \(limit.summary)")
    }
    if let factor = schema.multipleOf, !number.isMultiple(of: Number(factor)) {
      report(node, schema, "\(node.summary) is not a multiple of \(factor.summary)")
    }
  }

  // MARK: Combinations

  private mutating func checkCombinations(_ node: JSONNode, _ schema: Schema) {
    for branch in schema.allOf { check(node, branch) }
    if !schema.anyOf.isEmpty { checkBranches(node, schema.anyOf, schema, exactlyOne: false) }
    if !schema.oneOf.isEmpty { checkBranches(node, schema.oneOf, schema, exactlyOne: true) }
    if let negated = schema.negated, trial(node, negated).isEmpty { checkNegation(node, negated, schema) }
    guard let condition = schema.condition else { return }
    if let branch = trial(node, condition).isEmpty ? schema.consequence : schema.alternative { check(node, branch) }
  }

  private mutating func checkNegation(_ node: JSONNode, _ negated: Schema, _ schema: Schema) {
    // `"not": {}` refuses a property under a condition; the description says which.
    let isRefusal = negated.node.members.isEmpty
    let reason = schema.advice.map { ": \($0)" } ?? ""
    report(
      node, schema, "\(node.summary) is not allowed here",
      isRefusal ? "delete it\(reason)" : "write something else\(reason)")
  }

  /// Checks that `node` has one of `keys`, or exactly one of them.
  private mutating func checkAlternatives(_ node: JSONNode, _ keys: [String], exactlyOne: Bool) {
    guard case .object = node.value else { return }
    let present = keys.filter { node[$0] != nil }
    let names = keys.map(\.debugDescription)
    if present.isEmpty {
      diagnostics.append(
        Diagnostic(
          node, problem: "\(names.joined(separator: " or ")) is missing",
          remedy: "add \(exactlyOne ? "one" : "at least one")"))
    } else if exactlyOne, present.count > 1 {
      let both = present.map(\.debugDescription).joined(separator: " and ")
      diagnostics.append(Diagnostic(node, problem: "\(both) exclude each other", remedy: "keep one"))
    }
  }

  private mutating func checkBranches(_ node: JSONNode, _ branches: [Schema], _ schema: Schema, exactlyOne: Bool) {
    if branches.allSatisfy(\.onlyRequires) {
      return checkAlternatives(node, branches.flatMap(\.required), exactlyOne: exactlyOne)
    }
    let trials = branches.map { trial(node, $0) }
    let matching = trials.count { $0.isEmpty }
    if matching > 1, exactlyOne {
      return report(node, schema, "\(node.summary) fits \(matching) of the forms that exclude each other")
    }
    if matching > 0 { return }
    // The branch meant is the one of the right kind and with the right constants that breaks least.
    let candidates = zip(branches, trials).filter { !$0.1.contains { $0.path == node.path } }
    let discriminated = candidates.filter { $0.0.discriminatorsHold(in: node) }
    if let (_, trial) = (discriminated.isEmpty ? candidates : discriminated).min(by: { $0.1.count < $1.1.count }) {
      diagnostics += trial
      return
    }
    let ofKind = zip(branches, trials).filter { $0.0.acceptsKind(of: node) }
    if ofKind.count == 1, let (_, trial) = ofKind.first {
      // What is wrong comes from the form that was meant; what to write, from the description of the choice.
      diagnostics += trial.map { mistake in
        guard mistake.path == node.path, let advice = schema.advice else { return mistake }
        var mistake = mistake
        mistake.remedy = "write \(advice)"
        return mistake
      }
      return
    }
    let forms = branches.compactMap { $0.advice ?? $0.title }
    let remedy = schema.advice ?? (forms.isEmpty ? nil : forms.joined(separator: ", or "))
    report(node, schema, "\(node.described) fits none of the allowed forms", remedy.map { "write \($0)" })
  }
}

extension Schema {
  /// True when the schema asks for one key and nothing else: as a branch it is one of several ways to say a thing.
  var onlyRequires: Bool {
    required.count == 1 && node.members.allSatisfy { ["required", "description", "title"].contains($0.key) }
  }

  /// True when the kind of `node` is one that the schema or the one it refers to accepts.
  func acceptsKind(of node: JSONNode) -> Bool {
    let accepts = kinds.isEmpty || kinds.contains { $0.matches(node) }
    return accepts && (reference?.acceptsKind(of: node) ?? true)
  }

  /// True when every property with a fixed value has it in `node`.
  func discriminatorsHold(in node: JSONNode) -> Bool {
    let hold = properties.allSatisfy { key, property in
      guard let constant = property.constant else { return true }
      return node[key]?.isSame(as: constant) ?? false
    }
    return hold && (reference?.discriminatorsHold(in: node) ?? true)
  }
}

extension Schema.Kind {
  func matches(_ node: JSONNode) -> Bool {
    switch (self, node.value) {
    case (.null, .null), (.boolean, .bool), (.string, .string), (.array, .array), (.object, .object): true
    case (.integer, .integer), (.number, .integer), (.number, .number): true
    case (.integer, .number(let number)): number.rounded() == number
    default: false
    }
  }

  /// The kinds as a choice: `an integer or a string`.
  static func phrase(_ kinds: [Schema.Kind]) -> String { kinds.map(\.phrase).joined(separator: " or ") }
}

extension JSONNode {
  /// The value with its kind, for messages about a wrong kind.
  fileprivate var described: String {
    switch value {
    case .string: "the string \(summary)"
    case .integer, .number: "the number \(summary)"
    default: summary
    }
  }
}

/// A number that compares exactly when both sides are integers.
private enum Number: Comparable {
  case exact(Int128)
  case binary(Double)

  init(_ node: JSONNode) {
    switch node.value {
    case .integer(let number): self = .exact(number)
    case .number(let number): self = .binary(number)
    default: self = .exact(0)
    }
  }

  var double: Double {
    switch self {
    case .exact(let number): Double(number)
    case .binary(let number): number
    }
  }

  static func < (left: Number, right: Number) -> Bool {
    if case .exact(let left) = left, case .exact(let right) = right { return left < right }
    return left.double < right.double
  }

  static func == (left: Number, right: Number) -> Bool {
    if case .exact(let left) = left, case .exact(let right) = right { return left == right }
    return left.double == right.double
  }

  func isMultiple(of factor: Number) -> Bool {
    if case .exact(let number) = self, case .exact(let factor) = factor { return factor != 0 && number % factor == 0 }
    return (double / factor.double).rounded() == double / factor.double
  }
}
