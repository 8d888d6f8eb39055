import Foundations

extension IVRS {
  /// What a device's entry in the device table is to be given. Source: AMD 48882, table 95.
  public struct DeviceSettings: Equatable, Sendable {
    /// The bits.
    public var rawValue: UInt8

    /// Creates settings from their bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// INIT messages pass.
    public var passesINIT: Bool { rawValue[bit: 0] }
    /// Messages of external interrupt controllers pass.
    public var passesExternalInterrupts: Bool { rawValue[bit: 1] }
    /// NMI messages pass.
    public var passesNMI: Bool { rawValue[bit: 2] }
    /// What is done about the system management range: 0 refuse, 1 let writes pass, 2 let them pass as messages, 3 translate.
    public var systemManagement: UInt8 { rawValue[bits: 4...5] }
    /// Messages of the local APIC's input 0 pass.
    public var passesLINT0: Bool { rawValue[bit: 6] }
    /// Messages of the local APIC's input 1 pass.
    public var passesLINT1: Bool { rawValue[bit: 7] }
  }

  /// What a device is that PCI does not list.
  public enum SpecialDevice: Equatable, Sendable {
    /// An I/O APIC, by its identifier in the MADT.
    case ioAPIC(identifier: UInt8)
    /// A high-precision event timer, by its number.
    case eventTimer(number: UInt8)
    /// Something that later editions define.
    case other(variety: UInt8, handle: UInt8)
  }

  /// What the table says of some devices. Source: AMD 48882, tables 93 to 103.
  public enum DeviceRule: Equatable, Sendable {
    /// PCI functions by their source identifiers. `alias` is the identifier with which all their accesses arrive, where it is not
    /// their own; `isWithoutATS` says that they must not keep translations.
    case functions(ClosedRange<UInt16>, settings: DeviceSettings, alias: UInt16?, isWithoutATS: Bool)
    /// A device that arrives with `sourceID` and is no PCI function.
    case special(SpecialDevice, settings: DeviceSettings, sourceID: UInt16)
    /// A device of the ACPI namespace, by the eight characters of its hardware identifier, that arrives with `sourceID`.
    case named(hardwareID: UInt64, settings: DeviceSettings, sourceID: UInt16)
  }

  /// A range of devices whose end has not come yet.
  private struct OpenRange {
    var first: UInt16
    var settings: DeviceSettings
    var alias: UInt16?
    var isWithoutATS: Bool
  }

  /// Calls `body` for each rule of the entries from `start` to `end`.
  ///
  /// - Throws: `.badEntry` for an entry that passes the end, for a range without its other end or ends before it begins.
  static func forEachRule(
    _ table: borrowing ACPITable, from start: Int, to end: Int, _ body: (DeviceRule) -> Void
  ) throws(ACPITableError) {
    var offset = start
    var open: OpenRange?
    while offset < end {
      let length = try entryLength(table, offset, end)
      guard length <= end - offset else { throw .badEntry(offset: offset) }
      switch table.integer8(offset) {
      case 3, 67, 71:
        guard open == nil else { throw .badEntry(offset: offset) }
        open = openRange(table, offset)
      case 4:
        let last = table.integer16(offset + 1)
        guard let range = open, range.first <= last else { throw .badEntry(offset: offset) }
        body(
          .functions(
            range.first...last, settings: range.settings, alias: range.alias, isWithoutATS: range.isWithoutATS))
        open = nil
      default: if let rule = rule(table, offset) { body(rule) }
      }
      offset += length
    }
    guard open == nil else { throw .badEntry(offset: end) }
  }

  /// The bytes of the entry at `offset`. Types below 240 tell it by their two highest bits. Source: table 94.
  private static func entryLength(
    _ table: borrowing ACPITable, _ offset: Int, _ end: Int
  ) throws(ACPITableError) -> Int {
    let type = table.integer8(offset)
    guard type >= 240 else { return 4 << Int(type >> 6) }
    // Only 240 is defined among those whose length is their own affair: at byte 21 are the bytes that follow.
    guard type == 240, offset + 22 <= end else { throw .badEntry(offset: offset) }
    return 22 + Int(table.integer8(offset + 21))
  }

  private static func openRange(_ table: borrowing ACPITable, _ offset: Int) -> OpenRange {
    let type = table.integer8(offset)
    return OpenRange(
      first: table.integer16(offset + 1), settings: DeviceSettings(rawValue: table.integer8(offset + 3)),
      alias: type == 67 ? table.integer16(offset + 5) : nil,
      isWithoutATS: type == 71 && table.integer32(offset + 4)[bit: 31])
  }

  /// The rule of an entry that stands alone; nil for filling and for what later editions define.
  private static func rule(_ table: borrowing ACPITable, _ offset: Int) -> DeviceRule? {
    let device = table.integer16(offset + 1)
    let settings = DeviceSettings(rawValue: table.integer8(offset + 3))
    switch table.integer8(offset) {
    case 1: return .functions(0...UInt16.max, settings: settings, alias: nil, isWithoutATS: false)
    case 2: return .functions(device...device, settings: settings, alias: nil, isWithoutATS: false)
    case 66:
      return .functions(
        device...device, settings: settings, alias: table.integer16(offset + 5), isWithoutATS: false)
    case 70:
      return .functions(
        device...device, settings: settings, alias: nil, isWithoutATS: table.integer32(offset + 4)[bit: 31])
    case 72:
      let handle = table.integer8(offset + 4)
      let kind: SpecialDevice
      switch table.integer8(offset + 7) {
      case 1: kind = .ioAPIC(identifier: handle)
      case 2: kind = .eventTimer(number: handle)
      case let variety: kind = .other(variety: variety, handle: handle)
      }
      return .special(kind, settings: settings, sourceID: table.integer16(offset + 5))
    case 240:
      return .named(hardwareID: table.integer64(offset + 4), settings: settings, sourceID: device)
    default: return nil
    }
  }
}
