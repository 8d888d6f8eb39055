public import Machine
import Processes

/// `struct rlimit`. Source: getrlimit(2).
public struct Rlimit: UserValue, Equatable, Sendable {
  /// What counts.
  public var current: UInt64
  /// As far as it may be raised.
  public var maximum: UInt64

  init(_ limit: ResourceLimits.Limit) { (current, maximum) = (limit.current, limit.maximum) }

  /// 16.
  public static var userByteCount: Int { 16 }

  /// Takes it from its form.
  public init(userBytes: Span<UInt8>) {
    current = StructureBytes.get(userBytes, at: 0)
    maximum = StructureBytes.get(userBytes, at: 8)
  }

  /// Writes its form.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    StructureBytes.put(current, at: 0, &bytes)
    StructureBytes.put(maximum, at: 8, &bytes)
  }
}

/// `struct rusage`. Source: getrusage(2).
public struct Rusage: UserValue, Sendable {
  private let usage: ResourceUsage

  init(_ usage: ResourceUsage) { self.usage = usage }

  /// 144.
  public static var userByteCount: Int { 144 }

  /// Nothing is read from programs.
  public init(userBytes: Span<UInt8>) { usage = ResourceUsage() }

  /// Writes its form.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    let user = Timeval(nanoseconds: usage.userNanoseconds)
    let system = Timeval(nanoseconds: usage.systemNanoseconds)
    StructureBytes.put(user.seconds, at: 0, &bytes)
    StructureBytes.put(user.microseconds, at: 8, &bytes)
    StructureBytes.put(system.seconds, at: 16, &bytes)
    StructureBytes.put(system.microseconds, at: 24, &bytes)
    // In units of 1,024 bytes.
    StructureBytes.put(usage.largestResidentByteCount >> 10, at: 32, &bytes)
    StructureBytes.put(usage.minorFaults, at: 64, &bytes)
    StructureBytes.put(usage.majorFaults, at: 72, &bytes)
    StructureBytes.put(usage.inputBlocks, at: 88, &bytes)
    StructureBytes.put(usage.outputBlocks, at: 96, &bytes)
    StructureBytes.put(usage.voluntarySwitches, at: 128, &bytes)
    StructureBytes.put(usage.involuntarySwitches, at: 136, &bytes)
  }
}
