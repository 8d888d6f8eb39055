import Foundations
import Machine

/// Evaluating from outside.
extension AMLInterpreter {
  // MARK: Executions

  func makeExecution() throws(AMLError) -> AMLExecution {
    lastExecution = lastExecution == UInt32.max ? 1 : lastExecution + 1
    let execution = AMLExecution(identifier: lastExecution, limits: limits)
    do { try executions.append(execution) } catch { throw .outOfMemory }
    return execution
  }

  func remove(_ execution: AMLExecution) {
    for number in 0..<executions.count where executions[number] === execution {
      _ = executions.remove(at: number)
      return
    }
  }

  /// Starts the evaluation of what `node` names: a method is called, anything else read. Nothing runs before `resume`.
  ///
  /// - Throws: `.badArgumentCount`, `.staleReference`, `.outOfMemory`.
  public func start(_ node: AMLNode, _ arguments: consuming AMLArguments) throws(AMLError) -> AMLExecution {
    let node = try namespace.resolvingAliases(node)
    let execution = try makeExecution()
    do throws(AMLError) {
      guard case .method(let number) = try namespace.record(node).content, let method = methods[number] else {
        execution.result = try value(of: node)
        return execution
      }
      guard arguments.count == Int(method.argumentCount) else { throw .badArgumentCount }
      try push(AMLPending(kind: .root, opcode: .method, start: 0, end: 0, operandBase: 0), execution)
      try push(
        AMLPending(
          kind: .invocation, opcode: .method, position: UInt32(method.argumentCount), start: 0, end: 0,
          operandBase: 0, node: node), execution)
      for index in 0..<arguments.count { try push(.value(arguments[index]), execution) }
    } catch {
      remove(execution)
      throw error
    }
    return execution
  }

  /// Runs an execution until it ends or waits again.
  ///
  /// - Parameter isTimeOver: Whether the time is over that it said when it was suspended.
  /// - Throws: what the code did wrong; the execution has ended then.
  public func resume(_ execution: AMLExecution, isTimeOver: Bool = false) throws(AMLError) -> AMLProgress {
    execution.hasTimedOut = isTimeOver && execution.isResumed
    do {
      let progress = try run(execution)
      if progress == .finished { remove(execution) }
      return progress
    } catch {
      remove(execution)
      throw error
    }
  }

  /// Ends an execution that nobody will resume.
  public func cancel(_ execution: AMLExecution) {
    abandon(execution)
    remove(execution)
  }

  /// What a finished execution gave, or nil for nothing. To be asked before anything else is evaluated.
  public func result(of execution: AMLExecution) throws(AMLError) -> AMLObject? {
    var value = execution.result
    // A reference is followed to what it is for the outside.
    if case .reference(let reference) = value { value = try target(of: reference) }
    if value == .uninitialized { return nil }
    // A copy, so that no later code changes it.
    return try AMLObject(try copy(value), in: self)
  }

  /// Runs to the end, waiting by way of the host.
  ///
  /// - Throws: `.deadlock` when it waits without a limit for another execution, which cannot run now.
  func runToEnd(_ execution: AMLExecution) throws(AMLError) -> AMLValue {
    var isTimeOver = false
    while true {
      execution.hasTimedOut = isTimeOver && execution.isResumed
      switch try run(execution) {
      case .finished: return execution.result
      case .suspended(.sleep(let time)), .suspended(.wait(let time?)):
        let begin = host.timer()
        host.sleep(milliseconds: time)
        execution.spend(host.timer() &- begin)
      case .suspended(.wait(nil)):
        abandon(execution)
        throw .deadlock
      }
      guard execution.ticksLeft > 0 else {
        abandon(execution)
        throw .timeLimit
      }
      isTimeOver = true
    }
  }

  // MARK: Evaluation in one go

  /// Evaluates what `node` names to the end: a method is called, anything else read.
  ///
  /// - Returns: The value, or nil when a method returned none.
  /// - Throws: what the code did wrong, or a limit that it exceeded.
  public func evaluate(_ node: AMLNode, _ arguments: consuming AMLArguments) throws(AMLError) -> AMLObject? {
    let execution = try start(node, arguments)
    defer { remove(execution) }
    _ = try runToEnd(execution)
    return try result(of: execution)
  }

  /// Evaluates without arguments.
  public func evaluate(_ node: AMLNode) throws(AMLError) -> AMLObject? {
    try evaluate(node, AMLArguments(self))
  }

  /// Evaluates the child `name` of `node`, or gives nil when there is none or it gives nothing.
  public func evaluate(_ name: AMLNameSegment, of node: AMLNode) throws(AMLError) -> AMLObject? {
    guard let child = namespace.child(of: node, named: name) else { return nil }
    return try evaluate(child)
  }

