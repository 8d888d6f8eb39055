/// What AML may use before it is ended with an error.
///
/// Firmware is not trusted to end: every loop of the interpreter counts against one of these.
public struct AMLLimits: Sendable {
  /// Bytes that all strings, buffers and packages together may take. Checked at every allocation, after a collection.
  public var heapByteCount = 16 << 20
  /// Bytes, or elements, that one object may have.
  public var objectSize = 1 << 20
  /// How deep packages may be nested in each other.
  public var packageDepth = 32
  /// Names in the namespace.
  public var nodeCount = 100_000
  /// Methods, mutexes, events, regions or fields, each.
  public var definitionCount = 100_000
  /// Methods that call each other. ACPICA allows 255.
  public var methodDepth = 255
  /// Unfinished terms in one evaluation, over all its methods.
  public var termDepth = 4_096
  /// Steps of one evaluation: about two for each term.
  public var stepCount = 50_000_000
  /// Milliseconds that one evaluation may run or, by `evaluate`, wait. ACPICA ends a loop after 30 seconds.
  public var milliseconds: UInt64 = 10_000
  /// Milliseconds after which `initialize` leaves out what is left.
  public var initializationMilliseconds: UInt64 = 30_000
  /// Tables that are loaded.
  public var tableCount = 256
  /// Evaluations inside evaluations, as for the `_ADR` of a region's device.
  public var nestedEvaluationDepth = 3

  /// Creates the limits that suit a kernel.
  public init() {}
}
