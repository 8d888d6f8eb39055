/// The numbers of a graphics device as Swift constants.
enum GPUDevice: SpecProduct {
  static let name = "gpu"

  static func generate(_ model: GPUSpec, context: GenerationContext) throws(SpecErrors) -> [GeneratedFile] {
    var writer = CodeWriter(header: context)
    writer.documentation("\(model.name).\n\nSource: \(model.sources.joined(separator: "; ")).")
    writer.block("public enum \(model.device.value)") { writer in
      writer.documentation("Whether the PCI function with these identifiers is the device.")
      writer.block("public static func matches(vendor: UInt16, device: UInt16) -> Bool") { writer in
        writer.line("switch (vendor, device) {")
        for function in model.pci {
          writer.line("case (\(text(function.vendor.value)), \(text(function.device.value))): true")
        }
        writer.line("default: false")
        writer.line("}")
      }
      for resource in model.resources ?? [] {
        writer.line()
        writer.documentation("The base address register of: \(resource.description).")
        writer.line("public static var \(resource.name.value)Resource: UInt8 { \(resource.bar.value) }")
      }
      for block in model.blocks ?? [] { self.block(block, &writer) }
      for table in model.tables ?? [] { self.table(table, &writer) }
    }
    return [GeneratedFile(name: context.output, contents: writer.text)]
  }

  private static func text(_ number: SpecInteger) -> String {
    number.isHexadecimal ? "0x" + String(number.value, radix: 16, uppercase: true) : "\(number.value)"
  }

  private static func block(_ block: GPUSpec.Block, _ writer: inout CodeWriter) {
    let type = "\(SwiftName.type(block.name.value))Register"
    writer.line()
    writer.documentation(
      "\(block.description): registers of \(block.width.value) bits; the raw value is the offset in bytes.")
    writer.block("public enum \(type): UInt16, CaseIterable, Sendable") { writer in
      for register in block.registers {
        writer.documentation("\(register.description).")
        writer.line("case \(SwiftName.escaped(register.name.value)) = \(text(register.offset.value))")
      }
      writer.line()
      writer.documentation("The length of the block in bytes.")
      writer.line("public static var blockLength: Int { \(text(block.length.value)) }")
      for access in block.access {
        writer.line()
        if let index = access.indexPort, let data = access.dataPort {
          writer.documentation("The port that takes the index.")
          writer.line("public static var indexPort: UInt16 { \(text(index)) }")
          writer.documentation("The port that holds the value.")
          writer.line("public static var dataPort: UInt16 { \(text(data)) }")
          writer.documentation("The register's index.")
          writer.line("public var index: UInt16 { rawValue / \(block.width.value / 8) }")
        }
        if let resource = access.resource, let offset = access.offset {
          writer.documentation("Where the block begins in the resource `\(resource.value)`, in bytes.")
          writer.line("public static var offsetIn\(SwiftName.type(resource.value)): Int { \(text(offset.value)) }")
        }
      }
    }
    for register in block.registers {
      guard let fields = register.fields else { continue }
      writer.line()
      writer.documentation("The fields of `\(register.name.value)`, as masks.")
      writer.block("public enum \(SwiftName.type(block.name.value))\(SwiftName.type(register.name.value))") { writer in
        for field in fields {
          let low = field.bits.value[0]
          let high = field.bits.value.last ?? low
          let mask = (UInt64.max >> UInt64(63 - high + low)) << UInt64(low)
          writer.documentation("\(field.description ?? "Bits \(low) to \(high)").")
          writer.line(
            "public static var \(SwiftName.escaped(field.name.value)): UInt\(block.width.value) {"
              + " 0x\(String(mask, radix: 16, uppercase: true)) }")
        }
      }
    }
  }

  private static func table(_ table: GPUSpec.Table, _ writer: inout CodeWriter) {
    writer.line()
    writer.documentation("\(table.description).")
    writer.block("public enum \(SwiftName.type(table.name.value)): UInt\(table.width.value), CaseIterable, Sendable") {
      writer in
      for constant in table.values {
        if let name = constant.constant { writer.documentation("`\(name.value)`.") }
        writer.line("case \(SwiftName.escaped(constant.name.value)) = \(text(constant.value.value))")
      }
    }
  }
}

extension GPUSpec: SpecDocumentation {
  /// The page's title.
  public func title(_ document: SpecDocument) -> String { name }

  /// Where it is found, its registers and its numbers.
  public func reference(_ document: SpecDocument) -> String {
    func number(_ value: SpecInteger) -> String {
      value.isHexadecimal ? "0x" + String(value.value, radix: 16, uppercase: true) : "\(value.value)"
    }
    let functions = pci.map { "\(number($0.vendor.value)):\(number($0.device.value))" }.joined(separator: ", ")
    var text = "`\(device.value)`, PCI \(functions), \(status).\n"
    for block in blocks ?? [] {
      var table = MarkdownTable("Offset", "Register", "Access", "What it is", "Fields")
      for register in block.registers {
        let fields = (register.fields ?? []).map { field in
          "`\(field.name.value)` \(field.bits.value.map { "\($0)" }.joined(separator: "–"))"
        }
        table.row(
          number(register.offset.value), "`\(register.name.value)`", register.access, register.description,
          (fields + [register.values.map { "one of `\($0.value)`" }].compactMap(\.self)).joined(separator: ", "))
      }
      text += "\n## \(block.description)\n\n\(table.markdown)"
    }
    for table in tables ?? [] {
      var list = MarkdownTable("Value", "Name", "In the document")
      for constant in table.values {
        list.row(
          number(constant.value.value), "`\(constant.name.value)`", constant.constant.map { "`\($0.value)`" } ?? "")
      }
      text += "\n## \(table.description)\n\n\(list.markdown)"
    }
    return text + "\nSources: \(sources.joined(separator: "; ")).\n"
  }
}
