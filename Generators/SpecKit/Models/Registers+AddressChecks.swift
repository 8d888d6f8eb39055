extension RegistersSpec {
  /// Which of a register's addresses is meant.
  enum AddressKind: String, CaseIterable {
    case offset, index, msr, leaf
  }

  /// The address of `kind` that `register` has.
  func address(_ kind: AddressKind, of register: Register) -> Located<SpecInteger>? {
    switch kind {
    case .offset: register.offset
    case .index: register.index
    case .msr: register.msr
    case .leaf: register.leaf
    }
  }

  /// The kinds of address that registers of this spec may have.
  var addressKinds: [AddressKind] {
    var kinds: [AddressKind] =
      switch space.kind.value {
      case .port, .memory: [.offset]
      case .msr: [.msr]
      case .cpuid: [.leaf]
      }
    if indexed != nil { kinds.append(.index) }
    if variant != nil { kinds.append(.msr) }
    return kinds
  }

  /// Reports a missing or second address, one that is not aligned, and one outside the space.
  func checkAddress(_ register: Register, _ context: inout CheckContext) {
    let allowed = addressKinds
    for kind in AddressKind.allCases where !allowed.contains(kind) {
      guard let address = address(kind, of: register) else { continue }
      let remedy = allowed.map { "\"\($0.rawValue)\"" }.joined(separator: " or ")
      context.report(address, "the spec's space has no \(kind.rawValue)", "write \(remedy) instead")
    }
    if !allowed.contains(where: { address($0, of: register) != nil }) {
      let remedy = allowed.map { "\"\($0.rawValue)\"" }.joined(separator: " or ")
      context.report(register.name, "the register has no address", "add \(remedy)")
    }
    if let offset = register.offset, let index = register.index {
      context.report(index, "the register has the offset \(offset.value.value) as well", "keep one of the two")
    }
    if let leaf = register.leaf, register.width.value != 32 {
      context.report(register.width, "CPUID gives 32 bits for leaf \(leaf.value.value)", "write 32")
    }
    if register.leaf != nil, register.access.value != .read {
      context.report(register.access, "CPUID can only be read", "write \"read\"")
    }
    checkPlace(register, &context)
    checkStride(register, &context)
  }

  private func checkPlace(_ register: Register, _ context: inout CheckContext) {
    guard let offset = register.offset, let length = space.length else { return }
    let bytes = Int128(register.width.value / 8)
    if offset.value.value % bytes != 0 {
      context.report(
        offset, "a register of \(register.width.value) bits is not aligned there", "use a multiple of \(bytes)")
    }
    let repeats = register.array.map { Int128($0.value.count - 1) * $0.value.stride.value.value } ?? 0
    let end = offset.value.value + repeats + bytes
    if end > length.value.value {
      context.report(
        offset, "the register ends at byte \(end), and the space has \(length.value.value)",
        "use a lower offset or correct the space's length")
    }
  }

  private func checkStride(_ register: Register, _ context: inout CheckContext) {
    guard let array = register.array else { return }
    let stride = array.value.stride
    let least: Int128 = register.offset == nil ? 1 : Int128(register.width.value / 8)
    if stride.value.value < least {
      context.report(stride, "the elements would overlap", "write at least \(least)")
    } else if register.offset != nil, stride.value.value % least != 0 {
      context.report(stride, "the elements are not aligned", "use a multiple of \(least)")
    }
  }

  /// Reports registers that share an address and that nothing tells apart.
  func checkOverlaps(_ context: inout CheckContext) {
    for kind in addressKinds {
      var earlier: [(register: Register, units: Set<Int128>)] = []
      for register in registers {
        guard let place = address(kind, of: register) else { continue }
        let units = self.units(kind, of: register)
        for other in earlier where !other.units.isDisjoint(with: units) && areConfusable(other.register, register) {
          context.report(
            place,
            "\(register.name.value) overlaps \(other.register.name.value) on line \(other.register.name.position.line)",
            "correct one, or tell them apart with \"when\", \"sequence\", \"fixed\" or \"shares\"")
          break
        }
        earlier.append((register, units))
      }
    }
  }

  /// The bytes, indices, MSRs or CPUID outputs that `register` takes.
  private func units(_ kind: AddressKind, of register: Register) -> Set<Int128> {
    guard let first = address(kind, of: register)?.value.value else { return [] }
    let count = register.array?.value.count ?? 1
    let stride =
      kind == .msr
      ? register.array?.value.msrStride ?? register.array?.value.stride.value : register.array?.value.stride.value
    let span: Int128 =
      switch kind {
      case .offset: Int128(register.width.value / 8)
      case .index: Int128(max(1, register.width.value / windowWidth))
      case .msr, .leaf: 1
      }
    var units: Set<Int128> = []
    for element in 0..<Int128(min(count, 4096)) {
      for part in 0..<span {
        let place = first + element * (stride?.value ?? 0) + part
        units.insert(kind == .leaf ? leafUnit(register, element: element) : place)
      }
    }
    return units
  }

  /// A number for one output of one subleaf of one leaf.
  private func leafUnit(_ register: Register, element: Int128) -> Int128 {
    let output = Int128(["eax", "ebx", "ecx", "edx"].firstIndex(of: register.output ?? "") ?? 0)
    let subleaf = (register.subleaf?.value.value ?? 0) + element * (register.array?.value.stride.value.value ?? 0)
    return (register.leaf?.value.value ?? 0) << 40 | (subleaf & 0xFFFF_FFFF) << 4 | output
  }

  /// How many bits the window of indexed registers has.
  var windowWidth: Int { indexed.flatMap { register($0.data.value)?.width.value } ?? 32 }

  private func areConfusable(_ left: Register, _ right: Register) -> Bool {
    let bothRead = left.access.value.isReadable && right.access.value.isReadable
    let bothWritten = left.access.value.isWritable && right.access.value.isWritable
    if !bothRead && !bothWritten { return false }
    if left.shares != nil || right.shares != nil { return false }
    if let a = left.when, let b = right.when, a.register.value == b.register.value, a.field.value == b.field.value,
      a.equals.value != b.equals.value
    {
      return false
    }
    if left.sequence != nil || right.sequence != nil, !bothRead { return false }
    return bothRead || !fixedBitsDiffer(left, right)
  }

  private func fixedBitsDiffer(_ left: Register, _ right: Register) -> Bool {
    func fixed(_ register: Register) -> (mask: UInt64, bits: UInt64) {
      fields(of: register).reduce((0, 0)) { sum, field in
        guard let value = field.fixed.flatMap({ UInt64(exactly: $0.value.value) }) else { return sum }
        return (sum.0 | field.mask, sum.1 | value << UInt64(field.low))
      }
    }
    let (a, b) = (fixed(left), fixed(right))
    return (a.bits ^ b.bits) & a.mask & b.mask != 0
  }
}
