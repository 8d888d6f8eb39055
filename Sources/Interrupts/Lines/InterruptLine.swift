import Foundations
import Machine
import Synchronization

/// One interrupt line in use: the devices on it, and what is done when none of them wants anything.
final class InterruptLine: VectorHandler {
  static let handlerLimit = 16
  /// How often devices that share edges are asked for one interrupt: those that always want something are broken.
  static let passLimit = 256

  let global: Int
  /// The number by which programs know it.
  let number: Int
  /// How often its vector had come when it took that.
  let baseline: UInt32
  let signal: IOInterruptController.Signal
  let vector: UInt8
  let processor: Int

  private struct State: ~Copyable {
    var handlers = GrowableArray<Place>()
    var nextNumber = 0
    var storm = StormDetector()
    /// Set when the last handler left: the line is about to go and takes no other.
    var isRetired = false
  }

  private struct Place {
    var number: Int
    var handler: InterruptHandler
    /// Whether its device is yet to be served, and would interrupt all the time until then.
    var isWaiting = false
  }

  private let state = SpinLock(State())
  private let maskedByStorm = Atomic<Bool>(false)

  init(global: Int, signal: IOInterruptController.Signal, vector: UInt8, processor: Int) {
    self.global = global
    number = InterruptLines.number(ofGlobal: global)
    baseline = VectorHandlers.arrivals(of: vector, on: processor)
    self.signal = signal
    self.vector = vector
    self.processor = processor
    super.init()
  }

  /// Whether the line was masked because nobody served it, or a handler was flooded.
  var isMaskedByStorm: Bool { maskedByStorm.load(ordering: .relaxed) }

  /// Asks every device on the line.
  ///
  /// The handlers run under the line's lock, so that one that was removed does not run any more.
  override func handle(_ vector: UInt8) {
    let (isUnclaimed, isFlooded, isHeld) = state.withLock { state in
      var answer = Self.ask(&state, signal)
      if answer.isClaimed, !signal.isLevelTriggered, state.handlers.count > 1 {
        answer.isFlooded = Self.askUntilQuiet(&state, signal) || answer.isFlooded
      }
      return (state.storm.note(isClaimed: answer.isClaimed), answer.isFlooded, Self.isHeld(state))
    }
    if isHeld { hold() }
    guard isUnclaimed || isFlooded else { return }
    InterruptLines.setMask(global, true)
    maskedByStorm.store(true, ordering: .relaxed)
    InterruptReport.storm(global)
    // Whoever is flooded knows. Where it is nobody's, each device on the line may be the one.
    guard isUnclaimed else { return }
    state.withLock { state in
      for index in 0..<state.handlers.count { state.handlers[index].handler.lineWasMasked() }
    }
  }

  /// Asks every device once.
  ///
  /// - Returns: whether one wanted something, and whether one of those does so too often.
  private static func ask(
    _ state: inout State, _ signal: IOInterruptController.Signal
  ) -> (isClaimed: Bool, isFlooded: Bool) {
    var (isClaimed, isFlooded) = (false, false)
    for index in 0..<state.handlers.count where state.handlers[index].handler.handle() {
      isClaimed = true
      if state.handlers[index].handler.isFlooded { isFlooded = true }
      if signal.isLevelTriggered, state.handlers[index].handler.isServedLater {
        state.handlers[index].isWaiting = true
      }
    }
    return (isClaimed, isFlooded)
  }

  /// Asks devices that share a line which tells of changes until none has a cause: only then does the next cause change the line.
  ///
  /// - Returns: whether one of them wants something too often.
  private static func askUntilQuiet(_ state: inout State, _ signal: IOInterruptController.Signal) -> Bool {
    var isFlooded = false
    for _ in 1..<passLimit {
      let answer = ask(&state, signal)
      guard answer.isClaimed else { break }
      if answer.isFlooded { isFlooded = true }
    }
    return isFlooded
  }

  // MARK: Devices that are served later

  /// Whether a device is yet to be served.
  var isHeld: Bool { state.withLock { Self.isHeld($0) } }

  private static func isHeld(_ state: borrowing State) -> Bool {
    for index in 0..<state.handlers.count where state.handlers[index].isWaiting { return true }
    return false
  }

