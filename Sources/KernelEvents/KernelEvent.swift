public import Foundations
import Machine

/// What has happened to a device. Source: Linux Documentation/ABI/testing/sysfs-uevent.
public enum KernelEventAction: UInt8, CaseIterable, Sendable {
  /// It is there.
  case add
  /// It has gone.
  case remove
  /// Something about it is different, which the event's other lines say.
  case change
  /// It has another name, or is in another place.
  case move
  /// It works again.
  case online
  /// It is there, but does not work.
  case offline
  /// A driver serves it.
  case bind
  /// No driver does any more.
  case unbind

  /// What it is called.
  public var name: StaticString {
    switch self {
    case .add: "add"
    case .remove: "remove"
    case .change: "change"
    case .move: "move"
    case .online: "online"
    case .offline: "offline"
    case .bind: "bind"
    case .unbind: "unbind"
    }
  }

  /// The action of that name; nil when there is none.
  public init?(name: Span<UInt8>) {
    for action in Self.allCases where name.isEqual(to: action.name.description) {
      self = action
      return
    }
    return nil
  }
}

/// An event, as programs are told it.
public struct KernelEvent: ~Copyable {
  /// How many bytes its lines have at most. Source: linux/kobject.h, `UEVENT_BUFFER_SIZE`.
  public static let byteLimit = 2_048
  /// How many lines it has at most. Source: linux/kobject.h, `UEVENT_NUM_ENVP`.
  public static let lineLimit = 64
  /// Those that `KernelEvents` adds have room beside the others.
  private static let reserve = 1

  private var storage = GrowableArray<UInt8>()
  private var headCount = 0
  private var lineCount = 0

  /// An event of what is at `path`, from /sys on without a slash before it.
  ///
  /// - Parameter subsystem: its class or its bus.
  /// - Throws: `ENOMEM`, also when it is too long.
  public init(_ action: KernelEventAction, path: Span<UInt8>, subsystem: StaticString) throws(Errno) {
    try storage.reserveCapacity(256)
    try append(action.name)
    try append(0x40)
    try append(0x2f)
    try append(path)
    try append(0)
    headCount = storage.count
    try add("ACTION", value: action.name)
    try begin("DEVPATH")
    try append(0x2f)
    try append(path)
    try end()
    try add("SUBSYSTEM", value: subsystem)
  }

  /// Adds a line.
  ///
  /// - Throws: `ENOMEM`, also when it is too long.
  public mutating func add(_ name: StaticString, _ value: Message) throws(Errno) {
    try begin(name)
    try append(value.bytes)
    try end()
  }

  private mutating func add(_ name: StaticString, value: StaticString) throws(Errno) {
    try begin(name)
    try append(value)
    try end()
  }

  /// Adds the lines of a text, each with a newline at its end.
  ///
  /// - Throws: `ENOMEM`, also when they are too many.
  public mutating func add(lines text: Span<UInt8>) throws(Errno) {
    var isInside = false
    for index in text.indices {
      if text[index] != 0x0a {
        isInside = true
        try append(text[index])
      } else if isInside {
        isInside = false
        try end()
      }
    }
    if isInside { try end() }
  }

  /// Adds what a program asks to be said with an event that it has sent. Source: sysfs-uevent.
  ///
  /// - Throws: `EINVAL` when it is not as it should be; `ENOMEM`, also when it is too long.
  mutating func add(argumentsIn text: Span<UInt8>, _ range: Range<Int>?) throws(Errno) {
    guard let range else { return try add("SYNTH_UUID", value: "0") }
    var place = range.lowerBound + SyntheticRequest.identifierCount
    guard place <= range.upperBound, SyntheticRequest.isIdentifier(text, at: range.lowerBound) else { throw .EINVAL }
    try begin("SYNTH_UUID")
    try append(text.extracting(range.lowerBound..<place))
    try end()
    while place < range.upperBound {
      guard text[place] == 0x20 else { throw .EINVAL }
      let name = try SyntheticRequest.word(in: text, from: place + 1, to: range.upperBound, endsWith: 0x3d)
      guard name.upperBound < range.upperBound else { throw .EINVAL }
      let value = try SyntheticRequest.word(in: text, from: name.upperBound + 1, to: range.upperBound, endsWith: 0x20)
      try append("SYNTH_ARG_")
      try append(text.extracting(name.lowerBound..<value.upperBound))
      try end()
      place = value.upperBound
    }
  }

  /// Adds its number, and it is whole.
  mutating func finish(_ number: UInt64) throws(Errno) {
    let text: Message = "SEQNUM=\(number)"
    // The last line is beside the limit, so that what could be made can be sent.
    for index in text.bytes.indices { try storage.append(text.bytes[index]) }
    try storage.append(0)
  }

  /// Its bytes.
  public var bytes: Span<UInt8> {
    @_lifetime(borrow self) get { storage.span }
  }

  // MARK: Parts

  private mutating func begin(_ name: StaticString) throws(Errno) {
    try append(name)
    try append(0x3d)
  }

  private mutating func end() throws(Errno) {
    lineCount += 1
    guard lineCount <= Self.lineLimit - Self.reserve else { throw .ENOMEM }
    try append(0)
  }

  private mutating func append(_ byte: UInt8) throws(Errno) {
    guard storage.count - headCount < Self.byteLimit else { throw .ENOMEM }
    try storage.append(byte)
  }

  private mutating func append(_ text: StaticString) throws(Errno) {
    for byte in text.description.utf8 { try append(byte) }
  }

  private mutating func append(_ bytes: Span<UInt8>) throws(Errno) {
    for index in bytes.indices { try append(bytes[index]) }
  }
}
