/// The steps of the boot, from `Specs/boot-steps.json`.
public struct BootStepSpec: SpecModel {
  /// Whether a step exists yet.
  public enum Status: String, Decodable, Sendable {
    case done, planned
  }

  /// One step.
  public struct Step: Decodable, Sendable {
    /// The step's number; the first is 0.
    public let number: Located<Int>
    /// The name of the Swift enumeration case.
    public let identifier: Located<String>
    /// What the boot screen shows.
    public let title: Located<String>
    /// What the step does, as a sentence.
    public let summary: String
    /// What is true afterwards, as a sentence.
    public let postcondition: String
    /// Whether the step exists yet.
    public let status: Status
    /// The part of the plan that brings a planned step.
    public let part: Int?
    /// The Swift function that runs a step that is done.
    public let handler: Located<String>?
  }

  /// The file name of the schema.
  public static let schema = "boot-steps.schema.json"

  /// The document behind the list.
  public let source: String
  /// The steps in order.
  public let steps: [Step]

  /// How many steps there are.
  public var entryCount: Int { steps.count }

  /// Reports numbers out of order and names used twice.
  public func check(_ context: inout CheckContext) {
    for (index, step) in steps.enumerated() where step.number.value != index {
      context.report(step.number, "the step in place \(index) has the number \(step.number.value)", "write \(index)")
    }
    context.reportDuplicates(of: "identifier", in: steps.map(\.identifier))
    context.reportDuplicates(of: "title", in: steps.map(\.title))
    context.reportDuplicates(of: "handler", in: steps.compactMap(\.handler))
    for step in steps { SwiftName.check(step.identifier, &context) }
  }
}
