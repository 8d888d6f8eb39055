extension RegisterWriter {
  /// Writes an enumeration that can hold every pattern of `width` bits, so that no value from a device is impossible.
  ///
  /// - Parameter complete: whether a full list of names may do without a case for the others.
  func writeEnumeration(
    _ name: String, _ summary: String, _ values: [RegistersSpec.NamedValue], width: Int, complete: Bool,
    _ code: inout CodeWriter
  ) {
    let number = Self.integerType(width: width)
    let isComplete = complete && width < 16 && values.count == 1 << width
    code.documentation(summary)
    code.block("\(access)enum \(name): Equatable, Sendable") { code in
      for value in values {
        code.documentation(value.summary ?? "The value \(value.value.value.value).")
        code.line("case \(value.name.value)")
      }
      if !isComplete {
        code.documentation("A value that the source leaves without a name.")
        code.line("case reserved(\(number))")
      }
      code.line()
      code.documentation("The value that \(width == 1 ? "the bit stands" : "the bits stand") for.")
      code.block("\(inlinable)init(rawValue: \(number))") { code in
        code.block(isComplete && width < 8 ? "switch rawValue & \(UInt64.ones(width))" : "switch rawValue") { code in
          for (index, value) in values.enumerated() {
            let isLast = isComplete && index == values.count - 1 && width != 8
            code.line("\(isLast ? "default" : "case \(Self.number(value))"): self = .\(value.name.value)")
          }
          if !isComplete { code.line("default: self = .reserved(rawValue)") }
        }
      }
      code.line()
      code.documentation("The bits that stand for the value.")
      code.block("\(inlinable)var rawValue: \(number)") { code in
        code.block("switch self") { code in
          for value in values { code.line("case .\(value.name.value): \(Self.number(value))") }
          if !isComplete { code.line("case .reserved(let rawValue): rawValue") }
        }
      }
      code.line()
      code.documentation("The name in the spec, or \"reserved\".")
      code.block("\(inlinable)var label: String") { code in
        code.block("switch self") { code in
          for value in values { code.line("case .\(value.name.value): \(CodeWriter.literal(value.name.value))") }
          if !isComplete { code.line("case .reserved: \"reserved\"") }
        }
      }
    }
  }

  private static func number(_ value: RegistersSpec.NamedValue) -> String {
    let number = UInt64(clamping: value.value.value.value)
    return value.value.value.isHexadecimal ? hexadecimal(number) : "\(number)"
  }
}
