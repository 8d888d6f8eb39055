/// What a file is ready for. Source: poll(2); the bits are Linux's.
public struct PollEvents: OptionSet, Sendable {
  /// The bits of `struct pollfd`.
  public let rawValue: UInt16

  /// Creates a set of events.
  @inline(__always)
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// There is something to read.
  public static let input = PollEvents(rawValue: 0x1)
  /// There is something urgent to read.
  public static let priority = PollEvents(rawValue: 0x2)
  /// There is room to write.
  public static let output = PollEvents(rawValue: 0x4)
  /// Something has gone wrong.
  public static let error = PollEvents(rawValue: 0x8)
  /// The other side is gone.
  public static let hangUp = PollEvents(rawValue: 0x10)
  /// The descriptor is not open.
  public static let invalid = PollEvents(rawValue: 0x20)
  /// There is normal data to read.
  public static let readNormal = PollEvents(rawValue: 0x40)
  /// There is data of a priority band to read.
  public static let readBand = PollEvents(rawValue: 0x80)
  /// There is room to write normal data.
  public static let writeNormal = PollEvents(rawValue: 0x100)
  /// There is room to write data of a priority band.
  public static let writeBand = PollEvents(rawValue: 0x200)
  /// The other side will not write any more.
  public static let readHangUp = PollEvents(rawValue: 0x2000)
  /// All of them.
  public static let all = PollEvents(rawValue: 0xffff)
}
