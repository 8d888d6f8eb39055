import Foundations
import Machine

/// Calling methods and returning from them.
extension AMLInterpreter {
  /// Calls method `number` with the operands of `pending`, or waits for a serialized method that another execution is in.
  func call(_ number: UInt32, _ pending: AMLPending, _ execution: AMLExecution) throws(AMLError) {
    guard let method = methods[number] else { throw .staleReference }
    guard execution.calls.count < limits.methodDepth else { throw .methodLimit }
    if method.isSerialized {
      guard method.syncLevel >= execution.syncLevel else { throw .mutexOrder }
      guard method.lock.owner == 0 || method.lock.owner == execution.identifier else {
        execution.suspension = .wait(milliseconds: nil)
        return
      }
    }
    lastCall &+= 1
    var call = AMLCall(
      serial: lastCall, method: number, returnTable: execution.table, returnOffset: execution.offset,
      returnScope: execution.scope, pendingBase: execution.pending.count - 1)
    if isForgiving { call.implicitResult = .integer(0) }
    for index in 0..<Int(method.argumentCount) {
      let place = pending.operandBase + index
      guard place < execution.operands.count else { throw .badArgumentCount }
      call.slots[8 + index] = try value(execution.operands[place], execution)
    }
    if method.builtIn == .osi {
      return try finish(pending, .value(.integer(truncated(try isSupported(call.slots[8]) ? .max : 0))), execution)
    }
    dropTop(pending, execution)
    do { try execution.calls.append(call) } catch { throw .outOfMemory }
    if method.isSerialized {
      methods[number]?.lock.owner = execution.identifier
      methods[number]?.lock.depth += 1
      methods[number]?.lock.syncLevel = method.syncLevel
      execution.syncLevel = max(execution.syncLevel, method.syncLevel)
    }
    execution.table = method.table
    execution.offset = method.start
    try enterBlock(.method, end: method.end, scope: method.node, execution)
  }

  /// Runs the code of a table, from `start` to its end, as if the current place had called it.
  func callTable(_ table: UInt32, start: UInt32, _ execution: AMLExecution) throws(AMLError) {
    guard execution.calls.count < limits.methodDepth else { throw .methodLimit }
    lastCall &+= 1
    let call = AMLCall(
      serial: lastCall, method: nil, returnTable: execution.table, returnOffset: execution.offset,
      returnScope: execution.scope, pendingBase: execution.pending.count)
    do { try execution.calls.append(call) } catch { throw .outOfMemory }
    execution.table = table
    execution.offset = start
    try enterBlock(.method, end: UInt32(tables[Int(table)].bytes.count), scope: .root, execution)
  }

  /// Leaves the current call, by a Return or at the end of its code.
  func returnFromCall(_ value: AMLValue, hasValue: Bool, _ execution: AMLExecution) throws(AMLError) {
    guard let call = execution.calls.popLast() else { throw .badOpcode(AMLOpcode.returnValue.rawValue) }
    while execution.pending.count > call.pendingBase, let pending = execution.pending.popLast() {
      while execution.operands.count > pending.operandBase { _ = execution.operands.popLast() }
    }
    endCall(call, execution)
    execution.table = call.returnTable
    execution.offset = call.returnOffset
    execution.scope = call.returnScope
    // Of a table's code nobody waits for a value: Load and LoadTable gave theirs before.
    if call.method == nil { return }
    let result = hasValue || !isForgiving ? value : call.implicitResult
    try deliver(.value(result), execution)
  }

  /// Removes the names that the call created, and lets others into a serialized method.
  func endCall(_ call: AMLCall, _ execution: AMLExecution) {
    var created = call.lastCreated
    while let node = created {
      created = (try? namespace.record(node))?.previousOfCall
      remove(node)
    }
    guard let number = call.method, let method = methods[number], method.lock.owner == execution.identifier else {
      return
    }
    methods[number]?.lock.depth &-= 1
    if method.lock.depth <= 1 { methods[number]?.lock.owner = 0 }
    execution.syncLevel = syncLevel(of: execution)
  }

