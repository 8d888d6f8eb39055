/// `errno.json`: the error numbers of the system-call interface.
public struct ErrnoSpec: SpecModel {
  /// One error.
  public struct Entry: Decodable {
    /// The number, 1 to 4095.
    public let number: Located<Int>
    /// The C name.
    public let name: Located<String>
    /// A few words of our own.
    public let description: String
    /// Other C names of the same number.
    public let aliases: [Located<String>]?
  }

  /// The errors, by number.
  public let errors: [Entry]
  /// Where the numbers come from.
  public let sources: [String]
  private let unused: [Located<Int>]?

  /// The schema's file name.
  public static var schema: String { "errno.schema.json" }
  /// How many errors there are.
  public var entryCount: Int { errors.count }
  /// Every name and alias.
  public var names: Set<String> { Set(errors.flatMap { [$0.name.value] + ($0.aliases ?? []).map(\.value) }) }

  /// Numbers ascend without unexplained gaps, and no name stands twice.
  public func check(_ context: inout CheckContext) {
    context.reportDuplicates(of: "number", in: errors.map(\.number))
    context.reportDuplicates(of: "name", in: errors.flatMap { [$0.name] + ($0.aliases ?? []) })
    let free = Set((unused ?? []).map(\.value))
    let taken = Set(errors.map(\.number.value))
    var expected = 1
    for entry in errors {
      let number = entry.number.value
      if number < expected - 1 {
        context.report(
          entry.number, "the number \(number) comes after \(expected - 1)", "keep the errors in the order of numbers")
      }
      let gap = (expected..<max(number, expected)).filter { !free.contains($0) && !taken.contains($0) }
      if let first = gap.first {
        context.report(
          entry.number, "the number \(first) before it is missing", "add the error \(first) or list it under \"unused\""
        )
      }
      expected = max(expected, number + 1)
    }
    for place in unused ?? [] where taken.contains(place.value) {
      context.report(place, "the number \(place.value) belongs to an error", "remove it from \"unused\"")
    }
  }
}
