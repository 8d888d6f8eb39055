/// The drivers for devices of the firmware's namespace as a Swift enumeration, with a function that chooses one.
enum PlatformDrivers: SpecProduct {
  static let name = "acpi-drivers"

  private typealias Driver = PlatformDriverSpec.Driver

  static func generate(_ model: PlatformDriverSpec, context: GenerationContext) throws(SpecErrors) -> [GeneratedFile] {
    var writer = CodeWriter(header: context)
    writer.documentation(
      "A driver for devices that firmware describes, or that every PC has.\n\nSource: \(model.sources.joined(separator: "; "))."
    )
    writer.block("public enum PlatformDriver: UInt8, CaseIterable, Sendable") { writer in
      for driver in model.drivers {
        writer.documentation(driver.summary)
        writer.line("case \(SwiftName.escaped(driver.identifier.value))")
      }
      kinds(&writer)
      names(model, &writer)
      resources(model, &writer)
      usual(model, &writer)
      choice(model, &writer)
    }
    return [GeneratedFile(name: context.output, contents: writer.text)]
  }

  private static func kinds(_ writer: inout CodeWriter) {
    writer.line()
    writer.documentation("Where such a device is driven.")
    writer.block("public enum Bus: UInt8, Sendable") { writer in
      for bus in PlatformDriverSpec.Bus.allCases { writer.line("case \(bus.rawValue)") }
    }
    writer.line()
    writer.documentation("When there is such a device though firmware does not describe it.")
    writer.block("public enum Presence: UInt8, Sendable") { writer in
      for presence in PlatformDriverSpec.Presence.allCases { writer.line("case \(presence.rawValue)") }
    }
  }

  /// A property that is a value for each driver.
  private static func property(
    _ declaration: String, _ documentation: String, _ model: PlatformDriverSpec, _ writer: inout CodeWriter,
    _ value: (Driver) -> String
  ) {
    writer.line()
    writer.documentation(documentation)
    writer.block(declaration) { writer in
      writer.line("switch self {")
      for driver in model.drivers {
        writer.line("case .\(SwiftName.escaped(driver.identifier.value)): \(value(driver))")
      }
      writer.line("}")
    }
  }

  private static func names(_ model: PlatformDriverSpec, _ writer: inout CodeWriter) {
    property(
      "public var linuxName: StaticString",
      "The name that programs see in /sys: that of Linux's driver. Several may share one.", model, &writer
    ) { CodeWriter.literal($0.visibleName) }
    property("public var bus: Bus", "Where it is driven.", model, &writer) { ".\($0.bus.rawValue)" }
    property("public var isDone: Bool", "Whether there is a driver that is bound to such devices.", model, &writer) {
      "\($0.status.value == .done)"
    }
  }

  private static func resources(_ model: PlatformDriverSpec, _ writer: inout CodeWriter) {
    property(
      "public var neededPorts: UInt16", "How many ports it needs in one range; 0 for none.", model, &writer
    ) { "\($0.ports?.value ?? 0)" }
    property("public var needsInterrupt: Bool", "Whether it does not work without an interrupt.", model, &writer) {
      "\($0.interrupt?.value == "required")"
    }
    for (quirk, what) in [(PlatformDriverSpec.Quirk.usualPorts, "ports"), (.usualInterrupt, "interrupt")] {
      property(
        "public var takes\(SwiftName.type(quirk.rawValue)): Bool",
        "Whether it takes the usual \(what) where firmware names none.", model, &writer
      ) { driver in "\((driver.quirks ?? []).contains { $0.value == quirk })" }
    }
  }

