/// `registers`: types and accessors for everything in a spec that is not sensitive, for any module.
public enum RegisterAccessors: SpecProduct {
  /// The name in `specs.json`.
  public static var name: String { "registers" }

  /// One Swift file.
  ///
  /// - Throws: when every register is sensitive.
  public static func generate(
    _ model: RegistersSpec, context: GenerationContext
  ) throws(SpecErrors) -> [GeneratedFile] {
    let writer = RegisterWriter(spec: model, audience: .everyone)
    if writer.registers.isEmpty {
      let node = context.document.root["registers"] ?? context.document.root
      throw SpecErrors([
        Diagnostic(
          node, problem: "every register is sensitive, so that nothing is left for other modules",
          remedy: "ask for registers-internal in the specs.json of Machine")
      ])
    }
    return [GeneratedFile(name: context.output, contents: writer.text(context))]
  }
}

/// `registers-internal`: types and accessors for a whole spec, for the module that generates them and no other.
///
/// Machine uses it: that is how it reaches the registers that break memory safety or privilege when they are wrong.
public enum RegisterAccessorsInternal: SpecProduct {
  /// The name in `specs.json`.
  public static var name: String { "registers-internal" }

  /// One Swift file.
  public static func generate(
    _ model: RegistersSpec, context: GenerationContext
  ) throws(SpecErrors) -> [GeneratedFile] {
    [GeneratedFile(name: context.output, contents: RegisterWriter(spec: model, audience: .module).text(context))]
  }
}

/// Writes the Swift for a spec of registers.
struct RegisterWriter {
  /// Who may use what is written.
  enum Audience {
    case everyone, module
  }

  let spec: RegistersSpec
  let audience: Audience

  /// What begins a declaration.
  var access: String { audience == .everyone ? "public " : "" }
  /// What begins a declaration whose body other modules may inline.
  var inlinable: String { audience == .everyone ? "@inlinable public " : "" }

  /// The registers that are written: all, or all that are not sensitive.
  var registers: [RegistersSpec.Register] {
    spec.registers.filter { audience == .module || !spec.isSensitive($0) }
  }

  func text(_ context: GenerationContext) -> String {
    var code = CodeWriter(header: context)
    code.line("import Foundations")
    code.line()
    code.documentation(spec.summary)
    code.documentation("\nSource: " + spec.sources.joined(separator: "; ") + ".")
    code.block("\(access)enum \(spec.typeName.value)") { code in
      writeTypes(&code)
    }
    code.line()
    writeAccessors(spec.space.kind.value, name: spec.typeName.value, summary: spec.summary, &code)
    if let variant = spec.variant {
      code.line()
      writeAccessors(.msr, name: variant.typeName.value, summary: variant.summary, &code)
    }
    return code.text
  }

  /// The bits of `register` that a write must leave as they were read: reserved ones to be preserved, and fields for Machine alone.
  func keptMask(of register: RegistersSpec.Register) -> UInt64 {
    var mask = spec.reservedPolicy(of: register) == .preserve ? spec.reservedMask(of: register) : 0
    for field in spec.fields(of: register) where !mayWrite(field) { mask |= field.mask }
    return mask
  }

  /// False when `field` is for Machine alone, and this is not for Machine.
  func mayWrite(_ field: RegistersSpec.Field) -> Bool {
    audience == .module || field.sensitivity?.value != .sensitive
  }

  /// True when changing one field of `register` by reading, changing and writing back changes nothing else.
  func isPlain(_ register: RegistersSpec.Register) -> Bool {
    keptMask(of: register) == 0 && !spec.isReadDestructive(register)
      && !spec.fields(of: register).contains { $0.clears != nil }
  }

  /// The type that holds what `register` holds: a structure with fields, or a plain integer.
  func valueType(_ register: RegistersSpec.Register) -> String {
    if let layout = register.layout { return "\(spec.typeName.value).\(layout.value)" }
    if register.fields != nil { return "\(spec.typeName.value).\(register.name.value.capitalizedFirst)" }
    return integer(register)
  }

  /// The unsigned integer as wide as `register`.
  func integer(_ register: RegistersSpec.Register) -> String { "UInt\(register.width.value)" }

  /// True when `register` has fields, and so a type of its own.
  func isStructured(_ register: RegistersSpec.Register) -> Bool { register.layout != nil || register.fields != nil }

  /// `value` as a Swift literal in hexadecimal.
  static func hexadecimal(_ value: UInt64) -> String { value < 10 ? "\(value)" : "0x" + String(value, radix: 16) }
}
