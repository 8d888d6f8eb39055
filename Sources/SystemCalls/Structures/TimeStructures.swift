public import Foundations
public import Machine

/// `struct timespec`. Source: timespec(3).
public struct Timespec: UserValue, Equatable, Sendable {
  private static let perSecond: Int64 = 1_000_000_000

  /// Whole seconds.
  public var seconds: Int64
  /// The rest, in nanoseconds.
  public var nanoseconds: Int64

  /// Creates a time.
  public init(seconds: Int64, nanoseconds: Int64) { (self.seconds, self.nanoseconds) = (seconds, nanoseconds) }

  /// The time of so many nanoseconds.
  public init(nanoseconds: UInt64) {
    seconds = Int64(nanoseconds / UInt64(Self.perSecond))
    self.nanoseconds = Int64(nanoseconds % UInt64(Self.perSecond))
  }

  /// 16.
  public static var userByteCount: Int { 16 }

  /// Takes it from its form.
  public init(userBytes: Span<UInt8>) {
    seconds = StructureBytes.getSigned(userBytes, at: 0)
    nanoseconds = StructureBytes.getSigned(userBytes, at: 8)
  }

  /// Writes its form.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    StructureBytes.put(seconds, at: 0, &bytes)
    StructureBytes.put(nanoseconds, at: 8, &bytes)
  }

  /// All of it in nanoseconds; the largest number that there is if it is longer.
  ///
  /// - Throws: `EINVAL` for what is negative, or has a second or more of nanoseconds.
  public func total() throws(Errno) -> UInt64 {
    guard seconds >= 0, nanoseconds >= 0, nanoseconds < Self.perSecond else { throw .EINVAL }
    let (whole, isTooLong) = UInt64(seconds).multipliedReportingOverflow(by: UInt64(Self.perSecond))
    let (sum, overflows) = whole.addingReportingOverflow(UInt64(nanoseconds))
    return isTooLong || overflows ? .max : sum
  }
}

/// `struct timeval`. Source: timeval(3).
public struct Timeval: UserValue, Equatable, Sendable {
  private static let perSecond: Int64 = 1_000_000

  /// Whole seconds.
  public var seconds: Int64
  /// The rest, in microseconds.
  public var microseconds: Int64

  /// Creates a time.
  public init(seconds: Int64, microseconds: Int64) { (self.seconds, self.microseconds) = (seconds, microseconds) }

  /// The time of so many nanoseconds, rounded down.
  public init(nanoseconds: UInt64) {
    seconds = Int64(nanoseconds / 1_000_000_000)
    microseconds = Int64(nanoseconds % 1_000_000_000 / 1_000)
  }

  /// 16.
  public static var userByteCount: Int { 16 }

  /// Takes it from its form.
  public init(userBytes: Span<UInt8>) {
    seconds = StructureBytes.getSigned(userBytes, at: 0)
    microseconds = StructureBytes.getSigned(userBytes, at: 8)
  }

  /// Writes its form.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    StructureBytes.put(seconds, at: 0, &bytes)
    StructureBytes.put(microseconds, at: 8, &bytes)
  }

  /// All of it in nanoseconds; the largest number that there is if it is longer.
  ///
  /// - Throws: `EINVAL` for what is negative, or has a second or more of microseconds.
  public func total() throws(Errno) -> UInt64 {
    guard microseconds >= 0, microseconds < Self.perSecond else { throw .EINVAL }
    return try Timespec(seconds: seconds, nanoseconds: microseconds * 1_000).total()
  }
}

/// `struct itimerspec`. Source: itimerspec(3type).
public struct Itimerspec: UserValue, Equatable, Sendable {
  /// From each expiry to the next.
  public let interval: Timespec
  /// Until the first expiry, or the time of it.
  public let value: Timespec

  /// Of so many nanoseconds.
  public init(value: UInt64, interval: UInt64) {
    self.value = Timespec(nanoseconds: value)
    self.interval = Timespec(nanoseconds: interval)
  }

  /// 32.
  public static var userByteCount: Int { 32 }

