import Foundation

/// Checks every spec of a package and everything that its targets generate, and lists all mistakes at once.
public struct Checker {
  /// What a check saw.
  public struct Summary: Sendable {
    /// How many spec files were checked.
    public var specs = 0
    /// How many entries they hold.
    public var entries = 0
    /// How many outputs of targets were generated and thrown away.
    public var outputs = 0
  }

  private let package: SpecPackage

  /// A checker for `package`.
  public init(package: SpecPackage) { self.package = package }

  /// Checks everything.
  ///
  /// - Throws: every mistake in every file.
  public func check() throws(SpecErrors) -> Summary {
    var summary = Summary()
    var diagnostics: [Diagnostic] = []
    for schema in package.files(in: SpecPackage.schemaFolder, suffix: ".json") {
      collect(into: &diagnostics) { () throws(SpecErrors) in
        _ = try package.validator(schema: String(schema.dropFirst(SpecPackage.schemaFolder.count + 1)))
      }
    }
    for spec in package.specs() {
      collect(into: &diagnostics) { () throws(SpecErrors) in summary.entries += try checkSpec(spec) }
      summary.specs += 1
    }
    // What a product generates from a broken spec says nothing new.
    if diagnostics.isEmpty { summary.outputs = checkTargets(&diagnostics) }
    if !diagnostics.isEmpty { throw SpecErrors(diagnostics) }
    return summary
  }

  /// Checks one spec and returns how many entries it has.
  public func checkSpec(_ file: String) throws(SpecErrors) -> Int {
    let document = try package.document(file)
    guard let model = SpecRegistry.model(schema: document.schema) else {
      let node = document.root["$schema"] ?? document.root
      throw SpecErrors([
        Diagnostic(
          node, problem: "SpecGen has no model for \(document.schema)",
          remedy: "name the schema of a kind of spec it knows")
      ])
    }
    return try count(model, in: document)
  }

  private func count<Model: SpecModel>(_ type: Model.Type, in document: SpecDocument) throws(SpecErrors) -> Int {
    try package.model(type, in: document).entryCount
  }

  private func checkTargets(_ diagnostics: inout [Diagnostic]) -> Int {
    let generator = Generator(package: package)
    var outputs = 0
    let files = (package.files(in: "Sources", suffix: "specs.json") + package.files(in: "Tests", suffix: "specs.json"))
      .filter { $0.hasSuffix("/specs.json") }
    for file in files {
      let folder = String(file.dropLast("/specs.json".count))
      var entries: [TargetSpecs.Entry] = []
      collect(into: &diagnostics) { () throws(SpecErrors) in
        entries = try TargetSpecs.read(file, in: package).generate
      }
      for entry in entries {
        let names = entry.outputs ?? [Generator.defaultOutput(product: entry.product.value, suffix: ".swift")]
        let sources = entry.scansSources == true ? package.files(in: folder, suffix: ".swift") : []
        collect(into: &diagnostics) { () throws(SpecErrors) in
          outputs += try generator.files(entry: entry, of: file, outputs: names, sources: sources).count
        }
      }
    }
    return outputs
  }

  private func collect(into diagnostics: inout [Diagnostic], _ body: () throws(SpecErrors) -> Void) {
    do throws(SpecErrors) { try body() } catch { diagnostics += error.diagnostics }
  }
}
