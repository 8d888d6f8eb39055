/// Which driver takes which device of the firmware's namespace, and what every PC has, from `Specs/acpi/drivers.json`.
public struct PlatformDriverSpec: SpecModel {
  /// Who uses such a device.
  public enum Status: String, Decodable, Sendable {
    case done, kernel, planned
  }

  /// On which bus it is driven.
  public enum Bus: String, CaseIterable, Decodable, Sendable {
    case acpi, pnp, platform
  }

  /// When there is one though firmware does not describe it.
  public enum Presence: String, CaseIterable, Decodable, Sendable {
    case always, undescribed, fixedPowerButton, fixedSleepButton
  }

  /// What is done about firmware that does not say everything.
  public enum Quirk: String, CaseIterable, Decodable, Sendable {
    case usualPorts, usualInterrupt
  }

  /// A range of ports.
  public struct Ports: Decodable, Sendable {
    let first: Located<SpecInteger>
    let count: Int
  }

  /// What there is of the device where firmware says nothing.
  public struct Usual: Decodable, Sendable {
    let name: Located<String>
    let presence: Located<Presence>
    let ports: [Ports]?
    let interrupt: Located<Int>?
  }

  /// A driver.
  public struct Driver: Decodable, Sendable {
    /// The name of the Swift enumeration case.
    public let identifier: Located<String>
    let linuxName: Located<String>?
    let module: Located<String>?
    let summary: String
    let status: Located<Status>
    let bus: Bus
    let hardware: [Located<String>]
    let ports: Located<Int>?
    let interrupt: Located<String>?
    let quirks: [Located<Quirk>]?
    let usual: Usual?
  }

  /// The file name of the schema.
  public static let schema = "acpi-drivers.schema.json"

  /// The documents behind the names and numbers.
  public let sources: [String]
  /// The drivers.
  public let drivers: [Driver]

  /// How many identifiers there are.
  public var entryCount: Int { drivers.reduce(0) { $0 + $1.hardware.count } }

  /// Reports what two drivers claim, drivers without a module, and quirks that have nothing to take.
  public func check(_ context: inout CheckContext) {
    context.reportDuplicates(of: "identifier", in: drivers.map(\.identifier))
    context.reportDuplicates(of: "hardware", in: drivers.flatMap(\.hardware))
    context.reportDuplicates(of: "name", in: drivers.compactMap(\.usual?.name))
    for driver in drivers {
      SwiftName.check(driver.identifier, &context)
      if let name = driver.linuxName, name.value == driver.identifier.value {
        context.report(name, "the identifier is \(name.value) already", "leave out \"linuxName\"")
      }
      checkModule(of: driver, &context)
      checkQuirks(of: driver, &context)
      checkUsual(of: driver, &context)
    }
    checkPorts(&context)
  }

  private func checkModule(of driver: Driver, _ context: inout CheckContext) {
    if driver.status.value != .planned, driver.module == nil {
      context.report(driver.status, "no module is named for what is \(driver.status.value)", "add \"module\"")
    }
    if driver.status.value == .planned, let module = driver.module {
      context.report(module, "what is planned is in no module yet", "leave out \"module\"")
    }
  }

  private func checkQuirks(of driver: Driver, _ context: inout CheckContext) {
    for quirk in driver.quirks ?? [] {
      let isPossible =
        switch quirk.value {
        case .usualPorts: driver.ports != nil && driver.usual?.ports != nil
        case .usualInterrupt: driver.interrupt != nil && driver.usual?.interrupt != nil
        }
      if !isPossible {
        let what = quirk.value == .usualPorts ? "ports" : "interrupt"
        context.report(
          quirk, "there is nothing to take: the driver and \"usual\" must both have \"\(what)\"",
          "add them, or remove the quirk")
      }
    }
  }

  private func checkUsual(of driver: Driver, _ context: inout CheckContext) {
    guard let usual = driver.usual else { return }
    if let interrupt = usual.interrupt, driver.interrupt == nil {
      context.report(interrupt, "the driver has no interrupt", "add \"interrupt\" to the driver, or leave this out")
    }
    let most = (usual.ports ?? []).map(\.count).max() ?? 0
    if usual.presence.value == .undescribed || usual.presence.value == .always, let needed = driver.ports,
      most < needed.value
    {
      context.report(
        needed, "the driver needs \(needed.value) ports, and the largest of its usual ranges has \(most)",
        "correct one of the two")
    }
  }

  private func checkPorts(_ context: inout CheckContext) {
    var earlier: [(range: Range<Int>, driver: Driver)] = []
    for driver in drivers {
      for ports in driver.usual?.ports ?? [] {
        let range = ports.first.value.int..<ports.first.value.int + ports.count
        if range.upperBound > 0x1_0000 {
          context.report(ports.first, "the range passes port 0xffff", "write a lower number, or fewer ports")
        }
        if let other = earlier.first(where: { $0.range.overlaps(range) }) {
          context.report(
            ports.first,
            "\(other.driver.identifier.value) on line \(other.driver.identifier.position.line) has some of these ports",
            "give each its own ports")
        }
        earlier.append((range, driver))
      }
    }
  }
}

extension PlatformDriverSpec.Driver {
  /// The name that programs see: Linux's.
  var visibleName: String { linuxName?.value ?? identifier.value }
}
