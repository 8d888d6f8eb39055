import DMARemapping
import Foundations
import Logging
import Machine
import PCI
import Scheduler
import Scheduling
import Synchronization
import Time
import Waiting

/// The thread in which a device's driver does everything, and what is done when the driver fails.
///
/// A driver that throws, raises an exception or does not return is stopped; its device is reset, so that it reaches no memory;
/// what it had is given back; a new driver is started, and what was wanted of the old one is done by the new one.
final class DriverHost: ThreadBody {
  private static var healthInterval: UInt64 { 5_000_000_000 }

  private struct Orders: ~Copyable {
    var waiting = GrowableArray<HostOrder>()
    /// Set when the thread has ended.
    var isClosed = false
  }

  let device: DeviceNode
  let type: DriverType
  /// What follows when the driver does not take the device.
  let search: DriverSearch
  private let signals: DriverSignals
  private let context: DriverContext
  private let requests: RequestLine
  private let accessFaults: AccessFaults
  private let orders = SpinLock(Orders())
  /// The thread, while there is one. Set once, before it runs.
  private let thread = SpinLock<Thread?>(nil)

  /// Only the watch uses it.
  private var judgement = CallJudgement()

  // Only the thread uses these.
  private var driver: DriverCall?
  private var policy = RestartPolicy()
  private var faultPolicy = AccessFaultPolicy()
  /// Some access of its device was refused lately.
  private var isAccused = false
  /// What the device may reach, if a unit holds it.
  private var domain: DriverDomain?
  private var isOver = false
  private var hasStarted = false
  private var nextHealthCheck: UInt64 = 0
  /// Interrupts that have come while it cannot serve any.
  private var seenInterrupts: UInt64 = 0

