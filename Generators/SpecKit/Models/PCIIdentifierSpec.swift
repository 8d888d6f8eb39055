/// The names of PCI vendors, devices, subsystems and classes, from `Specs/pci/ids.json`.
public struct PCIIdentifierSpec: SpecModel {
  /// A base class.
  public struct BaseClass: Decodable, Sendable {
    /// Its name.
    public let name: Located<String>
    /// Its subclasses by code.
    public let subclasses: OrderedMembers<Subclass>?
  }

  /// A subclass.
  public struct Subclass: Decodable, Sendable {
    /// Its name.
    public let name: Located<String>
    /// Its programming interfaces by code.
    public let interfaces: OrderedMembers<Located<String>>?
  }

  /// The licence of the list.
  public struct License: Decodable, Sendable {
    /// The SPDX identifier.
    public let identifier: String
    /// The file beside the spec with its text.
    public let file: String
  }

  /// Names by number.
  public typealias Names = OrderedMembers<Located<String>>

  /// The file name of the schema.
  public static let schema = "pci-ids.schema.json"

  /// Where the list comes from.
  public let source: String
  /// The version that it states.
  public let version: String
  /// Its copyright line.
  public let copyright: String
  /// Its licence.
  public let license: License
  /// Base classes by code.
  public let classes: OrderedMembers<BaseClass>
  /// Vendors by number.
  public let vendors: Names
  /// Devices by vendor and number.
  public let devices: OrderedMembers<Names>
  /// Subsystems by vendor and device, then by subsystem vendor and subsystem device.
  public let subsystems: OrderedMembers<Names>

  /// How many names there are.
  public var entryCount: Int {
    let classNames = classes.members.reduce(0) { count, base in
      (base.value.subclasses?.members ?? []).reduce(count + 1) { $0 + 1 + ($1.value.interfaces?.members.count ?? 0) }
    }
    return classNames + vendors.members.count + devices.members.reduce(0) { $0 + $1.value.members.count }
      + subsystems.members.reduce(0) { $0 + $1.value.members.count }
  }

  /// Reports keys out of order, devices of vendors that are not there, subsystems of such devices, and bad names.
  public func check(_ context: inout CheckContext) {
    checkOrder(classes, &context)
    for base in classes.members {
      checkName(base.value.name, &context)
      guard let subclasses = base.value.subclasses else { continue }
      checkOrder(subclasses, &context)
      for subclass in subclasses.members {
        checkName(subclass.value.name, &context)
        if let interfaces = subclass.value.interfaces { check(interfaces, &context) }
      }
    }
    check(vendors, &context)
    let vendorKeys = Set(vendors.members.map(\.key.value))
    var deviceKeys: Set<String> = []
    checkOrder(devices, &context)
    for vendor in devices.members {
      if !vendorKeys.contains(vendor.key.value) {
        context.report(
          vendor.key, "there is no vendor \(vendor.key.value)", "add it to vendors, or correct the number")
      }
      check(vendor.value, &context)
      for device in vendor.value.members { deviceKeys.insert("\(vendor.key.value):\(device.key.value)") }
    }
    checkOrder(subsystems, &context)
    for device in subsystems.members {
      if !deviceKeys.contains(device.key.value) {
        context.report(
          device.key, "there is no device \(device.key.value)", "add it to devices, or correct the number")
      }
      check(device.value, &context)
    }
  }

  private func check(_ names: Names, _ context: inout CheckContext) {
    checkOrder(names, &context)
    for member in names.members { checkName(member.value, &context) }
  }

  /// The look-up halves its way through the keys. Equal keys are a mistake that the parser reports.
  private func checkOrder<Value>(_ members: OrderedMembers<Value>, _ context: inout CheckContext) {
    for (previous, member) in zip(members.members, members.members.dropFirst())
    where member.key.value < previous.key.value {
      context.report(
        member.key, "\(member.key.value) stands behind \(previous.key.value)", "order the entries by number")
    }
  }

  private func checkName(_ name: Located<String>, _ context: inout CheckContext) {
    let text = name.value.utf8
    if text.first == 0x20 || text.last == 0x20 {
      context.report(name, "a space stands at an end of \(JSONNode.quoted(name.value))", "delete it")
    } else if text.contains(where: { $0 < 0x20 || $0 == 0x7f }) {
      context.report(name, "\(JSONNode.quoted(name.value)) has a control character", "delete it")
    }
  }
}
