import Machine

/// The counters of this machine, as the boot step found them.
struct MachineCounters: CounterReader {
  static let highPrecision = BootCell<HighPrecisionCounter<DeviceSpace>>()
  static let powerManagement = BootCell<PowerManagementCounter<PortSpace>>()

  @inline(__always)
  func ticks(_ kind: CounterKind) -> UInt64 { kind == .timestamp ? Self.timestamp : slowTicks(kind) }

  /// The time-stamp counter, or on the host its clock, whose rate is known and which waits there go by too.
  @inline(__always)
  static var timestamp: UInt64 {
    #if os(none)
      TimestampCounter.now
    #else
      HostThread.nanoseconds
    #endif
  }

  @inline(never)
  private func slowTicks(_ kind: CounterKind) -> UInt64 {
    switch kind {
    case .timestamp: Self.timestamp
    case .highPrecision: Self.highPrecision.withValue { $0.ticks } ?? 0
    case .powerManagement: Self.powerManagement.withValue { $0.ticks } ?? 0
    // A yardstick for the others; no time is told by it.
    case .interval: 0
    }
  }
}
