/// The switch over the system calls that exist, with each call's arguments decoded into their types.
enum SystemCallDispatch: SpecProduct {
  static let name = "system-call-dispatch"

  static func generate(_ model: SystemCallSpec, context: GenerationContext) throws(SpecErrors) -> [GeneratedFile] {
    let types = try context.companion(SystemCallTypesSpec.self, spec: model.types.value)
    let errors = try context.companion(ErrnoSpec.self, spec: "errno.json")
    var check = CheckContext(document: context.document)
    model.check(against: types, errors, &check)
    if !check.diagnostics.isEmpty { throw SpecErrors(check.diagnostics) }

    let decoder = SystemCallDecoder(types: types)
    let live = model.calls.filter(\.isLive)
    var writer = CodeWriter(header: context)
    for module in ["Foundations", "LinuxABI", "Machine"] { writer.line("import \(module)") }
    writer.line()
    writer.block("extension SystemCallDispatch") { writer in
      dispatch(live, &writer)
      for call in live { function(call, decoder, &writer, context) }
    }
    return [GeneratedFile(name: context.output, contents: writer.text)]
  }

  private static func dispatch(_ live: [SystemCallSpec.Call], _ writer: inout CodeWriter) {
    writer.documentation("Serves the call `number`, and returns what goes into its result register.")
    // One jump from where calls come in.
    writer.line("@inline(__always)")
    writer.block(
      "static func call(_ number: UInt32, _ context: SystemCallContext, _ registers: borrowing UserContext) -> Int64"
    ) { writer in
      writer.line("switch number {")
      for call in live {
        writer.line(
          "case \(call.number.value): \(SwiftName.escaped(call.name.value))(context, registers)")
      }
      writer.line("default: unimplemented(number)")
      writer.line("}")
    }
  }

  /// Writes the function that decodes the arguments of `call`, calls what serves it, and encodes the result.
  ///
  /// None is inlined into the switch, so that each call pays for the registers and the stack of its own only.
  private static func function(
    _ call: SystemCallSpec.Call, _ decoder: SystemCallDecoder, _ writer: inout CodeWriter, _ context: GenerationContext
  ) {
    writer.line()
    writer.line("@inline(never)")
    writer.block(
      "private static func \(SwiftName.escaped(call.name.value))"
        + "(_ context: SystemCallContext, _ registers: borrowing UserContext) -> Int64"
    ) { writer in
      writer.line("do throws(Errno) {")
      writer.indented { writer in
        var passed: [String] = []
        for (index, argument) in call.arguments.enumerated() {
          guard let decoding = decoder.decoding(of: argument, at: index, in: call) else { continue }
          for line in decoding.lines { writer.line(line) }
          passed.append(decoding.value)
        }
        // What goes on with other registers sets them itself.
        if call.result == .none { passed.append("registers") }
        let result = decoder.result(of: call)
        if let function = call.function {
          let receiver = "context."
          writer.line(
            "\(result.before)try ", at: function, in: context.document.file, characterOffset: 1 - receiver.count,
            code: receiver + function.value, suffix: "(\(passed.joined(separator: ", ")))")
        }
        writer.line(result.after)
      }
      writer.line("} catch {")
      writer.indented { $0.line("return Int64(error.systemCallResult)") }
      writer.line("}")
    }
  }
}

/// How arguments and results go between registers and Swift types.
struct SystemCallDecoder {
  private let types: SystemCallTypesSpec

  init(types: SystemCallTypesSpec) { self.types = types }

  /// The lines that decode an argument, and the expression that is then passed on.
  struct Decoding {
    var lines: [String] = []
    var value: String
  }

