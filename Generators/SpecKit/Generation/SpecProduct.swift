/// One kind of output that a target can ask for in its `specs.json`.
public protocol SpecProduct {
  /// The kind of spec it is made from.
  associatedtype Model: SpecModel

  /// The name in `specs.json`, such as `interrupt-stubs`.
  static var name: String { get }

  /// Whether the product looks for handler functions in the target's Swift sources.
  static var scansSources: Bool { get }

  /// The text of every output named in `context.outputs`, in that order; most products have one.
  ///
  /// Must depend on nothing but its arguments, so that it gives the same bytes every time.
  /// - Throws: every mistake in the spec that only this product can see, such as a handler that does not exist.
  static func generate(_ model: Model, context: GenerationContext) throws(SpecErrors) -> [GeneratedFile]
}

extension SpecProduct {
  /// Most products do not look at sources.
  public static var scansSources: Bool { false }
}

/// A file that a product generated.
public struct GeneratedFile: Hashable, Sendable {
  /// The file's name, without a folder.
  public var name: String
  /// The file's text.
  public var contents: String

  /// A file called `name` that holds `contents`.
  public init(name: String, contents: String) {
    self.name = name
    self.contents = contents
  }
}

/// What a product knows besides its model.
public struct GenerationContext {
  /// The spec as it was read.
  public let document: SpecDocument
  /// The names of the files to generate, without a folder; never empty.
  public let outputs: [String]
  /// The functions in the target's sources, for products that look for handlers.
  public let functions: FunctionIndex
  /// The other specs that the entry declared with `with`, relative to the package root.
  public let companions: [String]
  private let package: SpecPackage

  /// A context for generating `outputs` from `document`.
  public init(
    document: SpecDocument, outputs: [String], functions: FunctionIndex = FunctionIndex(), companions: [String] = [],
    package: SpecPackage
  ) {
    self.document = document
    self.outputs = outputs
    self.functions = functions
    self.companions = companions
    self.package = package
  }

  /// Reads another spec, which the entry in `specs.json` must have named under `with`, so that the build knows of it.
  ///
  /// - Parameter spec: relative to `Specs`, such as `errno.json`.
  public func companion<Model: SpecModel>(_ type: Model.Type, spec: String) throws(SpecErrors) -> Model {
    let file = "\(SpecPackage.specFolder)/\(spec)"
    guard companions.contains(file) else {
      throw SpecErrors([
        Diagnostic(
          document.root, problem: "the generator also reads \(file)",
          remedy: "add \"with\": [\"\(spec)\"] to the entry in specs.json")
      ])
    }
    return try package.model(type, from: file).model
  }

  /// The single output that this product's entry names.
  public var output: String { outputs[0] }
}
