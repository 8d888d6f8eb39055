import Foundation
import Testing

@testable import SpecKit

/// Debian's python3-jsonschema is an independent reading of JSON Schema: it must accept and refuse what the validator does.
@Suite struct SchemaAgreementTests {
  /// Reads lines of two file names, schema and document, and prints for each whether the document holds to the schema.
  private static let script = """
    import json, os, sys, warnings
    warnings.simplefilter("ignore")
    from jsonschema import Draft202012Validator
    folder = sys.argv[1]
    store = {name: json.load(open(os.path.join(folder, name), encoding="utf-8")) for name in os.listdir(folder)}
    def validator(schema):
        try:
            from referencing import Registry
            from referencing.jsonschema import DRAFT202012
            registry = Registry().with_resources([(name, DRAFT202012.create_resource(text)) for name, text in store.items()])
            return Draft202012Validator(schema, registry=registry)
        except ImportError:
            from jsonschema import RefResolver
            return Draft202012Validator(schema, resolver=RefResolver("", schema, store=store))
    for line in sys.stdin:
        schema, document = (json.load(open(name, encoding="utf-8")) for name in line.rstrip("\\n").split("\\t"))
        Draft202012Validator.check_schema(schema)
        print("valid" if validator(schema).is_valid(document) else "invalid")
    """

  static let python = URL(filePath: "/usr/bin/env")

  static let isInstalled = (try? TestFiles.run(python, ["python3", "-c", "import jsonschema.validators"]).code) == 0

  /// The verdicts of python3-jsonschema on pairs of files.
  private func verdicts(_ pairs: [(schema: URL, document: URL)], folder: URL) throws -> [Bool] {
    let input = pairs.map { "\($0.schema.path)\t\($0.document.path)\n" }.joined()
    let result = try TestFiles.run(Self.python, ["python3", "-c", Self.script, folder.path], input: input)
    #expect(result.code == 0, "\(result.errors)")
    return result.output.split(separator: "\n").map { $0 == "valid" }
  }

  @Test(
    "the specs and the broken specs get the same verdict from both",
    .enabled(if: isInstalled, "python3-jsonschema is not installed"))
  func specs() throws {
    let package = SpecPackage(root: TestFiles.root)
    let schemas = TestFiles.root.appending(path: SpecPackage.schemaFolder)
    var pairs: [(schema: URL, document: URL)] = []
    var verdicts: [Bool] = []
    let fixtures = BadSpecTests.names.map { "Tests/GeneratorTests/BadSpecs/\($0)" }
    for file in package.specs() + fixtures {
      // What is no JSON, or names no schema, has nothing to compare.
      guard let root = try? package.parse(file), let name = root["$schema"]?.string?.split(separator: "/").last else {
        continue
      }
      guard let validator = try? package.validator(schema: String(name)) else { continue }
      pairs.append((schemas.appending(path: String(name)), TestFiles.root.appending(path: file)))
      verdicts.append(validator.diagnostics(for: root).isEmpty)
    }
    #expect(verdicts.contains(true) && verdicts.contains(false))
    let others = try self.verdicts(pairs, folder: schemas)
    #expect(others.count == verdicts.count)
    for (index, pair) in pairs.enumerated() where others.indices.contains(index) {
      #expect(verdicts[index] == others[index], "\(pair.document.lastPathComponent)")
    }
  }

  @Test(
    "every rule of the validator's own tests gets the same verdict from both",
    .enabled(if: isInstalled, "python3-jsonschema is not installed"))
  func rules() throws {
    try TestFiles.withTemporaryFolder { folder in
      let schemas = folder.appending(path: "schemas")
      try FileManager.default.createDirectory(at: schemas, withIntermediateDirectories: true)
      var pairs: [(schema: URL, document: URL)] = []
      var expected: [Bool] = []
      for (number, rule) in SchemaValidatorTests.rules.enumerated() {
        let schema = schemas.appending(path: "\(number).json")
        try Data(rule.schema.utf8).write(to: schema)
        for (index, text) in (rule.good + rule.bad).enumerated() {
          let document = folder.appending(path: "\(number)-\(index).json")
          try Data(text.utf8).write(to: document)
          pairs.append((schema, document))
          expected.append(index < rule.good.count)
        }
      }
      let others = try verdicts(pairs, folder: schemas)
      #expect(others.count == expected.count)
      for (index, pair) in pairs.enumerated() where others.indices.contains(index) {
        #expect(others[index] == expected[index], "\(pair.schema.lastPathComponent) \(pair.document.lastPathComponent)")
      }
    }
  }
}