  /// How the argument at `index` is decoded; nil for one that is not passed on.
  func decoding(
    of argument: SystemCallSpec.Argument, at index: Int, in call: SystemCallSpec.Call
  ) -> Decoding? {
    let register = "registers.argument\(index)"
    switch argument.kind.value {
    case .descriptor, .directoryDescriptor, .pid, .clock, .signal, .ipcKey, .milliseconds:
      return Decoding(value: "Int32(truncatingIfNeeded: \(register))")
    case .uid, .gid, .device:
      return Decoding(value: "UInt32(truncatingIfNeeded: \(register))")
    case .mode:
      return Decoding(value: "UInt16(truncatingIfNeeded: \(register))")
    case .identifier:
      return argument.width?.value == 64
        ? Decoding(value: register) : Decoding(value: "Int32(truncatingIfNeeded: \(register))")
    case .signed:
      return Decoding(value: "Int\(argument.width?.value ?? 64)(truncatingIfNeeded: \(register))")
    case .unsigned:
      let width = argument.width?.value ?? 64
      return Decoding(value: width == 64 ? register : "UInt\(width)(truncatingIfNeeded: \(register))")
    case .offset:
      return Decoding(value: "Int64(bitPattern: \(register))")
    case .size:
      // The buffer that it is the length of has it.
      return call.arguments.contains { isSized($0, by: argument, in: call) } ? nil : Decoding(value: register)
    case .address, .union:
      return Decoding(value: register)
    case .path:
      return Decoding(value: "UserPath(\(register))")
    case .string:
      return Decoding(value: "UserString(\(register))")
    case .pointer:
      return Decoding(value: "UserPointer<UInt8>(\(register))")
    case .bytes:
      guard let length = call.arguments.firstIndex(where: { isSized(argument, by: $0, in: call) }) else {
        return Decoding(value: "UserPointer<UInt8>(\(register))")
      }
      return Decoding(value: "UserBuffer(\(register), count: registers.argument\(length))")
    case .structure:
      let structure = types.structures.first { $0.name.value == argument.structure?.value }
      return Decoding(value: "UserPointer<\(structure?.swiftType ?? "UInt8")>(\(register))")
    case .flags:
      return flags(argument, register)
    case .enumeration:
      return enumeration(argument, register)
    case .unused:
      return nil
    }
  }

  /// Whether `length` is the length of the buffer `argument` and of no other, in a register of the full width.
  private func isSized(
    _ argument: SystemCallSpec.Argument, by length: SystemCallSpec.Argument, in call: SystemCallSpec.Call
  ) -> Bool {
    let name = length.name.value
    return argument.kind.value == .bytes && argument.length?.value == name && length.kind.value == .size
      && call.arguments.count { $0.length?.value == name } == 1
  }

  private func flags(_ argument: SystemCallSpec.Argument, _ register: String) -> Decoding {
    let name = argument.name.value
    let type = SwiftName.type(argument.flags?.value ?? "")
    let bits = argument.width?.value == 64 ? register : "UInt64(UInt32(truncatingIfNeeded: \(register)))"
    if argument.unknown?.value == .passed { return Decoding(value: "\(type)(rawValue: \(bits))") }
    return Decoding(
      lines: [
        "let \(SwiftName.escaped(name)) = \(type)(rawValue: \(bits))",
        "guard \(SwiftName.escaped(name)).unknownBits == 0 else { throw .EINVAL }",
      ], value: SwiftName.escaped(name))
  }

  private func enumeration(_ argument: SystemCallSpec.Argument, _ register: String) -> Decoding {
    let name = argument.name.value
    let enumeration = argument.enumeration?.value ?? ""
    // A choice is an int, unless one of its values only fits an unsigned one.
    let isUnsigned =
      types.enumerations.first { $0.name.value == enumeration }?.values
      .contains { $0.value.value.value > Int128(Int32.max) } ?? false
    let number =
      switch argument.width?.value {
      case 64: "Int64(bitPattern: \(register))"
      default: "Int64(\(isUnsigned ? "UInt32" : "Int32")(truncatingIfNeeded: \(register)))"
      }
    if argument.unknown?.value == .passed { return Decoding(value: number) }
    return Decoding(
      lines: [
        "guard let \(SwiftName.escaped(name)) = \(SwiftName.type(enumeration))(rawValue: \(number)) else { throw .EINVAL }"
      ], value: SwiftName.escaped(name))
  }

  /// What stands before the call of the function, and the line after it.
  func result(of call: SystemCallSpec.Call) -> (before: String, after: String) {
    switch call.result {
    case .zero: ("", "return 0")
    // It goes on elsewhere or with other registers, which have the result that it is to see.
    case .none: ("", "return registers.result")
    case .descriptor, .pid, .signal, .identifier: ("let result: Int32 = ", "return Int64(result)")
    case .uid, .gid, .mode: ("let result: UInt32 = ", "return Int64(result)")
    case .count, .size, .integer: ("let result: Int = ", "return Int64(result)")
    case .offset, .seconds, .ticks: ("let result: Int64 = ", "return result")
    case .address: ("let result: UInt64 = ", "return Int64(bitPattern: result)")
    }
  }
}
