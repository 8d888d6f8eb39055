import Foundations
import Machine

/// Loads the firmware's code and evaluates its methods. Source: ACPI 6.5, chapters 5, 19 and 20.
///
/// One thread at a time may use an interpreter. Executions that wait do not occupy it: see `AMLExecution`.
///
/// Nothing in a table can trap, loop for ever or take more memory than `AMLLimits` says; every mistake is an `AMLError`.
public final class AMLInterpreter {
  /// What code may use.
  public let limits: AMLLimits
  /// Whether to forgive what common firmware gets wrong: a method without Return gives its last value, an unset variable
  /// reads as zero. ACPICA calls this interpreter slack; Linux has it on.
  public var isForgiving = true
  let host: any AMLHost

  var heap: AMLHeap
  var namespace: AMLNamespace
  var tables = GrowableArray<AMLTable>()
  var methods = AMLDefinitionList<AMLMethod>()
  var mutexes = AMLDefinitionList<AMLMutex>()
  /// How often each event was signalled and not waited for.
  var events = AMLDefinitionList<UInt32>()
  var regions = AMLDefinitionList<AMLRegion>()
  var fields = AMLDefinitionList<AMLField>()
  /// Names in packages that did not exist when the package was made.
  var unresolvedNames = GrowableArray<AMLUnresolvedName>()
  var executions = GrowableArray<AMLExecution>()
  /// What the kernel holds on to; see `AMLObject`.
  var pins = AMLDefinitionList<AMLValue>()

  /// 4 when the first table's revision is below 2, else 8. Source: ACPI 6.5, section 19.6.29.
  var integerWidth = 8
  var lastExecution: UInt32 = 0
  var lastCall: UInt32 = 0
  var nestedEvaluations = 0
  var fieldDepth = 0
  /// How many references the global lock has, from the mutex and from locked fields.
  var globalLockDepth = 0

  /// Creates an interpreter with the predefined names.
  ///
  /// - Throws: `.outOfMemory`.
  public init(host: any AMLHost, limits: AMLLimits = AMLLimits()) throws(AMLError) {
    self.host = host
    self.limits = limits
    heap = AMLHeap(limits)
    namespace = AMLNamespace(limits)
    try namespace.addRoot()
    try addPredefinedNames()
  }

  /// Source: ACPI 6.5, table 5.194 and section 5.7.
  private func addPredefinedNames() throws(AMLError) {
    _ = try namespace.add("_GPE", to: .root, table: AMLNamespace.noTable, .scope)
    _ = try namespace.add("_PR_", to: .root, table: AMLNamespace.noTable, .scope)
    _ = try namespace.add("_SB_", to: .root, table: AMLNamespace.noTable, .device)
    _ = try namespace.add("_SI_", to: .root, table: AMLNamespace.noTable, .scope)
    _ = try namespace.add("_TZ_", to: .root, table: AMLNamespace.noTable, .device)
    _ = try namespace.add("_REV", to: .root, table: AMLNamespace.noTable, .value(.integer(2)))
    let system = try makeString("Microsoft Windows NT")
    _ = try namespace.add("_OS_", to: .root, table: AMLNamespace.noTable, .value(.string(system)))
    let lock = try mutexes.add(AMLMutex(syncLevel: 0, isGlobalLock: true), limit: limits.definitionCount)
    _ = try namespace.add("_GL_", to: .root, table: AMLNamespace.noTable, .mutex(lock))
    let osi = AMLMethod(
      node: .root, table: 0, start: 0, end: 0, argumentCount: 1, isSerialized: false, syncLevel: 0, builtIn: .osi)
    let method = try methods.add(osi, limit: limits.definitionCount)
    let node = try namespace.add("_OSI", to: .root, table: AMLNamespace.noTable, .method(method))
    methods[method]?.node = node
  }

  func makeString(_ text: String) throws(AMLError) -> AMLObjectIndex {
    let index = try heap.makeBytes(count: text.utf8.count)
    var offset = 0
    for byte in text.utf8 {
      heap.setByte(index, offset, byte)
      offset += 1
    }
    return index
  }

  /// How much is in use.
  public struct Usage: Equatable, Sendable {
    /// Names.
    public var nodes: Int
    /// Strings, buffers and packages.
    public var objects: Int
    /// Bytes that objects take.
    public var heapBytes: Int
    /// Evaluations that have not ended.
    public var executions: Int
  }

  /// How much is in use now.
  public var usage: Usage {
    Usage(nodes: namespace.count, objects: heap.count, heapBytes: heap.byteCount, executions: executions.count)
  }

  /// Frees what nothing leads to. It happens by itself while code runs; a system may call it when memory is short.
  public func collect() { collectGarbage() }

  /// Frees every object that nothing leads to.
  ///
  /// Called between two steps only: then everything in use is on a stack, under a name or pinned.
  func collectGarbage() {
    for place in 0..<namespace.placeCount {
      if case .value(let value) = namespace.content(at: place) { heap.mark(value) }
    }
    for place in 0..<fields.placeCount {
      if case .buffer(let buffer)? = fields[UInt32(place)]?.storage { heap.mark(.buffer(buffer)) }
    }
    for place in 0..<pins.placeCount {
      if let value = pins[UInt32(place)] { heap.mark(value) }
    }
    for number in 0..<executions.count { mark(executions[number]) }
    heap.sweep()
  }

  private func mark(_ execution: AMLExecution) {
    heap.mark(execution.result)
    for number in 0..<execution.operands.count {
      if case .value(let value) = execution.operands[number] { heap.mark(value) }
    }
    for number in 0..<execution.pending.count where execution.pending[number].kind == .elements {
      heap.mark(.package(AMLObjectIndex(rawValue: execution.pending[number].extra)))
    }
    for number in 0..<execution.calls.count {
      heap.mark(execution.calls[number].implicitResult)
      for slot in 0..<15 { heap.mark(execution.calls[number].slots[slot]) }
    }
  }
}

/// A name in a package that is looked up when the element is used.
struct AMLUnresolvedName: Sendable {
  var table: UInt32
  var offset: UInt32
  var scope: AMLNode
}
