/// An instruction of classic BPF, as far as filters of calls may use it.
///
/// Source: Linux Documentation/networking/filter.rst; include/uapi/linux/bpf_common.h; seccomp(2).
enum FilterInstruction: Equatable, Sendable {
  /// What an operation works with.
  enum Operand: Equatable, Sendable {
    /// A number of the instruction.
    case constant(UInt32)
    /// The index register X.
    case index
  }

  /// What is done to the accumulator.
  enum Operation: UInt16, Sendable {
    case add = 0x00
    case subtract = 0x10
    case multiply = 0x20
    case divide = 0x30
    case or = 0x40
    case and = 0x50
    case shiftLeft = 0x60
    case shiftRight = 0x70
    case exclusiveOr = 0xa0
  }

  /// How the accumulator is compared.
  enum Comparison: UInt16, Sendable {
    case equal = 0x10
    case greater = 0x20
    case greaterOrEqual = 0x30
    /// Whether they have a bit in common.
    case intersects = 0x40
  }

  case load(word: Int)
  case loadConstant(UInt32)
  case loadMemory(Int)
  case loadIndexConstant(UInt32)
  case loadIndexMemory(Int)
  case store(Int)
  case storeIndex(Int)
  case compute(Operation, Operand)
  case negate
  /// Goes on so many instructions behind the next.
  case jump(Int)
  case branch(Comparison, Operand, yes: Int, no: Int)
  case returnConstant(UInt32)
  case returnAccumulator
  case copyToIndex
  case copyFromIndex

  /// How many words the record has that is loaded from, and how many the scratch memory.
  static let recordWordCount = 16
  static let memoryWordCount = 16

  /// The instruction of these numbers; nil when there is none, or filters may not use it.
  init?(code: UInt16, yes: UInt8, no: UInt8, constant: UInt32) {
    let operand: Operand = code & 0x08 == 0 ? .constant(constant) : .index
    switch code & 0x07 {
    case 0x00, 0x01:
      guard let load = Self.load(code, constant) else { return nil }
      self = load
    case 0x02, 0x03:
      guard code & ~1 == 0x02, constant < UInt32(Self.memoryWordCount) else { return nil }
      self = code == 0x02 ? .store(Int(constant)) : .storeIndex(Int(constant))
    case 0x04:
      if code == 0x84 {
        self = .negate
        return
      }
      guard code & 0xff00 == 0, let operation = Operation(rawValue: code & 0xf0) else { return nil }
      if operand != .index {
        if operation == .divide, constant == 0 { return nil }
        if operation == .shiftLeft || operation == .shiftRight, constant >= 32 { return nil }
      }
      self = .compute(operation, operand)
    case 0x05:
      if code == 0x05 {
        guard let distance = Int(exactly: constant) else { return nil }
        self = .jump(distance)
        return
      }
      guard code & 0xff00 == 0, let comparison = Comparison(rawValue: code & 0xf0) else { return nil }
      self = .branch(comparison, operand, yes: Int(yes), no: Int(no))
    case 0x06:
      switch code {
      case 0x06: self = .returnConstant(constant)
      case 0x16: self = .returnAccumulator
      default: return nil
      }
    default:
      switch code {
      case 0x07: self = .copyToIndex
      case 0x87: self = .copyFromIndex
      default: return nil
      }
    }
  }

  private static func load(_ code: UInt16, _ constant: UInt32) -> FilterInstruction? {
    switch code {
    case 0x20:
      guard constant & 3 == 0, constant < UInt32(recordWordCount * 4) else { return nil }
      return .load(word: Int(constant >> 2))
    case 0x00: return .loadConstant(constant)
    case 0x01: return .loadIndexConstant(constant)
    // The length of the record.
    case 0x80: return .loadConstant(UInt32(recordWordCount * 4))
    case 0x81: return .loadIndexConstant(UInt32(recordWordCount * 4))
    case 0x60, 0x61:
      guard constant < UInt32(memoryWordCount) else { return nil }
      return code == 0x60 ? .loadMemory(Int(constant)) : .loadIndexMemory(Int(constant))
    default: return nil
    }
  }
}
