import Foundation

/// A target's `specs.json`: what it wants generated.
public struct TargetSpecs: Decodable {
  /// One build command.
  public struct Entry: Decodable {
    /// The product's name.
    public let product: Located<String>
    /// The spec, relative to `Specs`.
    public let spec: Located<String>
    /// The names of the generated files when the entry gives them.
    public let outputs: [String]?
    /// The other specs that the product reads, relative to `Specs`.
    public let with: [Located<String>]?
    /// Whether a change of the target's sources runs the product again.
    public let scansSources: Bool?
  }

  /// The build commands.
  public let generate: [Entry]

  /// The schema that holds for these files.
  static let schema = "target.schema.json"

  /// Reads the `specs.json` in `file`, relative to the package root.
  ///
  /// - Throws: every mistake in its syntax, or in its form.
  public static func read(_ file: String, in package: SpecPackage) throws(SpecErrors) -> TargetSpecs {
    let root = try package.parse(file)
    let diagnostics = try package.validator(schema: schema).diagnostics(for: root)
    if !diagnostics.isEmpty { throw SpecErrors(diagnostics) }
    return try SpecDecoder.decode(TargetSpecs.self, from: root)
  }
}
