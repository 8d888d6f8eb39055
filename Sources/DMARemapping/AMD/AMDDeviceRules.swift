import ACPI
import Foundations
import Machine

/// What firmware says of the devices behind one of AMD's IOMMUs, for quick reading.
final class AMDDeviceRules {
  private struct Rule {
    var sources: ClosedRange<UInt16>
    var alias: UInt16?
    var settings: AMDDeviceSettings
    /// It names devices, and is not for all of them.
    var isNaming: Bool
  }

  private let rules: GrowableArray<Rule>
  /// The highest source identifier that is told of by name.
  let lastSourceID: UInt16

  /// No rules.
  init() {
    rules = GrowableArray<Rule>()
    lastSourceID = 0
  }

  /// The rules that `table` has for `unit`.
  ///
  /// - Throws: `ENOMEM`.
  init(of unit: IVRS.Unit, in table: borrowing IVRS) throws(Errno) {
    var rules = GrowableArray<Rule>()
    var hasRoom = true
    table.forEachRule(of: unit) { rule in
      guard hasRoom else { return }
      do throws(Errno) { try rules.append(Self.rule(rule)) } catch { hasRoom = false }
    }
    guard hasRoom else { throw .ENOMEM }
    lastSourceID = Self.last(rules)
    self.rules = rules
  }

  private static func last(_ rules: borrowing GrowableArray<Rule>) -> UInt16 {
    var last: UInt16 = 0
    for index in 0..<rules.count where rules[index].isNaming {
      last = max(last, rules[index].sources.upperBound, rules[index].alias ?? 0)
    }
    return last
  }

  private static func rule(_ rule: IVRS.DeviceRule) -> Rule {
    switch rule {
    case .functions(let sources, let settings, let alias, _):
      Rule(
        sources: sources, alias: alias, settings: AMDDeviceSettings(rawValue: settings.rawValue),
        isNaming: sources.count <= Int(UInt16.max))
    case .special(_, let settings, let source), .named(_, let settings, let source):
      Rule(
        sources: source...source, alias: nil, settings: AMDDeviceSettings(rawValue: settings.rawValue), isNaming: true)
    }
  }

  /// How many rules there are.
  var count: Int { rules.count }

  /// Whether a rule names the device, and does not only speak of all.
  func names(_ sourceID: UInt16) -> Bool {
    for index in 0..<rules.count where rules[index].isNaming && rules[index].sources.contains(sourceID) { return true }
    return false
  }

  /// The identifier under which the device's accesses arrive.
  func alias(of sourceID: UInt16) -> UInt16 {
    var alias = sourceID
    for index in 0..<rules.count where rules[index].isNaming && rules[index].sources.contains(sourceID) {
      alias = rules[index].alias ?? sourceID
    }
    return alias
  }

  /// What the device's entry is to say of messages; of several rules the last counts.
  func settings(of sourceID: UInt16) -> AMDDeviceSettings {
    var settings = AMDDeviceSettings(rawValue: 0)
    for index in 0..<rules.count where rules[index].sources.contains(sourceID) { settings = rules[index].settings }
    return settings
  }

  /// Calls `body` with source identifiers below `limit` and what their entries are to say; the last call for each counts.
  func forEachSetting(before limit: Int, _ body: (UInt16, AMDDeviceSettings) -> Void) {
    for index in 0..<rules.count {
      let rule = rules[index]
      for source in rule.sources where Int(source) < limit { body(source, rule.settings) }
    }
  }
}
