public import Foundations
import Machine
import Security
import VFS

import enum LinuxABI.Capability
import enum LinuxABI.SocketOption

/// The options that sockets of all families have. Source: socket(7).
public struct SocketOptions: Sendable {
  /// What SO_SNDBUF and SO_RCVBUF are at first, and the most that they can be asked for, before they are doubled
  /// (`/proc/sys/net/core/wmem_max`).
  public static let defaultBufferSize: Int32 = 212_992
  private static let smallestSendBuffer: Int32 = 4_608
  private static let smallestReceiveBuffer: Int32 = 2_304

  /// Those that are on or off, by number.
  private var switches: UInt64 = 0
  /// SO_SNDBUF.
  public private(set) var sendBufferSize = defaultBufferSize
  /// SO_RCVBUF.
  public private(set) var receiveBufferSize = defaultBufferSize
  /// SO_RCVTIMEO in nanoseconds; nil for none.
  public private(set) var receiveTimeout: UInt64?
  /// SO_SNDTIMEO in nanoseconds; nil for none.
  public private(set) var sendTimeout: UInt64?
  /// SO_RCVLOWAT.
  public private(set) var lowWater: Int32 = 1
  private var linger: (isOn: Int32, seconds: Int32) = (0, 0)
  private var priority: Int32 = 0
  private var mark: Int32 = 0

  /// The options of a new socket.
  init() {}

  /// SO_PASSCRED.
  public internal(set) var passesCredentials: Bool {
    get { isOn(.SO_PASSCRED) }
    set { turn(.SO_PASSCRED, newValue) }
  }

  private func isOn(_ option: SocketOption) -> Bool { switches & 1 << UInt64(option.rawValue) != 0 }

  private mutating func turn(_ option: SocketOption, _ isOn: Bool) {
    let bit: UInt64 = 1 << UInt64(option.rawValue)
    switches = isOn ? switches | bit : switches & ~bit
  }

  /// Sets `option`.
  ///
  /// - Throws: `ENOPROTOOPT` for one that there is not, or that cannot be set; `EINVAL` for a value that is too short;
  ///   `EDOM` for a time that is none; `EPERM`.
  mutating func set(
    _ option: SocketOption, _ value: Span<UInt8>, _ credentials: borrowing Credentials
  ) throws(Errno) {
    guard value.count >= 4 else { throw .EINVAL }
    let number = Int32(bitPattern: value.load(UInt32.self, at: 0))
    switch option {
    case .SO_DEBUG:
      if number != 0 { try require(.CAP_NET_ADMIN, credentials) }
      turn(option, number != 0)
    case .SO_REUSEADDR, .SO_DONTROUTE, .SO_BROADCAST, .SO_KEEPALIVE, .SO_OOBINLINE, .SO_NO_CHECK, .SO_REUSEPORT,
      .SO_PASSCRED, .SO_TIMESTAMP, .SO_TIMESTAMPNS, .SO_PASSSEC:
      turn(option, number != 0)
    case .SO_BSDCOMPAT: break
    case .SO_SNDBUF: sendBufferSize = Self.size(number, Self.smallestSendBuffer, limit: Self.defaultBufferSize)
    case .SO_RCVBUF: receiveBufferSize = Self.size(number, Self.smallestReceiveBuffer, limit: Self.defaultBufferSize)
    case .SO_SNDBUFFORCE:
      try require(.CAP_NET_ADMIN, credentials)
      sendBufferSize = Self.size(number, Self.smallestSendBuffer, limit: 1 << 29)
    case .SO_RCVBUFFORCE:
      try require(.CAP_NET_ADMIN, credentials)
      receiveBufferSize = Self.size(number, Self.smallestReceiveBuffer, limit: 1 << 29)
    case .SO_PRIORITY:
      if !(0...6).contains(number) { try require(.CAP_NET_ADMIN, credentials) }
      priority = number
    case .SO_MARK:
      try require(.CAP_NET_ADMIN, credentials)
      mark = number
    case .SO_LINGER:
      guard value.count >= 8 else { throw .EINVAL }
      linger = (number != 0 ? 1 : 0, Int32(bitPattern: value.load(UInt32.self, at: 4)))
    case .SO_RCVLOWAT: lowWater = number < 0 ? .max : max(number, 1)
    case .SO_RCVTIMEO, .SO_RCVTIMEO_NEW: receiveTimeout = try Self.timeout(value)
    case .SO_SNDTIMEO, .SO_SNDTIMEO_NEW: sendTimeout = try Self.timeout(value)
    default: throw .ENOPROTOOPT
    }
  }