  private static func usual(_ model: PlatformDriverSpec, _ writer: inout CodeWriter) {
    property(
      "public var presence: Presence?", "When there is one though firmware describes none; nil for never.", model,
      &writer
    ) { driver in driver.usual.map { ".\($0.presence.value.rawValue)" } ?? "nil" }
    property(
      "public var usualName: StaticString?", "What the device is called where firmware does not describe it.", model,
      &writer
    ) { driver in driver.usual.map { CodeWriter.literal($0.name.value) } ?? "nil" }
    property(
      "public var usualInterrupt: UInt8?", "Its line of ISA where firmware names none.", model, &writer
    ) { driver in driver.usual?.interrupt.map { "\($0.value)" } ?? "nil" }
    property(
      "public var firstIdentifier: UInt64", "The first identifier that it takes, as `matching` has it.", model, &writer
    ) { code($0.hardware[0].value) }
    writer.line()
    writer.documentation("Range `index` of its ports, from 0, where firmware names none; nil behind the last.")
    writer.block("public func usualPorts(at index: Int) -> (first: UInt16, count: UInt16)?") { writer in
      writer.line("switch (self, index) {")
      for driver in model.drivers {
        for (index, ports) in (driver.usual?.ports ?? []).enumerated() {
          let first = "0x\(String(ports.first.value.int, radix: 16))"
          writer.line(
            "case (.\(SwiftName.escaped(driver.identifier.value)), \(index)): (\(first), \(ports.count))")
        }
      }
      writer.line("default: nil")
      writer.line("}")
    }
  }

  private static func choice(_ model: PlatformDriverSpec, _ writer: inout CodeWriter) {
    writer.line()
    writer.documentation(
      """
      The driver for a device with this `_HID` or `_CID`; nil when there is none.

      - Parameter identifier: its characters, the first in the lowest byte; at most eight.
      """)
    writer.block("public static func matching(_ identifier: UInt64) -> PlatformDriver?") { writer in
      writer.line("switch identifier {")
      for driver in model.drivers {
        for identifier in driver.hardware {
          writer.line("// \(identifier.value)")
          writer.line("case \(code(identifier.value)): .\(SwiftName.escaped(driver.identifier.value))")
        }
      }
      writer.line("default: nil")
      writer.line("}")
    }
  }

  /// The characters as a number, the first in the lowest byte.
  private static func code(_ identifier: String) -> String {
    let number = identifier.utf8.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return "0x\(String(number, radix: 16))"
  }
}

extension PlatformDriverSpec: SpecDocumentation {
  /// The page's title.
  public func title(_ document: SpecDocument) -> String { "Devices of the platform" }

  /// The supported devices, then what is taken for granted where firmware says nothing.
  public func reference(_ document: SpecDocument) -> String {
    var table = MarkdownTable("Driver", "In /sys", "Module", "What it drives", "Identifiers", "Needs", "Status")
    var usual = MarkdownTable("Driver", "Device", "Ports", "Line", "When")
    for driver in drivers {
      var needs: [String] = []
      if let ports = driver.ports { needs.append(ports.value == 1 ? "1 port" : "\(ports.value) ports") }
      if let interrupt = driver.interrupt {
        needs.append(interrupt.value == "required" ? "an interrupt" : "an interrupt if there is one")
      }
      table.row(
        "`\(driver.identifier.value)`", "`\(driver.bus.rawValue)`: `\(driver.visibleName)`",
        driver.module.map { "`\($0.value)`" } ?? "", driver.summary,
        driver.hardware.map { "`\($0.value)`" }.joined(separator: ", "), needs.joined(separator: ", "),
        driver.status.value.rawValue)
      guard let device = driver.usual else { continue }
      let ports = (device.ports ?? []).map { ports in
        let last = ports.first.value.int + ports.count - 1
        return "`0x\(String(ports.first.value.int, radix: 16))`–`0x\(String(last, radix: 16))`"
      }
      usual.row(
        "`\(driver.identifier.value)`", "`\(device.name.value)`", ports.joined(separator: ", "),
        device.interrupt.map { "\($0.value)" } ?? "", Self.condition(device.presence.value))
    }
    return """
      \(table.markdown)
      `done`: a driver is bound to such devices. `kernel`: the kernel uses them without one. `planned`: there is no driver yet.

      ## Where firmware says nothing

      \(usual.markdown)
      Sources: \(sources.joined(separator: "; ")).

      """
  }

  private static func condition(_ presence: Presence) -> String {
    switch presence {
    case .always: "always: every PC has one"
    case .undescribed: "firmware describes none, or is not asked"
    case .fixedPowerButton: "the FADT has no flag of a power button that firmware watches"
    case .fixedSleepButton: "the FADT has no flag of a sleep button that firmware watches"
    }
  }
}
