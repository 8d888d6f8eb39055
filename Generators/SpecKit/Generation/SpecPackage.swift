import Foundation

/// The package whose specs are read: knows where files lie and what diagnostics call them.
///
/// Reads each file once.
public final class SpecPackage {
  /// The folder that holds `Package.swift`.
  public let root: URL
  private var validators: [String: Result<SchemaValidator, SpecErrors>] = [:]

  /// The package in the folder `root`.
  public init(root: URL) { self.root = root.standardizedFileURL }

  /// Where the specs lie, relative to the root.
  public static let specFolder = "Specs"
  /// Where the schemas lie, relative to the root.
  public static let schemaFolder = "Specs/Schemas"

  /// The location of `file`, which is relative to the root.
  public func url(_ file: String) -> URL { root.appending(path: file) }

  /// `url` relative to the root when it lies inside; otherwise its whole path.
  public func relativePath(_ url: URL) -> String {
    let path = url.standardizedFileURL.path
    let prefix = root.path.hasSuffix("/") ? root.path : root.path + "/"
    return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path
  }

  /// Reads and parses `file`, relative to the root, without a look at its schema.
  ///
  /// - Throws: every syntax error, or that the file cannot be read.
  public func parse(_ file: String) throws(SpecErrors) -> JSONNode {
    let bytes: [UInt8]
    do {
      bytes = [UInt8](try Data(contentsOf: url(file)))
    } catch {
      let problem = "the file cannot be read"
      throw SpecErrors([
        Diagnostic(file: file, position: .start, path: .root, problem: problem, remedy: "create it or correct the name")
      ])
    }
    return try JSONParser.parse(SourceText(file: file, bytes: bytes))
  }

  /// Reads `file`, relative to the root, and checks it against the schema that it names.
  ///
  /// - Parameter expected: the schema that it must name; nil for any.
  /// - Throws: every syntax error; or every way in which it breaks the schema.
  public func document(_ file: String, expecting expected: String? = nil) throws(SpecErrors) -> SpecDocument {
    let document = try SpecDocument(file: file, root: parse(file))
    let node = document.root["$schema"] ?? document.root
    if let expected, document.schema != expected {
      throw SpecErrors([
        Diagnostic(
          node, problem: "the schema here must be \(expected), not \(document.schema)",
          remedy: "name a spec of that kind")
      ])
    }
    if !FileManager.default.fileExists(atPath: url("\(Self.schemaFolder)/\(document.schema)").path) {
      let known = files(in: Self.schemaFolder, suffix: ".schema.json").map {
        String($0.dropFirst(Self.schemaFolder.count + 1))
      }
      let hint = Suggestion.hint(for: document.schema, among: known)
      throw SpecErrors([
        Diagnostic(
          node, problem: "there is no schema \(document.schema)", remedy: "name one in \(Self.schemaFolder)\(hint)")
      ])
    }
    let diagnostics = try validator(schema: document.schema).diagnostics(for: document.root)
    if !diagnostics.isEmpty { throw SpecErrors(diagnostics) }
    return document
  }

  /// Reads `file` as a `Model`: syntax, schema, then the model's own checks.
  ///
  /// - Throws: every mistake of the first of the three stages that finds any.
  public func model<Model: SpecModel>(
    _ type: Model.Type, from file: String
  ) throws(SpecErrors) -> (model: Model, document: SpecDocument) {
    let document = try document(file, expecting: Model.schema)
    return (try model(type, in: document), document)
  }

  /// Decodes and checks a document that already holds to its schema.
  public func model<Model: SpecModel>(_ type: Model.Type, in document: SpecDocument) throws(SpecErrors) -> Model {
    let model = try SpecDecoder.decode(Model.self, from: document.root)
    var context = CheckContext(document: document)
    model.check(&context)
    if !context.diagnostics.isEmpty { throw SpecErrors(context.diagnostics) }
    return model
  }

  /// The validator for the schema file `name` in the schema folder.
  func validator(schema name: String) throws(SpecErrors) -> SchemaValidator {
    if let known = validators[name] { return try known.get() }
    let result: Result<SchemaValidator, SpecErrors>
    do throws(SpecErrors) {
      let validator = try SchemaValidator(name) { [self] name throws(SpecErrors) in
        try parse("\(SpecPackage.schemaFolder)/\(name)")
      }
      result = .success(validator)
    } catch {
      result = .failure(error)
    }
    validators[name] = result
    return try result.get()
  }

  /// Every spec of the package, relative to the root, sorted.
  public func specs() -> [String] {
    files(in: Self.specFolder, suffix: ".json").filter { !$0.hasPrefix(Self.schemaFolder + "/") }
  }

  /// Every file below `folder` whose name ends in `suffix`, relative to the root, sorted.
  public func files(in folder: String, suffix: String) -> [String] {
    guard let walk = FileManager.default.enumerator(at: url(folder), includingPropertiesForKeys: nil) else { return [] }
    var files: [String] = []
    for case let file as URL in walk where file.lastPathComponent.hasSuffix(suffix) { files.append(relativePath(file)) }
    return files.sorted()
  }
}

/// A spec that has been read: the file's name, its root value and the name of its schema.
public final class SpecDocument: Sendable {
  /// The file, relative to the package root.
  public let file: String
  /// The whole document.
  public let root: JSONNode
  /// The file name of its schema, such as `interrupts.schema.json`.
  public let schema: String

  /// The document `root` of `file`.
  ///
  /// - Throws: when it does not name a schema in the schema folder by its right relative path.
  public init(file: String, root: JSONNode) throws(SpecErrors) {
    self.file = file
    self.root = root
    guard case .object = root.value else {
      let problem = "a spec is an object, not \(root.summary)"
      throw SpecErrors([Diagnostic(root, problem: problem, remedy: "write { \"$schema\": ..., \"source\": ..., ... }")])
    }
    let prefix = Self.schemaPrefix(for: file)
    guard let node = root["$schema"] else {
      throw SpecErrors([
        Diagnostic(
          file: file, position: root.position, path: JSONPath.root.appending(key: "$schema"), problem: "is missing",
          remedy: "add \"$schema\": \"\(prefix)<kind>.schema.json\"")
      ])
    }
    guard let text = node.string, text.hasPrefix(prefix), text.hasSuffix(".schema.json"),
      !text.dropFirst(prefix.count).contains("/")
    else {
      throw SpecErrors([
        Diagnostic(
          node, problem: "\(node.summary) is not the relative path of a schema",
          remedy: "write \"\(prefix)<kind>.schema.json\"")
      ])
    }
    schema = String(text.dropFirst(prefix.count))
  }

  /// The way from the folder of `file` to the schema folder: `../` out of the spec's folder, then down.
  static func schemaPrefix(for file: String) -> String {
    let folders = file.split(separator: "/").dropLast().map(String.init)
    let schemas = SpecPackage.schemaFolder.split(separator: "/").map(String.init)
    let shared = zip(folders, schemas).prefix { $0.0 == $0.1 }.count
    let steps = Array(repeating: "..", count: folders.count - shared) + schemas[shared...]
    return steps.joined(separator: "/") + "/"
  }
}
