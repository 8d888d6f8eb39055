import Foundations
import Machine

/// A program of classic BPF that was checked, so that it always ends. Never changes.
///
/// Source: Linux Documentation/networking/filter.rst.
struct FilterProgram: ~Copyable {
  /// How many instructions a program may have. Source: linux/bpf_common.h, `BPF_MAXINSNS`.
  static let instructionLimit = 4_096

  private var instructions = GrowableArray<FilterInstruction>()

  /// Checks `program`, which decides about `subject`.
  ///
  /// - Throws: `EINVAL` for what is no program that ends, `ENOMEM`.
  init(_ program: Span<RawFilterInstruction>, of subject: FilterSubject) throws(Errno) {
    guard (1...Self.instructionLimit).contains(program.count) else { throw .EINVAL }
    try instructions.reserveCapacity(program.count)
    for index in program.indices {
      guard let instruction = FilterInstruction(program[index], of: subject),
        Self.staysInside(instruction, at: index, of: program.count)
      else { throw .EINVAL }
      try instructions.append(instruction)
    }
    switch instructions[program.count - 1] {
    case .returnConstant, .returnAccumulator: break
    default: throw .EINVAL
    }
  }

  private static func staysInside(_ instruction: FilterInstruction, at index: Int, of count: Int) -> Bool {
    switch instruction {
    case .jump(let distance): distance < count - index - 1
    case .branch(_, _, let yes, let no): max(yes, no) < count - index - 1
    default: true
    }
  }

  /// Runs it.
  ///
  /// - Parameters:
  ///   - count: how many bytes it decides about.
  ///   - load: gives the number of so many bytes at an offset; nil when they are not there, which ends the program with 0.
  /// - Returns: what it decides.
  borrowing func run(count: UInt32, _ load: (_ offset: UInt32, _ width: Int) -> UInt32?) -> UInt32 {
    var (accumulator, index): (UInt32, UInt32) = (0, 0)
    var memory = InlineArray<16, UInt32>(repeating: 0)
    var place = 0
    func value(_ operand: FilterInstruction.Operand) -> UInt32 {
      switch operand {
      case .constant(let constant): constant
      case .index: index
      }
    }
    // Jumps go forward only, and stay inside.
    while place < instructions.count {
      let instruction = instructions[place]
      place += 1
      switch instruction {
      case .load(let offset, let width):
        guard let loaded = load(offset, width) else { return 0 }
        accumulator = loaded
      case .loadIndexed(let offset, let width):
        let (sum, overflows) = offset.addingReportingOverflow(index)
        guard !overflows, let loaded = load(sum, width) else { return 0 }
        accumulator = loaded
      case .loadIndexHeader(let offset):
        guard let loaded = load(offset, 1) else { return 0 }
        index = (loaded & 15) * 4
      case .loadCount: accumulator = count
      case .loadIndexCount: index = count
      case .loadConstant(let constant): accumulator = constant
      case .loadMemory(let word): accumulator = memory[word]
      case .loadIndexConstant(let constant): index = constant
      case .loadIndexMemory(let word): index = memory[word]
      case .store(let word): memory[word] = accumulator
      case .storeIndex(let word): memory[word] = index
      case .compute(let operation, let operand):
        guard let result = Self.compute(operation, accumulator, value(operand)) else { return 0 }
        accumulator = result
      case .negate: accumulator = 0 &- accumulator
      case .jump(let distance): place += distance
      case .branch(let comparison, let operand, let yes, let no):
        place += Self.compare(comparison, accumulator, value(operand)) ? yes : no
      case .returnConstant(let constant): return constant
      case .returnAccumulator: return accumulator
      case .copyToIndex: index = accumulator
      case .copyFromIndex: accumulator = index
      }
    }
    return 0
  }

  /// - Returns: nil for a division by zero, at which a program ends with 0.
  private static func compute(_ operation: FilterInstruction.Operation, _ left: UInt32, _ right: UInt32) -> UInt32? {
    switch operation {
    case .add: left &+ right
    case .subtract: left &- right
    case .multiply: left &* right
    case .divide: right == 0 ? nil : left / right
    case .remainder: right == 0 ? nil : left % right
    case .or: left | right
    case .and: left & right
    case .shiftLeft: left &<< right
    case .shiftRight: left &>> right
    case .exclusiveOr: left ^ right
    }
  }

  private static func compare(_ comparison: FilterInstruction.Comparison, _ left: UInt32, _ right: UInt32) -> Bool {
    switch comparison {
    case .equal: left == right
    case .greater: left > right
    case .greaterOrEqual: left >= right
    case .intersects: left & right != 0
    }
  }
}
