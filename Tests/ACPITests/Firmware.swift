import ACPI
import Foundation
import Foundations

/// An interpreter with the definitions of some ASL loaded, and the machine it believes to be on.
struct Firmware {
  let host: TestHost
  let interpreter: AMLInterpreter

  init(_ asl: String, revision: Int = 2, limits: AMLLimits = AMLLimits()) throws {
    let folder = try ReferenceTools.scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    let source = "DefinitionBlock (\"\", \"DSDT\", \(revision), \"APUS\", \"TEST\", 1)\n{\n\(asl)\n}\n"
    host = TestHost()
    interpreter = try AMLInterpreter(host: host, limits: limits)
    try interpreter.load(try ReferenceTools.compile(source, in: folder))
  }

  /// The object at `path`.
  func node(_ path: String) throws -> AMLNode {
    guard let node = interpreter.find(path) else { throw ReferenceTools.Failure(text: "no \(path)") }
    return node
  }

  /// What evaluating `path` gives, in words.
  func value(_ path: String) -> String { outcome(path, interpreter) }
}
