extension SystemCallTypesSpec: SpecDocumentation {
  /// The page's title.
  public func title(_ document: SpecDocument) -> String { "Types of system-call arguments" }

  /// Every flag set, enumeration and structure.
  public func reference(_ document: SpecDocument) -> String {
    var text = "## Flag sets\n"
    for set in flagSets {
      text += "\n### \(set.name.value)\n\n\(set.description).\n\n"
      for field in set.fields ?? [] {
        let holds = field.enumeration.map { "one of `\($0.value)`" } ?? "a number, `\(field.name.value)`"
        text += "The bits \(hexadecimal(field.mask.value)) hold \(holds).\n\n"
      }
      text += set.flags.map { "`\($0.name.value)` \(hexadecimal($0.value.value))" }.joined(separator: ", ") + "\n"
    }
    text += "\n## Enumerations\n"
    for item in enumerations {
      text += "\n### \(item.name.value)\n\n\(item.description).\n\n"
      let values = item.values.map { constant in
        let value = constant.value.value
        return "`\(constant.name.value)` \(value.isHexadecimal ? hexadecimal(value) : "\(value.value)")"
      }
      text += values.joined(separator: ", ") + "\n"
    }
    var table = MarkdownTable("Structure", "C type", "Bytes")
    for structure in structures {
      table.row(structure.name.value, "`\(structure.type)`", structure.size.map { "\($0)" } ?? "varies")
    }
    return text + "\n## Structures\n\n\(table.markdown)\nSources: \(sources.joined(separator: "; ")).\n"
  }

  private func hexadecimal(_ number: SpecInteger) -> String { "0x" + String(number.value, radix: 16, uppercase: true) }
}
