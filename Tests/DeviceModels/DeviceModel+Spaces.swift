import Foundations

extension DeviceModel: RegisterSpace {
  /// Reads 8 bits.
  public func read8(at offset: Int) -> UInt8 { UInt8(truncatingIfNeeded: read(offset: offset, width: 8)) }
  /// Reads 16 bits.
  public func read16(at offset: Int) -> UInt16 { UInt16(truncatingIfNeeded: read(offset: offset, width: 16)) }
  /// Reads 32 bits.
  public func read32(at offset: Int) -> UInt32 { UInt32(truncatingIfNeeded: read(offset: offset, width: 32)) }
  /// Reads 64 bits.
  public func read64(at offset: Int) -> UInt64 { read(offset: offset, width: 64) }
  /// Writes 8 bits.
  public func write8(_ value: UInt8, at offset: Int) { write(UInt64(value), offset: offset, width: 8) }
  /// Writes 16 bits.
  public func write16(_ value: UInt16, at offset: Int) { write(UInt64(value), offset: offset, width: 16) }
  /// Writes 32 bits.
  public func write32(_ value: UInt32, at offset: Int) { write(UInt64(value), offset: offset, width: 32) }
  /// Writes 64 bits.
  public func write64(_ value: UInt64, at offset: Int) { write(value, offset: offset, width: 64) }

  private func read(offset: Int, width: Int) -> UInt64 {
    if begin() { return .max }
    if let place = window(offset, width) { return readWindow(place) }
    let here = elements(at: offset, width: width)
    if let target = target(reading: here) { return read(target.number, target.index) }
    if let closed = here.first(where: { !layout.registers[$0.number].isReadable }) {
      violations.append(.readOfWriteOnly(layout.registers[closed.number].name))
    } else {
      violations.append(.noRegister(address: UInt64(truncatingIfNeeded: offset), width: width))
    }
    return .max
  }

  private func write(_ value: UInt64, offset: Int, width: Int) {
    if begin() { return }
    if let place = window(offset, width) { return writeWindow(place, value) }
    let here = elements(at: offset, width: width)
    if let target = target(among: here, writing: value) { return write(target.number, target.index, value) }
    if let closed = here.first(where: { !layout.registers[$0.number].isWritable }) {
      violations.append(.writeToReadOnly(layout.registers[closed.number].name))
    } else {
      violations.append(.noRegister(address: UInt64(truncatingIfNeeded: offset), width: width))
    }
  }

  /// Counts an access; true when nobody is there to answer it.
  private func begin() -> Bool {
    accessCount += 1
    beforeAccess?(self)
    return isGone
  }

  private func elements(at offset: Int, width: Int) -> [(number: Int, index: Int)] {
    layout.registers.indices.flatMap { number in
      let register = layout.registers[number]
      guard let first = register.offset, register.width == width else { return [(number: Int, index: Int)]() }
      return (0..<register.count).filter { first + $0 * register.stride == offset }.map { (number, $0) }
    }
  }
}

/// Registers behind an index and a data port.
extension DeviceModel {
  private struct Place {
    var candidates: [(number: Int, index: Int)]
    var part: Int
    var number: UInt64
  }

  /// What the window shows when `offset` is the window's.
  private func window(_ offset: Int, _ width: Int) -> Place? {
    guard let select = layout.select, let data = layout.data, layout.registers[data].offset == offset,
      layout.registers[data].width == width
    else { return nil }
    let selected = layout.registers[select].fields.isEmpty ? self[RegisterKey(select)] : self[FieldKey(select, 0)]
    var place = Place(candidates: [], part: 0, number: selected)
    for (number, register) in layout.registers.enumerated() {
      guard let first = register.index else { continue }
      for index in 0..<register.count {
        let part = Int(selected) - first - index * register.stride
        guard part >= 0, part < max(1, register.width / width) else { continue }
        place.candidates.append((number, index))
        place.part = part
      }
    }
    return place
  }

  private var windowWidth: Int { layout.data.map { layout.registers[$0].width } ?? 32 }

  private func readWindow(_ place: Place) -> UInt64 {
    guard let target = target(reading: place.candidates) else {
      violations.append(.noRegister(address: place.number, width: windowWidth))
      return .max
    }
    return read(target.number, target.index) >> UInt64(place.part * windowWidth)
  }

  private func writeWindow(_ place: Place, _ value: UInt64) {
    guard let target = place.candidates.first(where: { layout.registers[$0.number].isWritable }) else {
      if let closed = place.candidates.first {
        violations.append(.writeToReadOnly(layout.registers[closed.number].name))
      } else {
        violations.append(.noRegister(address: place.number, width: windowWidth))
      }
      return
    }
    // The half that is not written keeps its value.
    let shift = UInt64(place.part * windowWidth)
    let half: UInt64 = (windowWidth == 64 ? .max : (1 << UInt64(windowWidth)) - 1) << shift
    write(target.number, target.index, values[target.number][target.index] & ~half | value << shift & half)
  }
}

extension DeviceModel: ModelSpecificRegisterSpace {
  /// Reads the register numbered `index`; a violation stands for the fault of a register that is not there.
  public func read(_ index: UInt32) -> UInt64 {
    if begin() { return .max }
    guard let place = element(msr: index) else {
      violations.append(.noRegister(address: UInt64(index), width: 64))
      return 0
    }
    if !layout.registers[place.number].isReadable {
      violations.append(.readOfWriteOnly(layout.registers[place.number].name))
      return 0
    }
    return read(place.number, place.index)
  }

  /// Writes the register numbered `index`; a violation stands for the fault of a register that is not there.
  public func write(_ value: UInt64, to index: UInt32) {
    if begin() { return }
    guard let place = element(msr: index) else {
      return violations.append(.noRegister(address: UInt64(index), width: 64))
    }
    if !layout.registers[place.number].isWritable {
      return violations.append(.writeToReadOnly(layout.registers[place.number].name))
    }
    write(place.number, place.index, value)
  }

  private func element(msr index: UInt32) -> (number: Int, index: Int)? {
    for (number, register) in layout.registers.enumerated() {
      guard let first = register.msr else { continue }
      for element in 0..<register.count where UInt64(first) + UInt64(element * register.msrStride) == UInt64(index) {
        return (number, element)
      }
    }
    return nil
  }
}

extension DeviceModel: CPUIDSpace {
  /// The outputs of a leaf; zero where the spec knows none.
  public func read(leaf: UInt32, subleaf: UInt32) -> CPUIDResult {
    _ = begin()
    var outputs: [UInt32] = [0, 0, 0, 0]
    for (number, register) in layout.registers.enumerated() where register.leaf == leaf {
      for index in 0..<register.count {
        // Without a subleaf in the spec, the leaf is the same for all.
        let isHere = register.subleaf.map { UInt64($0) + UInt64(index) == UInt64(subleaf) } ?? true
        if isHere { outputs[register.output] = UInt32(truncatingIfNeeded: read(number, index)) }
      }
    }
    return CPUIDResult(eax: outputs[0], ebx: outputs[1], ecx: outputs[2], edx: outputs[3])
  }
}
