/// The features and bugs of processors as Swift sets: read from CPUID, cleaned up, named.
enum ProcessorFeatureTable: SpecProduct {
  static let name = "processor-features"

  static func generate(_ model: ProcessorFeatureSpec, context: GenerationContext) throws(SpecErrors) -> [GeneratedFile]
  {
    var writer = CodeWriter(header: context)
    writer.line("public import Foundations")
    writer.line()
    feature(model, &writer)
    writer.line()
    set(model, &writer)
    writer.line()
    bugs(model, &writer)
    return [GeneratedFile(name: context.output, contents: writer.text)]
  }

  private static func feature(_ model: ProcessorFeatureSpec, _ writer: inout CodeWriter) {
    writer.documentation(
      """
      A feature of a processor, numbered as Linux numbers them: 32 times the word, plus the bit.

      Source: \(model.sources.joined(separator: "; ")).
      """)
    writer.block("public struct ProcessorFeature: RawRepresentable, Equatable, Sendable") { writer in
      writer.documentation("The number.")
      writer.line("public let rawValue: UInt16")
      writer.line()
      writer.documentation("The feature numbered `rawValue`.")
      writer.line("@inlinable")
      writer.line("public init(rawValue: UInt16) { self.rawValue = rawValue }")
      for word in model.words {
        for feature in word.features {
          writer.line()
          let hidden = feature.hidden == true ? " in Linux's sources; `/proc/cpuinfo` does not show it" : ""
          writer.documentation("`\(feature.name.value)`\(hidden)\(feature.used.map { ": \($0)" } ?? "").")
          writer.line("@inlinable")
          writer.line(
            "public static var \(feature.member): ProcessorFeature { ProcessorFeature(rawValue: \(number(word, feature))) }"
          )
        }
      }
      names(model, &writer)
    }
  }

  private static func names(_ model: ProcessorFeatureSpec, _ writer: inout CodeWriter) {
    func text(
      _ name: String, _ documentation: String, value: (ProcessorFeatureSpec.Feature) -> String?
    ) {
      writer.line()
      writer.documentation(documentation)
      writer.block("public var \(name): String?") { writer in
        writer.line("switch rawValue {")
        for word in model.words {
          for feature in word.features {
            guard let value = value(feature) else { continue }
            writer.line("case \(number(word, feature)): \(CodeWriter.literal(value))")
          }
        }
        writer.line("default: nil")
        writer.line("}")
      }
    }
    text("name", "What `/proc/cpuinfo` calls it, or nil when it does not show it.") {
      $0.hidden == true ? nil : $0.name.value
    }
    text("need", "What the kernel cannot do without when it is missing, in a few words, or nil when it can.") {
      $0.required
    }
  }

  private static func number(_ word: ProcessorFeatureSpec.Word, _ feature: ProcessorFeatureSpec.Feature) -> Int {
    word.number.value * 32 + feature.bit.value
  }

  private static func set(_ model: ProcessorFeatureSpec, _ writer: inout CodeWriter) {
    let count = model.words.count
    writer.documentation("A set of features.")
    writer.block("public struct ProcessorFeatures: Sendable") { writer in
      writer.documentation("How many words there are.")
      writer.line("@inlinable")
      writer.line("public static var wordCount: Int { \(count) }")
      writer.line()
      writer.documentation("The words, a bit for each feature.")
      writer.line("public var words: InlineArray<\(count), UInt32>")
      writer.line()
      writer.documentation("The empty set.")
      writer.line("@inlinable")
      writer.line("public init() { words = InlineArray(repeating: 0) }")
      writer.line()
      writer.documentation(
        "What CPUID alone says, without any conclusion. A leaf that the processor does not have gives nothing.")
      writer.block("public init(cpuid: borrowing some CPUIDSpace & ~Copyable)") { writer in
        writer.line("self.init()")
        for word in model.words {
          writer.line("// \(word.summary)")
          if let leaf = word.leaf, let output = word.output {
            writer.line(
              "words[\(word.number.value)] = cpuid.answer(\(hex(leaf)), \(word.subleaf ?? 0)).\(output) & \(mask(word))"
            )
            continue
          }
          for feature in word.features {
            for place in feature.at ?? [] {
              let answer = "cpuid.answer(\(hex(place.leaf)), \(place.subleaf ?? 0)).\(place.output)"
              writer.line("if \(answer)[bit: \(place.bit)] { insert(.\(feature.member)) }")
            }
          }
        }
      }
      writer.line()
      orphans(model, &writer)
      writer.line()
      missing(model, &writer)
    }
  }

  private static func hex(_ value: SpecInteger) -> String { "0x\(String(value.value, radix: 16))" }

