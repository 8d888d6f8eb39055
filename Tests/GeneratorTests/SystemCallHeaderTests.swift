import Foundation
import Testing

@testable import SpecKit

/// The specs of the system-call interface against the C headers of the machine that runs the tests.
@Suite("The system-call ABI and the C headers") struct SystemCallHeaderTests {
  static let compiler = ["/usr/bin/cc", "/usr/bin/gcc", "/usr/bin/clang"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }
  static let numbers = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"

  static func spec<Model: SpecModel>(_ type: Model.Type, _ file: String) throws -> Model {
    try SpecPackage(root: TestFiles.root).model(type, from: "Specs/\(file)").model
  }

  /// The macros of `headers` whose values are plain decimal numbers.
  static func macros(_ text: String, prefix: String) -> [String: Int] {
    var macros: [String: Int] = [:]
    for line in text.split(separator: "\n") {
      let words = line.split(whereSeparator: \.isWhitespace)
      guard words.count >= 3, words[0] == "#define", words[1].hasPrefix(prefix), let value = Int(words[2]) else {
        continue
      }
      macros[String(words[1].dropFirst(prefix.count))] = value
    }
    return macros
  }

  static func preprocess(_ include: String) throws -> String {
    let compiler = try #require(compiler)
    return try TestFiles.run(URL(filePath: compiler), ["-E", "-dM", "-xc", "-"], input: "#include <\(include)>\n")
      .output
  }

