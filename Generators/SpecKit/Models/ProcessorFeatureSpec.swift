/// `cpu-features.json`: the features and bugs of processors, named and ordered as Linux does.
public struct ProcessorFeatureSpec: SpecModel {
  /// A register of CPUID.
  public struct Place: Decodable, Hashable, Sendable {
    /// The leaf, in hexadecimal.
    public let leaf: SpecInteger
    /// The subleaf; 0 where there is none.
    public let subleaf: Int?
    /// The register.
    public let output: String
    /// The bit of the register.
    public let bit: Int
  }

  /// A feature.
  public struct Feature: Decodable {
    /// The bit of its word.
    public let bit: Located<Int>
    /// The name in `/proc/cpuinfo`.
    public let name: Located<String>
    /// The name in Swift, where it is another.
    public let identifier: Located<String>?
    /// Whether `/proc/cpuinfo` leaves it out.
    public let hidden: Bool?
    /// Where CPUID has it, in a word without a leaf.
    public let at: [Place]?
    /// The features without which it is off.
    public let needs: [Located<String>]?
    /// What the kernel cannot do without, for the message.
    public let required: String?
    /// What the kernel uses it for.
    public let used: String?
    /// The name of the Swift member.
    public var member: String { identifier?.value ?? name.value }
  }

  /// 32 features.
  public struct Word: Decodable {
    /// The number, from 0.
    public let number: Located<Int>
    /// The leaf of CPUID whose register the word is.
    public let leaf: SpecInteger?
    /// The subleaf.
    public let subleaf: Int?
    /// The register.
    public let output: String?
    /// What the word is, as a sentence.
    public let summary: String
    /// The features by their bits.
    public let features: [Feature]
  }

  /// A bug.
  public struct Bug: Decodable {
    /// The bit, from 0.
    public let number: Located<Int>
    /// The name in `/proc/cpuinfo`.
    public let name: Located<String>
    /// The name in Swift, where it is another.
    public let identifier: Located<String>?
    /// The name of the Swift member.
    public var member: String { identifier?.value ?? name.value }
  }

  /// What holds for some processors.
  public struct Susceptibility: Decodable {
    /// The vendor.
    public let vendor: String
    /// The family; without it, any.
    public let family: SpecInteger?
    /// The models; without them, any.
    public let models: [Located<SpecInteger>]?
    /// The last stepping; without it, any.
    public let maximumStepping: Int?
    /// Bugs that these do not have.
    public let immune: [Located<String>]?
    /// Bugs that these have.
    public let affected: [Located<String>]?
  }

  /// The words in order.
  public let words: [Word]
  /// The bugs in order.
  public let bugs: [Bug]
  /// Which processors have which bugs.
  public let susceptibility: [Susceptibility]
  /// Where the facts come from.
  public let sources: [String]

  /// The schema's file name.
  public static var schema: String { "cpu-features.schema.json" }
  /// How many features and bugs there are.
  public var entryCount: Int { features.count + bugs.count }
  /// Every feature.
  public var features: [Feature] { words.flatMap(\.features) }

  /// Words and bits ascend, names are unique and known, and nothing needs itself.
  public func check(_ context: inout CheckContext) {
    for (index, word) in words.enumerated() where word.number.value != index {
      context.report(word.number, "the word in place \(index) has the number \(word.number.value)", "write \(index)")
    }
    context.reportDuplicates(of: "name", in: features.map(\.name))
    context.reportDuplicates(of: "identifier", in: features.compactMap(\.identifier))
    context.reportDuplicates(of: "name", in: bugs.map(\.name))
    for word in words {
      checkOrder(word.features.map(\.bit), "bit", &context)
      for feature in word.features {
        checkName(feature.name, feature.identifier, &context)
        if word.leaf != nil, feature.at != nil {
          context.report(
            feature.name, "the word's own leaf already says where it is", "remove \"at\", or the word's \"leaf\"")
        }
        if feature.required != nil, feature.used != nil {
          context.report(feature.name, "what is required is used anyhow", "remove \"used\"")
        }
      }
    }
    checkOrder(bugs.map(\.number), "number", &context)
    for bug in bugs { checkName(bug.name, bug.identifier, &context) }
    let names = features.map(\.name.value)
    for need in features.flatMap({ $0.needs ?? [] }) where !names.contains(need.value) {
      unknown(need, "feature", names, &context)
    }
    let bugNames = bugs.map(\.name.value)
    for place in susceptibility.flatMap({ ($0.immune ?? []) + ($0.affected ?? []) })
    where !bugNames.contains(place.value) {
      unknown(place, "bug", bugNames, &context)
    }
    let sorted = Set(inOrderOfNeeds.map(\.name.value))
    for feature in features where !sorted.contains(feature.name.value) {
      let isCycle = (feature.needs ?? []).allSatisfy { names.contains($0.value) && !sorted.contains($0.value) }
      if isCycle { context.report(feature.name, "it needs itself", "break the circle of \"needs\"") }
    }
  }

  /// The features, those that others need first; what needs itself is missing.
  public var inOrderOfNeeds: [Feature] {
    var done: Set<String> = []
    var result: [Feature] = []
    var pending = features
    while true {
      let ready = pending.filter { ($0.needs ?? []).allSatisfy { done.contains($0.value) } }
      if ready.isEmpty { return result }
      result += ready
      done.formUnion(ready.map(\.name.value))
      pending.removeAll { done.contains($0.name.value) }
    }
  }

  private func checkOrder(_ places: [Located<Int>], _ what: String, _ context: inout CheckContext) {
    for (before, place) in zip(places, places.dropFirst()) where place.value <= before.value {
      context.report(
        place, "the \(what) \(place.value) comes after \(before.value)", "keep the entries in the order of \(what)s")
    }
  }

  private func checkName(_ name: Located<String>, _ identifier: Located<String>?, _ context: inout CheckContext) {
    if let identifier { return SwiftName.check(identifier, &context) }
    SwiftName.check(name, &context)
    if name.value.contains("_") || name.value.first?.isNumber == true {
      context.report(name, "\(name.value) is no name for Swift", "add an \"identifier\"")
    }
  }

  private func unknown(
    _ place: Located<String>, _ what: String, _ names: [String], _ context: inout CheckContext
  ) {
    let hint = Suggestion.hint(for: place.value, among: names)
    context.report(place, "there is no \(what) \(place.value)", "name one of this file's \(what)s\(hint)")
  }
}
