/// The PCI ID Repository's list in its own format, and the spec made from it.
///
/// A line is a vendor, behind one tab a device, behind two a subsystem; lines that begin with `C` start a class, with its subclasses
/// and programming interfaces below. Source: the comments in pci.ids.
public struct PCIIdentifierFile {
  /// Why a line is not understood.
  public struct Problem: Error, CustomStringConvertible {
    /// The line, from 1 on.
    public let line: Int
    /// What is wrong.
    public let reason: String
    /// Both.
    public var description: String { "line \(line): \(reason)" }
  }

  /// A key and its name.
  public struct Entry: Hashable, Sendable {
    /// Hexadecimal digits, two numbers joined by a colon for pairs.
    public var key: String
    /// The name.
    public var name: String
  }

  /// The version that the list states.
  public private(set) var version = ""
  /// The date that the list states.
  public private(set) var date = ""
  /// Vendors in the order of the list.
  public private(set) var vendors: [Entry] = []
  /// Devices of each vendor.
  public private(set) var devices: [(vendor: String, entries: [Entry])] = []
  /// Subsystems of each device.
  public private(set) var subsystems: [(device: String, entries: [Entry])] = []
  /// Base classes; keys of subclasses and interfaces are `class` and `class:subclass`.
  public private(set) var classes: [Entry] = []
  /// Subclasses of each base class.
  public private(set) var subclasses: [String: [Entry]] = [:]
  /// Programming interfaces of each subclass.
  public private(set) var interfaces: [String: [Entry]] = [:]

  /// Reads the text of `pci.ids`.
  public init(_ text: String) throws(Problem) {
    var state = State()
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      try read(line, number: index + 1, &state)
    }
    guard !version.isEmpty, !date.isEmpty else {
      throw Problem(line: 1, reason: "the list states no version or no date")
    }
  }

  private struct State {
    var isClass = false
    var first = ""
    var second = ""
  }

  private mutating func read(_ line: Substring, number: Int, _ state: inout State) throws(Problem) {
    if line.hasPrefix("#") {
      readComment(line)
      return
    }
    if line.allSatisfy(\.isWhitespace) { return }
    let depth = line.prefix { $0 == "\t" }.count
    var rest = line.dropFirst(depth)
    if depth == 0 {
      state.isClass = rest.hasPrefix("C ")
      if state.isClass { rest = rest.dropFirst(2) }
    }
    let width = state.isClass ? 2 : 4
    func take() throws(Problem) -> String {
      let digits = rest.prefix(width)
      guard digits.count == width, digits.allSatisfy(\.isHexDigit) else {
        throw Problem(line: number, reason: "\(width) hexadecimal digits are expected at: \(rest)")
      }
      rest = rest.dropFirst(width).drop { $0 == " " }
      return digits.lowercased()
    }
    let key = try take()
    switch (depth, state.isClass) {
    case (0, _): (state.first, state.second) = (key, "")
    case (1, _): state.second = key
    case (2, _) where state.second.isEmpty: throw Problem(line: number, reason: "no line with one tab stands before")
    case (2, _): break
    default: throw Problem(line: number, reason: "there are \(depth) tabs; at most 2 are known")
    }
    guard !state.first.isEmpty else { throw Problem(line: number, reason: "no line without a tab stands before") }
    let subsystemDevice = depth == 2 && !state.isClass ? ":" + (try take()) : ""
    let name = String(rest)
    guard !name.isEmpty else { throw Problem(line: number, reason: "the name is missing") }
    add(Entry(key: key + subsystemDevice, name: name), depth, state)
  }

  private mutating func readComment(_ line: Substring) {
    func value(_ label: String) -> String? {
      guard let range = line.firstRange(of: label) else { return nil }
      return String(line[range.upperBound...].drop(while: \.isWhitespace))
    }
    if version.isEmpty, let text = value("Version:") { version = text }
    if date.isEmpty, let text = value("Date:") { date = text }
  }

  private mutating func add(_ entry: Entry, _ depth: Int, _ state: State) {
    switch (depth, state.isClass) {
    case (0, true): classes.append(entry)
    case (1, true): subclasses[state.first, default: []].append(entry)
    case (_, true): interfaces["\(state.first):\(state.second)", default: []].append(entry)
    case (0, false): vendors.append(entry)
    case (1, false):
      if devices.last?.vendor != state.first { devices.append((state.first, [])) }
      devices[devices.count - 1].entries.append(entry)
    case (_, false):
      let device = "\(state.first):\(state.second)"
      if subsystems.last?.device != device { subsystems.append((device, [])) }
      subsystems[subsystems.count - 1].entries.append(entry)
    }
  }
}

extension PCIIdentifierFile {
  /// The spec as JSON, one entry a line, keys in ascending order.
  public func spec() -> String {
    var text = """
      {
        "$schema": "../Schemas/pci-ids.schema.json",
        "source": "The PCI ID Repository, https://pci-ids.ucw.cz/, file pci.ids, version \(version)",
        "version": "\(version)",
        "date": "\(date)",
        "copyright": "Copyright (c) 1997-2023 Martin Mares, 2015-2023 Albert Pool and other volunteers",
        "license": { "identifier": "BSD-3-Clause", "file": "LICENSE.pci.ids" },

      """
    text += "  \"classes\": {\n" + joined(sorted(classes).map(classSpec)) + "  },\n"
    text += "  \"vendors\": {\n" + joined(sorted(vendors).map { "    \(Self.member($0))" }) + "  },\n"
    text += "  \"devices\": {\n" + groups(devices.map { ($0.vendor, $0.entries) }) + "  },\n"
    text += "  \"subsystems\": {\n" + groups(subsystems.map { ($0.device, $0.entries) }) + "  }\n}\n"
    return text
  }

  private func classSpec(_ base: Entry) -> String {
    let subclasses = sorted(subclasses[base.key] ?? []).map { subclass in
      let interfaces = sorted(interfaces["\(base.key):\(subclass.key)"] ?? []).map { "            \(Self.member($0))" }
      let start = "        \"\(subclass.key)\": { \"name\": \(Self.literal(subclass.name))"
      return interfaces.isEmpty
        ? start + " }" : start + ",\n          \"interfaces\": {\n" + joined(interfaces) + "          } }"
    }
    let start = "    \"\(base.key)\": { \"name\": \(Self.literal(base.name))"
    return subclasses.isEmpty ? start + " }" : start + ",\n      \"subclasses\": {\n" + joined(subclasses) + "      } }"
  }

  private func groups(_ groups: [(key: String, entries: [Entry])]) -> String {
    joined(
      groups.sorted { $0.key < $1.key }.map { group in
        "    \"\(group.key)\": {\n" + joined(sorted(group.entries).map { "      \(Self.member($0))" }) + "    }"
      })
  }

  private func sorted(_ entries: [Entry]) -> [Entry] { entries.sorted { $0.key < $1.key } }

  private func joined(_ lines: [String]) -> String { lines.joined(separator: ",\n") + "\n" }

  private static func member(_ entry: Entry) -> String { "\"\(entry.key)\": \(literal(entry.name))" }

  private static func literal(_ text: String) -> String {
    var literal = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": literal += "\\\""
      case "\\": literal += "\\\\"
      case _ where scalar.value < 0x20:
        literal += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: literal.unicodeScalars.append(scalar)
      }
    }
    return literal + "\""
  }
}
