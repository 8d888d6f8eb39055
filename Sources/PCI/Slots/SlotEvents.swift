/// What has happened to a slot since somebody looked last.
public struct SlotEvents: OptionSet, Sendable {
  /// The bits; they are this module's own.
  public let rawValue: UInt32

  /// A set of events.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The attention button was pressed.
  public static let button = SlotEvents(rawValue: 1 << 0)
  /// Power failed.
  public static let powerFault = SlotEvents(rawValue: 1 << 1)
  /// The retention latch moved.
  public static let retention = SlotEvents(rawValue: 1 << 2)
  /// Something came or went.
  public static let presence = SlotEvents(rawValue: 1 << 3)
  /// The last command has completed.
  public static let completion = SlotEvents(rawValue: 1 << 4)
  /// The link came up or went down.
  public static let link = SlotEvents(rawValue: 1 << 5)
  /// The port itself does not answer any more.
  public static let portGone = SlotEvents(rawValue: 1 << 6)

  /// All that a slot tells while its port is there.
  static let all: SlotEvents = [.button, .powerFault, .completion, .presence, .link, .retention]
  /// What says that something may have come or gone.
  static let occupancy: SlotEvents = [.presence, .link, .retention]

  /// The events that a status shows. Source: PCI Express Base Specification 4.0, section 7.5.3.11.
  init(_ status: PCIExpress.SlotStatus) {
    var events: SlotEvents = []
    if status.attentionButtonPressed { events.insert(.button) }
    if status.powerFault { events.insert(.powerFault) }
    if status.retentionChanged { events.insert(.retention) }
    if status.presenceChanged { events.insert(.presence) }
    if status.commandCompleted { events.insert(.completion) }
    if status.linkStateChanged { events.insert(.link) }
    self = events
  }

  /// What is to be written to the status so that these events, and no others, are taken off.
  var acknowledgement: PCIExpress.SlotStatus {
    var status = PCIExpress.SlotStatus(rawValue: 0)
    status.attentionButtonPressed = contains(.button)
    status.powerFault = contains(.powerFault)
    status.retentionChanged = contains(.retention)
    status.presenceChanged = contains(.presence)
    status.commandCompleted = contains(.completion)
    status.linkStateChanged = contains(.link)
    return status
  }
}