  /// Removes a name, what is below it and what they stand for.
  func remove(_ node: AMLNode) {
    namespace.remove(node) { content in
      switch content {
      case .method(let number): methods.remove(number)
      case .mutex(let number): mutexes.remove(number)
      case .event(let number): events.remove(number)
      case .region(let number): regions.remove(number)
      case .field(let number): fields.remove(number)
      case .free, .scope, .value, .device, .thermalZone, .processor, .powerResource, .alias: break
      }
    }
  }

  // MARK: Variables

  /// What a local variable or argument of the current call holds.
  func slot(_ number: UInt8, _ execution: AMLExecution) throws(AMLError) -> AMLValue {
    guard !execution.calls.isEmpty, number < 15 else { throw .uninitializedLocal }
    let value = execution.calls[execution.calls.count - 1].slots[Int(number)]
    if value == .uninitialized {
      if isForgiving { return .integer(0) }
      throw number < 8 ? .uninitializedLocal : .uninitializedArgument
    }
    return value
  }

  /// Finds the call with this serial number, whose execution may wait.
  private func place(ofCall serial: UInt32) throws(AMLError) -> (execution: AMLExecution, call: Int) {
    for number in 0..<executions.count {
      let execution = executions[number]
      var call = execution.calls.count - 1
      while call >= 0 {
        if execution.calls[call].serial == serial { return (execution, call) }
        call -= 1
      }
    }
    throw .staleReference
  }

  /// What the variable holds that a reference leads to.
  func slot(ofCall serial: UInt32, _ number: UInt8) throws(AMLError) -> AMLValue {
    let (execution, call) = try place(ofCall: serial)
    let value = execution.calls[call].slots[Int(number)]
    guard value != .uninitialized else { throw number < 8 ? .uninitializedLocal : .uninitializedArgument }
    return value
  }

  func setSlot(ofCall serial: UInt32, _ number: UInt8, _ value: AMLValue) throws(AMLError) {
    let (execution, call) = try place(ofCall: serial)
    execution.calls[call].slots[Int(number)] = value
  }

  // MARK: _OSI

  /// Whether the interface is one that this system claims: the same as Linux does. Source: ACPI 6.5, section 5.7.2.
  private func isSupported(_ value: AMLValue) throws(AMLError) -> Bool {
    guard case .string(let string) = value else { throw .operandType }
    return Self.isSupportedInterface { index in
      index < self.heap.byteCount(string) ? self.heap.byte(string, index) : nil
    }
  }

  private static func isSupportedInterface(_ byte: (Int) -> UInt8?) -> Bool {
    func isEqual(_ text: String) -> Bool {
      var index = 0
      for character in text.utf8 {
        guard byte(index) == character else { return false }
        index += 1
      }
      return byte(index) == nil
    }
    func begins(_ text: String) -> Bool {
      var index = 0
      for character in text.utf8 {
        guard byte(index) == character else { return false }
        index += 1
      }
      return true
    }
    if begins("Windows ") {
      return isEqual("Windows 2000") || isEqual("Windows 2001") || isEqual("Windows 2001 SP1")
        || isEqual("Windows 2001.1") || isEqual("Windows 2001 SP2") || isEqual("Windows 2001.1 SP1")
        || isEqual("Windows 2006") || isEqual("Windows 2006.1") || isEqual("Windows 2006 SP1")
        || isEqual("Windows 2006 SP2") || isEqual("Windows 2009") || isEqual("Windows 2012")
        || isEqual("Windows 2013") || isEqual("Windows 2015") || isEqual("Windows 2016") || isEqual("Windows 2017")
        || isEqual("Windows 2017.2") || isEqual("Windows 2018") || isEqual("Windows 2018.2")
        || isEqual("Windows 2019") || isEqual("Windows 2020") || isEqual("Windows 2021") || isEqual("Windows 2022")
    }
    return isEqual("Module Device") || isEqual("Processor Device") || isEqual("3.0 _SCP Extensions")
      || isEqual("Processor Aggregator Device") || isEqual("3.0 Thermal Model")
      || isEqual("Extended Address Space Descriptor")
  }
}
