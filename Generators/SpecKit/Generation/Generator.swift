import Foundation

/// Runs a product for one entry of a target's `specs.json`.
public struct Generator {
  private let package: SpecPackage

  /// A generator for `package`.
  public init(package: SpecPackage) { self.package = package }

  /// What entry `index` of the target's `specs.json` generates.
  ///
  /// - Parameters:
  ///   - targetFile: the `specs.json`, relative to the package root.
  ///   - index: which of its entries.
  ///   - outputs: the file names to generate.
  ///   - sources: the target's Swift sources, relative to the package root.
  /// - Throws: every mistake of the first stage that finds any.
  public func files(
    targetFile: String, entry index: Int, outputs: [String], sources: [String]
  ) throws(SpecErrors) -> [GeneratedFile] {
    let target = try TargetSpecs.read(targetFile, in: package)
    guard target.generate.indices.contains(index) else {
      throw SpecErrors([
        Diagnostic(
          file: targetFile, position: .start, path: JSONPath.root.appending(key: "generate"),
          problem: "there is no entry \(index)", remedy: "build again: the file has changed")
      ])
    }
    return try files(entry: target.generate[index], of: targetFile, outputs: outputs, sources: sources)
  }

  /// What `entry` generates.
  func files(
    entry: TargetSpecs.Entry, of targetFile: String, outputs: [String], sources: [String]
  ) throws(SpecErrors) -> [GeneratedFile] {
    func mistake(_ place: some SourceLocated, _ problem: String, _ remedy: String) -> SpecErrors {
      SpecErrors([
        Diagnostic(file: targetFile, position: place.position, path: place.path, problem: problem, remedy: remedy)
      ])
    }
    guard let product = SpecRegistry.product(entry.product.value) else {
      let names = SpecRegistry.products.map { $0.name }
      let hint = Suggestion.hint(for: entry.product.value, among: names)
      throw mistake(
        entry.product, "there is no product \(entry.product.value.debugDescription)",
        "write one of \(names.joined(separator: ", "))\(hint)")
    }
    if product.scansSources, entry.scansSources != true {
      throw mistake(
        entry.product, "the product \(product.name) looks for handlers in the target's sources",
        "add \"scansSources\": true")
    }
    let spec = "\(SpecPackage.specFolder)/\(entry.spec.value)"
    if !FileManager.default.fileExists(atPath: package.url(spec).path) {
      let known = package.files(in: SpecPackage.specFolder, suffix: ".json").map {
        String($0.dropFirst("Specs/".count))
      }
      let hint = Suggestion.hint(for: entry.spec.value, among: known.filter { !$0.hasPrefix("Schemas/") })
      throw mistake(entry.spec, "there is no file \(spec)", "name a file below Specs\(hint)")
    }
    var functions = FunctionIndex()
    for source in product.scansSources ? sources.sorted() : [] {
      guard let data = try? Data(contentsOf: package.url(source)) else { continue }
      functions.add(String(decoding: data, as: UTF8.self), file: source)
    }
    let companions = (entry.with ?? []).map { "\(SpecPackage.specFolder)/\($0.value)" }
    let files = try run(product, spec: spec, outputs: outputs, functions: functions, companions: companions)
    if files.map(\.name) != outputs {
      throw mistake(
        entry.product,
        "\(product.name) gives \(files.map(\.name).joined(separator: ", ")), not \(outputs.joined(separator: ", "))",
        "correct \"outputs\"")
    }
    return files
  }

  private func run<Product: SpecProduct>(
    _ product: Product.Type, spec: String, outputs: [String], functions: FunctionIndex, companions: [String]
  ) throws(SpecErrors) -> [GeneratedFile] {
    let (model, document) = try package.model(Product.Model.self, from: spec)
    let context = GenerationContext(
      document: document, outputs: outputs, functions: functions, companions: companions, package: package)
    return try Product.generate(model, context: context)
  }

  /// The file that a product's entry generates when it names none.
  public static func defaultOutput(product: String, suffix: String) -> String {
    product.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined() + suffix
  }

  /// Writes all of `files` into `folder`, or none.
  ///
  /// A file that already holds its text is left alone, so that nothing that depends on it is built again.
  public static func write(_ files: [GeneratedFile], to folder: URL) throws {
    let manager = FileManager.default
    try manager.createDirectory(at: folder, withIntermediateDirectories: true)
    var written: [URL] = []
    do {
      for file in files {
        let location = folder.appending(path: file.name)
        let contents = Data(file.contents.utf8)
        if let present = try? Data(contentsOf: location), present == contents { continue }
        try contents.write(to: location, options: .atomic)
        written.append(location)
      }
    } catch {
      for location in written { try? manager.removeItem(at: location) }
      throw error
    }
  }
}
