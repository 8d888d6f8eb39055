import Foundations
import Machine

/// Carrying out an operator whose operands are there.
extension AMLInterpreter {
  func perform(_ pending: AMLPending, _ execution: AMLExecution) throws(AMLError) {
    switch pending.opcode {
    case .ifThen: try performIf(pending, execution)
    case .whileLoop: try performWhile(pending, execution)
    case .breakLoop: try leaveLoop(isContinuing: false, execution)
    case .continueLoop: try leaveLoop(isContinuing: true, execution)
    case .returnValue:
      let value = try returnedValue(execution.operands[pending.operandBase], execution)
      try returnFromCall(value, hasValue: true, execution)
    case .noop, .breakPoint: try finish(pending, .none, execution)
    case .buffer: try performBuffer(pending, execution)
    case .variablePackage:
      let count = try integer(execution.operands[pending.operandBase], execution)
      guard count <= UInt64(limits.objectSize) else { throw .heapLimit }
      dropTop(pending, execution)
      try startElements(pending, count: Int(count), execution)
    case .bankField: try performBankFields(pending, execution)
    case .name: try performName(pending, execution)
    case .operationRegion: try performOperationRegion(pending, execution)
    case .dataTableRegion: try performDataTableRegion(pending, execution)
    case .createField, .createBitField, .createByteField, .createWordField, .createDoubleWordField,
      .createQuadWordField:
      try performCreateField(pending, execution)
    case .acquire: try performAcquire(pending, execution)
    case .release: try performRelease(pending, execution)
    case .signal: try performSignal(pending, execution)
    case .reset: try performReset(pending, execution)
    case .wait: try performWait(pending, execution)
    case .sleep: try performSleep(pending, execution)
    case .stall: try performStall(pending, execution)
    case .load: try performLoad(pending, execution)
    case .loadTable: try performLoadTable(pending, execution)
    case .unload: try performUnload(pending, execution)
    case .notify: try performNotify(pending, execution)
    case .fatal: try performFatal(pending, execution)
    default:
      let result = try result(of: pending, execution)
      try finish(pending, result, execution)
    }
  }

  /// Operators that do nothing but compute a value and perhaps store it.
  private func result(of pending: AMLPending, _ execution: AMLExecution) throws(AMLError) -> AMLOperand {
    let base = pending.operandBase
    switch pending.opcode {
    case .add, .subtract, .multiply, .shiftLeft, .shiftRight, .and, .nand, .or, .nor, .xor, .modulo:
      let left = try integer(execution.operands[base], execution)
      let right = try integer(execution.operands[base + 1], execution)
      let value = AMLValue.integer(truncated(try Self.compute(pending.opcode, left, right)))
      try store(value, in: execution.operands[base + 2], .converting, execution)
      return .value(value)
    case .divide: return try performDivide(base, execution)
    case .not, .findSetLeftBit, .findSetRightBit:
      let operand = truncated(try integer(execution.operands[base], execution))
      let value = AMLValue.integer(truncated(Self.compute(pending.opcode, operand)))
      try store(value, in: execution.operands[base + 1], .converting, execution)
      return .value(value)
    case .fromBCD, .toBCD:
      let operand = try integer(execution.operands[base], execution)
      let value = AMLValue.integer(pending.opcode == .toBCD ? try toBCD(operand) : try fromBCD(operand))
      try store(value, in: execution.operands[base + 1], .typed, execution)
      return .value(value)
    case .increment, .decrement:
      let old = try integer(of: try incremented(execution.operands[base], execution))
      let value = AMLValue.integer(truncated(pending.opcode == .increment ? old &+ 1 : old &- 1))
      try store(value, in: execution.operands[base], .converting, execution)
      return .value(value)
    case .logicalAnd, .logicalOr:
      let left = try integer(execution.operands[base], execution) != 0
      let right = try integer(execution.operands[base + 1], execution) != 0
      return truth(pending.opcode == .logicalAnd ? left && right : left || right)
    case .logicalNot: return truth(try integer(execution.operands[base], execution) == 0)
    case .equal, .greater, .less:
      let order = try compare(execution.operands[base], execution.operands[base + 1], execution)
      return truth(pending.opcode == .equal ? order == 0 : pending.opcode == .greater ? order > 0 : order < 0)
    case .match: return try performMatch(base, execution)
    case .store: return try performStore(base, execution)
    case .copyObject:
      let value = try self.value(execution.operands[base], execution)
      try store(value, in: execution.operands[base + 1], .copying, execution)
      return .value(value)
    case .timer: return .value(.integer(truncated(host.timer())))
    case .sizeOf: return .value(.integer(truncated(try size(execution.operands[base], execution))))
    case .objectType: return .value(.integer(try objectType(execution.operands[base], execution).rawValue))
    case .refOf: return .value(try reference(to: execution.operands[base], execution))
    case .condRefOf: return try performCondRefOf(base, execution)
    case .derefOf: return .value(try dereference(execution.operands[base], execution))
    case .index: return try performIndex(base, execution)
    default: return .value(try convertedResult(of: pending.opcode, base, execution))
    }
  }

