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
