import Foundations
import Machine

/// The strings, buffers and packages of an interpreter, with a limit on what they take together.
///
/// A place is freed by `sweep` after everything that can be reached was marked. Nothing is moved, so an index stays good
/// for as long as somebody marks it. An index that is none reads as an empty object.
struct AMLHeap: ~Copyable {
  private struct Object: ~Copyable {
    var bytes = GrowableArray<UInt8>()
    var elements = GrowableArray<AMLValue>()
    /// What the object counts for in `byteCount`; zero for a free place.
    var charge = 0
    var isMarked = false
  }

  private var objects = GrowableArray<Object>()
  private var freePlaces = GrowableArray<UInt32>()
  /// Packages that were marked and whose elements were not.
  private var unvisited = GrowableArray<UInt32>()
  /// Bytes that all objects take.
  private(set) var byteCount = 0
  /// What `byteCount` must reach before a collection is worth it.
  private var threshold = 64 << 10
  private let limit: Int
  private let objectLimit: Int

  init(_ limits: AMLLimits) {
    limit = limits.heapByteCount
    objectLimit = limits.objectSize
  }

  /// How many places a collection looks at.
  var placeCount: Int { objects.count }

  /// How many objects there are.
  var count: Int { objects.count - freePlaces.count }

  /// Whether so much was allocated since the last collection that another is due.
  var isCollectionDue: Bool { byteCount >= threshold }

  // MARK: Allocation

  /// Takes a buffer or string of `count` zero bytes.
  mutating func makeBytes(count: Int) throws(AMLError) -> AMLObjectIndex {
    guard count >= 0, count <= objectLimit else { throw .heapLimit }
    let place = try takePlace(charge: count)
    do { try objects[Int(place)].bytes.resize(to: count, filledWith: 0) } catch {
      release(place)
      throw .outOfMemory
    }
    return AMLObjectIndex(rawValue: place)
  }

  /// Takes a package of `count` elements without values.
  mutating func makePackage(count: Int) throws(AMLError) -> AMLObjectIndex {
    guard count >= 0, count <= objectLimit else { throw .heapLimit }
    let place = try takePlace(charge: count * MemoryLayout<AMLValue>.stride)
    do { try objects[Int(place)].elements.resize(to: count, filledWith: .uninitialized) } catch {
      release(place)
      throw .outOfMemory
    }
    return AMLObjectIndex(rawValue: place)
  }

  private mutating func takePlace(charge contents: Int) throws(AMLError) -> UInt32 {
    let charge = MemoryLayout<Object>.stride + contents
    guard charge <= limit - byteCount else { throw .heapLimit }
    if freePlaces.isEmpty { try addPlace() }
    guard let place = freePlaces.popLast() else { throw .outOfMemory }
    objects[Int(place)].charge = charge
    byteCount += charge
    return place
  }

  /// Adds a free place, with room for it in the lists, so that neither a mark nor a sweep ever wants memory.
  private mutating func addPlace() throws(AMLError) {
    do {
      if objects.count + 1 > freePlaces.capacity { try freePlaces.reserveCapacity(max(64, objects.count * 2)) }
      if objects.count + 1 > unvisited.capacity { try unvisited.reserveCapacity(max(64, objects.count * 2)) }
      try objects.append(Object())
      try freePlaces.append(UInt32(objects.count - 1))
    } catch { throw .outOfMemory }
  }

  private mutating func release(_ place: UInt32) {
    byteCount -= objects[Int(place)].charge
    objects[Int(place)] = Object()
    // There is room: see `addPlace`.
    try? freePlaces.append(place)
  }

  // MARK: Contents

  private func isPlace(_ index: AMLObjectIndex) -> Bool { Int(index.rawValue) < objects.count }

  /// How many bytes a string or buffer has.
  func byteCount(_ index: AMLObjectIndex) -> Int { isPlace(index) ? objects[Int(index.rawValue)].bytes.count : 0 }

  /// How many elements a package has.
  func elementCount(_ index: AMLObjectIndex) -> Int {
    isPlace(index) ? objects[Int(index.rawValue)].elements.count : 0
  }

