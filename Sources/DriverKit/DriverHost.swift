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
  let signals: DriverSignals
  let context: DriverContext
  let requests: RequestLine
  private let accessFaults: AccessFaults
  private let orders = SpinLock(Orders())
  /// The thread, while there is one. Set once, before it runs.
  private let thread = SpinLock<Thread?>(nil)

  /// Only the watch uses it.
  private var judgement = CallJudgement()

  // Only the thread uses these.
  var driver: DriverCall?
  private var policy = RestartPolicy()
  private var faultPolicy = AccessFaultPolicy()
  private var idlePolicy = IdleInterruptPolicy()
  /// Some access of its device was refused lately.
  private var isAccused = false
  /// What the device may reach, if a unit holds it.
  var domain: DriverDomain?
  var isOver = false
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
    _ = try post(operation).wait(until: Clock.nanoseconds &+ timeoutNanoseconds, interruption)
  }

  /// Gives the thread an order.
  ///
  /// - Throws: `ENODEV` when the thread has ended, `ENOMEM`.
  func post(_ operation: HostOrder.Operation) throws(Errno) -> HostOrder {
    let order = HostOrder(operation)
    try orders.withLock { orders throws(Errno) in
      guard !orders.isClosed else { throw .ENODEV }
      try orders.waiting.append(order)
    }
    signals.poke()
    return order
  }

  /// Ends the driver's call if that has been at one thing for too long.
  ///
  /// - Context: the watch's thread.
  func endIfHung() {
    guard let call = signals.call, let thread = thread.withLock({ $0 }) else { return }
    let isHung = judgement.isHung(
      call: call, sign: signals.sign, processorNanoseconds: thread.account.running, limit: DriverWatch.limitNanoseconds)
    guard isHung else { return }
    thread.askForEnd(of: call)
    thread.kick()
  }

  // MARK: The thread

  override func run() {
    Containment.renewHeap()
    start()
    while !isOver {
      if step() { continue }
      if device.state == .running { signals.wait(until: nextHealthCheck) } else { rest() }
    }
    thread.withLock { $0 = nil }
    close()
  }

  /// Does one thing that waits to be done.
  ///
  /// - Returns: whether there was one.
  func step() -> Bool {
    if let order = takeOrder() {
      order.complete(carryOut(order.operation))
      return true
    }
    guard device.state == .running else { return false }
    seenInterrupts = 0
    return work()
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

  /// Does one thing that a driver that works has to do.
  ///
  /// - Returns: whether there was one.
  private func work() -> Bool {
    if hasGoneAstray() {
      recover(.access)
    } else if signals.takeStorm() {
      recover(.storm)
    } else if let number = signals.takeInterrupt() {
      if perform(.interrupt(number)) { noteInterrupt() }
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

  /// Lets interrupts come again after one was served, unless there was nothing to serve too often.
  private func noteInterrupt() {
    if context.takeIdleInterrupt() {
      if idlePolicy.noteIdle(at: Clock.nanoseconds) { return recover(.storm) }
    } else {
      idlePolicy.noteServed()
      policy.noteProgress()
    }
    context.finishInterrupts()
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
    if isAccused || policy.hasStormed(at: Clock.nanoseconds) { health = health.orWorse(.degraded) }
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

  func call(_ operation: DriverCall.Operation) -> DriverCallOutcome { driver?(operation) ?? .failed(.ENODEV) }

  private func serve(_ request: DriverRequest) -> Bool {
    guard let driver else { return false }
    guard let failure = DriverFailure(driver.serve(request)) else { return true }
    recover(failure)
    return false
  }

  private func takeOrder() -> HostOrder? {
    orders.withLock { $0.waiting.count > 0 ? $0.waiting.remove(at: 0) : nil }
  }

  // MARK: Starting, failing, ending

  /// Starts a driver, and others in its place as often as the policy allows.
  func start() {
    while let failure = tryToStart() {
      clear(failure)
      guard hasAnotherTry(after: failure) else { return }
    }
  }

  /// Starts a driver.
  ///
  /// - Returns: how it failed; nil when it works, or does not take the device.
  private func tryToStart() -> DriverFailure? {
    device.setState(.starting)
    let making = DriverMaking(type, context)
    var outcome = confine()
    if case .done = outcome { outcome = making() }
    if case .done = outcome {
      driver = making.takeCall()
      outcome = call(.start)
    }
    guard let failure = DriverFailure(outcome) else {
      noteStart()
      return nil
    }
    note(outcome)
    if case .failed(.ENODEV) = outcome {
      decline()
      return nil
    }
    // One whose device was silenced has waited for it in vain.
    return signals.takeStorm() ? .storm : failure
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

  private func noteStart() {
    context.resources.withdrawInherited()
    context.finishInterrupts()
    // An order may have brought a device back that was given up.
    requests.reopen()
    let now = Clock.nanoseconds
    policy.noteStart(at: now)
    idlePolicy = IdleInterruptPolicy()
    nextHealthCheck = now &+ Self.healthInterval
    let health: DriverHealth = policy.hasStormed(at: now) ? .degraded : .good
    device.contents.withLock { ($0.health, $0.failure) = (health, nil) }
    device.setState(.running)
    // One that goes on with what another has begun is no news.
    if !hasStarted { DeviceTree.observe { $0.driverDidStart(device) } }
    hasStarted = true
  }

  /// Replaces a driver that has failed.
  func recover(_ failure: DriverFailure) {
    clear(failure)
    guard hasAnotherTry(after: failure) else { return }
    start()
    guard !isOver, device.state == .running else { return }
    DriverLog.add(.notice, device, "driver \(type.name.description) was started again")
  }

  /// Takes everything from a driver that has failed, but what others want of it.
  private func clear(_ failure: DriverFailure) {
    device.setState(.recovering)
    if failure == .order {
      DriverLog.add(.notice, device, "driver \(type.name.description) is replaced: \(failure.description)")
    } else {
      device.contents.withLock { $0.lastFailure = failure }
      DriverLog.add(.error, device, "driver \(type.name.description) failed: \(failure.description)")
    }
    stop(isGone: false)
    requests.takeBack()
  }

  private func delay(after failure: DriverFailure) -> UInt64? {
    switch failure {
    case .order: policy.noteOrder()
    case .storm: policy.noteStorm(at: Clock.nanoseconds)
    default: policy.noteFailure(at: Clock.nanoseconds)
    }
  }

  /// Waits for as long as the policy says, or gives the device up.
  private func hasAnotherTry(after failure: DriverFailure) -> Bool {
    guard let delay = delay(after: failure) else {
      let reason: Message =
        failure == .storm
        ? "\(RestartPolicy.stormLimit) storms in \(RestartPolicy.stormNanoseconds / 1_000_000_000) seconds, and another"
        : "\(RestartPolicy.limit) failures in a row"
      DriverLog.add(.error, device, "given up after \(reason)")
      giveUp()
      return false
    }
    let deadline = ClockDeadline(after: delay * 1_000)
    try? TimedWait.wait(until: deadline, .nothing) { false }
    if failure != .order { device.contents.withLock { $0.restarts += 1 } }
    return true
  }
}
