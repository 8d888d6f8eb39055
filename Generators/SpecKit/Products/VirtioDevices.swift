/// The kinds of virtio devices as Swift constants and types.
enum VirtioDevices: SpecProduct {
  static let name = "virtio-devices"

  static func generate(_ model: VirtioSpec, context: GenerationContext) throws(SpecErrors) -> [GeneratedFile] {
    var writer = CodeWriter(header: context)
    writer.documentation("A kind of virtio device.\n\nSource: \(model.sources.joined(separator: "; ")).")
    writer.block("public enum VirtioDeviceKind: UInt16, CaseIterable, Sendable") { writer in
      for device in model.devices {
        writer.documentation("\(device.summary)")
        writer.line("case \(SwiftName.escaped(device.name.value)) = \(device.number.value)")
      }
      writer.line()
      writer.documentation("The name in the spec.")
      writer.block("public var name: StaticString") { writer in
        writer.line("switch self {")
        for device in model.devices {
          writer.line("case .\(SwiftName.escaped(device.name.value)): \(CodeWriter.literal(device.name.value))")
        }
        writer.line("}")
      }
    }
    writer.line()
    writer.block("extension VirtioFeatures") { writer in self.features(model.features, &writer) }
    writer.line()
    writer.documentation("What is particular to each kind of device.")
    writer.block("public enum VirtioLayout") { writer in
      for (index, device) in model.devices.enumerated() {
        if index > 0 { writer.line() }
        self.device(device, &writer)
      }
    }
    return [GeneratedFile(name: context.output, contents: writer.text)]
  }

  private static func features(_ features: [VirtioSpec.Feature], _ writer: inout CodeWriter) {
    for feature in features {
      writer.documentation("\(feature.summary) `\(feature.constant.value)`.")
      writer.line("@inlinable")
      writer.line(
        "public static var \(SwiftName.escaped(feature.name.value)): VirtioFeatures {"
          + " VirtioFeatures(bit: \(feature.bit.value)) }")
    }
  }

  private static func device(_ device: VirtioSpec.Device, _ writer: inout CodeWriter) {
    writer.documentation("\(device.summary)\n\nSection \(device.section).")
    writer.block("public enum \(SwiftName.type(device.name.value))") { writer in
      if let features = device.features {
        writer.documentation("Its features.")
        writer.block("public enum Features") { writer in self.features(features, &writer) }
      }
      if let queues = device.queues {
        writer.documentation("Its queues.")
        writer.block("public enum Queues") { writer in
          for queue in queues {
            writer.documentation("\(queue.summary)")
            writer.line("@inlinable")
            writer.line("public static var \(SwiftName.escaped(queue.name.value)): Int { \(queue.index.value) }")
          }
        }
      }
      if let fields = device.configuration {
        writer.documentation("Its configuration.")
        writer.block("public enum Configuration") { writer in
          for field in fields { self.field(field, &writer) }
          let end = fields.map(\.bytes.upperBound).max() ?? 0
          writer.documentation("How many bytes it has at most.")
          writer.line("@inlinable")
          writer.line("public static var byteCount: Int { \(end) }")
        }
      }
      for table in device.tables ?? [] { self.table(table, &writer) }
    }
  }

  private static func field(_ field: VirtioSpec.Field, _ writer: inout CodeWriter) {
    let type = "VirtioField<UInt\(field.width.value)>"
    writer.documentation("\(field.summary)")
    writer.line("@inlinable")
    writer.line(
      "public static var \(SwiftName.escaped(field.name.value)): \(type) { \(type)(offset: \(field.offset.value)) }")
    guard let count = field.count else { return }
    writer.documentation("How many there are of `\(field.name.value)`.")
    writer.line("@inlinable")
    writer.line("public static var \(field.name.value)Count: Int { \(count.value) }")
  }

  private static func table(_ table: VirtioSpec.Table, _ writer: inout CodeWriter) {
    writer.documentation("\(table.summary)")
    writer.block("public enum \(table.name.value): UInt\(table.width.value), CaseIterable, Sendable") { writer in
      for constant in table.values {
        writer.documentation("`\(constant.constant.value)`.")
        writer.line("case \(SwiftName.escaped(constant.name.value)) = \(text(constant.value.value))")
      }
    }
  }

  static func text(_ number: SpecInteger) -> String {
    number.isHexadecimal ? "0x" + String(number.value, radix: 16) : "\(number.value)"
  }
}

extension VirtioSpec: SpecDocumentation {
  /// The page's title.
  public func title(_ document: SpecDocument) -> String { "Virtio devices" }

  /// The features that any device may have, then each kind of device.
  public func reference(_ document: SpecDocument) -> String {
    var text = "## Features of any device\n\n\(table(features))"
    for device in devices {
      text += "\n## \(device.number.value): \(device.name.value)\n\n\(device.summary) Section \(device.section),"
      text += " \(device.status).\n"
      if let queues = device.queues {
        var table = MarkdownTable("Queue", "Name", "What it carries")
        for queue in queues { table.row("\(queue.index.value)", "`\(queue.name.value)`", queue.summary) }
        text += "\n\(table.markdown)"
      }
      if let features = device.features { text += "\n\(table(features))" }
      if let fields = device.configuration {
        var table = MarkdownTable("Offset", "Width", "Field", "Access", "Feature", "What it says")
        for field in fields {
          let count = field.count.map { " × \($0.value)" } ?? ""
          table.row(
            "\(field.offset.value)", "\(field.width.value)\(count)", "`\(field.name.value)`", field.access ?? "read",
            field.feature.map { "`\($0.value)`" } ?? "", field.summary)
        }
        text += "\n\(table.markdown)"
      }
      for named in device.tables ?? [] {
        var table = MarkdownTable("Value", "`\(named.name.value)`", "In the document")
        for constant in named.values {
          table.row(
            VirtioDevices.text(constant.value.value), "`\(constant.name.value)`", "`\(constant.constant.value)`")
        }
        text += "\n\(table.markdown)"
      }
    }
    return text + "\nSources: \(sources.joined(separator: "; ")).\n"
  }

  private func table(_ features: [Feature]) -> String {
    var table = MarkdownTable("Bit", "Feature", "In the document", "What it means")
    for feature in features {
      table.row("\(feature.bit.value)", "`\(feature.name.value)`", "`\(feature.constant.value)`", feature.summary)
    }
    return table.markdown
  }
}
