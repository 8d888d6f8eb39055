/// Red zones, poison and marks, for a cache that is debugged.
///
/// An object's place: the leading red zone, whose first word is the link while the object is free; the object; the trailing
/// red zone; the mark that says whether it is free; the address that asked for it.
extension SlabCache {
  private static let redZone: UInt64 = 0xbbbb_bbbb_bbbb_bbbb
  private static let poison: UInt64 = 0x6b6b_6b6b_6b6b_6b6b
  private static let takenMark: UInt64 = 0x7a6b_e17a_6be1_7a6b
  private static let freeMark: UInt64 = 0x0f7e_ed0f_7eed_0f7e

  private func objectStart(_ place: UInt) -> UInt { place &+ UInt(layout.leadingZone) }
  private func objectEnd(_ place: UInt) -> UInt { objectStart(place) &+ UInt((layout.objectSize + 7) & ~7) }
  private func mark(_ place: UInt) -> UInt { objectEnd(place) &+ 8 }

  /// Prepares the object for its user.
  mutating func markTaken(_ place: UInt, isFresh: Bool, caller: UInt, _ memory: some ObjectMemory) -> UInt {
    if !isFresh,
      memory.load(at: mark(place)) != Self.freeMark ^ UInt64(place)
        || !holds(Self.poison, from: objectStart(place), to: objectEnd(place), memory)
    {
      note(.useAfterFree(address: objectStart(place)))
    }
    fill(Self.redZone, from: place, to: objectStart(place), memory)
    memory.store(Self.redZone, at: objectEnd(place))
    memory.store(Self.takenMark ^ UInt64(place), at: mark(place))
    memory.store(UInt64(caller), at: mark(place) &+ 8)
    return objectStart(place)
  }

  /// Checks the object that its user gives back, and poisons it.
  func markFree(_ place: UInt, _ memory: some ObjectMemory) -> SlabFinding? {
    guard isTaken(place, memory) else { return .doubleFree(address: objectStart(place)) }
    guard holds(Self.redZone, from: place, to: objectStart(place), memory),
      memory.load(at: objectEnd(place)) == Self.redZone
    else { return .overrun(address: objectStart(place), caller: caller(of: place, memory)) }
    fill(Self.poison, from: objectStart(place), to: objectEnd(place), memory)
    memory.store(Self.freeMark ^ UInt64(place), at: mark(place))
    return nil
  }

  /// Whether the object is in use.
  func isTaken(_ place: UInt, _ memory: some ObjectMemory) -> Bool {
    memory.load(at: mark(place)) == Self.takenMark ^ UInt64(place)
  }

  /// The address that asked for the object.
  func caller(of place: UInt, _ memory: some ObjectMemory) -> UInt {
    UInt(truncatingIfNeeded: memory.load(at: mark(place) &+ 8))
  }

  private func fill(_ word: UInt64, from start: UInt, to end: UInt, _ memory: some ObjectMemory) {
    var place = start
    while place < end {
      memory.store(word, at: place)
      place &+= 8
    }
  }

  private func holds(_ word: UInt64, from start: UInt, to end: UInt, _ memory: some ObjectMemory) -> Bool {
    var place = start
    while place < end {
      if memory.load(at: place) != word { return false }
      place &+= 8
    }
    return true
  }
}
