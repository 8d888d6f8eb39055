/// How much a message matters. The numbers are those of Linux and syslog: smaller matters more. Source: RFC 5424, table 2.
public enum LogLevel: UInt8, Sendable, Comparable {
  /// The system cannot be used.
  case emergency = 0
  /// Something must be done at once.
  case alert = 1
  /// A subsystem failed.
  case critical = 2
  /// An operation failed.
  case error = 3
  /// Something may go wrong.
  case warning = 4
  /// Normal, but worth knowing.
  case notice = 5
  /// What happens.
  case info = 6
  /// What only a developer wants.
  case debug = 7

  /// What matters more is smaller.
  @inlinable
  public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
}

/// Who says it.
public enum LogSubsystem: UInt8, Sendable {
  case kernel, boot, memory, cpu, interrupts, time, console, acpi, pci, ipc, drivers, scheduler, files, network,
    security, test

  /// What stands before the message.
  public var name: String {
    switch self {
    case .kernel: "kernel"
    case .boot: "boot"
    case .memory: "memory"
    case .cpu: "cpu"
    case .interrupts: "interrupts"
    case .time: "time"
    case .console: "console"
    case .acpi: "acpi"
    case .pci: "pci"
    case .ipc: "ipc"
    case .drivers: "drivers"
    case .scheduler: "scheduler"
    case .files: "files"
    case .network: "network"
    case .security: "security"
    case .test: "test"
    }
  }
}
