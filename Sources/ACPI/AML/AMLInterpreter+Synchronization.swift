import Foundations
import Machine

/// Mutexes, events, Sleep and Stall. Source: ACPI 6.5, sections 19.6.2, 19.6.123, 19.6.149.
extension AMLInterpreter {
  /// Waits for ever, as a timeout.
  private static let forever: UInt64 = 0xffff

  private func content(of operand: AMLOperand, _ execution: AMLExecution) throws(AMLError) -> AMLContent {
    let node: AMLNode
    switch operand {
    case .node(let named): node = named
    case .value(.object(let object)): node = object
    case .value(.reference(.node(let target))), .value(.reference(.named(let target))): node = target
    case .slot(let number):
      switch try slot(number, execution) {
      case .object(let object): node = object
      case .reference(.node(let target)), .reference(.named(let target)): node = target
      default: throw .operandType
      }
    default: throw .operandType
    }
    return try namespace.record(try namespace.resolvingAliases(node)).content
  }

  func mutexNumber(_ operand: AMLOperand, _ execution: AMLExecution) throws(AMLError) -> UInt32 {
    guard case .mutex(let number) = try content(of: operand, execution) else { throw .operandType }
    return number
  }

  func eventNumber(_ operand: AMLOperand, _ execution: AMLExecution) throws(AMLError) -> UInt32 {
    guard case .event(let number) = try content(of: operand, execution) else { throw .operandType }
    return number
  }

  /// Acquire: zero when the mutex is held, ones when the time is over.
  func performAcquire(_ pending: AMLPending, _ execution: AMLExecution) throws(AMLError) {
    let number = try mutexNumber(execution.operands[pending.operandBase], execution)
    guard let mutex = mutexes[number], case .constant(let timeout) = execution.operands[pending.operandBase + 1] else {
      throw .operandType
    }
    guard mutex.syncLevel >= execution.syncLevel else { throw .mutexOrder }
    let isFree = mutex.owner == 0 && (!mutex.isGlobalLock || takeGlobalLock())
    if isFree || mutex.owner == execution.identifier {
      mutexes[number]?.owner = execution.identifier
      mutexes[number]?.depth &+= 1
      execution.syncLevel = mutex.syncLevel
      return try finishWaiting(pending, isTimeOver: false, execution)
    }
    try wait(pending, timeout, execution)
  }

  func performRelease(_ pending: AMLPending, _ execution: AMLExecution) throws(AMLError) {
    let number = try mutexNumber(execution.operands[pending.operandBase], execution)
    guard let mutex = mutexes[number] else { throw .operandType }
    guard mutex.owner != 0 else { throw .mutexNotAcquired }
    guard mutex.owner == execution.identifier else { throw .notOwner }
    guard mutex.syncLevel == execution.syncLevel else { throw .mutexOrder }
    mutexes[number]?.depth &-= 1
    if mutex.depth <= 1 {
      mutexes[number]?.owner = 0
      if mutex.isGlobalLock { giveGlobalLock() }
      execution.syncLevel = syncLevel(of: execution)
    }
    try finish(pending, .none, execution)
  }

  /// The highest sync level that `execution` holds.
  func syncLevel(of execution: AMLExecution) -> UInt8 {
    var level: UInt8 = 0
    for place in 0..<mutexes.placeCount {
      if let mutex = mutexes[UInt32(place)], mutex.owner == execution.identifier { level = max(level, mutex.syncLevel) }
    }
    for call in 0..<execution.calls.count {
      if let number = execution.calls[call].method, let method = methods[number], method.isSerialized,
        method.lock.owner == execution.identifier
      {
        level = max(level, method.syncLevel)
      }
    }
    return level
  }

  /// Releases what an execution still holds at its end.
  func releaseAll(_ execution: AMLExecution) {
    for place in 0..<mutexes.placeCount {
      guard let mutex = mutexes[UInt32(place)], mutex.owner == execution.identifier else { continue }
      mutexes[UInt32(place)]?.owner = 0
      mutexes[UInt32(place)]?.depth = 0
      if mutex.isGlobalLock { giveGlobalLock() }
    }
    execution.syncLevel = 0
  }

  func performSignal(_ pending: AMLPending, _ execution: AMLExecution) throws(AMLError) {
    let number = try eventNumber(execution.operands[pending.operandBase], execution)
    if let count = events[number] { events[number] = count < UInt32.max ? count + 1 : count }
    try finish(pending, .none, execution)
  }

  func performReset(_ pending: AMLPending, _ execution: AMLExecution) throws(AMLError) {
    events[try eventNumber(execution.operands[pending.operandBase], execution)] = 0
    try finish(pending, .none, execution)
  }

  /// Wait: zero when the event was signalled, ones when the time is over.
  func performWait(_ pending: AMLPending, _ execution: AMLExecution) throws(AMLError) {
    let number = try eventNumber(execution.operands[pending.operandBase], execution)
    let timeout = try integer(execution.operands[pending.operandBase + 1], execution)
    if let count = events[number], count > 0 {
      events[number] = count - 1
      return try finishWaiting(pending, isTimeOver: false, execution)
    }
    try wait(pending, timeout, execution)
  }

  func performSleep(_ pending: AMLPending, _ execution: AMLExecution) throws(AMLError) {
    if execution.isResumed { return try finishWaiting(pending, isTimeOver: false, execution) }
    let time = try integer(execution.operands[pending.operandBase], execution)
    // Two seconds at most, as in ACPICA, whatever a slip of the firmware asks for.
    execution.isResumed = true
    execution.suspension = .sleep(milliseconds: min(time, 2_000))
  }

  func performStall(_ pending: AMLPending, _ execution: AMLExecution) throws(AMLError) {
    let time = try integer(execution.operands[pending.operandBase], execution)
    // The specification allows 100 µs; ACPICA takes up to 255 because firmware does it.
    guard time <= 255 else { throw .operandValue }
    host.stall(microseconds: time)
    try finish(pending, .none, execution)
  }

  /// Suspends the execution at its operator, or ends the operator when the time is over.
  private func wait(_ pending: AMLPending, _ timeout: UInt64, _ execution: AMLExecution) throws(AMLError) {
    let isEndless = timeout >= Self.forever
    if timeout == 0 || execution.hasTimedOut && !isEndless {
      return try finishWaiting(pending, isTimeOver: true, execution)
    }
    execution.isResumed = true
    execution.suspension = .wait(milliseconds: isEndless ? nil : timeout)
  }

  private func finishWaiting(_ pending: AMLPending, isTimeOver: Bool, _ execution: AMLExecution) throws(AMLError) {
    execution.isResumed = false
    execution.hasTimedOut = false
    let isSleep = pending.opcode == .sleep
    try finish(pending, isSleep ? .none : .value(.integer(truncated(isTimeOver ? .max : 0))), execution)
  }

  // MARK: The global lock

  /// Takes the lock that is shared with the firmware, or one more reference to it.
  func takeGlobalLock() -> Bool {
    if globalLockDepth == 0 {
      // The firmware holds it for moments only.
      var attempts = 1_000
      while !host.acquireGlobalLock() {
        attempts -= 1
        guard attempts > 0 else { return false }
        host.stall(microseconds: 100)
      }
    }
    globalLockDepth += 1
    return true
  }

  func giveGlobalLock() {
    guard globalLockDepth > 0 else { return }
    globalLockDepth -= 1
    if globalLockDepth == 0 { host.releaseGlobalLock() }
  }
}