  /// Byte `offset` of a string or buffer, zero behind its end.
  func byte(_ index: AMLObjectIndex, _ offset: Int) -> UInt8 {
    guard offset >= 0, offset < byteCount(index) else { return 0 }
    return objects[Int(index.rawValue)].bytes[offset]
  }

  /// Changes byte `offset` of a string or buffer; dropped behind its end.
  mutating func setByte(_ index: AMLObjectIndex, _ offset: Int, _ value: UInt8) {
    guard offset >= 0, offset < byteCount(index) else { return }
    objects[Int(index.rawValue)].bytes[offset] = value
  }

  /// Element `number` of a package.
  func element(_ index: AMLObjectIndex, _ number: Int) throws(AMLError) -> AMLValue {
    guard number >= 0, number < elementCount(index) else { throw .packageLimit }
    return objects[Int(index.rawValue)].elements[number]
  }

  /// Changes element `number` of a package.
  mutating func setElement(_ index: AMLObjectIndex, _ number: Int, _ value: AMLValue) throws(AMLError) {
    guard number >= 0, number < elementCount(index) else { throw .packageLimit }
    objects[Int(index.rawValue)].elements[number] = value
  }

  /// Makes a string or buffer `count` bytes long; new bytes are zero.
  mutating func resize(_ index: AMLObjectIndex, to count: Int) throws(AMLError) {
    let old = byteCount(index)
    guard isPlace(index), count >= 0, count <= objectLimit, count - old <= limit - byteCount else { throw .heapLimit }
    do { try objects[Int(index.rawValue)].bytes.resize(to: count, filledWith: 0) } catch { throw .outOfMemory }
    objects[Int(index.rawValue)].charge += count - old
    byteCount += count - old
  }

  /// Copies `count` bytes between strings or buffers, as many as there are in both.
  mutating func copyBytes(
    from source: AMLObjectIndex, at sourceOffset: Int = 0, to target: AMLObjectIndex, atTarget targetOffset: Int = 0,
    count: Int
  ) {
    let available = min(count, byteCount(source) - sourceOffset, byteCount(target) - targetOffset)
    guard available > 0, sourceOffset >= 0, targetOffset >= 0 else { return }
    for offset in 0..<available {
      let byte = objects[Int(source.rawValue)].bytes[sourceOffset + offset]
      objects[Int(target.rawValue)].bytes[targetOffset + offset] = byte
    }
  }

  /// Whether the bytes of one come before, with or after those of the other, as -1, 0 or 1; of equals, the shorter is first.
  func compare(_ left: AMLObjectIndex, _ right: AMLObjectIndex) -> Int {
    let leftCount = byteCount(left)
    let rightCount = byteCount(right)
    for offset in 0..<min(leftCount, rightCount) {
      let (a, b) = (byte(left, offset), byte(right, offset))
      if a != b { return a < b ? -1 : 1 }
    }
    return leftCount == rightCount ? 0 : leftCount < rightCount ? -1 : 1
  }

  // MARK: Collection

  /// Marks what `value` leads to, and everything behind it.
  mutating func mark(_ value: AMLValue) {
    markOne(value)
    while let place = unvisited.popLast() {
      for number in 0..<objects[Int(place)].elements.count { markOne(objects[Int(place)].elements[number]) }
    }
  }

  private mutating func markOne(_ value: AMLValue) {
    let index: AMLObjectIndex
    switch value {
    case .string(let object), .buffer(let object), .package(let object): index = object
    case .reference(.element(let object, _)), .reference(.byte(let object, _)): index = object
    case .uninitialized, .integer, .reference, .object, .unresolved, .table, .debug: return
    }
    guard isPlace(index), !objects[Int(index.rawValue)].isMarked else { return }
    objects[Int(index.rawValue)].isMarked = true
    // There is room: each place is put here once at most, and see `addPlace`.
    if !objects[Int(index.rawValue)].elements.isEmpty { try? unvisited.append(index.rawValue) }
  }

  /// Frees what is not marked, and takes the marks away.
  mutating func sweep() {
    for place in 0..<objects.count where objects[place].charge > 0 {
      if objects[place].isMarked { objects[place].isMarked = false } else { release(UInt32(place)) }
    }
    // After as much again, and in time before the limit.
    threshold = min(max(64 << 10, byteCount * 2), limit - limit / 16)
  }
}
