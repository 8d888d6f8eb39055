/// An operator of AML: one byte, or 0x5B00 and one byte. Source: ACPI 6.5, section 20.3.
struct AMLOpcode: Equatable, Sendable {
  var rawValue: UInt16

  init(_ rawValue: UInt16) { self.rawValue = rawValue }

  static let zero = AMLOpcode(0x00)
  static let one = AMLOpcode(0x01)
  static let alias = AMLOpcode(0x06)
  static let name = AMLOpcode(0x08)
  static let byteConstant = AMLOpcode(0x0a)
  static let wordConstant = AMLOpcode(0x0b)
  static let doubleWordConstant = AMLOpcode(0x0c)
  static let string = AMLOpcode(0x0d)
  static let quadWordConstant = AMLOpcode(0x0e)
  static let scope = AMLOpcode(0x10)
  static let buffer = AMLOpcode(0x11)
  static let package = AMLOpcode(0x12)
  static let variablePackage = AMLOpcode(0x13)
  static let method = AMLOpcode(0x14)
  static let external = AMLOpcode(0x15)
  static let store = AMLOpcode(0x70)
  static let refOf = AMLOpcode(0x71)
  static let add = AMLOpcode(0x72)
  static let concatenate = AMLOpcode(0x73)
  static let subtract = AMLOpcode(0x74)
  static let increment = AMLOpcode(0x75)
  static let decrement = AMLOpcode(0x76)
  static let multiply = AMLOpcode(0x77)
  static let divide = AMLOpcode(0x78)
  static let shiftLeft = AMLOpcode(0x79)
  static let shiftRight = AMLOpcode(0x7a)
  static let and = AMLOpcode(0x7b)
  static let nand = AMLOpcode(0x7c)
  static let or = AMLOpcode(0x7d)
  static let nor = AMLOpcode(0x7e)
  static let xor = AMLOpcode(0x7f)
  static let not = AMLOpcode(0x80)
  static let findSetLeftBit = AMLOpcode(0x81)
  static let findSetRightBit = AMLOpcode(0x82)
  static let derefOf = AMLOpcode(0x83)
  static let concatenateResources = AMLOpcode(0x84)
  static let modulo = AMLOpcode(0x85)
  static let notify = AMLOpcode(0x86)
  static let sizeOf = AMLOpcode(0x87)
  static let index = AMLOpcode(0x88)
  static let match = AMLOpcode(0x89)
  static let createDoubleWordField = AMLOpcode(0x8a)
  static let createWordField = AMLOpcode(0x8b)
  static let createByteField = AMLOpcode(0x8c)
  static let createBitField = AMLOpcode(0x8d)
  static let objectType = AMLOpcode(0x8e)
  static let createQuadWordField = AMLOpcode(0x8f)
  static let logicalAnd = AMLOpcode(0x90)
  static let logicalOr = AMLOpcode(0x91)
  static let logicalNot = AMLOpcode(0x92)
  static let equal = AMLOpcode(0x93)
  static let greater = AMLOpcode(0x94)
  static let less = AMLOpcode(0x95)
  static let toBuffer = AMLOpcode(0x96)
  static let toDecimalString = AMLOpcode(0x97)
  static let toHexString = AMLOpcode(0x98)
  static let toInteger = AMLOpcode(0x99)
  static let toString = AMLOpcode(0x9c)
  static let copyObject = AMLOpcode(0x9d)
  static let mid = AMLOpcode(0x9e)
  static let continueLoop = AMLOpcode(0x9f)
  static let ifThen = AMLOpcode(0xa0)
  static let elseThen = AMLOpcode(0xa1)
  static let whileLoop = AMLOpcode(0xa2)
  static let noop = AMLOpcode(0xa3)
  static let returnValue = AMLOpcode(0xa4)
  static let breakLoop = AMLOpcode(0xa5)
  static let breakPoint = AMLOpcode(0xcc)
  static let ones = AMLOpcode(0xff)

