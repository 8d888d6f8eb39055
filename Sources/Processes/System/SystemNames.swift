import Foundations
import Machine

/// What the machine and its kernel are called. Source: uname(2).
public enum SystemNames {
  /// What programs take the system for.
  public static var system: StaticString { "Linux" }
  /// Which Linux the calls are those of.
  public static var release: StaticString { "6.1.0-apus" }
  /// Which build it is.
  public static var version: StaticString { "#1 SMP PREEMPT" }
  /// For which machine.
  public static var machine: StaticString { "x86_64" }

  private static let host = SpinLock(SystemName())
  private static let domain = SpinLock(SystemName())

  /// The name in the network; "(none)" until it is set. Source: sethostname(2).
  public static var hostName: SystemName {
    get { host.withLock { $0 }.orNone }
    set { host.withLock { $0 = newValue } }
  }

  /// The NIS domain; "(none)" until it is set. Source: setdomainname(2).
  public static var domainName: SystemName {
    get { domain.withLock { $0 }.orNone }
    set { domain.withLock { $0 = newValue } }
  }
}

/// A name of at most 64 bytes.
public struct SystemName: Sendable {
  /// How many bytes a name may have. Source: uname(2), `__NEW_UTS_LEN`.
  public static let limit = 64
  private var storage = InlineArray<64, UInt8>(repeating: 0)
  private var isSet = false
  /// How many bytes it has.
  public private(set) var count = 0

  fileprivate init() {}

  /// The name that `bytes` begin with.
  public init(_ bytes: Span<UInt8>) {
    isSet = true
    count = min(bytes.count, Self.limit)
    for index in 0..<count { storage[index] = bytes[index] }
  }

  /// The bytes.
  public var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    get { storage.span.extracting(0..<count) }
  }

  fileprivate var orNone: SystemName {
    if isSet { return self }
    let none: Message = "(none)"
    return SystemName(none.bytes)
  }
}
