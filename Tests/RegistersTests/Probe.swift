import Foundations

/// A space without any rules, which notes every access and answers reads from a list.
final class Probe: RegisterSpace, ModelSpecificRegisterSpace, CPUIDSpace {
  enum Access: Equatable {
    case read(UInt64, width: Int)
    case write(UInt64, width: Int, UInt64)
    case leaf(UInt32, UInt32)
  }

  private(set) var accesses: [Access] = []
  /// What the next reads give; then zero.
  var answers: [UInt64] = []
  /// What CPUID gives for every leaf.
  var identification = CPUIDResult()

  func forget() { accesses = [] }

  private func read(_ address: UInt64, _ width: Int) -> UInt64 {
    accesses.append(.read(address, width: width))
    return answers.isEmpty ? 0 : answers.removeFirst()
  }

  func read8(at offset: Int) -> UInt8 { UInt8(truncatingIfNeeded: read(UInt64(offset), 8)) }
  func read16(at offset: Int) -> UInt16 { UInt16(truncatingIfNeeded: read(UInt64(offset), 16)) }
  func read32(at offset: Int) -> UInt32 { UInt32(truncatingIfNeeded: read(UInt64(offset), 32)) }
  func read64(at offset: Int) -> UInt64 { read(UInt64(offset), 64) }
  func write8(_ value: UInt8, at offset: Int) { accesses.append(.write(UInt64(offset), width: 8, UInt64(value))) }
  func write16(_ value: UInt16, at offset: Int) { accesses.append(.write(UInt64(offset), width: 16, UInt64(value))) }
  func write32(_ value: UInt32, at offset: Int) { accesses.append(.write(UInt64(offset), width: 32, UInt64(value))) }
  func write64(_ value: UInt64, at offset: Int) { accesses.append(.write(UInt64(offset), width: 64, value)) }
  func read(_ index: UInt32) -> UInt64 { read(UInt64(index), 64) }
  func write(_ value: UInt64, to index: UInt32) { accesses.append(.write(UInt64(index), width: 64, value)) }

  func read(leaf: UInt32, subleaf: UInt32) -> CPUIDResult {
    accesses.append(.leaf(leaf, subleaf))
    return identification
  }
}
