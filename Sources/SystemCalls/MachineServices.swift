import Machine
public import PageCache
import Synchronization

/// What calls ask of the machine that only the kernel's composition can do.
open class MachineServices {
  /// Creates services of a machine that can do nothing but stop.
  public init() {}

  /// Turns the machine off.
  open func powerOff() -> Never { Machine.halt() }
  /// Restarts the machine.
  open func restart() -> Never { Machine.reset() }
  /// Stops the machine, with the power on.
  open func halt() -> Never { Machine.halt() }

  /// How the machine's memory is used.
  open func memoryStatistics() -> MemoryStatistics { MemoryStatistics() }
  /// The kernel's log; nil without one.
  open var log: SystemLog? { nil }
}

/// The services in force.
public enum MachineControl {
  private static let services = BootCell<MachineServices>()
  private static let restartsOnKeys = Atomic<Bool>(true)

  /// Sets them, once.
  public static func start(_ new: MachineServices) { services.fill(new) }

  /// Whether the keys Ctrl, Alt and Delete restart the machine at once; otherwise they send SIGINT to the first process.
  /// Source: reboot(2).
  public static var restartsOnControlAltDelete: Bool {
    get { restartsOnKeys.load(ordering: .relaxed) }
    set { restartsOnKeys.store(newValue, ordering: .relaxed) }
  }

  static func powerOff() -> Never {
    services.withValue { services -> Void in services.powerOff() }
    Machine.halt()
  }

  static func restart() -> Never {
    services.withValue { services -> Void in services.restart() }
    Machine.reset()
  }

  static func halt() -> Never {
    services.withValue { services -> Void in services.halt() }
    Machine.halt()
  }

  static var log: SystemLog? { services.withValue { $0.log } ?? nil }

  static func memoryStatistics() -> MemoryStatistics {
    services.withValue { $0.memoryStatistics() } ?? MemoryStatistics()
  }
}
