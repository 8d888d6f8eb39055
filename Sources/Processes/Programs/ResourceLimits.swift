import Foundations
public import LinuxABI

/// How much of each resource a process may use. Source: getrlimit(2).
public struct ResourceLimits: Sendable {
  /// The limit of one resource.
  public struct Limit: Equatable, Sendable {
    /// What counts; all ones for no limit.
    public var current: UInt64
    /// As far as the process may raise it.
    public var maximum: UInt64

    /// Creates a limit.
    public init(_ current: UInt64, maximum: UInt64) { (self.current, self.maximum) = (current, maximum) }
  }

  /// No limit.
  public static let infinity = UInt64.max
  private static let count = 16

  private var limits: InlineArray<16, Limit>

  /// What the first process has. Source: Linux include/asm-generic/resource.h.
  public init() {
    limits = InlineArray(repeating: Limit(Self.infinity, maximum: Self.infinity))
    self[.RLIMIT_STACK] = Limit(8 << 20, maximum: Self.infinity)
    self[.RLIMIT_CORE] = Limit(0, maximum: Self.infinity)
    self[.RLIMIT_NPROC] = Limit(Self.processLimit, maximum: Self.processLimit)
    self[.RLIMIT_NOFILE] = Limit(1_024, maximum: 4_096)
    self[.RLIMIT_MEMLOCK] = Limit(8 << 20, maximum: 8 << 20)
    self[.RLIMIT_SIGPENDING] = Limit(Self.processLimit, maximum: Self.processLimit)
    self[.RLIMIT_MSGQUEUE] = Limit(819_200, maximum: 819_200)
    self[.RLIMIT_NICE] = Limit(0, maximum: 0)
    self[.RLIMIT_RTPRIO] = Limit(0, maximum: 0)
  }

  /// How many processes an ordinary user may have.
  private static let processLimit: UInt64 = 7_168

  /// The limit of `resource`.
  @inline(__always)
  public subscript(resource: ResourceLimit) -> Limit {
    get { limits[Int(resource.rawValue) & (Self.count - 1)] }
    set { limits[Int(resource.rawValue) & (Self.count - 1)] = newValue }
  }
}