  static let mutex = AMLOpcode(0x5b01)
  static let event = AMLOpcode(0x5b02)
  static let condRefOf = AMLOpcode(0x5b12)
  static let createField = AMLOpcode(0x5b13)
  static let loadTable = AMLOpcode(0x5b1f)
  static let load = AMLOpcode(0x5b20)
  static let stall = AMLOpcode(0x5b21)
  static let sleep = AMLOpcode(0x5b22)
  static let acquire = AMLOpcode(0x5b23)
  static let signal = AMLOpcode(0x5b24)
  static let wait = AMLOpcode(0x5b25)
  static let reset = AMLOpcode(0x5b26)
  static let release = AMLOpcode(0x5b27)
  static let fromBCD = AMLOpcode(0x5b28)
  static let toBCD = AMLOpcode(0x5b29)
  static let unload = AMLOpcode(0x5b2a)
  static let revision = AMLOpcode(0x5b30)
  static let debug = AMLOpcode(0x5b31)
  static let fatal = AMLOpcode(0x5b32)
  static let timer = AMLOpcode(0x5b33)
  static let operationRegion = AMLOpcode(0x5b80)
  static let field = AMLOpcode(0x5b81)
  static let device = AMLOpcode(0x5b82)
  static let processor = AMLOpcode(0x5b83)
  static let powerResource = AMLOpcode(0x5b84)
  static let thermalZone = AMLOpcode(0x5b85)
  static let indexField = AMLOpcode(0x5b86)
  static let bankField = AMLOpcode(0x5b87)
  static let dataTableRegion = AMLOpcode(0x5b88)
}

/// What an operand is in the code.
enum AMLOperandKind: UInt64 {
  case none
  /// A term whose value is wanted.
  case value
  /// A name, variable or reference to store to or to look at; a method's name is not a call.
  case superName
  /// The same, or nothing.
  case target
  /// As `superName`; a name that does not exist is no error.
  case conditionalName
  /// A name that the operator defines.
  case newName
  case byte
  case word
  case doubleWord
}

extension AMLOpcode {
  /// The operands of an operator that is nothing but its operands, one in each nibble; nil for all others.
  var operands: UInt64? {
    switch self {
    case .returnValue, .derefOf, .logicalNot, .stall, .sleep, .ifThen, .whileLoop, .buffer, .variablePackage,
      .bankField:
      Self.pack(.value)
    case .refOf, .increment, .decrement, .sizeOf, .objectType, .signal, .reset, .release, .unload:
      Self.pack(.superName)
    case .store, .copyObject: Self.pack(.value, .superName)
    case .not, .findSetLeftBit, .findSetRightBit, .toBuffer, .toDecimalString, .toHexString, .toInteger, .fromBCD,
      .toBCD:
      Self.pack(.value, .target)
    case .add, .concatenate, .subtract, .multiply, .shiftLeft, .shiftRight, .and, .nand, .or, .nor, .xor,
      .concatenateResources, .modulo, .index, .toString:
      Self.pack(.value, .value, .target)
    case .divide: Self.pack(.value, .value, .target, .target)
    case .mid: Self.pack(.value, .value, .value, .target)
    case .notify, .wait: Self.pack(.superName, .value)
    case .logicalAnd, .logicalOr, .equal, .greater, .less: Self.pack(.value, .value)
    case .match: Self.pack(.value, .byte, .value, .byte, .value, .value)
    case .createDoubleWordField, .createWordField, .createByteField, .createBitField, .createQuadWordField:
      Self.pack(.value, .value, .newName)
    case .createField: Self.pack(.value, .value, .value, .newName)
    case .condRefOf: Self.pack(.conditionalName, .target)
    case .acquire: Self.pack(.superName, .word)
    case .fatal: Self.pack(.byte, .doubleWord, .value)
    case .operationRegion: Self.pack(.newName, .byte, .value, .value)
    case .dataTableRegion: Self.pack(.newName, .value, .value, .value)
    case .name: Self.pack(.newName, .value)
    case .load: Self.pack(.superName, .target)
    case .loadTable: Self.pack(.value, .value, .value, .value, .value, .value)
    case .noop, .breakPoint, .timer, .breakLoop, .continueLoop: 0
    default: nil
    }
  }

  /// Whether it stands in a list of terms only: it has no value.
  var isStatement: Bool {
    switch self {
    case .alias, .name, .scope, .method, .external, .createDoubleWordField, .createWordField, .createByteField,
      .createBitField, .createQuadWordField, .createField, .continueLoop, .ifThen, .elseThen, .whileLoop, .noop,
      .returnValue, .breakLoop, .breakPoint, .mutex, .event, .fatal, .operationRegion, .field, .device, .processor,
      .powerResource, .thermalZone, .indexField, .bankField, .dataTableRegion, .notify, .release, .reset, .signal,
      .sleep, .stall, .unload:
      true
    default: false
    }
  }

  private static func pack(
    _ first: AMLOperandKind, _ second: AMLOperandKind = .none, _ third: AMLOperandKind = .none,
    _ fourth: AMLOperandKind = .none, _ fifth: AMLOperandKind = .none, _ sixth: AMLOperandKind = .none
  ) -> UInt64 {
    first.rawValue | second.rawValue << 4 | third.rawValue << 8 | fourth.rawValue << 12 | fifth.rawValue << 16
      | sixth.rawValue << 20
  }
}
