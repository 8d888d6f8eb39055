import Foundations
import Machine
import Synchronization

/// Where fault reports go and what happens after one: the kernel's consoles and policy, given once at boot.
open class FaultPolicy {
  /// Creates the policy.
  public init() {}

  /// Writes part of a report to every console. Must not wait for a lock that the interrupted code may hold.
  open func write(_ bytes: Span<UInt8>) {
    var serial = EarlyTextSink()
    serial.write(bytes)
  }

  /// Takes note of a line about an exception that did not end the kernel.
  ///
  /// - Context: the exception's handler, interrupts off.
  open func note(_ line: Message) {}

  /// Ends the fault after its report: halts, restarts, or tells a test that expected it.
  open func end(_ vector: InterruptVector) -> Never {
    Machine.halt()
  }
}

/// The last act of the kernel: one report, on every console that can still be reached.
public enum FatalFault {
  private static let policy = BootCell<FaultPolicy>()
  /// How many reports have begun. A second one is a fault inside the first.
  private static let depth = Atomic<Int>(0)
  /// The CPU that reports plus 1, or 0.
  private static let reporter = Atomic<Int>(0)
  /// What the first report was about, for ending after a fault inside it.
  private static let firstVector = Atomic<UInt8>(0)

  /// Makes `policy` what every later fault uses. Only the first call counts.
  public static func setPolicy(_ newPolicy: FaultPolicy) {
    policy.fill(newPolicy)
  }

  /// Tells the policy about an exception that does not end the kernel.
  static func note(_ line: Message) { policy.withValue { $0.note(line) } }

  /// Whether a report has begun: from then on nobody waits for a lock.
  public static var isReporting: Bool { depth.load(ordering: .relaxed) > 0 }

  /// Reports the fault and ends. The other CPUs are stopped first; one that faults meanwhile stops without a report.
  ///
  /// A fault inside the report is told on the serial port in one line, a fault inside that stops the CPU.
  static func report(_ frame: borrowing TrapFrame, _ vector: InterruptVector) -> Never {
    let own = Processor.current + 1
    let (isFirst, current) = reporter.compareExchange(expected: 0, desired: own, ordering: .acquiringAndReleasing)
    if !isFirst, current != own { ProcessorMessages.receiveStop() }
    if isFirst { ProcessorMessages.stopOthers() }
    switch depth.wrappingAdd(1, ordering: .relaxed).oldValue {
    case 0:
      firstVector.store(vector.rawValue, ordering: .relaxed)
      var sink = FaultSink()
      FaultReport(vector: vector).write(frame, to: &sink)
      end(vector)
    case 1:
      EarlyConsole.write("\nfault inside the fault report")
      EarlyConsole.reportUnhandled(frame)
      end(InterruptVector(rawValue: firstVector.load(ordering: .relaxed)))
    default:
      Machine.halt()
    }
  }

  private static func end(_ vector: InterruptVector) -> Never {
    policy.withValue { $0.end(vector) }
    Machine.halt()
  }

  /// Sends to the policy's consoles, or to the raw serial port while there is no policy.
  fileprivate static func write(_ bytes: Span<UInt8>) {
    let wasWritten: Void? = policy.withValue { $0.write(bytes) }
    if wasWritten == nil {
      var serial = EarlyTextSink()
      serial.write(bytes)
    }
  }
}

/// The consoles of a fault report as a text sink.
private struct FaultSink: TextSink {
  mutating func write(_ bytes: Span<UInt8>) {
    FatalFault.write(bytes)
  }
}
