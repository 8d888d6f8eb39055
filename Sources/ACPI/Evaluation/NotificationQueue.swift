import Foundations

/// What AML told about an object. Source: ACPI 6.5, section 5.6.6.
public struct ACPINotification: Equatable, Sendable {
  /// The device, processor or thermal zone.
  public var node: AMLNode
  /// What happened.
  public var value: UInt64

  /// Creates a notification.
  public init(node: AMLNode, value: UInt64) {
    self.node = node
    self.value = value
  }

  /// Something changed on the bus below the device.
  public static let busCheck: UInt64 = 0
  /// The device came or went.
  public static let deviceCheck: UInt64 = 1
  /// The device woke the machine.
  public static let deviceWake: UInt64 = 2
  /// Somebody wants to take the device out.
  public static let ejectRequest: UInt64 = 3
  /// Of a power button: it was pressed.
  public static let buttonPressed: UInt64 = 0x80
}

/// Notifications on their way from AML to drivers, which evaluate more AML and so cannot run where `AMLHost.notify` is called.
public struct ACPINotificationQueue: Sendable {
  /// How many it holds.
  public static let capacity = 64

  private var items = InlineArray<64, ACPINotification>(repeating: ACPINotification(node: .root, value: 0))
  private var first = 0
  /// How many there are.
  public private(set) var count = 0
  /// How many came when it was full and are lost.
  public private(set) var lostCount: UInt64 = 0

  /// Creates an empty queue.
  public init() {}

  /// Adds a notification; one that is already there is not added again.
  public mutating func append(_ notification: ACPINotification) {
    for index in 0..<count where items[(first + index) % Self.capacity] == notification { return }
    guard count < Self.capacity else {
      lostCount &+= 1
      return
    }
    items[(first + count) % Self.capacity] = notification
    count += 1
  }

  /// Takes the oldest notification.
  public mutating func popFirst() -> ACPINotification? {
    guard count > 0 else { return nil }
    defer {
      first = (first + 1) % Self.capacity
      count -= 1
    }
    return items[first]
  }
}
