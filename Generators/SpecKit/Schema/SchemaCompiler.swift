/// Turns schema documents into `Schema` objects, following `$ref` inside a file and to files beside it.
struct SchemaCompiler {
  /// Reads another schema file by its name, for `$ref`s like `common.schema.json#/$defs/hex`.
  let load: (String) throws(SpecErrors) -> JSONNode
  private var roots: [String: JSONNode] = [:]
  private var compiled: [ObjectIdentifier: Schema] = [:]
  private var diagnostics: [Diagnostic] = []

  init(load: @escaping (String) throws(SpecErrors) -> JSONNode) { self.load = load }

  /// The schema in the file `name`.
  ///
  /// - Throws: every mistake in it and in the files it refers to.
  mutating func compile(_ name: String) throws(SpecErrors) -> Schema {
    let root = try load(name)
    roots[name] = root
    let schema = self.schema(root, in: name)
    if !diagnostics.isEmpty { throw SpecErrors(diagnostics) }
    return schema
  }

  private mutating func report(_ node: JSONNode, _ problem: String, _ remedy: String) {
    diagnostics.append(Diagnostic(node, problem: problem, remedy: remedy))
  }

  private mutating func schema(_ node: JSONNode, in file: String) -> Schema {
    if let known = compiled[ObjectIdentifier(node)] { return known }
    let schema = Schema(node)
    compiled[ObjectIdentifier(node)] = schema
    switch node.value {
    case .bool(let accepts): schema.refuses = !accepts
    case .object(let members):
      for member in members { apply(member, to: schema, in: file) }
    default: report(node, "\(node.summary) is not a schema", "write an object, true or false")
    }
    return schema
  }

  private mutating func apply(_ member: JSONNode.Member, to schema: Schema, in file: String) {
    let node = member.value
    switch member.key {
    case "$schema", "$id", "$comment", "$defs", "default", "examples", "deprecated":
      if member.key == "$defs" { for definition in node.members { _ = self.schema(definition.value, in: file) } }
    case "title": schema.title = text(node)
    case "description": schema.description = text(node)
    case "$ref": schema.reference = reference(node, in: file)
    case "type": schema.kinds = kinds(node)
    case "const": schema.constant = node
    case "enum": schema.allowed = node.elements
    case "properties":
      for property in node.members {
        schema.properties[property.key] = self.schema(property.value, in: file)
        schema.propertyNames.append(property.key)
      }
    case "required": schema.required = node.elements.compactMap { text($0) }
    case "dependentRequired":
      schema.dependentRequired = node.members.map { ($0.key, $0.value.elements.compactMap(\.string)) }
    case "patternProperties":
      for property in node.members {
        if let pattern = pattern(property.key, at: property.value) {
          schema.patternProperties.append((pattern, self.schema(property.value, in: file)))
        }
      }
    case "additionalProperties": schema.additionalProperties = self.schema(node, in: file)
    case "propertyNames": schema.keys = self.schema(node, in: file)
    case "minProperties": schema.fewestProperties = count(node)
    case "maxProperties": schema.mostProperties = count(node)
    case "prefixItems": for item in node.elements { schema.prefixItems.append(self.schema(item, in: file)) }
    case "items": schema.items = self.schema(node, in: file)
    case "minItems": schema.fewestItems = count(node)
    case "maxItems": schema.mostItems = count(node)
    case "uniqueItems": schema.uniqueItems = node.bool ?? false
    case "pattern": schema.pattern = text(node).flatMap { pattern($0, at: node) }
    case "minLength": schema.shortest = count(node)
    case "maxLength": schema.longest = count(node)
    case "minimum": schema.minimum = number(node)
    case "maximum": schema.maximum = number(node)
    case "exclusiveMinimum": schema.exclusiveMinimum = number(node)
    case "exclusiveMaximum": schema.exclusiveMaximum = number(node)
    case "multipleOf": schema.multipleOf = number(node)
    case "allOf": for branch in node.elements { schema.allOf.append(self.schema(branch, in: file)) }
    case "anyOf": for branch in node.elements { schema.anyOf.append(self.schema(branch, in: file)) }
    case "oneOf": for branch in node.elements { schema.oneOf.append(self.schema(branch, in: file)) }
    case "not": schema.negated = self.schema(node, in: file)
    case "if": schema.condition = self.schema(node, in: file)
    case "then": schema.consequence = self.schema(node, in: file)
    case "else": schema.alternative = self.schema(node, in: file)
    default:
      report(
        node, "the keyword \(member.key.debugDescription) is not supported", "use the keywords of SpecKit's README")
    }
  }

  private mutating func text(_ node: JSONNode) -> String? {
    if node.string == nil { report(node, "\(node.summary) is not a string", "write a string") }
    return node.string
  }

  private mutating func count(_ node: JSONNode) -> Int? {
    if let number = node.integer, let count = Int(exactly: number), count >= 0 { return count }
    report(node, "\(node.summary) is not a count", "write an integer of 0 or more")
    return nil
  }

  private mutating func number(_ node: JSONNode) -> JSONNode? {
    switch node.value {
    case .integer, .number: return node
    default:
      report(node, "\(node.summary) is not a number", "write a number")
      return nil
    }
  }

  private mutating func kinds(_ node: JSONNode) -> [Schema.Kind] {
    var kinds: [Schema.Kind] = []
    for name in node.string == nil ? node.elements : [node] {
      if let kind = name.string.flatMap(Schema.Kind.init(rawValue:)) {
        kinds.append(kind)
      } else {
        report(
          name, "\(name.summary) is not a type",
          "write one of \(Schema.Kind.allCases.map(\.rawValue).joined(separator: ", "))")
      }
    }
    return kinds
  }

  private mutating func pattern(_ text: String, at node: JSONNode) -> Schema.Pattern? {
    do {
      return Schema.Pattern(text: text, matcher: try PatternMatcher(text))
    } catch {
      report(node, "\(text.debugDescription) is not a regular expression: \(error.reason)", "correct it")
      return nil
    }
  }

  private mutating func reference(_ node: JSONNode, in file: String) -> Schema? {
    guard let text = text(node) else { return nil }
    let parts = text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
    let target = parts[0].isEmpty ? file : String(parts[0])
    if roots[target] == nil {
      do throws(SpecErrors) {
        roots[target] = try load(target)
      } catch {
        diagnostics += error.diagnostics
        report(node, "the schema file \(target) cannot be read", "name a file in the same folder")
        return nil
      }
    }
    var found = roots[target]
    for step in (parts.count > 1 ? parts[1] : "").split(separator: "/") {
      let key = String(step).replacing("~1", with: "/").replacing("~0", with: "~")
      found = Int(key).flatMap { found?[$0] } ?? found?[key]
    }
    guard let found else {
      report(node, "\(text.debugDescription) leads nowhere", "write it like \"#/$defs/name\"")
      return nil
    }
    return schema(found, in: target)
  }
}
