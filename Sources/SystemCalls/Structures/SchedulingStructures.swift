public import Machine
import Scheduling

/// `struct sched_param`. Source: sched_setscheduler(2).
public struct SchedParam: UserValue, Equatable, Sendable {
  /// The priority of a real-time policy.
  public var priority: Int32

  init(priority: Int32) { self.priority = priority }

  /// 4.
  public static var userByteCount: Int { 4 }

  /// Takes the form apart.
  public init(userBytes: Span<UInt8>) {
    priority = Int32(truncatingIfNeeded: StructureBytes.get(userBytes, width: 4, at: 0))
  }

  /// Writes the form.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    StructureBytes.put(UInt64(UInt32(bitPattern: priority)), width: 4, at: 0, &bytes)
  }
}

/// `struct sched_attr`, whose size tells its version. Source: sched_setattr(2).
public struct SchedAttr: UserValue, Sendable {
  /// How many bytes the first version has.
  static let firstByteCount: UInt32 = 48

  /// How many bytes the program's form has.
  public var size: UInt32 = 56
  /// The policy, with Linux's numbers.
  public var policy: UInt32 = 0
  /// `SCHED_FLAG_…`.
  public var flags: UInt64 = 0
  /// The nice value.
  public var nice: Int32 = 0
  /// The priority of a real-time policy.
  public var priority: UInt32 = 0
  /// Of `SCHED_DEADLINE`: nanoseconds of run time in each period.
  public var runtime: UInt64 = 0
  /// Of `SCHED_DEADLINE`: nanoseconds within which it gets them.
  public var deadline: UInt64 = 0
  /// Of `SCHED_DEADLINE`: nanoseconds from one period to the next.
  public var period: UInt64 = 0

  /// Everything zero.
  init() {}

  /// 56.
  public static var userByteCount: Int { 56 }

  /// Takes the form apart.
  public init(userBytes: Span<UInt8>) {
    size = UInt32(truncatingIfNeeded: StructureBytes.get(userBytes, width: 4, at: 0))
    policy = UInt32(truncatingIfNeeded: StructureBytes.get(userBytes, width: 4, at: 4))
    flags = StructureBytes.get(userBytes, at: 8)
    nice = Int32(truncatingIfNeeded: StructureBytes.get(userBytes, width: 4, at: 16))
    priority = UInt32(truncatingIfNeeded: StructureBytes.get(userBytes, width: 4, at: 20))
    runtime = StructureBytes.get(userBytes, at: 24)
    deadline = StructureBytes.get(userBytes, at: 32)
    period = StructureBytes.get(userBytes, at: 40)
  }

  /// Writes the form; the clamps of utilization at its end are zero.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    StructureBytes.put(UInt64(size), width: 4, at: 0, &bytes)
    StructureBytes.put(UInt64(policy), width: 4, at: 4, &bytes)
    StructureBytes.put(flags, at: 8, &bytes)
    StructureBytes.put(UInt64(UInt32(bitPattern: nice)), width: 4, at: 16, &bytes)
    StructureBytes.put(UInt64(priority), width: 4, at: 20, &bytes)
    StructureBytes.put(runtime, at: 24, &bytes)
    StructureBytes.put(deadline, at: 32, &bytes)
    StructureBytes.put(period, at: 40, &bytes)
  }
}
