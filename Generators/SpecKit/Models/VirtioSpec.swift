/// `virtio/devices.json`: the kinds of virtio devices, their queues, features and configurations.
public struct VirtioSpec: SpecModel {
  /// Something that device and driver agree on.
  public struct Feature: Decodable {
    /// The name.
    public let name: Located<String>
    /// The number of its bit.
    public let bit: Located<Int>
    /// The name in the document.
    public let constant: Located<String>
    /// What it means.
    public let summary: String
  }

  /// A queue.
  public struct Queue: Decodable {
    /// The name.
    public let name: Located<String>
    /// Its number.
    public let index: Located<Int>
    /// What it carries.
    public let summary: String
  }

  /// A field of the configuration.
  public struct Field: Decodable {
    /// The name.
    public let name: Located<String>
    /// Where it begins, in bytes.
    public let offset: Located<Int>
    /// Its width in bits.
    public let width: Located<Int>
    /// How many there are side by side.
    public let count: Located<Int>?
    /// Who reads and writes it.
    public let access: String?
    /// The feature that it depends on.
    public let feature: Located<String>?
    /// What it says.
    public let summary: String

    /// The bytes that it takes.
    var bytes: Range<Int> { offset.value..<offset.value + width.value / 8 * (count?.value ?? 1) }
  }

  /// A named number.
  public struct Constant: Decodable {
    /// The name.
    public let name: Located<String>
    /// The number.
    public let value: Located<SpecInteger>
    /// The name in the document.
    public let constant: Located<String>
  }

  /// Named numbers.
  public struct Table: Decodable {
    /// The Swift type.
    public let name: Located<String>
    /// The width in bits.
    public let width: Located<Int>
    /// What they are.
    public let summary: String
    /// The numbers.
    public let values: [Constant]
  }

  /// A kind of device.
  public struct Device: Decodable {
    /// The name.
    public let name: Located<String>
    /// Its number.
    public let number: Located<Int>
    /// The section of the document.
    public let section: String
    /// Whether a driver uses it.
    public let status: String
    /// What it is.
    public let summary: String
    /// The queues that have a name.
    public let queues: [Queue]?
    /// The features of this kind.
    public let features: [Feature]?
    /// The fields of the configuration.
    public let configuration: [Field]?
    /// Named numbers in its messages.
    public let tables: [Table]?
  }

  /// The features that any device may have.
  public let features: [Feature]
  /// The kinds of devices.
  public let devices: [Device]
  /// The public documents behind it.
  public let sources: [String]

  /// The schema's file name.
  public static var schema: String { "virtio.schema.json" }
  /// How many kinds of devices there are.
  public var entryCount: Int { devices.count }

  /// Bits that the document keeps for what any device may have; the others belong to the kind of device.
  private static let commonBits = 24...41

  /// Names and numbers are unique, fields aligned and apart, and bits where they belong.
  public func check(_ context: inout CheckContext) {
    check(features, &context)
    for feature in features where !Self.commonBits.contains(feature.bit.value) {
      context.report(
        feature.bit, "bit \(feature.bit.value) belongs to the kind of device", "use one of \(Self.commonBits)")
    }
    context.reportDuplicates(of: "name", in: devices.map(\.name))
    context.reportDuplicates(of: "number", in: devices.map(\.number))
    for device in devices {
      SwiftName.check(device.name, &context)
      check(device.features ?? [], &context)
      for feature in device.features ?? [] where Self.commonBits.contains(feature.bit.value) {
        context.report(
          feature.bit, "bit \(feature.bit.value) is for what any device may have", "move it to the file's \"features\"")
      }
      context.reportDuplicates(of: "name", in: (device.queues ?? []).map(\.name))
      context.reportDuplicates(of: "index", in: (device.queues ?? []).map(\.index))
      checkConfiguration(of: device, &context)
      context.reportDuplicates(of: "name", in: (device.tables ?? []).map(\.name))
      for table in device.tables ?? [] { check(table, &context) }
    }
  }

  private func check(_ features: [Feature], _ context: inout CheckContext) {
    context.reportDuplicates(of: "name", in: features.map(\.name))
    context.reportDuplicates(of: "bit", in: features.map(\.bit))
    for feature in features { SwiftName.check(feature.name, &context) }
  }

  private func check(_ table: Table, _ context: inout CheckContext) {
    context.reportDuplicates(of: "name", in: table.values.map(\.name))
    context.reportDuplicates(of: "value", in: table.values.map(\.value))
    for constant in table.values where constant.value.value.value >= Int128(1) << Int128(table.width.value) {
      context.report(
        constant.value, "the value does not fit \(table.width.value) bits", "correct it or the table's width")
    }
  }

  private func checkConfiguration(of device: Device, _ context: inout CheckContext) {
    let fields = device.configuration ?? []
    context.reportDuplicates(of: "name", in: fields.map(\.name))
    for (index, field) in fields.enumerated() {
      if field.offset.value % (field.width.value / 8) != 0 {
        context.report(
          field.offset, "a field of \(field.width.value) bits is not aligned here",
          "use a multiple of \(field.width.value / 8)")
      }
      if let other = fields[..<index].first(where: { $0.bytes.overlaps(field.bytes) }) {
        context.report(field.offset, "it overlaps \(other.name.value)", "give each its own bytes")
      }
      let names = (device.features ?? []).map(\.name.value)
      if let feature = field.feature, !names.contains(feature.value) {
        context.report(
          feature, "\(device.name.value) has no feature \(feature.value)",
          "name one of its features\(Suggestion.hint(for: feature.value, among: names))")
      }
    }
  }
}