  /// Keeps the line from interrupting until the devices that wait have been served.
  private func hold() {
    InterruptLines.setMask(global, true)
    // Served meanwhile, on another CPU, whose unmasking this would undo for ever.
    if !isHeld { release() }
  }

  private func release() {
    if !isMaskedByStorm { InterruptLines.setMask(global, false) }
  }

  /// The device of the handler that was added with `number` has been served.
  ///
  /// - Context: no lock is held.
  func finish(_ number: Int) {
    let isFree = state.withLock { state in
      for index in 0..<state.handlers.count
      where state.handlers[index].number == number && state.handlers[index].isWaiting {
        state.handlers[index].isWaiting = false
        return !Self.isHeld(state)
      }
      return false
    }
    if isFree { release() }
  }

  /// What the handler at `index` is called; nil when there are not so many.
  func label(at index: Int) -> StaticString? {
    let handler: InterruptHandler? = state.withLock { index < $0.handlers.count ? $0.handlers[index].handler : nil }
    return handler?.label
  }

  /// Lets a line that was masked by a storm be unmasked again.
  ///
  /// - Returns: whether it was.
  @discardableResult
  private func endStorm(_ state: inout State) -> Bool {
    state.storm = StormDetector()
    return maskedByStorm.exchange(false, ordering: .relaxed)
  }

  /// Adds a handler. Whoever does lets the line interrupt afterwards.
  ///
  /// - Returns: the number by which it is removed, or nil when the line is about to go.
  /// - Throws: `EBUSY` when the line has too many, or tells of changes only and one of them cannot share that; `ENOMEM`.
  func add(_ handler: InterruptHandler) throws(Errno) -> Int? {
    try state.withLock { state throws(Errno) in
      guard !state.isRetired else { return nil }
      guard state.handlers.count < Self.handlerLimit, Self.canShare(state, handler, signal) else { throw .EBUSY }
      try state.handlers.append(Place(number: state.nextNumber, handler: handler))
      state.nextNumber += 1
      // Its driver may have reset the device that the storm came from: the line is tried again.
      endStorm(&state)
      return state.nextNumber - 1
    }
  }

  private static func canShare(
    _ state: borrowing State, _ handler: InterruptHandler, _ signal: IOInterruptController.Signal
  ) -> Bool {
    guard state.handlers.count > 0, !signal.isLevelTriggered else { return true }
    guard handler.canShareEdges else { return false }
    for index in 0..<state.handlers.count where !state.handlers[index].handler.canShareEdges { return false }
    return true
  }

  /// Removes the handler that was added with `number`, and the line when that was the last.
  ///
  /// A line that a storm has masked interrupts again for those that remain: the storm may have been of the device that goes.
  func remove(_ number: Int) {
    finish(number)
    var isOver = false
    let handler: InterruptHandler? = state.withLock { state in
      for index in 0..<state.handlers.count where state.handlers[index].number == number {
        let handler = state.handlers.remove(at: index).handler
        isOver = state.handlers.count > 0 && endStorm(&state) && !Self.isHeld(state)
        return handler
      }
      return nil
    }
    _ = handler
    if isOver { release() }
    removeIfUnused()
  }

  /// Removes the line when it has no handler.
  func removeIfUnused() {
    let isUnused = state.withLock { state in
      guard state.handlers.count == 0, !state.isRetired else { return false }
      state.isRetired = true
      return true
    }
    if isUnused { InterruptLines.remove(self) }
  }
}

/// Who is told of what goes wrong with interrupts: the kernel's log. Given once at boot.
open class InterruptReporter {
  /// Creates a reporter that says nothing.
  public init() {}

  /// The line with the number `global` was masked, because its interrupts were nobody's.
  ///
  /// - Context: in an interrupt.
  open func lineWasMasked(_ global: Int) {}
}

/// The reporter in force.
public enum InterruptReport {
  private static let reporter = BootCell<InterruptReporter>()

  /// Makes `newReporter` the one that is told. Only the first call counts.
  public static func set(_ newReporter: InterruptReporter) { reporter.fill(newReporter) }

  static func storm(_ global: Int) { reporter.withValue { $0.lineWasMasked(global) } }
}
