import Foundations
import Machine
import PageCache

/// The objects behind the areas of an address space, by number, and where each may be mapped.
///
/// An object is found by its key, in constant time however many a program maps. It has a number from before its first area is
/// made until `releaseUnused` is called after its last is gone, and is told of both.
struct ObjectTable: ~Copyable {
  private struct Slot {
    var object: MappedObject?
    var areaCount = 0
    /// A range that all of its areas lie in.
    var reach: Range<UInt64> = 0..<0
    /// The next slot with the same hash, or the next free one.
    var next: Int32 = -1
    /// The next slot that has had no area for a while.
    var nextIdle: Int32 = -1
    var isIdle = false
  }

  private var slots = GrowableArray<Slot>()
  /// The first slot of each hash; a power of two of them, or none.
  private var buckets = GrowableArray<Int32>()
  private var firstFree: Int32 = -1
  private var firstIdle: Int32 = -1
  private var objectCount = 0

  init() {}

  // MARK: Looking

  /// The object with this number.
  @inline(__always)
  subscript(number: Int32) -> MappedObject? { slots[Int(number)].object }

  /// A range of addresses that all areas of the object lie in.
  func reach(of number: Int32) -> Range<UInt64> { slots[Int(number)].reach }

  /// The first number whose object may have `key`; `next(after:)` gives the others.
  func first(withKey key: UInt64) -> Int32 { buckets.isEmpty ? -1 : buckets[bucket(key)] }

  /// The number after `number` whose object may have the same key, or -1.
  func next(after number: Int32) -> Int32 { slots[Int(number)].next }

  private func bucket(_ key: UInt64) -> Int {
    // Fibonacci hashing: Knuth, The Art of Computer Programming vol. 3, 6.4.
    Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) >> 32) & (buckets.count - 1)
  }

  // MARK: Changing

  /// The number of `object`, which gets one, and is told that `space` will map it, if it has none.
  ///
  /// - Throws: `ENOMEM`, or what the object throws; nothing has changed.
  mutating func number(of object: MappedObject, mappedBy space: AddressSpace) throws(Errno) -> Int32 {
    var number = first(withKey: object.key)
    while number >= 0 {
      if slots[Int(number)].object === object { return number }
      number = slots[Int(number)].next
    }
    if objectCount >= buckets.count { try growBuckets() }
    let new = try takeSlot()
    do throws(Errno) {
      try object.attach(space)
    } catch {
      slots[Int(new)].next = firstFree
      firstFree = new
      throw error
    }
    let bucket = bucket(object.key)
    slots[Int(new)] = Slot(object: object, next: buckets[bucket])
    buckets[bucket] = new
    objectCount += 1
    noteIdle(new)
    return new
  }

  private mutating func takeSlot() throws(Errno) -> Int32 {
    if firstFree >= 0 {
      let slot = firstFree
      firstFree = slots[Int(slot)].next
      return slot
    }
    try slots.append(Slot())
    return Int32(slots.count - 1)
  }

  private mutating func growBuckets() throws(Errno) {
    var larger = GrowableArray<Int32>()
    do throws(Errno) {
      try larger.resize(to: max(8, buckets.count * 2), filledWith: -1)
    } catch {
      // Longer chains do too.
      if buckets.isEmpty { throw error }
      return
    }
    buckets = larger
    for index in 0..<slots.count {
      guard let key = slots[index].object?.key else { continue }
      let bucket = bucket(key)
      slots[index].next = buckets[bucket]
      buckets[bucket] = Int32(index)
    }
  }

  /// Counts one more area, at `range`, of the object with this number; of none if it is negative.
  mutating func addArea(_ number: Int32, at range: Range<UInt64>) {
    guard number >= 0 else { return }
    slots[Int(number)].areaCount += 1
    extend(number, to: range)
  }

  /// Notes that an area of the object now lies at `range`.
  mutating func extend(_ number: Int32, to range: Range<UInt64>) {
    guard number >= 0 else { return }
    let old = slots[Int(number)].reach
    slots[Int(number)].reach =
      old.isEmpty ? range : min(old.lowerBound, range.lowerBound)..<max(old.upperBound, range.upperBound)
  }

  /// Counts one area less.
  mutating func removeArea(_ number: Int32) {
    guard number >= 0 else { return }
    slots[Int(number)].areaCount -= 1
    guard slots[Int(number)].areaCount == 0 else { return }
    slots[Int(number)].reach = 0..<0
    noteIdle(number)
  }

  private mutating func noteIdle(_ number: Int32) {
    guard !slots[Int(number)].isIdle else { return }
    slots[Int(number)].isIdle = true
    slots[Int(number)].nextIdle = firstIdle
    firstIdle = number
  }

  /// Takes their numbers from the objects that no area has any more, and tells them that `space` does not map them.
  ///
  /// Returns one of them, because the last reference to it must not be dropped under the lock; nil when there are no more.
  mutating func releaseUnused(mappedBy space: AddressSpace) -> MappedObject? {
    while firstIdle >= 0 {
      let number = firstIdle
      firstIdle = slots[Int(number)].nextIdle
      slots[Int(number)].isIdle = false
      guard slots[Int(number)].areaCount == 0, let object = slots[Int(number)].object else { continue }
      unlink(number, key: object.key)
      slots[Int(number)] = Slot(next: firstFree)
      firstFree = number
      objectCount -= 1
      object.detach(space)
      return object
    }
    return nil
  }

  private mutating func unlink(_ number: Int32, key: UInt64) {
    let bucket = bucket(key)
    if buckets[bucket] == number {
      buckets[bucket] = slots[Int(number)].next
      return
    }
    var before = buckets[bucket]
    while before >= 0 {
      let next = slots[Int(before)].next
      if next == number {
        slots[Int(before)].next = slots[Int(number)].next
        return
      }
      before = next
    }
  }
}