  /// Takes it from its form.
  public init(userBytes: Span<UInt8>) {
    interval = Timespec(userBytes: userBytes.extracting(0..<16))
    value = Timespec(userBytes: userBytes.extracting(16..<32))
  }

  /// Writes its form.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    StructureBytes.put(interval.seconds, at: 0, &bytes)
    StructureBytes.put(interval.nanoseconds, at: 8, &bytes)
    StructureBytes.put(value.seconds, at: 16, &bytes)
    StructureBytes.put(value.nanoseconds, at: 24, &bytes)
  }
}

/// `struct itimerval`. Source: getitimer(2).
public struct Itimerval: UserValue, Equatable, Sendable {
  /// From each expiry to the next.
  public let interval: Timeval
  /// Until the first expiry.
  public let value: Timeval

  /// Of so many nanoseconds, rounded down, but never to zero what is not.
  public init(value: UInt64, interval: UInt64) {
    self.value = Timeval(nanoseconds: value == 0 ? 0 : max(value, 1_000))
    self.interval = Timeval(nanoseconds: interval)
  }

  /// 32.
  public static var userByteCount: Int { 32 }

  /// Takes it from its form.
  public init(userBytes: Span<UInt8>) {
    interval = Timeval(userBytes: userBytes.extracting(0..<16))
    value = Timeval(userBytes: userBytes.extracting(16..<32))
  }

  /// Writes its form.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    StructureBytes.put(interval.seconds, at: 0, &bytes)
    StructureBytes.put(interval.microseconds, at: 8, &bytes)
    StructureBytes.put(value.seconds, at: 16, &bytes)
    StructureBytes.put(value.microseconds, at: 24, &bytes)
  }
}

/// `struct timezone`. Source: gettimeofday(2).
public struct Timezone: UserValue, Equatable, Sendable {
  /// Minutes west of Greenwich.
  public var minutesWest: Int32 = 0
  /// A kind of daylight saving time, which has never meant anything on Linux.
  public var savingTime: Int32 = 0

  /// Greenwich.
  public init() {}

  /// 8.
  public static var userByteCount: Int { 8 }

  /// Takes it from its form.
  public init(userBytes: Span<UInt8>) {
    minutesWest = Int32(truncatingIfNeeded: StructureBytes.get(userBytes, width: 4, at: 0))
    savingTime = Int32(truncatingIfNeeded: StructureBytes.get(userBytes, width: 4, at: 4))
  }

  /// Writes its form.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    StructureBytes.put(UInt64(UInt32(bitPattern: minutesWest)), width: 4, at: 0, &bytes)
    StructureBytes.put(UInt64(UInt32(bitPattern: savingTime)), width: 4, at: 4, &bytes)
  }
}

/// `struct tms`, in hundredths of a second. Source: times(2).
public struct Tms: UserValue, Equatable, Sendable {
  private static let perTick: UInt64 = 10_000_000

  /// In the program's code, and in the kernel for it.
  public let (user, system): (UInt64, UInt64)
  /// The same of children that were waited for.
  public let (childUser, childSystem): (UInt64, UInt64)

  /// Of nanoseconds.
  public init(user: UInt64, system: UInt64, childUser: UInt64, childSystem: UInt64) {
    (self.user, self.system) = (user / Self.perTick, system / Self.perTick)
    (self.childUser, self.childSystem) = (childUser / Self.perTick, childSystem / Self.perTick)
  }

  /// 32.
  public static var userByteCount: Int { 32 }

  /// Takes it from its form.
  public init(userBytes: Span<UInt8>) {
    (user, system) = (StructureBytes.get(userBytes, at: 0), StructureBytes.get(userBytes, at: 8))
    (childUser, childSystem) = (StructureBytes.get(userBytes, at: 16), StructureBytes.get(userBytes, at: 24))
  }

  /// Writes its form.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    StructureBytes.put(user, at: 0, &bytes)
    StructureBytes.put(system, at: 8, &bytes)
    StructureBytes.put(childUser, at: 16, &bytes)
    StructureBytes.put(childSystem, at: 24, &bytes)
  }
}