  /// The integer that the child `name` of `node` gives, or nil when there is none.
  ///
  /// - Throws: also `.depthLimit` when evaluations of regions' addresses want each other.
  public func integer(named name: AMLNameSegment, of node: AMLNode) throws(AMLError) -> UInt64? {
    guard let child = namespace.child(of: node, named: name) else { return nil }
    let target = try namespace.resolvingAliases(child)
    if case .value(.integer(let integer)) = try namespace.record(target).content { return integer }
    guard nestedEvaluations < limits.nestedEvaluationDepth else { throw .depthLimit }
    nestedEvaluations += 1
    defer { nestedEvaluations -= 1 }
    guard let object = try evaluate(target) else { return nil }
    return try integer(of: object.value)
  }

  /// How many arguments `node` takes: zero for everything but methods.
  public func argumentCount(of node: AMLNode) -> Int {
    guard let target = try? namespace.resolvingAliases(node), let record = try? namespace.record(target),
      case .method(let number) = record.content, let method = methods[number]
    else { return 0 }
    return Int(method.argumentCount)
  }

  // MARK: Names

  /// The object at an absolute path such as `\_SB.PCI0._PRT`, or nil.
  public func find(_ path: String) -> AMLNode? {
    var node = AMLNode.root
    var segment = AMLNameSegment("")
    var count = 0
    for byte in path.utf8 {
      switch byte {
      case 0x5c where node == .root && count == 0: continue
      case 0x2e:
        guard let next = namespace.child(of: node, named: segment) else { return nil }
        node = (try? namespace.resolvingAliases(next)) ?? next
        segment = AMLNameSegment("")
        count = 0
      default:
        guard count < 4 else { return nil }
        segment.setCharacter(count, byte)
        count += 1
      }
    }
    guard count > 0 else { return node }
    return namespace.child(of: node, named: segment)
  }

  /// The object that the path in a string names as seen from `scope`, or nil. DerefOf and LoadTable use it.
  func find(nameIn string: AMLObjectIndex, from scope: AMLNode) throws(AMLError) -> AMLNode? {
    var node = scope
    var segment = AMLNameSegment("")
    var (count, segments, index) = (0, 0, 0)
    let length = heap.byteCount(string)
    var isSearched = true
    while index < length, heap.byte(string, index) == 0x5c || heap.byte(string, index) == 0x5e {
      isSearched = false
      if heap.byte(string, index) == 0x5c {
        node = .root
      } else {
        guard let parent = namespace.parent(of: node) else { return nil }
        node = parent
      }
      index += 1
    }
    while index <= length {
      let byte = index < length ? heap.byte(string, index) : 0x2e
      index += 1
      guard byte == 0x2e else {
        guard count < 4 else { return nil }
        segment.setCharacter(count, byte)
        count += 1
        continue
      }
      guard count > 0 else { return index > length && segments == 0 && !isSearched ? node : nil }
      let isLast = index > length
      let next =
        isLast && segments == 0 && isSearched
        ? namespace.search(from: node, named: segment) : namespace.child(of: node, named: segment)
      guard let next else { return nil }
      node = try namespace.resolvingAliases(next)
      segment = AMLNameSegment("")
      count = 0
      segments += 1
    }
    return node
  }

  /// The name of `node` in its scope.
  public func name(of node: AMLNode) -> AMLNameSegment? { (try? namespace.record(node))?.name }

  /// What `node` is in, or nil for the root.
  public func parent(of node: AMLNode) -> AMLNode? { namespace.parent(of: node) }

  /// The child of `node` with this name.
  public func child(of node: AMLNode, named name: AMLNameSegment) -> AMLNode? {
    namespace.child(of: node, named: name)
  }

  /// The name that follows `node` in a walk over all names below `top`, parents first; nil after the last.
  public func next(after node: AMLNode, below top: AMLNode = .root, isDescending: Bool = true) -> AMLNode? {
    namespace.next(after: node, below: top, isDescending: isDescending)
  }

  /// Writes the path of `node`, such as `\_SB_.PCI0`.
  public func writePath(of node: AMLNode, to sink: inout some TextSink & ~Copyable) {
    var path = InlineArray<32, AMLNameSegment>(repeating: AMLNameSegment(rawValue: 0))
    var depth = 0
    var here: AMLNode? = node
    while let place = here, place != .root, depth < 32, let name = name(of: place) {
      path[depth] = name
      depth += 1
      here = namespace.parent(of: place)
    }
    sink.write(byte: 0x5c)
    while depth > 0 {
      depth -= 1
      for index in 0..<4 { sink.write(byte: path[depth].character(index)) }
      if depth > 0 { sink.write(byte: 0x2e) }
    }
  }
}
