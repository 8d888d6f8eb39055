extension DeviceModel {
  /// Reads a register by its rules.
  func read(_ number: Int, _ index: Int) -> UInt64 {
    let key = RegisterKey(number)
    onRead[key]?(self, index)
    let register = layout.registers[number]
    let stuck = stuckBits[key] ?? (0, 0)
    let value = values[number][index] & ~stuck.mask | stuck.value
    for field in register.fields where field.clears == .onRead { values[number][index] &= ~field.mask }
    return value
  }

  /// Writes a register by its rules.
  func write(_ number: Int, _ index: Int, _ value: UInt64) {
    let register = layout.registers[number]
    let old = values[number][index]
    let wrong: UInt64 =
      switch register.reserved {
      case .zero: value & register.reservedMask
      case .one: ~value & register.reservedMask
      case .preserve: (value ^ old) & register.reservedMask
      case .undefined: 0
      }
    if wrong != 0 { violations.append(.reservedBits(register.name, bits: wrong)) }
    var new = register.fields.isEmpty ? value & register.mask : old
    for field in register.fields {
      switch field.clears {
      case .onWriteOne: new &= ~(value & field.mask)
      case .onWrite: new &= ~field.mask
      case .never, .onRead:
        if field.access != .read { new = new & ~field.mask | value & field.mask }
      }
    }
    values[number][index] = new
    advanceSequence(number)
    onWrite[RegisterKey(number)]?(self, index, value)
  }

  private func advanceSequence(_ number: Int) {
    if layout.registers.contains(where: { $0.sequence?.after == number }) {
      sequence = (number, 0)
    } else if let place = layout.registers[number].sequence {
      sequence = (place.after, place.position)
    }
  }

  /// The registers of the sequence under way that still wait for their write, in order.
  private func isNextInSequence(_ register: DeviceLayout.Register) -> Bool {
    guard let place = register.sequence, let sequence, place.after == sequence.register else { return false }
    let waiting = layout.registers.compactMap(\.sequence).filter {
      $0.after == sequence.register && $0.position > sequence.position && holds($0.condition)
    }
    return holds(place.condition) && place.position == waiting.map(\.position).min()
  }

  func holds(_ condition: DeviceLayout.Condition?) -> Bool {
    guard let condition else { return true }
    return self[condition.key] == condition.value
  }

  /// The register that a write of `value` reaches among `candidates`, which share an address.
  func target(among candidates: [(number: Int, index: Int)], writing value: UInt64) -> (number: Int, index: Int)? {
    let open = candidates.filter { candidate in
      let register = layout.registers[candidate.number]
      let fixed = register.fields.allSatisfy { field in
        field.fixed.map { value & field.mask == $0 << field.shift } ?? true
      }
      return register.isWritable && holds(register.condition) && fixed
    }
    if let next = open.first(where: { isNextInSequence(layout.registers[$0.number]) }) { return next }
    let free = open.filter { layout.registers[$0.number].sequence == nil }
    // The most special form first: a command that is told by fixed bits, then the general one.
    return free.first { layout.registers[$0.number].fields.contains { $0.fixed != nil } }
      ?? free.first { !layout.registers[$0.number].isShared } ?? free.first
  }

  /// The register that a read shows among `candidates`, which share an address.
  func target(reading candidates: [(number: Int, index: Int)]) -> (number: Int, index: Int)? {
    if let place = presented.firstIndex(where: { key in candidates.contains { $0.number == key.register } }) {
      let key = presented.remove(at: place)
      return candidates.first { $0.number == key.register }
    }
    let open = candidates.filter {
      layout.registers[$0.number].isReadable && holds(layout.registers[$0.number].condition)
    }
    return open.first { !layout.registers[$0.number].isShared } ?? open.first
  }
}