  private static func mask(_ word: ProcessorFeatureSpec.Word) -> String {
    "0x\(String(word.features.reduce(UInt32(0)) { $0 | 1 << UInt32($1.bit.value) }, radix: 16))"
  }

  private static func orphans(_ model: ProcessorFeatureSpec, _ writer: inout CodeWriter) {
    writer.documentation("Removes every feature that needs one which is not there.")
    writer.block("public mutating func removeWhatLacksItsNeeds()") { writer in
      for feature in model.inOrderOfNeeds {
        guard let needs = feature.needs else { continue }
        let condition = needs.compactMap { need in
          model.features.first { $0.name.value == need.value }.map { "!contains(.\($0.member))" }
        }
        writer.line("if \(condition.joined(separator: " || ")) { remove(.\(feature.member)) }")
      }
    }
  }

  private static func missing(_ model: ProcessorFeatureSpec, _ writer: inout CodeWriter) {
    writer.documentation(
      "The first feature that the kernel cannot do without and that is not there, or nil; what others need comes first."
    )
    writer.block("public var firstMissing: ProcessorFeature?") { writer in
      for feature in model.inOrderOfNeeds where feature.required != nil {
        writer.line("if !contains(.\(feature.member)) { return .\(feature.member) }")
      }
      writer.line("return nil")
    }
    writer.line()
    writer.documentation("What the kernel would use and does without, because it is not there.")
    writer.block("public var unavailable: ProcessorFeatures") { writer in
      writer.line("var result = ProcessorFeatures()")
      for feature in model.features where feature.used != nil {
        writer.line("if !contains(.\(feature.member)) { result.insert(.\(feature.member)) }")
      }
      writer.line("return result")
    }
  }

  private static func bugs(_ model: ProcessorFeatureSpec, _ writer: inout CodeWriter) {
    writer.documentation("What is wrong with a processor, as the line `bugs` of `/proc/cpuinfo` names it.")
    writer.block("public struct ProcessorBugs: OptionSet, Sendable") { writer in
      writer.documentation("A bit for each bug, in Linux's order.")
      writer.line("public let rawValue: UInt64")
      writer.line()
      writer.documentation("The set of the bits of `rawValue`.")
      writer.line("@inlinable")
      writer.line("public init(rawValue: UInt64) { self.rawValue = rawValue }")
      for bug in model.bugs {
        writer.line()
        writer.documentation("`\(bug.name.value)`.")
        writer.line("@inlinable")
        writer.line(
          "public static var \(bug.member): ProcessorBugs { ProcessorBugs(rawValue: 1 << \(bug.number.value)) }")
      }
      writer.line()
      writer.documentation("What `/proc/cpuinfo` calls bug `number`, or nil when there is none.")
      writer.block("public static func name(_ number: Int) -> String?") { writer in
        writer.line("switch number {")
        for bug in model.bugs { writer.line("case \(bug.number.value): \(CodeWriter.literal(bug.name.value))") }
        writer.line("default: nil")
        writer.line("}")
      }
      susceptibility(model, "immune", "Bugs that these processors are known not to have.", &writer) { $0.immune }
      susceptibility(model, "affected", "Bugs that these processors have unless they say otherwise.", &writer) {
        $0.affected
      }
    }
  }

  private static func susceptibility(
    _ model: ProcessorFeatureSpec, _ name: String, _ documentation: String, _ writer: inout CodeWriter,
    list: (ProcessorFeatureSpec.Susceptibility) -> [Located<String>]?
  ) {
    writer.line()
    writer.documentation(documentation)
    writer.block("public static func \(name)(_ identity: ProcessorIdentity) -> ProcessorBugs") { writer in
      for entry in model.susceptibility {
        guard let bugs = list(entry) else { continue }
        var conditions = ["identity.vendor == .\(entry.vendor)"]
        if let family = entry.family { conditions.append("identity.family == \(hex(family))") }
        if let stepping = entry.maximumStepping { conditions.append("identity.stepping <= \(stepping)") }
        let members = bugs.compactMap { bug in model.bugs.first { $0.name.value == bug.value }.map { ".\($0.member)" } }
        let result = "return [\(members.joined(separator: ", "))]"
        guard let models = entry.models else {
          writer.line("if \(conditions.joined(separator: " && ")) { \(result) }")
          continue
        }
        writer.block("if \(conditions.joined(separator: " && "))") { writer in
          writer.line("switch identity.model {")
          writer.line("case \(models.map { hex($0.value) }.joined(separator: ", ")): \(result)")
          writer.line("default: break")
          writer.line("}")
        }
      }
      writer.line("return []")
    }
  }
}
