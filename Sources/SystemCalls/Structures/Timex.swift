import Foundations
public import Machine
import Time

/// `struct timex`. Source: adjtimex(2); linux/timex.h.
public struct Timex: UserValue {
  private static let nanosecondsPerSecond: Int64 = 1_000_000_000

  /// What is asked for, and what is told.
  var adjustment = TimeAdjustment()
  /// The time, as it is told.
  var now: UInt64 = 0
  /// The time to add, as it is asked for: seconds, and micro- or nanoseconds.
  private var step: (seconds: Int64, rest: Int64) = (0, 0)

  /// 208.
  public static var userByteCount: Int { 208 }

  /// Takes it from its form.
  public init(userBytes: Span<UInt8>) {
    let modes = UInt32(truncatingIfNeeded: StructureBytes.get(userBytes, width: 4, at: 0))
    adjustment.modes = TimeAdjustment.Modes(rawValue: modes)
    adjustment.offset = StructureBytes.getSigned(userBytes, at: 8)
    adjustment.frequency = StructureBytes.getSigned(userBytes, at: 16)
    adjustment.maximumError = StructureBytes.getSigned(userBytes, at: 24)
    adjustment.estimatedError = StructureBytes.getSigned(userBytes, at: 32)
    let status = UInt32(truncatingIfNeeded: StructureBytes.get(userBytes, width: 4, at: 40))
    adjustment.status = TimeAdjustment.Status(rawValue: status)
    adjustment.constant = StructureBytes.getSigned(userBytes, at: 48)
    step = (StructureBytes.getSigned(userBytes, at: 72), StructureBytes.getSigned(userBytes, at: 80))
    adjustment.tick = StructureBytes.getSigned(userBytes, at: 88)
  }

  /// Works out the step that is asked for.
  ///
  /// - Throws: `EINVAL` when its second part is no part of a second, or all of it is too much.
  mutating func resolveStep() throws(Errno) {
    guard adjustment.modes.contains(.setOffset) else { return }
    let unit: Int64 = adjustment.modes.contains(.nanoseconds) ? 1 : 1_000
    guard step.rest >= 0, step.rest < Self.nanosecondsPerSecond / unit else { throw .EINVAL }
    let (whole, isTooLong) = step.seconds.multipliedReportingOverflow(by: Self.nanosecondsPerSecond)
    let (sum, overflows) = whole.addingReportingOverflow(step.rest * unit)
    guard !isTooLong, !overflows else { throw .EINVAL }
    adjustment.stepNanoseconds = sum
  }

  /// Writes its form. There is no signal once a second here, so what is told of one is zero.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    StructureBytes.put(UInt64(adjustment.modes.rawValue), width: 4, at: 0, &bytes)
    StructureBytes.put(adjustment.offset, at: 8, &bytes)
    StructureBytes.put(adjustment.frequency, at: 16, &bytes)
    StructureBytes.put(adjustment.maximumError, at: 24, &bytes)
    StructureBytes.put(adjustment.estimatedError, at: 32, &bytes)
    StructureBytes.put(UInt64(adjustment.status.rawValue), width: 4, at: 40, &bytes)
    StructureBytes.put(adjustment.constant, at: 48, &bytes)
    StructureBytes.put(adjustment.precision, at: 56, &bytes)
    StructureBytes.put(adjustment.tolerance, at: 64, &bytes)
    let unit: UInt64 = adjustment.status.contains(.nanoseconds) ? 1 : 1_000
    StructureBytes.put(now / UInt64(Self.nanosecondsPerSecond), at: 72, &bytes)
    StructureBytes.put(now % UInt64(Self.nanosecondsPerSecond) / unit, at: 80, &bytes)
    StructureBytes.put(adjustment.tick, at: 88, &bytes)
    StructureBytes.put(UInt64(bitPattern: adjustment.atomicOffset), width: 4, at: 160, &bytes)
  }
}
