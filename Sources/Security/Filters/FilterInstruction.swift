/// What a program of classic BPF decides about, which says what it may load.
enum FilterSubject {
  /// A call: its record, in whole words.
  case call
  /// A packet: its bytes.
  case packet
}

/// An instruction of classic BPF as programs write it: `struct sock_filter`.
public struct RawFilterInstruction: Sendable {
  var code: UInt16
  var yes: UInt8
  var no: UInt8
  var constant: UInt32

  /// The instruction of these numbers.
  public init(code: UInt16, yes: UInt8, no: UInt8, constant: UInt32) {
    (self.code, self.yes, self.no, self.constant) = (code, yes, no, constant)
  }
}

/// An instruction of classic BPF, as far as filters may use it.
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
    /// Not in filters of calls.
    case remainder = 0x90
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

  /// Loads so many bytes from an offset.
  case load(UInt32, width: Int)
  /// The same, with the index register added to the offset.
  case loadIndexed(UInt32, width: Int)
  /// Loads four times the lower half of a byte into the index: how long the header of an Internet packet is.
  case loadIndexHeader(UInt32)
  /// Loads how many bytes there are.
  case loadCount
  case loadIndexCount
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

  /// How many words the record of a call has, and how many the scratch memory.
  static let recordWordCount = 16
  static let memoryWordCount = 16
  /// Where offsets begin that stand for what is beside a packet, such as its device. Source: linux/filter.h, `SKF_AD_OFF`.
  private static let besidePacket: UInt32 = 0xffff_f000

  /// The instruction of these numbers; nil when there is none, or filters of such may not use it.
  init?(_ raw: RawFilterInstruction, of subject: FilterSubject) {
    let (code, constant) = (raw.code, raw.constant)
    let operand: Operand = code & 0x08 == 0 ? .constant(constant) : .index
    switch code & 0x07 {
    case 0x00, 0x01:
      let load = Self.load(code, constant) ?? Self.load(code, constant, of: subject)
      guard let load else { return nil }
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
      if operation == .remainder, subject == .call { return nil }
      if operand != .index {
        if operation == .divide || operation == .remainder, constant == 0 { return nil }
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
      self = .branch(comparison, operand, yes: Int(raw.yes), no: Int(raw.no))
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

  /// What is the same for all.
  private static func load(_ code: UInt16, _ constant: UInt32) -> FilterInstruction? {
    switch code {
    case 0x00: return .loadConstant(constant)
    case 0x01: return .loadIndexConstant(constant)
    case 0x80: return .loadCount
    case 0x81: return .loadIndexCount
    case 0x60, 0x61:
      guard constant < UInt32(memoryWordCount) else { return nil }
      return code == 0x60 ? .loadMemory(Int(constant)) : .loadIndexMemory(Int(constant))
    default: return nil
    }
  }

  private static func load(_ code: UInt16, _ constant: UInt32, of subject: FilterSubject) -> FilterInstruction? {
    switch (subject, code) {
    case (.call, 0x20):
      guard constant & 3 == 0, constant < UInt32(recordWordCount * 4) else { return nil }
      return .load(constant, width: 4)
    case (.packet, 0x20), (.packet, 0x28), (.packet, 0x30):
      guard constant < besidePacket else { return nil }
      return .load(constant, width: width(code))
    case (.packet, 0x40), (.packet, 0x48), (.packet, 0x50): return .loadIndexed(constant, width: width(code))
    case (.packet, 0xb1): return .loadIndexHeader(constant)
    default: return nil
    }
  }

  /// Bytes of a load.
  private static func width(_ code: UInt16) -> Int {
    switch code & 0x18 {
    case 0x08: 2
    case 0x10: 1
    default: 4
    }
  }
}
