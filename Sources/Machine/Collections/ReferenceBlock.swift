import Foundations
import Synchronization

// SAFETY (section): a block is made by `make`, with as many words as its header says, all of them set; its table says until when it
// is there. A place is only ever accessed as an atomic word, within `capacity`; room behind the places within `asideCapacity`.

/// The memory of a `PinnedTable`: places for references, and room behind them for those that were put aside.
///
/// Of the places, words that are null or own a reference, any thread may load one; all else is for the holder of the table's lock.
@unsafe
struct ReferenceBlock<Object: AnyObject> {
  private let header: UnsafeMutablePointer<Header>

  struct Header {
    /// How many places there are. Set before anybody sees the block, as the next.
    let capacity: Int
    let asideCapacity: Int
    var asideCount = 0
    /// The block that this one is in place of, while that may be in use; 0 for none.
    var retired: UInt = 0
  }

  @inline(__always)
  init?(address: UInt) {
    guard let header = unsafe UnsafeMutablePointer<Header>(bitPattern: address) else { return nil }
    unsafe self.header = header
  }

  var address: UInt { unsafe UInt(bitPattern: header) }

  @inline(__always)
  var capacity: Int { unsafe header.pointee.capacity }

  // MARK: Places

  @inline(__always)
  private func place(_ index: Int) -> UnsafeMutablePointer<Atomic<UInt>> {
    unsafe UnsafeMutableRawPointer(header.advanced(by: 1)).assumingMemoryBound(to: Atomic<UInt>.self)
      .advanced(by: index)
  }

  /// The reference at place `index`; nil for none, and for a place that there is not.
  @inline(__always)
  func word(at index: Int) -> UnsafeRawPointer? {
    // As an unsigned number a negative one is too large.
    guard unsafe UInt(bitPattern: index) < UInt(bitPattern: capacity) else { return nil }
    return unsafe knownWord(at: index)
  }

  /// The reference at place `index`, which there is.
  @inline(__always)
  func knownWord(at index: Int) -> UnsafeRawPointer? {
    unsafe UnsafeRawPointer(bitPattern: place(index).pointee.load(ordering: .sequentiallyConsistent))
  }

  /// Puts a counted reference into place `index`, which is empty.
  func fill(_ index: Int, with object: Object) {
    unsafe precondition(index >= 0 && index < capacity, "no such place")
    let new = unsafe UInt(bitPattern: Unmanaged.passRetained(object).toOpaque())
    let old = unsafe place(index).pointee.exchange(new, ordering: .sequentiallyConsistent)
    precondition(old == 0, "a place that is taken")
  }

  /// Empties place `index`.
  ///
  /// - Returns: the reference that it owned.
  func empty(_ index: Int) -> UnsafeRawPointer? {
    guard unsafe index >= 0 && index < capacity else { return nil }
    return unsafe UnsafeRawPointer(bitPattern: place(index).pointee.exchange(0, ordering: .sequentiallyConsistent))
  }

  // MARK: Put aside

  private func aside(_ index: Int) -> UnsafeMutablePointer<UInt> {
    unsafe UnsafeMutableRawPointer(place(capacity)).assumingMemoryBound(to: UInt.self).advanced(by: index)
  }

  /// Whether nothing is kept for those who use the table.
  var isAsideEmpty: Bool { unsafe header.pointee.asideCount == 0 && header.pointee.retired == 0 }

  func putAside(_ word: UnsafeRawPointer) {
    let count = unsafe header.pointee.asideCount
    unsafe precondition(count < header.pointee.asideCapacity, "no room was reserved")
    unsafe aside(count).pointee = UInt(bitPattern: word)
    unsafe header.pointee.asideCount = count + 1
  }

  /// Takes out what was put aside last.
  func takeBack() -> UnsafeRawPointer? {
    let count = unsafe header.pointee.asideCount
    guard count > 0 else { return nil }
    unsafe header.pointee.asideCount = count - 1
    return unsafe UnsafeRawPointer(bitPattern: aside(count - 1).pointee)
  }

  // MARK: Memory

  /// Whether there are `count` places, and room to put aside what may be in all of them and one more.
  func hasRoom(for count: Int) -> Bool {
    unsafe count <= capacity && header.pointee.asideCount + capacity < header.pointee.asideCapacity
  }

  /// A block that takes the place of `old`, with all that was in it.
  ///
  /// - Throws: `ENOMEM`.
  static func make(_ count: Int, from old: ReferenceBlock?) throws(Errno) -> ReferenceBlock {
    let asideCount = unsafe old?.header.pointee.asideCount ?? 0
    let capacity = unsafe max(count, old?.capacity ?? 0)
    let asideCapacity = 2 * asideCount + capacity + 1
    let byteCount = MemoryLayout<Header>.stride + 8 * (capacity + asideCapacity)
    guard let memory = unsafe RawMemory.allocate(byteCount: byteCount, alignment: 8) else { throw .ENOMEM }
    let header = unsafe memory.bindMemory(to: Header.self, capacity: 1)
    unsafe header.initialize(to: Header(capacity: capacity, asideCapacity: asideCapacity))
    let new = unsafe ReferenceBlock(header: header)
    unsafe memory.advanced(by: MemoryLayout<Header>.stride).initializeMemory(
      as: UInt.self, repeating: 0, count: capacity + asideCapacity)
    if let old = unsafe old { unsafe new.copy(old) }
    return unsafe new
  }

  private init(header: UnsafeMutablePointer<Header>) { unsafe self.header = header }

  /// Copies what `old` owns, which it is no longer asked for.
  private func copy(_ old: ReferenceBlock) {
    for index in unsafe 0..<old.capacity {
      let word = unsafe old.place(index).pointee.load(ordering: .relaxed)
      unsafe place(index).pointee.store(word, ordering: .relaxed)
    }
    for index in unsafe 0..<old.header.pointee.asideCount { unsafe aside(index).pointee = old.aside(index).pointee }
    unsafe header.pointee.asideCount = old.header.pointee.asideCount
    unsafe header.pointee.retired = old.header.pointee.retired
    unsafe old.header.pointee.retired = 0
  }

  /// Keeps `old`, in whose place this is, until `releaseRetired`.
  func retire(_ old: ReferenceBlock) {
    unsafe old.header.pointee.retired = header.pointee.retired
    unsafe header.pointee.retired = old.address
  }

  /// Gives back the memory of the blocks that this one is in place of.
  func releaseRetired() {
    while let old = unsafe ReferenceBlock(address: header.pointee.retired) {
      unsafe header.pointee.retired = old.header.pointee.retired
      unsafe RawMemory.release(old.header)
    }
  }

  /// Whether nothing is in it, and nothing is kept for those who use the table.
  var isUnused: Bool {
    for index in unsafe 0..<capacity where unsafe knownWord(at: index) != nil { return false }
    return unsafe isAsideEmpty
  }

  /// Gives back its memory.
  func release() { unsafe RawMemory.release(header) }
}
