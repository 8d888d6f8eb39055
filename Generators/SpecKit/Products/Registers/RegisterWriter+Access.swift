extension RegisterWriter {
  /// True when `register` is reached by writing its number to a select register.
  func isIndexed(_ register: RegistersSpec.Register, _ kind: RegistersSpec.SpaceKind) -> Bool {
    register.index != nil && kind != .msr
  }

  /// The address as a Swift expression of `index`, `part` units behind its beginning.
  private func place(_ register: RegistersSpec.Register, _ kind: RegistersSpec.SpaceKind, part: UInt64 = 0) -> String {
    let first = Self.hexadecimal((address(of: register, kind) ?? 0) + part)
    guard let array = register.array?.value else { return first }
    let stride = kind == .msr ? array.msrStride ?? array.stride.value : array.stride.value
    let number = Self.hexadecimal(UInt64(clamping: stride.value))
    let index =
      kind == .msr
      ? "UInt32(truncatingIfNeeded: index)"
      : isIndexed(register, kind) ? "\(selectInteger)(truncatingIfNeeded: index)" : "index"
    return number == "1" ? "\(first) &+ \(index)" : "\(first) &+ \(index) &* \(number)"
  }

  private var selectRegister: RegistersSpec.Register? { spec.indexed.flatMap { spec.register($0.select.value) } }
  private var dataRegister: RegistersSpec.Register? { spec.indexed.flatMap { spec.register($0.data.value) } }
  private var selectInteger: String { "UInt\(selectRegister?.width.value ?? 32)" }

  /// Reading or writing at a register of the space itself.
  private func offset(_ register: RegistersSpec.Register?) -> String {
    Self.hexadecimal(UInt64(clamping: register?.offset?.value.value ?? 0))
  }

  /// The statement that makes the window show part `part` of `register`.
  private func select(_ register: RegistersSpec.Register, part: UInt64) -> String {
    "space.write\(selectRegister?.width.value ?? 32)(\(place(register, .memory, part: part)), at: \(offset(selectRegister)))"
  }

  private func isSplit(_ register: RegistersSpec.Register) -> Bool { register.width.value > spec.windowWidth }

  /// The statements that come before `readExpression` of an indexed register.
  func selectStatements(_ register: RegistersSpec.Register) -> String {
    let window = "space.read\(spec.windowWidth)(at: \(offset(dataRegister)))"
    if !isSplit(register) { return select(register, part: 0) }
    return """
      \(select(register, part: 0))
      let low = \(integer(register))(\(window))
      \(select(register, part: 1))
      let high = \(integer(register))(\(window))
      """
  }

  /// An expression with all bits of `register` as an unsigned integer.
  func readExpression(_ register: RegistersSpec.Register, _ kind: RegistersSpec.SpaceKind) -> String {
    let width = register.width.value
    switch kind {
    case .port, .memory:
      if isIndexed(register, kind) {
        if isSplit(register) { return "low | high &<< \(spec.windowWidth)" }
        let read = "space.read\(spec.windowWidth)(at: \(offset(dataRegister)))"
        return width == spec.windowWidth ? read : "\(integer(register))(truncatingIfNeeded: \(read))"
      }
      return "space.read\(width)(at: \(place(register, kind)))"
    case .msr:
      let read = "space.read(\(place(register, kind)))"
      return width == 64 ? read : "\(integer(register))(truncatingIfNeeded: \(read))"
    case .cpuid:
      let leaf = Self.hexadecimal(UInt64(clamping: register.leaf?.value.value ?? 0))
      let first = Self.hexadecimal(UInt64(clamping: register.subleaf?.value.value ?? 0))
      let subleaf = register.array == nil ? first : "\(first) &+ UInt32(truncatingIfNeeded: index)"
      return "answer(leaf: \(leaf), subleaf: \(subleaf)).\(register.output ?? "eax")"
    }
  }

  /// The statements that write `value` to `register`.
  ///
  /// - Parameter preserving: the variable with what was read before, whose reserved bits are kept when the policy says so.
  func writeStatements(
    _ register: RegistersSpec.Register, _ kind: RegistersSpec.SpaceKind, value: String, preserving old: String?
  ) -> String {
    let bits = encoded(register, isStructured(register) ? "\(value).rawValue" : value, preserving: old)
    let width = register.width.value
    switch kind {
    case .port, .memory:
      if !isIndexed(register, kind) { return "space.write\(width)(\(bits), at: \(place(register, kind)))" }
      let window = spec.windowWidth
      func store(_ bits: String) -> String { "space.write\(window)(\(bits), at: \(offset(dataRegister)))" }
      if !isSplit(register) {
        return "\(select(register, part: 0))\n" + store(width == window ? bits : "UInt\(window)(\(bits))")
      }
      return """
        let bits = \(bits)
        \(select(register, part: 1))
        \(store("UInt\(window)(truncatingIfNeeded: bits &>> \(window))"))
        \(select(register, part: 0))
        \(store("UInt\(window)(truncatingIfNeeded: bits)"))
        """
    case .msr:
      return "space.write(\(width == 64 ? bits : "UInt64(\(bits))"), to: \(place(register, kind)))"
    case .cpuid:
      return ""
    }
  }

  /// `bits` with fixed fields and reserved bits as the device wants them.
  private func encoded(_ register: RegistersSpec.Register, _ bits: String, preserving old: String?) -> String {
    let reserved = spec.reservedMask(of: register)
    var (cleared, set) = (spec.fixedMask(of: register), spec.fixedBits(of: register))
    switch spec.reservedPolicy(of: register) {
    case .zero: cleared |= reserved
    case .one: set |= reserved
    case .preserve, .undefined: break
    }
    var kept = ""
    let keptMask = keptMask(of: register)
    if let old, keptMask != 0 {
      cleared |= keptMask
      kept = " | \(old) & \(Self.hexadecimal(keptMask))"
    }
    let all = UInt64.ones(register.width.value)
    let masked = cleared == 0 ? bits : "\(bits) & \(Self.hexadecimal(all & ~cleared))"
    return masked + (set == 0 ? "" : " | \(Self.hexadecimal(set))") + kept
  }

  /// Writes what `CPUID` accessors share: the largest leaf of each range, and an answer that is zero beyond it.
  func writeLeafLimits(_ code: inout CodeWriter) {
    let usable = audience == .everyone ? "@usableFromInline " : ""
    for range in ["Basic", "Hypervisor", "Extended"] { code.line("\(usable)let largest\(range)Leaf: UInt32") }
    code.line()
    code.documentation("Asks `space` for the largest leaf of each range, and keeps it.")
    code.lines(
      """
      \(inlinable)init(_ space: consuming Space) {
        largestBasicLeaf = space.read(leaf: 0, subleaf: 0).eax
        let isGuest = largestBasicLeaf >= 1 && space.read(leaf: 1, subleaf: 0).ecx[bit: 31]
        largestHypervisorLeaf = isGuest ? space.read(leaf: 0x40000000, subleaf: 0).eax : 0
        largestExtendedLeaf = space.read(leaf: 0x80000000, subleaf: 0).eax
        self.space = space
      }

      """)
    code.documentation("True when the CPU answers `leaf`.")
    code.lines(
      """
      \(inlinable)func hasLeaf(_ leaf: UInt32) -> Bool {
        switch leaf &>> 30 {
        case 0: leaf <= largestBasicLeaf
        case 1: leaf <= largestHypervisorLeaf
        default: leaf <= largestExtendedLeaf
        }
      }

      \(audience == .everyone ? "@inlinable " : "")func answer(leaf: UInt32, subleaf: UInt32) -> CPUIDResult {
        hasLeaf(leaf) ? space.read(leaf: leaf, subleaf: subleaf) : CPUIDResult()
      }
      """)
  }
}