  private func require(_ capability: Capability, _ credentials: borrowing Credentials) throws(Errno) {
    try credentials.require(capability)
  }

  /// Twice what is asked for, as Linux counts its own records of it with it.
  private static func size(_ wanted: Int32, _ smallest: Int32, limit: Int32) -> Int32 {
    // A negative number is a large one, as on Linux.
    let wanted = wanted < 0 ? limit : min(wanted, limit)
    return max(wanted * 2, smallest)
  }

  private static func timeout(_ value: Span<UInt8>) throws(Errno) -> UInt64? {
    guard value.count >= 16 else { throw .EINVAL }
    let seconds = Int64(bitPattern: value.load(UInt64.self, at: 0))
    let microseconds = Int64(bitPattern: value.load(UInt64.self, at: 8))
    guard (0..<1_000_000).contains(microseconds) else { throw .EDOM }
    if seconds < 0 { return 0 }
    if seconds == 0 && microseconds == 0 { return nil }
    let (whole, isTooLong) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, overflows) = whole.addingReportingOverflow(UInt64(microseconds) * 1_000)
    return isTooLong || overflows ? nil : sum
  }

  /// What getsockopt(2) tells of `option`; nil for one that is not kept here.
  func value(of option: SocketOption) -> SocketOptionValue? {
    switch option {
    case .SO_DEBUG, .SO_REUSEADDR, .SO_DONTROUTE, .SO_BROADCAST, .SO_KEEPALIVE, .SO_OOBINLINE, .SO_NO_CHECK,
      .SO_REUSEPORT, .SO_PASSCRED, .SO_TIMESTAMP, .SO_TIMESTAMPNS, .SO_PASSSEC:
      return SocketOptionValue(isOn(option) ? 1 : 0)
    case .SO_BSDCOMPAT: return SocketOptionValue(0)
    case .SO_SNDBUF: return SocketOptionValue(sendBufferSize)
    case .SO_RCVBUF: return SocketOptionValue(receiveBufferSize)
    case .SO_PRIORITY: return SocketOptionValue(priority)
    case .SO_MARK: return SocketOptionValue(mark)
    case .SO_LINGER: return SocketOptionValue(linger.isOn, linger.seconds)
    case .SO_RCVLOWAT: return SocketOptionValue(lowWater)
    case .SO_SNDLOWAT: return SocketOptionValue(1)
    case .SO_RCVTIMEO, .SO_RCVTIMEO_NEW: return Self.timeValue(receiveTimeout)
    case .SO_SNDTIMEO, .SO_SNDTIMEO_NEW: return Self.timeValue(sendTimeout)
    default: return nil
    }
  }

  private static func timeValue(_ timeout: UInt64?) -> SocketOptionValue {
    let nanoseconds = timeout ?? 0
    return SocketOptionValue(wide: nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000 / 1_000)
  }
}

/// The value of an option, as getsockopt(2) tells it.
public struct SocketOptionValue: Sendable {
  private var storage = InlineArray<16, UInt8>(repeating: 0)
  /// How many bytes it has.
  public let count: Int
  /// Whether a program that has less room is told how many there are, and not how many it got.
  public let isList: Bool

  /// An int.
  public init(_ number: Int32) {
    (count, isList) = (4, false)
    put(UInt64(UInt32(bitPattern: number)), at: 0, width: 4)
  }

  /// A list of one number, which a program may ask the length of.
  public init(list number: UInt32) {
    (count, isList) = (4, true)
    put(UInt64(number), at: 0, width: 4)
  }

