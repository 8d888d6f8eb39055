import Foundations
import Machine

/// A term whose parts are not complete yet.
struct AMLPending: Sendable {
  enum Kind: UInt8, Sendable {
    /// A list of terms: the body of a method, a scope, an If, a While.
    case block
    /// An operator that collects its operands.
    case operation
    /// A method call that collects its arguments.
    case invocation
    /// The elements of a package.
    case elements
    /// An evaluation that waits for its result.
    case root
  }
  var kind: Kind
  /// Of a block: what it is the body of. Of an operation: the operator.
  var opcode: AMLOpcode
  /// The operand that comes next, or the package element.
  var position: UInt32 = 0
  /// Where the term begins.
  var start: UInt32
  /// Where the block or package ends in the code.
  var end: UInt32
  /// How many operands there were before.
  var operandBase: Int
  /// Of a block: the scope to return to. Of an invocation: the method's node.
  var node = AMLNode.root
  /// Of a package: itself. Of a While: where the predicate begins.
  var extra: UInt32 = 0
  /// Of a block: where the statement begins that is being executed.
  var statement: UInt32 = 0
}

/// A method that is being executed.
struct AMLCall: Sendable {
  /// Local variables 0...7, then arguments 8...14.
  var slots = InlineArray<15, AMLValue>(repeating: .uninitialized)
  var serial: UInt32
  /// The method's number; nil for the code of a table.
  var method: UInt32?
  /// Where the caller goes on.
  var returnTable: UInt32
  var returnOffset: UInt32
  var returnScope: AMLNode
  /// How many pending terms belong to the callers.
  var pendingBase: Int
  /// The last name that this call created.
  var lastCreated: AMLNode?
  /// The value of the last term, for firmware that forgets its Return.
  var implicitResult = AMLValue.uninitialized
}

/// One evaluation: the stacks of a thread of AML.
///
/// It can stop at a Sleep, Wait or Acquire and go on later, while others run. Nothing of it is on the CPU's stack.
public final class AMLExecution {
  /// Tells executions apart, for mutexes; never zero.
  let identifier: UInt32
  var pending = GrowableArray<AMLPending>()
  var operands = GrowableArray<AMLOperand>()
  var calls = GrowableArray<AMLCall>()
  /// Where it is.
  var table: UInt32 = 0
  var offset: UInt32 = 0
  var scope = AMLNode.root
  var stepsLeft: Int
  /// The time that it may still take, in units of 100 ns.
  private(set) var ticksLeft: UInt64
  /// The sync level of the mutexes it holds.
  var syncLevel: UInt8 = 0
  /// The blocking operator has been told that its time is over.
  var hasTimedOut = false
  /// The blocking operator that runs again was suspended before.
  var isResumed = false
  var suspension: AMLSuspension?
  var result = AMLValue.uninitialized
  /// Errors in a table's code that were stepped over.
  var skippedErrorCount = 0

  init(identifier: UInt32, limits: AMLLimits) {
    self.identifier = identifier
    stepsLeft = limits.stepCount
    ticksLeft = limits.milliseconds * 10_000
  }

  /// Counts time against what it may take.
  func spend(_ ticks: UInt64) { ticksLeft -= min(ticks, ticksLeft) }
}

/// Why an execution cannot go on at once.
public enum AMLSuspension: Equatable, Sendable {
  /// It sleeps: resume it after so many milliseconds.
  case sleep(milliseconds: UInt64)
  /// It waits for an event, mutex or serialized method: resume it when another execution has run, and tell it after so many
  /// milliseconds that the time is over; nil is for ever.
  case wait(milliseconds: UInt64?)
}

/// How far an execution came.
public enum AMLProgress: Equatable, Sendable {
  case finished
  case suspended(AMLSuspension)
}
