extension ErrnoSpec: SpecDocumentation {
  /// The page's title.
  public func title(_ document: SpecDocument) -> String { "Errors" }

  /// The errors by number.
  public func reference(_ document: SpecDocument) -> String {
    var table = MarkdownTable("Number", "Name", "Meaning", "Also called")
    for entry in errors {
      let aliases = (entry.aliases ?? []).map { "`\($0.value)`" }.joined(separator: ", ")
      table.row("\(entry.number.value)", "`\(entry.name.value)`", entry.description, aliases)
    }
    return "\(table.markdown)\nSources: \(sources.joined(separator: "; ")).\n"
  }
}

extension SignalSpec: SpecDocumentation {
  /// The page's title.
  public func title(_ document: SpecDocument) -> String { "Signals" }

  /// The standard signals by number, and the real-time range.
  public func reference(_ document: SpecDocument) -> String {
    var table = MarkdownTable("Number", "Name", "Meaning", "Default action", "Also called", "Notes")
    for entry in signals {
      let aliases = (entry.aliases ?? []).map { "`\($0.value)`" }.joined(separator: ", ")
      let notes = [
        entry.synchronous == true ? "raised by a fault" : nil,
        entry.catchable == false ? "cannot be caught, blocked or ignored" : nil,
      ]
      table.row(
        "\(entry.number.value)", "`\(entry.name.value)`", entry.description, entry.action.value.rawValue, aliases,
        notes.compactMap(\.self).joined(separator: "; "))
    }
    let range = "\(realTime.first.value) to \(realTime.last.value)"
    let kept = "the C library keeps the first \(realTime.reservedByLibrary.value) for itself"
    return """
      \(table.markdown)
      Real-time signals are \(range); their default action is \(realTime.action.rawValue), and \(kept).

      Sources: \(sources.joined(separator: "; ")).

      """
  }
}
