import ACPI
import Foundations

/// Collects text.
struct Text: TextSink {
  var bytes: [UInt8] = []
  mutating func write(_ bytes: Span<UInt8>) { for index in bytes.indices { self.bytes.append(bytes[index]) } }
  var string: String { String(decoding: bytes, as: UTF8.self) }
}

/// A value in the words that acpiexec's output is brought into as well.
func describe(_ object: borrowing AMLObject, _ interpreter: AMLInterpreter) -> String {
  if object.node == nil, let integer = object.exactInteger { return "0x" + String(integer, radix: 16) }
  if object.isString {
    return "\"" + String(decoding: (0..<object.count).map { object.byte($0) }, as: UTF8.self) + "\""
  }
  if object.isBuffer { return "{" + hex((0..<object.count).map { object.byte($0) }) + "}" }
  if object.isPackage {
    var elements: [String] = []
    for index in 0..<object.count {
      do {
        let element = try object.element(index)
        elements.append(describe(element, interpreter))
      } catch AMLError.uninitializedElement { elements.append("nothing") } catch { elements.append("error \(error)") }
    }
    return "[" + elements.joined(separator: ", ") + "]"
  }
  if let node = object.node {
    let name = interpreter.name(of: node).map { name in (0..<4).map { name.character($0) } } ?? []
    return "\(object.type) \(String(decoding: name, as: UTF8.self))"
  }
  return "\(object.type)"
}

func hex(_ bytes: [UInt8]) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
}

/// What evaluating gives, as acpiexec says it: a value, `nothing`, or the name of the error.
func outcome(_ path: String, _ interpreter: AMLInterpreter) -> String {
  guard let node = interpreter.find(path) else { return "no such name" }
  do {
    guard let object = try interpreter.evaluate(node) else { return "nothing" }
    // acpiexec cannot hand out objects without a value.
    if object.node != nil { return "AE_AML_OPERAND_TYPE" }
    return describe(object, interpreter)
  } catch { return acpicaName(error) }
}

/// The name that ACPICA has for an error.
func acpicaName(_ error: AMLError) -> String {
  switch error {
  case .badTable: "AE_BAD_CHECKSUM"
  case .truncated: "AE_AML_TRUNCATED"
  case .badOpcode: "AE_AML_BAD_OPCODE"
  case .badName: "AE_AML_BAD_NAME"
  case .badPackageLength: "AE_AML_PACKAGE_LENGTH"
  case .notFound: "AE_NOT_FOUND"
  case .alreadyExists: "AE_ALREADY_EXISTS"
  case .operandType, .uninitializedNode: "AE_AML_OPERAND_TYPE"
  case .operandValue: "AE_AML_OPERAND_VALUE"
  case .targetType: "AE_AML_TARGET_TYPE"
  case .uninitializedLocal: "AE_AML_UNINITIALIZED_LOCAL"
  case .uninitializedArgument: "AE_AML_UNINITIALIZED_ARG"
  case .uninitializedElement: "AE_AML_UNINITIALIZED_ELEMENT"
  case .noReturnValue: "AE_AML_NO_RETURN_VALUE"
  case .badArgumentCount: "AE_BAD_PARAMETER"
  case .staleReference: "AE_NOT_EXIST"
  case .divideByZero: "AE_AML_DIVIDE_BY_ZERO"
  case .numericOverflow: "AE_AML_NUMERIC_OVERFLOW"
  case .bufferLimit: "AE_AML_BUFFER_LIMIT"
  case .stringLimit: "AE_AML_STRING_LIMIT"
  case .packageLimit: "AE_AML_PACKAGE_LIMIT"
  case .regionLimit: "AE_AML_REGION_LIMIT"
  case .registerLimit: "AE_AML_REGISTER_LIMIT"
  case .badResourceTemplate: "AE_AML_NO_RESOURCE_END_TAG"
  case .noLoop: "AE_AML_NO_WHILE"
  case .mutexNotAcquired: "AE_AML_MUTEX_NOT_ACQUIRED"
  case .notOwner: "AE_AML_NOT_OWNER"
  case .mutexOrder: "AE_AML_MUTEX_ORDER"
  case .deadlock: "AE_TIME"
  case .noHandler: "AE_NOT_EXIST"
  case .accessRefused: "AE_AML_ILLEGAL_ADDRESS"
  case .unsupported: "AE_SUPPORT"
  case .methodLimit: "AE_AML_METHOD_LIMIT"
  case .depthLimit, .stepLimit, .timeLimit: "AE_AML_LOOP_TIMEOUT"
  case .heapLimit, .namespaceLimit, .outOfMemory: "AE_NO_MEMORY"
  }
}