  /// Makes a host for `device`, whose thread is yet to be started.
  init(_ device: DeviceNode, _ type: DriverType, _ search: DriverSearch) {
    (self.device, self.type, self.search) = (device, type, search)
    signals = DriverSignals()
    context = DriverContext(device, signals)
    requests = RequestLine()
    accessFaults = AccessFaults(device, signals)
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
  /// - Throws: what became of it; `ENODEV` when the thread has ended; `ETIMEDOUT`, and it may still be carried out.
  func order(
    _ operation: HostOrder.Operation, timeoutNanoseconds: UInt64, _ interruption: Interruption = .signals
  ) throws(Errno) {
    let order = HostOrder(operation)
    try orders.withLock { orders throws(Errno) in
      guard !orders.isClosed else { throw .ENODEV }
      try orders.waiting.append(order)
    }
    signals.poke()
    _ = try order.wait(until: Clock.nanoseconds &+ timeoutNanoseconds, interruption)
  }

  /// Ends the driver's call if that has been at one thing for too long.
  ///
  /// - Context: the watch's thread.
  func endIfHung() {
    guard let call = signals.call, let thread = thread.withLock({ $0 }) else { return }
    let isHung = judgement.isHung(
      call: call, sign: signals.sign, processorNanoseconds: thread.account.running, limit: DriverWatch.limitNanoseconds)
    guard isHung else { return }
    thread.askForEnd()
    thread.kick()
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
        rest()
        continue
      }
      seenInterrupts = 0
      if !work() { signals.wait(until: nextHealthCheck) }
    }
    thread.withLock { $0 = nil }
    close()
  }

  /// Takes no orders any more.
  private func close() {
    orders.withLock { $0.isClosed = true }
    while let order = takeOrder() { order.complete(.failure(.ENODEV)) }
  }

  /// Waits while the device does not work. One that was suspended and interrupts wakes the machine, if it may.
  private func rest() {
    guard signals.waitForOther(than: &seenInterrupts) else { return }
    if device.state == .suspended, device.wakes { WakeEvents.note() }
  }

  /// Does one thing that waits to be done.
  ///
  /// - Returns: whether there was one.
  private func work() -> Bool {
    if hasGoneAstray() {
      recover(.access)
    } else if let number = signals.takeInterrupt() {
      if perform(.interrupt(number)) {
        context.finishInterrupts()
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

  /// Looks at what the device was refused, and says so in its health.
  ///
  /// - Returns: whether it was so much that its driver is to be replaced. Where others hang on the device, their drivers are: it is their memory.
  private func hasGoneAstray() -> Bool {
    guard domain != nil else { return false }
    let verdict = faultPolicy.check(count: device.accessFaultCount, at: Clock.nanoseconds)
    isAccused = verdict != .nothing
    if isAccused { device.contents.withLock { $0.health = $0.health.orWorse(.degraded) } }
    return verdict == .failed && !DeviceTree.hasChildren(device)
  }

  private func noteHealth() {
    var health = driver?.health ?? .failed
    if isAccused { health = health.orWorse(.degraded) }
    device.contents.withLock { $0.health = health }
    if health == .failed { recover(.health) }
  }

  /// Has the driver do something, and replaces it if it fails at that.
  ///
  /// - Returns: whether it did not.
  private func perform(_ operation: DriverCall.Operation) -> Bool {
    guard let failure = DriverFailure(call(operation)) else { return true }
    recover(failure)
    return false
  }

  private func call(_ operation: DriverCall.Operation) -> DriverCallOutcome { driver?(operation) ?? .failed(.ENODEV) }

  private func serve(_ request: DriverRequest) -> Bool {
    guard let driver else { return false }
    guard let failure = DriverFailure(driver.serve(request)) else { return true }
    recover(failure)
    return false
  }

  private func takeOrder() -> HostOrder? {
    orders.withLock { $0.waiting.count > 0 ? $0.waiting.remove(at: 0) : nil }
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
    case .shutDown: return shutDown()
    case .reset:
      recover(.order)
      return !isOver && device.state == .running ? .success(0) : .failure(.EIO)
    case .inject(let fault):
      guard device.state == .running else { return .failure(.EINVAL) }
      return inject(fault)
    }
  }

  private func inject(_ fault: DriverFault) -> DriverRequest.Outcome {
    let outcome = call(.inject(fault))
    // A driver that does not know how to have such a fault is no worse for being asked.
    if fault.isOfDevice, case .failed(let error) = outcome { return .failure(error) }
    if let failure = DriverFailure(outcome) { recover(failure) }
    return .success(0)
  }

  private func change(_ operation: DriverCall.Operation, to state: DeviceNode.State) -> DriverRequest.Outcome {
    let outcome = call(operation)
    guard let failure = DriverFailure(outcome) else {
      context.finishInterrupts()
      device.setState(state)
      return .success(0)
    }
    guard case .error(let error) = failure else {
      recover(failure)
      return .failure(.EIO)
    }
    // One that cannot go on is not left where it is.
    if operation.isResume { recover(.resumption(error)) }
    return .failure(error)
  }

  /// Has the device reach nothing any more. What was published stays; nobody comes for it.
  private func shutDown() -> DriverRequest.Outcome {
    guard driver != nil, device.state == .running || device.state == .suspended else { return .success(0) }
    signals.setTimer(nil)
    let failure = DriverFailure(call(.shutDown))
    device.attachment?.quiesce(isGone: false)
    if let function = device.function, !function.isBridge { function.setMaster(false) }
    device.setState(.suspended)
    guard let failure else { return .success(0) }
    DriverLog.add(.error, device, "driver \(type.name.description) failed at its end: \(failure.description)")
    return .failure(.EIO)
  }

  // MARK: Starting, failing, ending

  /// Starts a driver, and others in its place as often as the policy allows.
  private func start() {
    repeat {
      device.setState(.starting)
      let making = DriverMaking(type, context)
      var outcome = confine()
      if case .done = outcome { outcome = making() }
      if case .done = outcome {
        driver = making.takeCall()
        outcome = call(.start)
      }
      guard let failure = DriverFailure(outcome) else { return noteStart() }
      note(outcome)
      if case .failed(.ENODEV) = outcome { return decline() }
      clear(failure)
    } while hasAnotherTry()
  }

  /// Notes why the driver did not start.
  private func note(_ outcome: DriverCallOutcome) {
    var failure = Errno.EIO
    if case .failed(let error) = outcome { failure = error }
    device.contents.withLock { $0.failure = failure }
  }

  /// The driver does not take the device after all.
  private func decline() {
    DriverLog.add(.info, device, "not taken by \(type.name.description)")
    stop(isGone: false)
    context.resources.withdrawPublications()
    requests.failAll(.ENODEV)
    isOver = true
    DeviceTree.didDecline(self)
  }

  /// Takes from the device all memory but what its driver will share with it.
  private func confine() -> DriverCallOutcome {
    do throws(Errno) {
      let new = try DriverRemapping.attach(device, accessFaults)
      domain = new
      try Containment.setDomain(new?.domain)
      faultPolicy.reset(count: device.accessFaultCount)
      isAccused = false
      return .done
    } catch {
      DriverLog.add(.error, device, "it cannot be kept to its driver's memory")
      return .failed(error)
    }
  }

  /// Takes all memory from the device, which has been reset or is gone.
  private func takeDomain() {
    if let old = domain.take(), !old.detach() {
      DriverLog.add(.error, device, "its IOMMU does not confirm that it reaches no memory")
    }
  }

  private func noteStart() {
    context.resources.withdrawInherited()
    context.finishInterrupts()
    policy.noteStart(at: Clock.nanoseconds)
    nextHealthCheck = Clock.nanoseconds &+ Self.healthInterval
    device.contents.withLock { ($0.health, $0.failure) = (.good, nil) }
    device.setState(.running)
    // One that goes on with what another has begun is no news.
    if !hasStarted { DeviceTree.observe { $0.driverDidStart(device) } }
    hasStarted = true
  }

  /// Replaces a driver that has failed.
  private func recover(_ failure: DriverFailure) {
    clear(failure)
    guard hasAnotherTry() else { return }
    start()
    guard !isOver, device.state == .running else { return }
    DriverLog.add(.notice, device, "driver \(type.name.description) was started again")
  }

  /// Takes everything from a driver that has failed, but what others want of it.
  private func clear(_ failure: DriverFailure) {
    device.contents.withLock { $0.lastFailure = failure }
    device.setState(.recovering)
    DriverLog.add(.error, device, "driver \(type.name.description) failed: \(failure.description)")
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
        context.releaseInterrupts()
      } else if function.isBridge {
        // What is behind it goes on.
        function.disableMessages()
        function.disableExtendedMessages()
        context.releaseInterrupts()
      } else {
        function.disable()
        context.releaseInterrupts()
        _ = function.reset { microseconds in
          let deadline = ClockDeadline(after: UInt64(max(0, microseconds)) * 1_000)
          try? TimedWait.wait(until: deadline, .nothing) { false }
        }
      }
    } else {
      context.releaseInterrupts()
    }
    signals.dropInterrupts()
    takeDomain()
    _ = DriverEnd(driver.take(), context)()
    Containment.renewHeap()
    // The old heap keeps the domain, from which its memory is taken when it is given back; the new one has none yet.
    try? Containment.setDomain(nil)
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
    isOver = true
    DeviceTree.didEnd(self, isGone ? .gone : .unbound)
  }
}

/// Something that a device's thread is to do besides its driver's work.
final class HostOrder: DriverRequest {
  enum Operation {
    case remove(isGone: Bool)
    case suspend
    case resume
    case shutDown
    case reset
    case inject(DriverFault)
  }

  let operation: Operation

  init(_ operation: Operation) {
    self.operation = operation
    super.init(isRepeatable: false)
  }
}