  /// What Increment and Decrement read: also a byte of a buffer, which other operators do not take.
  private func incremented(_ operand: AMLOperand, _ execution: AMLExecution) throws(AMLError) -> AMLValue {
    guard case .value(.reference(.byte(let bytes, let index))) = operand else { return try value(operand, execution) }
    return try target(of: .byte(bytes, index))
  }

  /// Integers are as wide as the first table says.
  func truncated(_ value: UInt64) -> UInt64 { integerWidth == 4 ? value & 0xffff_ffff : value }

  private func truth(_ value: Bool) -> AMLOperand { .value(.integer(value ? truncated(.max) : 0)) }

  private static func compute(_ opcode: AMLOpcode, _ left: UInt64, _ right: UInt64) throws(AMLError) -> UInt64 {
    switch opcode {
    case .add: return left &+ right
    case .subtract: return left &- right
    case .multiply: return left &* right
    case .shiftLeft: return right < 64 ? left << right : 0
    case .shiftRight: return right < 64 ? left >> right : 0
    case .and: return left & right
    case .nand: return ~(left & right)
    case .or: return left | right
    case .nor: return ~(left | right)
    case .xor: return left ^ right
    default:
      guard right != 0 else { throw .divideByZero }
      return left % right
    }
  }

  private static func compute(_ opcode: AMLOpcode, _ operand: UInt64) -> UInt64 {
    switch opcode {
    case .findSetLeftBit: UInt64(64 - operand.leadingZeroBitCount)
    case .findSetRightBit: operand == 0 ? 0 : UInt64(operand.trailingZeroBitCount + 1)
    default: ~operand
    }
  }

  private func performDivide(_ base: Int, _ execution: AMLExecution) throws(AMLError) -> AMLOperand {
    let left = try integer(execution.operands[base], execution)
    let right = try integer(execution.operands[base + 1], execution)
    guard right != 0 else { throw .divideByZero }
    let (quotient, remainder) = left.quotientAndRemainder(dividingBy: right)
    try store(.integer(remainder), in: execution.operands[base + 2], .converting, execution)
    try store(.integer(quotient), in: execution.operands[base + 3], .converting, execution)
    return .value(.integer(quotient))
  }

  /// Each decimal digit in four bits. Source: ACPI 6.5, section 19.6.136.
  private func toBCD(_ value: UInt64) throws(AMLError) -> UInt64 {
    var (result, rest): (UInt64, UInt64) = (0, value)
    var shift: UInt64 = 0
    while rest != 0 {
      guard shift < UInt64(integerWidth * 8) else { throw .numericOverflow }
      result |= (rest % 10) << shift
      rest /= 10
      shift += 4
    }
    return result
  }

  private func fromBCD(_ value: UInt64) throws(AMLError) -> UInt64 {
    var (result, power): (UInt64, UInt64) = (0, 1)
    for digit in 0..<UInt64(integerWidth * 2) {
      let bits = value >> (digit * 4) & 0xf
      guard bits <= 9 else { throw .numericOverflow }
      result &+= bits &* power
      power &*= 10
    }
    return result
  }

