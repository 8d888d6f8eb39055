public import Foundations
import Machine

/// What a filter decides about a call, in the upper half of a number whose lower half says more. Source: seccomp(2).
public enum FilterAction: UInt32, Sendable {
  /// The process ends.
  case killProcess = 0x8000_0000
  /// The thread ends.
  case killThread = 0x0000_0000
  /// The thread is sent SIGSYS.
  case trap = 0x0003_0000
  /// The call gives an error, whose number is in the lower half.
  case error = 0x0005_0000
  /// Somebody else decides.
  case notify = 0x7fc0_0000
  /// A tracer decides.
  case trace = 0x7ff0_0000
  /// The call is served, and noted.
  case log = 0x7ffc_0000
  /// The call is served.
  case allow = 0x7fff_0000

  /// What `decision` says; what is unknown ends the process.
  public init(decision: UInt32) { self = FilterAction(rawValue: decision & 0xffff_0000) ?? .killProcess }
}

/// A program that decides about calls, and those that were there before it. Never changes. Source: seccomp(2).
public final class CallFilter {
  /// An instruction as programs write it: `struct sock_filter`.
  public struct RawInstruction: Sendable {
    var code: UInt16
    var yes: UInt8
    var no: UInt8
    var constant: UInt32

    /// The instruction of these numbers.
    public init(code: UInt16, yes: UInt8, no: UInt8, constant: UInt32) {
      (self.code, self.yes, self.no, self.constant) = (code, yes, no, constant)
    }
  }

  /// How many instructions a filter may have. Source: linux/bpf_common.h, `BPF_MAXINSNS`.
  public static let instructionLimit = 4_096
  /// How many all that decide about a call may have together, each with four more. Source: seccomp(2).
  private static let pathLimit = 32_768
  private static let filterCost = 4

  private var instructions = GrowableArray<FilterInstruction>()
  private var older: CallFilter?
  private let pathLength: Int
  /// How many programs decide, itself among them.
  public let filterCount: Int

  /// Checks `program`, which decides besides `older`.
  ///
  /// - Throws: `EINVAL` for what is no program that ends, `ENOMEM` for one that is too much.
  public init(_ program: Span<RawInstruction>, besides older: CallFilter?) throws(Errno) {
    self.older = older
    let before = older?.pathLength ?? 0
    filterCount = (older?.filterCount ?? 0) + 1
    pathLength = before + program.count + Self.filterCost
    guard (1...Self.instructionLimit).contains(program.count) else { throw .EINVAL }
    guard pathLength <= Self.pathLimit else { throw .ENOMEM }
    try instructions.reserveCapacity(program.count)
    for index in program.indices {
      let raw = program[index]
      guard
        let instruction = FilterInstruction(code: raw.code, yes: raw.yes, no: raw.no, constant: raw.constant),
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

  deinit {
    // One behind the other, not one inside the other: the chain may be longer than the stack is deep.
    var next = older.take()
    while isKnownUniquelyReferenced(&next) {
      let following = next?.older.take()
      next = following
    }
  }

  /// Whether `other` is this filter or one of those before it; nil, no filter, is.
  public func includes(_ other: CallFilter?) -> Bool {
    guard let other else { return true }
    var next: CallFilter? = self
    while let filter = next {
      if filter === other { return true }
      next = filter.older
    }
    return false
  }

  /// What all filters decide about a call: of their decisions the strictest.
  ///
  /// - Parameter record: `struct seccomp_data`, in words.
  public func decide(_ record: InlineArray<16, UInt32>) -> UInt32 {
    var strictest = FilterAction.allow.rawValue
    var next: CallFilter? = self
    while let filter = next {
      let decision = filter.run(record)
      // Actions are in the upper half, the stricter the smaller, as signed numbers. Source: linux/seccomp.h.
      if Self.rank(decision) < Self.rank(strictest) { strictest = decision }
      next = filter.older
    }
    return strictest
  }

  private static func rank(_ decision: UInt32) -> Int32 { Int32(bitPattern: decision & 0xffff_0000) }

  private func run(_ record: InlineArray<16, UInt32>) -> UInt32 {
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
      case .load(let word): accumulator = record[word]
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
