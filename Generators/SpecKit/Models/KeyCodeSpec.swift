/// `input/keycodes.json`: keys by the names that Linux gives them, and what keyboards send for them.
public struct KeyCodeSpec: SpecModel {
  /// One key.
  public struct Key: Decodable {
    /// The name in Swift and in key maps.
    public let name: Located<String>
    /// The C name, which `input/event-codes.json` has the number of.
    public let constant: Located<String>
    /// What it sends in scan code set 1, each as bytes in hexadecimal.
    public let set1: [Located<String>]
  }

  /// The keys, by code.
  public let keys: [Key]
  /// Where the numbers come from.
  public let sources: [String]

  /// The schema's file name.
  public static var schema: String { "keycodes.schema.json" }
  /// How many keys there are.
  public var entryCount: Int { keys.count }

  /// Nothing stands twice.
  public func check(_ context: inout CheckContext) {
    context.reportDuplicates(of: "name", in: keys.map(\.name))
    context.reportDuplicates(of: "constant", in: keys.map(\.constant))
    context.reportDuplicates(of: "scan code", in: keys.flatMap(\.set1))
    for key in keys { SwiftName.check(key.name, &context) }
  }

  /// The spec that has the numbers.
  static let eventCodes = "input/event-codes.json"

  /// The keys with their numbers.
  ///
  /// - Throws: what is wrong: a key that is none of Linux's, or that stands behind one with a higher number.
  func numbered(_ context: GenerationContext, file: String) throws(SpecErrors) -> [(key: Key, code: Int)] {
    let codes = try context.companion(EventCodeSpec.self, spec: Self.eventCodes)
    var numbered: [(key: Key, code: Int)] = []
    var diagnostics: [Diagnostic] = []
    func report(_ key: Key, _ problem: String, _ remedy: String) {
      diagnostics.append(
        Diagnostic(
          file: file, position: key.constant.position, path: key.constant.path, problem: problem, remedy: remedy))
    }
    for key in keys {
      guard let code = codes.code(key.constant.value) else {
        report(key, "there is no key \(key.constant.value)", "name a code of EV_KEY in \(Self.eventCodes)")
        continue
      }
      if let before = numbered.last, code <= before.code {
        report(
          key, "the code \(code) of \(key.constant.value) comes after \(before.code)",
          "keep the keys in the order of codes")
      }
      numbered.append((key, code))
    }
    if !diagnostics.isEmpty { throw SpecErrors(diagnostics) }
    return numbered
  }
}