  /// The order of two values, the second converted to the type of the first. Source: ACPI 6.5, section 19.6.71.
  private func compare(_ left: AMLOperand, _ right: AMLOperand, _ execution: AMLExecution) throws(AMLError) -> Int {
    let first = try value(left, execution)
    let second = try value(right, execution)
    switch first {
    case .integer(let a):
      let b = try integer(of: second)
      return a == b ? 0 : a < b ? -1 : 1
    case .string(let a):
      return heap.compare(a, try string(of: second, .hexadecimal))
    case .buffer(let a): return heap.compare(a, try buffer(of: second))
    default: throw .operandType
    }
  }

  /// Match: the first element that two comparisons hold for. Source: ACPI 6.5, section 19.6.83.
  private func performMatch(_ base: Int, _ execution: AMLExecution) throws(AMLError) -> AMLOperand {
    guard case .package(let package) = try value(execution.operands[base], execution),
      case .constant(let firstOperator) = execution.operands[base + 1],
      case .constant(let secondOperator) = execution.operands[base + 3]
    else { throw .operandType }
    let first = try value(execution.operands[base + 2], execution)
    let second = try value(execution.operands[base + 4], execution)
    var index = try integer(execution.operands[base + 5], execution)
    guard firstOperator <= 5, secondOperator <= 5 else { throw .operandValue }
    let count = UInt64(heap.elementCount(package))
    guard index < count else { throw .packageLimit }
    while index < count {
      let element = try resolved(try heap.element(package, Int(index)))
      if try isMatch(element, firstOperator, first), try isMatch(element, secondOperator, second) {
        return .value(.integer(index))
      }
      index += 1
    }
    return .value(.integer(truncated(.max)))
  }

  /// Whether `element` compares to `operand` so; the element is converted to the operand's type.
  private func isMatch(_ element: AMLValue, _ comparison: UInt64, _ operand: AMLValue) throws(AMLError) -> Bool {
    if comparison == 0 { return true }
    let order: Int
    do throws(AMLError) {
      switch operand {
      case .integer(let right):
        let left = try integer(of: element)
        order = left == right ? 0 : left < right ? -1 : 1
      case .string(let right): order = heap.compare(try string(of: element, .hexadecimal), right)
      case .buffer(let right): order = heap.compare(try buffer(of: element), right)
      default: throw .operandType
      }
    } catch {
      // What cannot be compared does not match.
      if error == .heapLimit || error == .outOfMemory { throw error }
      return false
    }
    switch comparison {
    case 1: return order == 0
    case 2: return order <= 0
    case 3: return order < 0
    case 4: return order >= 0
    default: return order > 0
    }
  }

  // MARK: Telling the system

  private func performNotify(_ pending: AMLPending, _ execution: AMLExecution) throws(AMLError) {
    let node: AMLNode
    switch execution.operands[pending.operandBase] {
    case .node(let named): node = named
    case let operand:
      switch try value(operand, execution) {
      case .object(let object), .reference(.node(let object)), .reference(.named(let object)): node = object
      default: throw .operandType
      }
    }
    let value = try integer(execution.operands[pending.operandBase + 1], execution)
    switch try namespace.record(node).content {
    case .device, .processor, .thermalZone: host.notify(node, value: value)
    default: throw .operandType
    }
    try finish(pending, .none, execution)
  }

  private func performFatal(_ pending: AMLPending, _ execution: AMLExecution) throws(AMLError) {
    let base = pending.operandBase
    guard case .constant(let type) = execution.operands[base], case .constant(let code) = execution.operands[base + 1]
    else { throw .operandType }
    let argument = try integer(execution.operands[base + 2], execution)
    host.fatal(
      type: UInt8(truncatingIfNeeded: type), code: UInt32(truncatingIfNeeded: code), argument: argument)
    try finish(pending, .none, execution)
  }
}
