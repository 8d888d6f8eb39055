import Foundations
import Machine

extension DescriptorTable.State {
  enum Bits {
    case taken
    case closesOnExecution
  }

  func bit(_ index: Int, of bits: Bits) -> Bool {
    let (word, bit) = (index >> 6, UInt64(1) << UInt64(index & 63))
    switch bits {
    case .taken: return word < taken.count && taken[word] & bit != 0
    case .closesOnExecution: return word < closesOnExecution.count && closesOnExecution[word] & bit != 0
    }
  }

  func isTaken(_ index: Int) -> Bool { bit(index, of: .taken) }

  /// The lowest free descriptor from `start` on; it may lie behind the table.
  func firstFree(from start: Int) -> Int {
    var word = max(start >> 6, firstFreeWord)
    while word < taken.count {
      var free = ~taken[word]
      if word == start >> 6 { free &= ~UInt64(0) << UInt64(start & 63) }
      if free != 0 { return word << 6 + free.trailingZeroBitCount }
      word += 1
    }
    return max(start, taken.count << 6)
  }

  /// Makes the table include descriptor `index`. Called whenever one is about to be taken, so that its file can be put aside when it
  /// is closed.
  mutating func grow(_ files: borrowing DescriptorTable.Places, toInclude index: Int) throws(Errno) {
    guard index >= files.count else { return try files.reserve(files.count) }
    let count = max((index + 64) & ~63, min(files.count * 2, DescriptorTable.hardLimit))
    try taken.reserveCapacity(count >> 6)
    try closesOnExecution.reserveCapacity(count >> 6)
    try files.reserve(count)
    try taken.resize(to: count >> 6, filledWith: 0)
    try closesOnExecution.resize(to: count >> 6, filledWith: 0)
  }

  mutating func take(_ index: Int, _ closes: Bool) {
    taken[index >> 6] |= 1 << UInt64(index & 63)
    setClosesOnExecution(index, closes)
    while firstFreeWord < taken.count && taken[firstFreeWord] == .max { firstFreeWord += 1 }
  }

  mutating func release(_ index: Int) {
    taken[index >> 6] &= ~(1 << UInt64(index & 63))
    setClosesOnExecution(index, false)
    firstFreeWord = min(firstFreeWord, index >> 6)
  }

  mutating func setClosesOnExecution(_ index: Int, _ closes: Bool) {
    let bit: UInt64 = 1 << UInt64(index & 63)
    if closes { closesOnExecution[index >> 6] |= bit } else { closesOnExecution[index >> 6] &= ~bit }
  }

  /// One more than the highest descriptor that is taken.
  var usedCount: Int {
    var word = taken.count
    while word > 0 && taken[word - 1] == 0 { word -= 1 }
    return word == 0 ? 0 : word << 6 - taken[word - 1].leadingZeroBitCount
  }

  /// Becomes a copy of `other`, whose open descriptors fit. Descriptors that are being opened are not copied.
  mutating func copy(
    from other: borrowing Self, _ otherFiles: borrowing DescriptorTable.Places,
    into files: borrowing DescriptorTable.Places
  ) {
    for word in 0..<min(other.taken.count, taken.count) {
      var rest = other.taken[word]
      while rest != 0 {
        let index = word << 6 + rest.trailingZeroBitCount
        rest &= rest - 1
        guard let file = otherFiles[index] else { continue }
        file.beginDescriptor()
        files.fill(index, with: file)
        take(index, other.bit(index, of: .closesOnExecution))
      }
    }
  }
}
