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

  /// Makes the table include descriptor `index`.
  mutating func grow(toInclude index: Int) throws(Errno) {
    guard index >= files.count else { return }
    let count = max((index + 64) & ~63, min(files.count * 2, DescriptorTable.hardLimit))
    try taken.reserveCapacity(count >> 6)
    try closesOnExecution.reserveCapacity(count >> 6)
    try files.reserveCapacity(count)
    while files.count < count { try files.append(nil) }
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

  /// One more than the highest open descriptor.
  var usedCount: Int {
    var count = files.count
    while count > 0 && files[count - 1] == nil { count -= 1 }
    return count
  }

  /// Becomes a copy of `other`, whose open descriptors fit. Descriptors that are being opened are not copied.
  mutating func copy(from other: borrowing Self) {
    for index in 0..<min(other.files.count, files.count) {
      guard let file = other.files[index] else { continue }
      file.beginDescriptor()
      files[index] = file
      take(index, other.bit(index, of: .closesOnExecution))
    }
  }
}
