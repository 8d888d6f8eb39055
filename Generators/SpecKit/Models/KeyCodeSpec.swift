/// `input/keycodes.json`: keys by the numbers that Linux gives them, and what keyboards send for them.
public struct KeyCodeSpec: SpecModel {
  /// One key.
  public struct Key: Decodable {
    /// Linux's number.
    public let code: Located<Int>
    /// The name in Swift and in key maps.
    public let name: Located<String>
    /// The C name.
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

  /// Codes ascend; nothing stands twice.
  public func check(_ context: inout CheckContext) {
    context.reportDuplicates(of: "code", in: keys.map(\.code))
    context.reportDuplicates(of: "name", in: keys.map(\.name))
    context.reportDuplicates(of: "constant", in: keys.map(\.constant))
    context.reportDuplicates(of: "scan code", in: keys.flatMap(\.set1))
    for key in keys { SwiftName.check(key.name, &context) }
    for (before, key) in zip(keys, keys.dropFirst()) where key.code.value < before.code.value {
      context.report(
        key.code, "the code \(key.code.value) comes after \(before.code.value)", "keep the keys in the order of codes")
    }
  }
}
