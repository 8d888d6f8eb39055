import Foundations
import Machine

/// One call of a driver, contained.
///
/// Made once for each device; only its thread uses it.
final class DriverCall: ContainedCall {
  /// What the driver is to do.
  enum Operation {
    case make
    case start
    case interrupt(Int)
    case timer
    case serve(DriverRequest)
    case suspend
    case resume
    case reset
    case remove(isGone: Bool)
    case health
    case inject(DriverFault)
    case drop
  }

  /// How it ended.
  enum Outcome {
    case done
    /// The driver threw.
    case failed(Errno)
    /// It raised this exception.
    case trapped(UInt8)
    /// It did not return in time.
    case hung
  }

  private let type: DriverType
  private let context: DriverContext
  private var driver: Driver?
  private var operation = Operation.drop
  private var error: Errno?
  /// What the last look at its health gave.
  private(set) var health = DriverHealth.good

  init(_ type: DriverType, _ context: DriverContext) {
    (self.type, self.context) = (type, context)
    super.init()
  }

  /// Whether there is a driver.
  var hasDriver: Bool { driver != nil }

  /// Has the driver do `operation`.
  func callAsFunction(_ operation: Operation) -> Outcome {
    self.operation = operation
    error = nil
    context.signals.noteActivity()
    let outcome = Containment.run(self)
    context.signals.noteIdle()
    self.operation = .drop
    switch outcome {
    case .returned: return error.map { .failed($0) } ?? .done
    case .faulted(let vector): return .trapped(vector)
    case .abandoned: return .hung
    }
  }

  override func run() {
    do throws(Errno) { try perform() } catch { self.error = error }
  }

  private func perform() throws(Errno) {
    switch operation {
    case .make: driver = try type.makeDriver(for: context.device)
    case .start: try driver?.start(context)
    case .interrupt(let number): try driver?.interrupt(number, context)
    case .timer: try driver?.timer(context)
    case .serve(let request): try driver?.serve(request, context)
    case .suspend: try driver?.suspend(context)
    case .resume: try driver?.resume(context)
    case .reset: driver?.reset(context)
    case .remove(let isGone): driver?.remove(isGone: isGone, context)
    case .health: health = driver?.health(context) ?? .failed
    case .inject(let fault): try inject(fault)
    case .drop: driver = nil
    }
  }

  private func inject(_ fault: DriverFault) throws(Errno) {
    if driver?.inject(fault, context) ?? false { return }
    try InjectedFaults.have(fault)
  }
}

/// Faults that any driver can have.
enum InjectedFaults {
  /// Has `fault`.
  ///
  /// - Throws: `EOPNOTSUPP` for what only the driver itself could do.
  @inline(never)
  static func have(_ fault: DriverFault) throws(Errno) {
    switch fault {
    case .trap: trap(Spoiled())
    case .hang: hang()
    case .leak: leak()
    case .wildPointer: FaultProvocation.readNearNull()
    case .corruption: throw .EOPNOTSUPP
    }
  }

  private final class Spoiled {
    var index = 7
    var values: [4 of Int] = [1, 2, 3, 4]
  }

  private static func trap(_ spoiled: Spoiled) { spoiled.values[spoiled.index] = 1 }

  private static func hang() { while true { Machine.pause() } }

  private final class Forgotten {
    var other: Forgotten?
    var bytes = InlineArray<256, UInt8>(repeating: 0xaa)
  }

  private static func leak() {
    for _ in 0..<16 {
      let (first, second) = (Forgotten(), Forgotten())
      // Each keeps the other.
      first.other = second
      second.other = first
    }
  }
}
