/// The drivers for PCI functions as a Swift enumeration, with a function that chooses one.
enum PCIDrivers: SpecProduct {
  static let name = "pci-drivers"

  private typealias Rule = (driver: PCIDriverSpec.Driver, match: PCIDriverSpec.Match)

  static func generate(_ model: PCIDriverSpec, context: GenerationContext) throws(SpecErrors) -> [GeneratedFile] {
    var writer = CodeWriter(header: context)
    writer.documentation("A driver for PCI functions.\n\nSource: \(model.sources.joined(separator: "; ")).")
    writer.block("public enum PCIDriver: UInt8, CaseIterable, Sendable") { writer in
      for driver in model.drivers {
        writer.documentation(driver.summary)
        writer.line("case \(SwiftName.escaped(driver.identifier.value))")
      }
      writer.line()
      writer.documentation("The name in the spec.")
      writer.block("public var name: String") { writer in
        writer.line("switch self {")
        for driver in model.drivers {
          let name = driver.identifier.value
          writer.line("case .\(SwiftName.escaped(name)): \(CodeWriter.literal(name))")
        }
        writer.line("}")
      }
      writer.line()
      writer.documentation(
        "The name that programs see in /sys and /proc: that of Linux's driver. Several may share one.")
      writer.block("public var linuxName: StaticString") { writer in
        writer.line("switch self {")
        for driver in model.drivers {
          writer.line(
            "case .\(SwiftName.escaped(driver.identifier.value)): \(CodeWriter.literal(driver.visibleName))")
        }
        writer.line("}")
      }
      writer.line()
      writer.documentation("Whether there is such a driver yet.")
      writer.block("public var isDone: Bool") { writer in
        writer.line("switch self {")
        for driver in model.drivers {
          writer.line("case .\(SwiftName.escaped(driver.identifier.value)): \(driver.status == .done)")
        }
        writer.line("}")
      }
      writer.line()
      choice(model, &writer)
    }
    return [GeneratedFile(name: context.output, contents: writer.text)]
  }

  /// The function that chooses: the rules from the strongest, those that look at the same numbers as one `switch`.
  private static func choice(_ model: PCIDriverSpec, _ writer: inout CodeWriter) {
    writer.documentation(
      """
      The driver for a function with these numbers; nil when there is none.

      - Parameter classCode: base class, subclass and interface, eight bits each.
      """)
    writer.line("public static func matching(")
    writer.indented { writer in
      writer.line("vendor: UInt16, device: UInt16, subsystemVendor: UInt16, subsystemDevice: UInt16, classCode: UInt32")
    }
    writer.block(") -> PCIDriver?") { writer in
      var rules: [Rule] = model.drivers.flatMap { driver in driver.matches.map { (driver, $0) } }
      rules.sort { $0.match.rank > $1.match.rank }
      while let first = rules.first {
        let key = switchKey(first.match)
        let group = rules.prefix { $0.match.rank == first.match.rank && switchKey($0.match) == key }
        rules.removeFirst(group.count)
        if let key { writeSwitch(key, group, &writer) } else { writeConditions(group, &writer) }
      }
      writer.line("return nil")
    }
  }

  /// What a rule that looks at one number looks at; nil for others.
  private static func switchKey(_ match: PCIDriverSpec.Match) -> String? {
    if match.subsystemVendor != nil { return nil }
    if match.device != nil, match.class == nil { return "UInt32(vendor) << 16 | UInt32(device)" }
    // Digits that count, without a gap, from the first on.
    guard match.vendor == nil, let mask = match.classPattern?.mask, mask | ((mask & (~mask &+ 1)) &- 1) == 0xff_ffff
    else {
      return nil
    }
    return mask == 0xff_ffff ? "classCode" : "classCode >> \(mask.trailingZeroBitCount)"
  }

  private static func writeSwitch(_ key: String, _ rules: ArraySlice<Rule>, _ writer: inout CodeWriter) {
    writer.line("switch \(key) {")
    for (driver, match) in rules {
      let label: String
      if let vendor = match.vendorNumber, let devices = match.devices {
        let first = UInt32(vendor) << 16 | UInt32(devices.lowerBound)
        let last = UInt32(vendor) << 16 | UInt32(devices.upperBound)
        label = first == last ? hexadecimal(first) : "\(hexadecimal(first))...\(hexadecimal(last))"
      } else {
        let pattern = match.classPattern ?? .init(value: 0, mask: 1)
        label = hexadecimal(pattern.value >> UInt32(pattern.mask.trailingZeroBitCount))
      }
      writer.line("case \(label): return .\(SwiftName.escaped(driver.identifier.value))")
    }
    writer.line("default: break")
    writer.line("}")
  }

  private static func writeConditions(_ rules: ArraySlice<Rule>, _ writer: inout CodeWriter) {
    for (driver, match) in rules {
      var conditions: [String] = []
      if let vendor = match.vendorNumber { conditions.append("vendor == \(hexadecimal(UInt32(vendor)))") }
      if let devices = match.devices {
        let (first, last) = (hexadecimal(UInt32(devices.lowerBound)), hexadecimal(UInt32(devices.upperBound)))
        conditions.append(first == last ? "device == \(first)" : "device >= \(first) && device <= \(last)")
      }
      if let number = match.subsystemVendorNumber {
        conditions.append("subsystemVendor == \(hexadecimal(UInt32(number)))")
      }
      if let number = match.subsystemDeviceNumber {
        conditions.append("subsystemDevice == \(hexadecimal(UInt32(number)))")
      }
      if let pattern = match.classPattern, pattern.mask != 0 {
        conditions.append("classCode & \(hexadecimal(pattern.mask)) == \(hexadecimal(pattern.value))")
      }
      writer.line(
        "if \(conditions.joined(separator: " && ")) { return .\(SwiftName.escaped(driver.identifier.value)) }")
    }
  }

  private static func hexadecimal(_ number: UInt32) -> String { "0x\(String(number, radix: 16))" }
}

extension PCIDriverSpec: SpecDocumentation {
  /// The page's title.
  public func title(_ document: SpecDocument) -> String { "PCI drivers" }

  /// The drivers with what they take, and who takes what several would.
  public func reference(_ document: SpecDocument) -> String {
    var table = MarkdownTable("Driver", "In /sys", "What it drives", "Functions", "Status")
    for driver in drivers {
      let functions = driver.matches.map { match in
        var parts: [String] = []
        if let vendor = match.vendor {
          let last = match.lastDevice.map { "–\($0.value)" } ?? ""
          parts.append("`\(vendor.value):\(match.device?.value ?? "*")\(last)`")
        }
        if let vendor = match.subsystemVendor {
          parts.append("subsystem `\(vendor.value):\(match.subsystemDevice?.value ?? "*")`")
        }
        if let text = match.class { parts.append("class `\(text.value)`") }
        if let priority = match.priority { parts.append("priority \(priority.value)") }
        return parts.joined(separator: " ")
      }
      table.row(
        "`\(driver.identifier.value)`", "`\(driver.visibleName)`", driver.summary, functions.joined(separator: ", "),
        driver.status.rawValue)
    }
    return """
      \(table.markdown)
      When several would take a function, the highest priority decides, then how exactly a driver names it: the subsystem counts \
      before the device, the device before the vendor, the vendor before the class, and more digits of a class before fewer. Two \
      with equal right are an error in the spec.

      Sources: \(sources.joined(separator: "; ")).

      """
  }
}
