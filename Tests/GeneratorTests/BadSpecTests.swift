import Foundation
import SpecKit
import Testing

/// Every broken spec in `BadSpecs` is refused with exactly the messages beside it, on the path that a build takes.
@Suite struct BadSpecTests {
  static let names =
    (try? FileManager.default.contentsOfDirectory(atPath: TestFiles.folder.appending(path: "BadSpecs").path))?
    .filter { $0.hasSuffix(".json") }.sorted() ?? []

  /// The kind of spec that a fixture breaks: the model whose schema has the longest name that the fixture's begins with.
  static func kind(of fixture: String) -> (any SpecModel.Type)? {
    SpecRegistry.models
      .filter { fixture.hasPrefix($0.schema.replacing(".schema.json", with: "-")) }
      .max { $0.schema.count < $1.schema.count }
  }

  static func schema<Product: SpecProduct>(of product: Product.Type) -> String { Product.Model.schema }

  @Test("a broken spec gets all its messages and leaves no output", arguments: names)
  func refused(fixture: String) throws {
    let kind = try #require(Self.kind(of: fixture), "no kind of spec is called like the beginning of \(fixture)")
    let products = SpecRegistry.products.filter { Self.schema(of: $0) == kind.schema }
    let spec = try Data(contentsOf: TestFiles.folder.appending(path: "BadSpecs/\(fixture)"))
    try TestFiles.withTemporaryFolder { root in
      let scratch = try ScratchPackage(in: root, name: fixture, spec: spec, products: products.map { $0.name })
      var diagnostics: [Diagnostic] = []
      do throws(SpecErrors) {
        _ = try Checker(package: scratch.package).checkSpec("Specs/\(fixture)")
      } catch {
        diagnostics += error.diagnostics
      }
      for index in products.indices {
        let output = root.appending(path: "output-\(index)")
        do {
          let files = try Generator(package: scratch.package).files(
            targetFile: ScratchPackage.targetFile, entry: index, outputs: ["Output.swift"],
            sources: [ScratchPackage.source])
          try Generator.write(files, to: output)
        } catch let errors as SpecErrors {
          diagnostics += errors.diagnostics
          #expect(!FileManager.default.fileExists(atPath: output.path), "\(products[index].name) left output")
        }
      }
      let lines = SpecErrors(diagnostics).diagnostics
      #expect(!lines.isEmpty, "\(fixture) was accepted")
      for line in lines {
        #expect(!line.problem.isEmpty && !line.remedy.isEmpty)
        #expect(line.file == "Specs/\(fixture)", "the message is about another file")
      }
      let expected = fixture.replacing(".json", with: ".expected")
      try TestFiles.expect(lines.map { "\($0)\n" }.joined(), matches: "BadSpecs/\(expected)")
    }
  }

  @Test("there are broken specs for every kind of spec that has a product")
  func coverage() {
    #expect(Self.names.count >= 45)
    for product in SpecRegistry.products {
      let schema = Self.schema(of: product)
      #expect(Self.names.contains { Self.kind(of: $0)?.schema == schema }, "no broken spec for \(schema)")
    }
  }

  @Test("no expected file is left over from a fixture that has gone")
  func leftOver() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: TestFiles.folder.appending(path: "BadSpecs").path)
    for file in files where file.hasSuffix(".expected") {
      #expect(Self.names.contains(file.replacing(".expected", with: ".json")), "\(file) has no fixture")
    }
  }
}