  @Test(
    "every number of unistd_64.h is that of the call, and every call up to its last is in it",
    .enabled(if: FileManager.default.fileExists(atPath: numbers), "needs linux-libc-dev"))
  func callNumbers() throws {
    let header = Self.macros(try String(contentsOfFile: Self.numbers, encoding: .utf8), prefix: "__NR_")
    #expect(header.count >= 350)
    let spec = try Self.spec(SystemCallSpec.self, "syscalls.json")
    let known = Dictionary(uniqueKeysWithValues: spec.calls.map { ($0.name.value, $0.number.value) })
    for (name, number) in header { #expect(known[name] == number, "\(name)") }
    let last = try #require(header.values.max())
    // Added to the table long after the others, with numbers below the last one of older headers.
    let later: Set = ["uretprobe", "uprobe"]
    for (name, number) in known where number <= last && !later.contains(name) {
      #expect(header[name] == number, "\(name) is not in the header")
    }
  }

  @Test("every error of errno.h has its number, and no other is in the spec", .enabled(if: compiler != nil, "needs cc"))
  func errors() throws {
    let text = try Self.preprocess("errno.h")
    let header = Self.macros(text, prefix: "E")
    #expect(header.count >= 130)
    let spec = try Self.spec(ErrnoSpec.self, "errno.json")
    for entry in spec.errors {
      #expect(header[String(entry.name.value.dropFirst())] == entry.number.value, "\(entry.name.value)")
      for alias in entry.aliases ?? [] {
        #expect(text.contains("#define \(alias.value) "), "\(alias.value) is in no header")
      }
    }
    let names = Set(spec.names.map { String($0.dropFirst()) })
    #expect(Set(header.keys).subtracting(names) == [])
  }

  @Test(
    "every signal of signal.h has its number, and no other is in the spec", .enabled(if: compiler != nil, "needs cc"))
  func signals() throws {
    let text = try Self.preprocess("signal.h")
    let header = Self.macros(text, prefix: "SIG")
    let spec = try Self.spec(SignalSpec.self, "signals.json")
    for entry in spec.signals {
      // One of the names has the number, the others are defined as that name.
      let names = [entry.name.value] + (entry.aliases ?? []).map(\.value)
      #expect(names.contains { header[String($0.dropFirst(3))] == entry.number.value }, "\(entry.name.value)")
      for name in names {
        let isDefined = names.contains { text.contains("#define \(name) \($0)\n") }
        #expect(isDefined || header[String(name.dropFirst(3))] == entry.number.value, "\(name)")
      }
    }
    let names = Set(spec.signals.flatMap { [$0.name.value] + ($0.aliases ?? []).map(\.value) })
    let foreign = header.filter {
      $0.value >= 1 && $0.value < 32 && $0.key.allSatisfy { $0.isUppercase || $0.isNumber }
    }
    #expect(Set(foreign.keys.map { "SIG\($0)" }).subtracting(names) == [])
  }

  /// A constant that a header may define.
  private struct Assertion {
    let name: String
    let value: Int128
    let place: String
  }

  @Test(
    "flags, enumerations and sizes of structures are those of the headers that the spec names",
    .enabled(if: compiler != nil, "needs cc"))
  func constants() throws {
    let types = try Self.spec(SystemCallTypesSpec.self, "syscall-types.json")
    var checked: Set<String> = []
    var skipped: Set<String> = []
    func verify(_ constants: [SystemCallTypesSpec.Constant], in headers: [String], of set: String) throws {
      // The first header that has a name decides: C libraries give some names other values.
      var open = constants
      for header in headers where !open.isEmpty {
        let lines = open.map { constant in
          // Sign and width differ between headers; the low 32 bits are what the register holds.
          let value = UInt32(truncatingIfNeeded: constant.value.value.value)
          return "_Static_assert(((unsigned)(\(constant.name.value))) == \(value)u, \"differs\");"
        }
        guard let errors = try Self.errors(of: lines, including: header) else { continue }
        var missing: [SystemCallTypesSpec.Constant] = []
        for (index, constant) in open.enumerated() {
          switch errors[index] {
          case nil: checked.insert("\(set).\(constant.name.value)")
          case true: Issue.record("\(set): \(constant.name.value) has another value in <\(header)>")
          case false: missing.append(constant)
          }
        }
        open = missing
      }
      skipped.formUnion(open.map { "\(set).\($0.name.value)" })
    }
    for set in types.flagSets { try verify(set.flags, in: set.headers, of: set.name.value) }
    for item in types.enumerations { try verify(item.values, in: item.headers, of: item.name.value) }
    for structure in types.structures {
      guard let size = structure.size, let header = structure.header else { continue }
      let errors = try Self.errors(
        of: ["_Static_assert(sizeof(\(structure.type)) == \(size), \"differs\");"], including: header)
      #expect(errors?[0] != true, "\(structure.name.value) is not \(size) bytes in <\(header)>")
    }
    print("checked \(checked.count) constants against headers; \(skipped.count) are in none of this machine's")
    #expect(checked.count >= 1250)
  }

  @Test(
    "fields of structures are where the headers have them, and as wide", .enabled(if: compiler != nil, "needs cc"))
  func fields() throws {
    let types = try Self.spec(SystemCallTypesSpec.self, "syscall-types.json")
    var checked = 0
    for structure in types.structures {
      guard let header = structure.header, let fields = structure.fields else { continue }
      let lines = fields.map { field in
        let member = "((\(structure.type) *)0)->\(field.name.value)"
        let size = types.size(of: field) ?? 0
        return "_Static_assert(__builtin_offsetof(\(structure.type), \(field.name.value)) == \(field.offset.value)"
          + " && sizeof(\(member)) == \(size), \"differs\");"
      }
      guard let errors = try Self.errors(of: lines, including: header) else { continue }
      for (field, error) in zip(fields, errors) {
        #expect(error == nil, "\(structure.name.value).\(field.name.value) differs from <\(header)>")
        checked += 1
      }
    }
    #expect(checked >= 40)
  }

  @Test("the numbers of the virtio GPU are those of linux/virtio_gpu.h", .enabled(if: compiler != nil, "needs cc"))
  func virtioGPU() throws {
    let spec = try Self.spec(GPUSpec.self, "gpu/virtio/gpu.json")
    let constants = (spec.tables ?? []).flatMap(\.values)
    let lines = constants.map {
      "_Static_assert((\($0.constant?.value ?? "")) == \($0.value.value.value), \"differs\");"
    }
    let errors = try #require(try Self.errors(of: lines, including: "linux/virtio_gpu.h"))
    #expect(constants.count == 52)
    for (constant, error) in zip(constants, errors) { #expect(error == nil, "\(constant.name.value)") }
  }

  /// What the compiler says of each of `lines`: nil when it holds, true when an assertion fails, false when it does not compile.
  ///
  /// Returns nil when the header does not exist.
  private static func errors(of lines: [String], including header: String) throws -> [Bool?]? {
    let compiler = try #require(compiler)
    let source =
      "#define _GNU_SOURCE 1\n#include <sys/types.h>\n#include <\(header)>\n\(lines.joined(separator: "\n"))\n"
    let result = try TestFiles.run(
      URL(filePath: compiler), ["-w", "-fsyntax-only", "-fno-diagnostics-color", "-xc", "-"], input: source)
    if result.errors.contains("No such file") || result.errors.contains("file not found") { return nil }
    var answers = [Bool?](repeating: nil, count: lines.count)
    for line in result.errors.split(separator: "\n") where line.contains("error:") && line.hasPrefix("<stdin>:") {
      guard let number = line.split(separator: ":").dropFirst().first.flatMap({ Int($0) }), number > 3 else { continue }
      let failed = line.contains("static assertion failed") || line.contains("static_assert failed")
      answers[number - 4] = answers[number - 4] == false ? false : failed
    }
    return answers
  }
}
