import DMARemapping
import Synchronization

/// What a device was refused by its IOMMU, and what that means for its driver.
///
/// One refusal can be a device that reads ahead, past the end of a buffer, or that was at work when a buffer went: the device is degraded for
/// a while, and the count says so. `limit` of them within `windowNanoseconds` are a driver that gives out wrong addresses, or a device
/// that has gone astray; neither ends by itself, so the driver is replaced, and the device reset with that. The limit is low because units
/// keep few faults, QEMU's a single one, and what comes while that waits is lost.
struct AccessFaultPolicy {
  /// How many faults in a window are a failure.
  static var limit: UInt64 { 8 }
  /// How long a window is.
  static var windowNanoseconds: UInt64 { 2_000_000_000 }
  /// How long a fault is held against a device.
  static var memoryNanoseconds: UInt64 { 60_000_000_000 }

  /// What is to be done.
  enum Verdict: Equatable {
    case nothing
    case degraded
    case failed
  }

  private var seen: UInt64 = 0
  private var windowStart: UInt64 = 0
  private var windowCount: UInt64 = 0
  private var last: UInt64?

  /// Begins anew with a new driver, when there were `count` faults.
  mutating func reset(count: UInt64) {
    self = AccessFaultPolicy()
    seen = count
  }

  /// Decides, when there were `count` faults until `now`.
  mutating func check(count: UInt64, at now: UInt64) -> Verdict {
    let new = count &- seen
    seen = count
    guard new > 0 else { return isRecent(at: now) ? .degraded : .nothing }
    if last == nil || now &- windowStart >= Self.windowNanoseconds { (windowStart, windowCount) = (now, 0) }
    last = now
    windowCount &+= new
    return windowCount >= Self.limit ? .failed : .degraded
  }

  /// Whether a fault is still held against the device.
  private func isRecent(at now: UInt64) -> Bool { last.map { now &- $0 < Self.memoryNanoseconds } ?? false }
}

/// Counts what a device is refused, and wakes its thread.
final class AccessFaults: RemappingFaultSink {
  private let signals: DriverSignals
  private let device: DeviceNode

  init(_ device: DeviceNode, _ signals: DriverSignals) {
    (self.device, self.signals) = (device, signals)
    super.init()
  }

  override func note(_ fault: RemappingFault) {
    device.accessFaults.wrappingAdd(1, ordering: .relaxed)
    signals.poke()
  }
}
