import Machine

/// The counters of this machine, as the boot step found them.
struct MachineCounters: CounterReader {
  static let highPrecision = BootCell<HighPrecisionCounter<DeviceSpace>>()
  static let powerManagement = BootCell<PowerManagementCounter<PortSpace>>()

  @inline(__always)
  func ticks(_ kind: CounterKind) -> UInt64 { kind == .timestamp ? TimestampCounter.now : slowTicks(kind) }

  @inline(never)
  private func slowTicks(_ kind: CounterKind) -> UInt64 {
    switch kind {
    case .timestamp: TimestampCounter.now
    case .highPrecision: Self.highPrecision.withValue { $0.ticks } ?? 0
    case .powerManagement: Self.powerManagement.withValue { $0.ticks } ?? 0
    // A yardstick for the others; no time is told by it.
    case .interval: 0
    }
  }
}
