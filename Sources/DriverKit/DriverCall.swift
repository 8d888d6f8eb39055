import Foundations
import Machine

/// How a driver's call ended.
enum DriverCallOutcome {
  case done
  /// The driver threw.
  case failed(Errno)
  /// It raised this exception.
  case trapped(UInt8)
  /// It did not return in time.
  case hung
}

/// Work of a driver, contained.
///
/// What such work refers to is constant: then calling it takes no references, and when it is ended none is lost.
class DriverWork: ContainedCall {
  final let context: DriverContext
  private final var error: Errno?

  init(_ context: DriverContext) {
    self.context = context
    super.init()
  }

  /// Does the work.
  final func callAsFunction() -> DriverCallOutcome {
    error = nil
    let outcome = Containment.run(self, number: context.signals.noteCall())
    context.signals.noteCall()
    switch outcome {
    case .returned: return error.map { .failed($0) } ?? .done
    case .faulted(let vector): return .trapped(vector)
    case .abandoned: return .hung
    }
  }

  final override func run() {
    do throws(Errno) { try perform() } catch { self.error = error }
  }

  func perform() throws(Errno) {}
}

/// Making a driver, and what calls it: both lie in the driver's heap, so that nothing else leads there once they are gone.
final class DriverMaking: DriverWork {
  private let type: DriverType
  private var call: DriverCall?

  init(_ type: DriverType, _ context: DriverContext) {
    self.type = type
    super.init(context)
  }

  override func perform() throws(Errno) { call = DriverCall(try type.makeDriver(for: context.device), context) }

  /// What was made.
  func takeCall() -> DriverCall? { call.take() }
}

/// What a driver does.
final class DriverCall: DriverWork {
  /// What the driver is to do.
  enum Operation {
    case start
    case interrupt(Int)
    case timer
    case suspend
    case resume
    case shutDown
    case reset
    case remove(isGone: Bool)
    case health
    case inject(DriverFault)
    /// To work on the request that `request` lends.
    case serve

    var isResume: Bool { if case .resume = self { true } else { false } }
  }

  private let driver: Driver
  private let request = LentReference<DriverRequest>()
  private var operation = Operation.health
  /// What the last look at its health gave.
  private(set) var health = DriverHealth.good

  init(_ driver: consuming Driver, _ context: DriverContext) {
    self.driver = driver
    super.init(context)
  }

  /// Has the driver do `operation`.
  func callAsFunction(_ operation: Operation) -> DriverCallOutcome {
    self.operation = operation
    return self()
  }

  /// Has the driver work on `wanted`, which whoever calls keeps.
  func serve(_ wanted: DriverRequest) -> DriverCallOutcome {
    operation = .serve
    return request.lend(wanted) { self() }
  }

  override func perform() throws(Errno) {
    switch operation {
    case .start: try driver.start(context)
    case .interrupt(let number): try driver.interrupt(number, context)
    case .timer: try driver.timer(context)
    case .suspend: try driver.suspend(context)
    case .resume: try driver.resume(context)
    case .shutDown: driver.shutDown(context)
    case .reset: driver.reset(context)
    case .remove(let isGone): driver.remove(isGone: isGone, context)
    case .health: health = driver.health(context)
    case .inject(let fault): try inject(fault)
    case .serve: try request.use { request throws(Errno) in try driver.serve(request, context) }
    }
  }

  private func inject(_ fault: DriverFault) throws(Errno) {
    if driver.inject(fault, context) { return }
    try InjectedFaults.have(fault)
  }
}

/// Letting go of a driver, whose end is its own code too.
final class DriverEnd: DriverWork {
  private var call: DriverCall?

  init(_ call: consuming DriverCall?, _ context: DriverContext) {
    self.call = call
    super.init(context)
  }

  override func perform() throws(Errno) { call = nil }
}
