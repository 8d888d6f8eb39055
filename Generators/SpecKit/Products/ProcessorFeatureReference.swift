extension ProcessorFeatureSpec: SpecDocumentation {
  /// The page's title.
  public func title(_ document: SpecDocument) -> String { "Processor features and bugs" }

  /// The features in the order of `/proc/cpuinfo`, then the bugs and who has them.
  public func reference(_ document: SpecDocument) -> String {
    var text =
      "A feature whose needs are missing counts as missing. Names in brackets are not shown in `/proc/cpuinfo`.\n"
    for word in words {
      let leaf = word.leaf.map { "0x\(String($0.value, radix: 16))" }
      let place =
        leaf.map { " (leaf \($0)\(word.subleaf.map { ", subleaf \($0)" } ?? ""), \(word.output ?? ""))" } ?? ""
      text += "\n## Word \(word.number.value)\(place)\n\n\(word.summary)\n\n"
      var table = MarkdownTable("Bit", "Name", "Needs", "The kernel")
      for feature in word.features {
        let name = feature.hidden == true ? "(\(feature.name.value))" : "`\(feature.name.value)`"
        let needs = (feature.needs ?? []).map { "`\($0.value)`" }.joined(separator: ", ")
        let use = feature.required.map { "requires \($0)" } ?? feature.used ?? ""
        table.row("\(feature.bit.value)", name, needs, use)
      }
      text += table.markdown
    }
    text += "\n## Bugs\n\n\(bugs.map { "`\($0.name.value)`" }.joined(separator: ", "))\n\n"
    var table = MarkdownTable("Vendor", "Family", "Models", "Immune", "Affected")
    for entry in susceptibility {
      let stepping = entry.maximumStepping.map { " up to stepping \($0)" } ?? ""
      let models = (entry.models ?? []).map { String($0.value.value, radix: 16) }.joined(separator: " ")
      table.row(
        entry.vendor, entry.family.map { String($0.value, radix: 16) } ?? "any",
        "\(models.isEmpty ? "any" : models)\(stepping)",
        (entry.immune ?? []).map(\.value).joined(separator: " "),
        (entry.affected ?? []).map(\.value).joined(separator: " "))
    }
    return "\(text)\(table.markdown)\nSources: \(sources.joined(separator: "; ")).\n"
  }
}
