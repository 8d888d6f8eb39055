import Foundations
import Logging
import Machine
import PCI
import Scheduler
import Synchronization
import Time
import Waiting

/// The thread in which a device's driver does everything, and what is done when the driver fails.
///
/// A driver that throws, raises an exception or does not return is stopped; its device is reset, so that it reaches no memory;
/// what it had is given back; a new driver is started, and what was wanted of the old one is done by the new one.
final class DriverHost: ThreadBody {
  private static var healthInterval: UInt64 { 5_000_000_000 }

  let device: DeviceNode
  let type: DriverType
  private let signals: DriverSignals
  private let context: DriverContext
  private let requests: RequestLine
  private let orders = SpinLock(GrowableArray<HostOrder>())
  /// The thread, while there is one. Set once, before it runs.
  private let thread = SpinLock<Thread?>(nil)

  // Only the thread uses these.
  private var driver: DriverCall?
  private var policy = RestartPolicy()
  private var isOver = false
  private var nextHealthCheck: UInt64 = 0

  /// Makes a host for `device`, whose thread is yet to be started.
  init(_ device: DeviceNode, _ type: DriverType) {
    (self.device, self.type) = (device, type)
    signals = DriverSignals()
    context = DriverContext(device, signals)
    requests = RequestLine()
    super.init()
  }

  /// Starts the thread, which starts the driver.
  ///
  /// - Throws: `ENOMEM`.
  func startThread() throws(Errno) {
    let new = try Thread(self)
    new.allowContainment()
    thread.withLock { $0 = new }
    new.start()
  }

  // MARK: From elsewhere

  /// Gives the driver something to do.
  func submit(_ request: DriverRequest) throws(Errno) {
    try requests.add(request)
    signals.poke()
  }

  /// Gives the thread an order, and waits until it has been carried out.
  ///
  /// - Throws: what became of it; `ETIMEDOUT`, and it may still be carried out.
  func order(_ operation: HostOrder.Operation, timeoutNanoseconds: UInt64) throws(Errno) {
    let order = HostOrder(operation)
    try orders.withLock { orders throws(Errno) in try orders.append(order) }
    signals.poke()
    _ = try order.wait(until: Clock.nanoseconds &+ timeoutNanoseconds)
  }

  /// Ends the driver's call if that has been at one thing for too long.
  func endIfHung() {
    guard let since = signals.busySince else { return }
    let now = Clock.nanoseconds
    guard now > since, now - since > DriverWatch.limitNanoseconds else { return }
    let thread = thread.withLock { $0 }
    thread?.askForEnd()
    thread?.kick()
  }

  // MARK: The thread

  override func run() {
    Containment.renewHeap()
    start()
    while !isOver {
      if let order = takeOrder() {
        order.complete(carryOut(order.operation))
        continue
      }
      guard device.state == .running else {
        signals.wait(until: .max)
        continue
      }
      if !work() { signals.wait(until: nextHealthCheck) }
    }
    thread.withLock { $0 = nil }
  }

  /// Does one thing that waits to be done.
  ///
  /// - Returns: whether there was one.
  private func work() -> Bool {
    if let number = signals.takeInterrupt() {
      if perform(.interrupt(number)) {
        DriverInterrupts.finish(device, number)
        policy.noteProgress()
      }
    } else if signals.takeTimer() {
      _ = perform(.timer)
    } else if let request = requests.take() {
      if serve(request), request.outcome != nil { policy.noteProgress() }
    } else if Clock.nanoseconds >= nextHealthCheck {
      nextHealthCheck = Clock.nanoseconds &+ Self.healthInterval
      if perform(.health) { noteHealth() }
    } else {
      return false
    }
    return true
  }

  private func noteHealth() {
    let health = driver?.health ?? .failed
    device.contents.withLock { $0.health = health }
    if health == .failed { recover("it says that it does not work") }
  }

  /// Has the driver do something, and replaces it if it fails at that.
  ///
  /// - Returns: whether it did not.
  private func perform(_ operation: DriverCall.Operation) -> Bool {
    guard let failure = failure(of: call(operation)) else { return true }
    recover(failure)
    return false
  }

  private func call(_ operation: DriverCall.Operation) -> DriverCallOutcome { driver?(operation) ?? .failed(.ENODEV) }

  private func serve(_ request: DriverRequest) -> Bool {
    guard let driver else { return false }
    guard let failure = failure(of: driver.serve(request)) else { return true }
    recover(failure)
    return false
  }

  private func failure(of outcome: DriverCallOutcome) -> Message? {
    switch outcome {
    case .done: nil
    case .failed(let error): "error \(error.rawValue)"
    case .trapped(let vector): "exception \(UInt64(vector))"
    case .hung: "it does not return"
    }
  }

  private func takeOrder() -> HostOrder? {
    orders.withLock { $0.count > 0 ? $0.remove(at: 0) : nil }
  }

