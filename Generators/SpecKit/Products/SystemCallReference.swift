extension SystemCallSpec: SpecDocumentation {
  /// The page's title.
  public func title(_ document: SpecDocument) -> String { "System calls" }

  /// How many calls each family has, then every call in the order of numbers, then the capabilities that calls need.
  public func reference(_ document: SpecDocument) -> String {
    var text = "\(calls.count) system calls, 0 to \(lastNumber).\n\n"
    text += counts.markdown + "\n"
    for range in reserved ?? [] {
      text += "Numbers \(range.first.value) to \(range.last.value) are reserved: \(range.reason).\n\n"
    }
    text +=
      "## Calls\n\nAn argument's kind follows its name; `→` is memory that the kernel reads, `←` that it writes.\n\n"
    text += table.markdown + "\n## Capabilities\n\n" + capabilities.markdown + "\n"
    return text + "Sources: \(sources.joined(separator: "; ")).\n"
  }

  private var counts: MarkdownTable {
    var table = MarkdownTable("Family", "Done", "Partial", "Planned", "Obsolete")
    func row(_ name: String, _ calls: [Call]) {
      func count(_ status: Status) -> String { "\(calls.count { $0.status.value == status })" }
      table.row(name, count(.done), count(.partial), count(.planned), count(.obsolete))
    }
    for family in Family.allCases { row(family.rawValue, calls.filter { $0.family == family }) }
    row("all", calls)
    return table
  }

  private var table: MarkdownTable {
    var table = MarkdownTable("Number", "Call", "Family", "Returns", "A signal", "Linux", "Status")
    for call in calls {
      let arguments = call.arguments.map(\.summary).joined(separator: ", ")
      let restart =
        switch call.restart?.value {
        case nil: ""
        case .never: "ends it"
        case .afterSignal: "ends it, or restarts it with `SA_RESTART`"
        case .unlessHandled: "ends it when handled"
        case .remainingTime: "ends it when handled; else the rest of the time is waited"
        case .uninterruptible: "waits"
        }
      table.row(
        "\(call.number.value)", "`\(call.name.value)(\(arguments))`", call.family.rawValue, call.result.rawValue,
        restart,
        call.since ?? "", call.status.value.rawValue)
    }
    return table
  }

  private var capabilities: MarkdownTable {
    var table = MarkdownTable("Capability", "Always needed by", "Needed for some uses of")
    func name(_ call: Call) -> String { "`\(call.name.value)`" }
    let names = calls.flatMap { [$0.requires].compactMap(\.self) + ($0.mayRequire ?? []) }.map(\.value)
    for capability in Set(names).sorted() {
      let always = calls.filter { $0.requires?.value == capability }.map(name)
      let sometimes = calls.filter { ($0.mayRequire ?? []).contains { $0.value == capability } }.map(name)
      table.row("`\(capability)`", always.joined(separator: ", "), sometimes.joined(separator: ", "))
    }
    return table
  }
}

extension SystemCallSpec.Argument {
  /// `buffer ←bytes[count]`, `flags openFlags`, `fd descriptor`.
  fileprivate var summary: String {
    let arrow =
      switch direction?.value {
      case nil: ""
      case .in: "→"
      case .out: "←"
      case .inout: "↔"
      }
    var kind = flags?.value ?? enumeration?.value ?? structure?.value ?? identifies?.value ?? self.kind.value.rawValue
    if let width, [.signed, .unsigned].contains(self.kind.value) { kind += "\(width.value)" }
    if let length { kind += "[\(length.value)]" }
    switch count?.value {
    case nil: break
    case .fixed(let number): kind += "[\(number)]"
    case .argument(let name): kind += "[\(name)]"
    }
    if let selector { kind += " by \(selector.value)" }
    return "\(name.value) \(arrow)\(kind)\(optional?.value == true ? "?" : "")"
  }
}
