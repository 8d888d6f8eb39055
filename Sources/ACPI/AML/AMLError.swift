/// Why AML could not be loaded or executed.
///
/// Each case says what the firmware's code did wrong or asked too much of; none of them leaves the interpreter unusable.
public enum AMLError: Error, Equatable, Sendable {
  // The byte stream.
  /// The table's header, length or checksum is wrong.
  case badTable
  /// The code ends inside a term.
  case truncated
  /// No such opcode, or one that may not stand here.
  case badOpcode(UInt16)
  /// A name is not made of letters, digits and underscores.
  case badName
  /// A package length does not fit into what holds it.
  case badPackageLength

  // Names.
  /// There is no object of that name.
  case notFound
  /// There is an object of that name already.
  case alreadyExists

  // Operands.
  /// An operand has a type that the operator does not take.
  case operandType
  /// An operand has a value that the operator does not take.
  case operandValue
  /// The target cannot hold such a value.
  case targetType
  /// A local variable was read before anything was stored in it.
  case uninitializedLocal
  /// An argument was read that the caller did not pass.
  case uninitializedArgument
  /// A package element was read that has no value.
  case uninitializedElement
  /// A named object was read that has no value yet.
  case uninitializedNode
  /// A method whose value is wanted returned none.
  case noReturnValue
  /// A method was called with too few or too many arguments.
  case badArgumentCount
  /// A reference to a local variable or a temporary name outlived it.
  case staleReference
  /// A division by zero.
  case divideByZero
  /// A decimal digit above nine, or a number that BCD cannot hold.
  case numericOverflow
  /// An index or field behind the end of its buffer.
  case bufferLimit
  /// An index behind the end of its string.
  case stringLimit
  /// An index behind the end of its package.
  case packageLimit
  /// A field behind the end of its operation region.
  case regionLimit
  /// A bank or index value that its register cannot hold.
  case registerLimit
  /// A resource template without an end tag, or with a descriptor behind its end.
  case badResourceTemplate
  /// A break or continue outside of a loop.
  case noLoop

  // Synchronization.
  /// A mutex was released that nobody holds.
  case mutexNotAcquired
  /// A mutex was released by another thread than its owner.
  case notOwner
  /// Mutexes were taken or released against their sync levels.
  case mutexOrder

  /// The evaluation waits for something that only itself could bring about.
  case deadlock

  // The machine.
  /// The address space has no handler here.
  case noHandler(space: UInt8)
  /// The handler refused the access.
  case accessRefused
  /// The operator is one that this kernel does not carry out.
  case unsupported

  // Limits; see `AMLLimits`.
  /// Methods call each other too deeply.
  case methodLimit
  /// Terms are nested too deeply.
  case depthLimit
  /// The evaluation took too many steps.
  case stepLimit
  /// The evaluation took too long.
  case timeLimit
  /// Objects take more memory than they may, or one of them is too large.
  case heapLimit
  /// There are too many names.
  case namespaceLimit
  /// The kernel has no memory.
  case outOfMemory
}

extension AMLError {
  /// The error in words, for the log.
  public var text: String {
    switch self {
    case .badTable: "bad table"
    case .truncated: "code ends inside a term"
    case .badOpcode: "unknown operator"
    case .badName: "bad name"
    case .badPackageLength: "bad package length"
    case .notFound: "name not found"
    case .alreadyExists: "name exists already"
    case .operandType: "wrong operand type"
    case .operandValue: "wrong operand value"
    case .targetType: "wrong target type"
    case .uninitializedLocal: "uninitialized local variable"
    case .uninitializedArgument: "uninitialized argument"
    case .uninitializedElement: "uninitialized package element"
    case .uninitializedNode: "name without an object"
    case .noReturnValue: "method returned nothing"
    case .badArgumentCount: "wrong number of arguments"
    case .staleReference: "reference to what is gone"
    case .divideByZero: "division by zero"
    case .numericOverflow: "number too large"
    case .bufferLimit: "behind the end of a buffer"
    case .stringLimit: "behind the end of a string"
    case .packageLimit: "behind the end of a package"
    case .regionLimit: "behind the end of a region"
    case .registerLimit: "index too large for its register"
    case .badResourceTemplate: "bad resource template"
    case .noLoop: "break outside of a loop"
    case .mutexNotAcquired: "mutex not acquired"
    case .notOwner: "mutex of another thread"
    case .mutexOrder: "mutexes out of order"
    case .deadlock: "deadlock"
    case .noHandler: "no handler for the address space"
    case .accessRefused: "access refused"
    case .unsupported: "not supported"
    case .methodLimit: "methods nested too deeply"
    case .depthLimit: "terms nested too deeply"
    case .stepLimit: "too many steps"
    case .timeLimit: "too much time"
    case .heapLimit: "objects too large"
    case .namespaceLimit: "too many names"
    case .outOfMemory: "out of memory"
    }
  }
}