  private func carryOut(_ operation: HostOrder.Operation) -> DriverRequest.Outcome {
    switch operation {
    case .remove(let isGone):
      end(isGone: isGone)
      return .success(0)
    case .suspend:
      guard device.state == .running else { return .failure(.EINVAL) }
      return change(.suspend, to: .suspended)
    case .resume:
      guard device.state == .suspended else { return .failure(.EINVAL) }
      return change(.resume, to: .running)
    case .reset:
      recover("it was asked for")
      return device.state == .running ? .success(0) : .failure(.EIO)
    case .inject(let fault):
      guard device.state == .running else { return .failure(.EINVAL) }
      if fault == .corruption, case .failed(let error) = call(.inject(fault)) { return .failure(error) }
      if fault != .corruption { _ = perform(.inject(fault)) }
      return .success(0)
    }
  }

  private func change(_ operation: DriverCall.Operation, to state: DeviceNode.State) -> DriverRequest.Outcome {
    switch call(operation) {
    case .done:
      device.setState(state)
      return .success(0)
    case .failed(let error): return .failure(error)
    case .trapped, .hung:
      recover("it failed at a change of power")
      return .failure(.EIO)
    }
  }

  // MARK: Starting, failing, ending

  /// Starts a driver, and others in its place as often as the policy allows.
  private func start() {
    repeat {
      device.setState(.starting)
      let making = DriverMaking(type, context)
      var outcome = making()
      if case .done = outcome {
        driver = making.takeCall()
        outcome = call(.start)
      }
      guard let failure = failure(of: outcome) else { return noteStart() }
      if case .failed(.ENODEV) = outcome {
        DriverLog.add(.info, device, "not taken by \(type.name.description)")
        stop(isGone: false)
        return giveUp()
      }
      clear(failure)
    } while hasAnotherTry()
  }

  private func noteStart() {
    context.resources.withdrawInherited()
    policy.noteStart(at: Clock.nanoseconds)
    nextHealthCheck = Clock.nanoseconds &+ Self.healthInterval
    device.contents.withLock { $0.health = .good }
    device.setState(.running)
  }

  /// Replaces a driver that has failed.
  private func recover(_ failure: Message) {
    clear(failure)
    guard hasAnotherTry() else { return }
    start()
    if device.state == .running { DriverLog.add(.notice, device, "driver \(type.name.description) was started again") }
  }

  /// Takes everything from a driver that has failed, but what others want of it.
  private func clear(_ failure: Message) {
    device.setState(.recovering)
    DriverLog.add(.error, device, "driver \(type.name.description) failed: \(failure)")
    stop(isGone: false)
    requests.takeBack()
  }

  /// Waits for as long as the policy says, or gives the device up.
  private func hasAnotherTry() -> Bool {
    guard let delay = policy.noteFailure(at: Clock.nanoseconds) else {
      DriverLog.add(.error, device, "given up after \(RestartPolicy.limit) failures in a row")
      giveUp()
      return false
    }
    let deadline = ClockDeadline(after: delay * 1_000)
    try? TimedWait.wait(until: deadline, .nothing) { false }
    device.contents.withLock { $0.restarts += 1 }
    return true
  }

  /// Takes everything from the driver: afterwards the device does nothing.
  private func stop(isGone: Bool) {
    signals.setTimer(nil)
    if !isGone, driver != nil { _ = call(.reset) }
    device.attachment?.quiesce(isGone: isGone)
    if let function = device.function {
      if isGone {
        context.resources.releaseInterrupts()
      } else if function.isBridge {
        // What is behind it goes on.
        function.disableMessages()
        function.disableExtendedMessages()
        context.resources.releaseInterrupts()
      } else {
        function.disable()
        context.resources.releaseInterrupts()
        _ = function.reset { microseconds in
          let deadline = ClockDeadline(after: UInt64(max(0, microseconds)) * 1_000)
          try? TimedWait.wait(until: deadline, .nothing) { false }
        }
      }
    } else {
      context.resources.releaseInterrupts()
    }
    signals.dropInterrupts()
    _ = DriverEnd(driver.take(), context)()
    Containment.renewHeap()
    context.resources.releaseMemory()
    context.resources.keepPublications()
  }

  private func giveUp() {
    context.resources.withdrawPublications()
    requests.failAll(.EIO)
    device.setState(.failed)
  }

  private func end(isGone: Bool) {
    if driver != nil { _ = call(.remove(isGone: isGone)) }
    stop(isGone: isGone)
    context.resources.withdrawPublications()
    requests.failAll(.ENODEV)
    device.setState(isGone ? .gone : .unbound)
    isOver = true
  }
}

/// Something that a device's thread is to do besides its driver's work.
final class HostOrder: DriverRequest {
  enum Operation {
    case remove(isGone: Bool)
    case suspend
    case resume
    case reset
    case inject(DriverFault)
  }

  let operation: Operation

  init(_ operation: Operation) {
    self.operation = operation
    super.init(isRepeatable: false)
  }
}