  /// Two ints.
  public init(_ first: Int32, _ second: Int32) {
    (count, isList) = (8, false)
    put(UInt64(UInt32(bitPattern: first)), at: 0, width: 4)
    put(UInt64(UInt32(bitPattern: second)), at: 4, width: 4)
  }

  /// A long number.
  public init(long number: UInt64) {
    (count, isList) = (8, false)
    put(number, at: 0, width: 8)
  }

  /// Two long numbers.
  public init(wide first: UInt64, _ second: UInt64) {
    (count, isList) = (16, false)
    put(first, at: 0, width: 8)
    put(second, at: 8, width: 8)
  }

  /// `struct ucred`.
  public init(_ identity: SocketIdentity) {
    (count, isList) = (12, false)
    put(UInt64(UInt32(bitPattern: identity.process)), at: 0, width: 4)
    put(UInt64(identity.user), at: 4, width: 4)
    put(UInt64(identity.group), at: 8, width: 4)
  }

  private mutating func put(_ number: UInt64, at offset: Int, width: Int) {
    for index in 0..<width { storage[offset + index] = UInt8(truncatingIfNeeded: number >> UInt64(index * 8)) }
  }

  /// The bytes.
  public var bytes: Span<UInt8> {
    @_lifetime(borrow self) get { storage.span.extracting(0..<count) }
  }
}

extension SocketFile {
  /// Sets an option. setsockopt(2).
  ///
  /// - Throws: `ENOPROTOOPT`, `EINVAL`, `EDOM`, `EPERM`.
  public final func setSocketOption(
    _ number: Int32, _ value: Span<UInt8>, by caller: SocketCaller
  ) throws(Errno) {
    guard let option = SocketOption(rawValue: Int64(number)) else { throw .ENOPROTOOPT }
    if option == .SO_DETACH_FILTER || option == .SO_LOCK_FILTER { return try setFilterOption(option, value) }
    let credentials = caller.actor.credentials
    let options = try optionState.withLock { options throws(Errno) in
      try options.set(option, value, credentials)
      return options
    }
    optionsChanged(options)
  }

  private final func setFilterOption(_ option: SocketOption, _ value: Span<UInt8>) throws(Errno) {
    guard value.count >= 4 else { throw .EINVAL }
    if option == .SO_DETACH_FILTER { return try setFilter(nil) }
    if value.load(UInt32.self, at: 0) != 0 { return try lockFilter() }
    if isFilterLocked { throw .EPERM }
  }

  /// The value of an option. getsockopt(2).
  ///
  /// - Throws: `ENOPROTOOPT`.
  public final func socketOption(_ number: Int32) throws(Errno) -> SocketOptionValue {
    guard let option = SocketOption(rawValue: Int64(number)) else { throw .ENOPROTOOPT }
    switch option {
    case .SO_TYPE: return SocketOptionValue(Int32(type.rawValue))
    case .SO_DOMAIN: return SocketOptionValue(Int32(family.rawValue))
    case .SO_PROTOCOL: return SocketOptionValue(protocolNumber)
    case .SO_ACCEPTCONN: return SocketOptionValue(isListening ? 1 : 0)
    case .SO_ERROR: return SocketOptionValue(takeError()?.rawValue ?? 0)
    case .SO_PEERCRED: return SocketOptionValue(peerIdentity)
    case .SO_LOCK_FILTER: return SocketOptionValue(isFilterLocked ? 1 : 0)
    // Tells the socket from all others, as its inode's number does.
    case .SO_COOKIE: return SocketOptionValue(long: inode.number)
    default:
      guard let value = optionState.withLock({ $0.value(of: option) }) else { throw .ENOPROTOOPT }
      return value
    }
  }

  /// The options as they are.
  public final var options: SocketOptions { optionState.withLock { $0 } }

  /// Turns SO_PASSCRED on: an accepted socket has it from the one that listened.
  final func setPassesCredentials() {
    let options = optionState.withLock { options in
      options.passesCredentials = true
      return options
    }
    optionsChanged(options)
  }
}
