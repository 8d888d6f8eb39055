import PageFrames
import Synchronization

/// One page of a page table: 512 entries, which the CPU reads and marks while they change.
///
/// A name for the page and nothing more; who has it must know that the table exists. How many entries are in use stands in
/// the frame's descriptor.
@safe
struct TablePage {
  static let entryCount = 512

  /// The physical address of the page.
  private let address: UInt64

  @inline(__always)
  init(_ frame: FrameNumber) { address = frame.address }

  /// The table that `entry`, which is a table's, leads to.
  @inline(__always)
  init(behind entry: PageTableEntry) { address = entry.tableAddress }

  /// The frame of the page.
  @inline(__always)
  var frame: FrameNumber { FrameNumber(containing: address) }

  // SAFETY (section): the frame is a page table in the physical map; an index is cut to the 512 words that it has. Entries are
  // only ever touched as atomic words, as the CPU does.

  @inline(__always)
  private func word(_ index: Int) -> UnsafePointer<Atomic<UInt64>> {
    let place = UInt(PhysicalMap.address(of: address)) &+ UInt(bitPattern: index & (Self.entryCount &- 1)) &<< 3
    return unsafe UnsafePointer(bitPattern: place).unsafelyUnwrapped
  }

  /// Entry number `index`, 0..<512. Writing is for entries that the CPU does not use.
  @inline(__always)
  subscript(index: Int) -> PageTableEntry {
    get { unsafe PageTableEntry(rawValue: word(index).pointee.load(ordering: .relaxed)) }
    nonmutating set { unsafe word(index).pointee.store(newValue.rawValue, ordering: .releasing) }
  }

  /// Puts `entry` in place of number `index` and returns what was there, with the marks that the CPU has made.
  @inline(__always)
  func exchange(_ index: Int, _ entry: PageTableEntry) -> PageTableEntry {
    unsafe PageTableEntry(rawValue: word(index).pointee.exchange(entry.rawValue, ordering: .acquiringAndReleasing))
  }

  /// Puts `entry` in place of number `index` if that is still `expected`.
  @inline(__always)
  func replace(_ index: Int, _ expected: PageTableEntry, by entry: PageTableEntry) -> Bool {
    unsafe word(index).pointee.compareExchange(
      expected: expected.rawValue, desired: entry.rawValue, ordering: .acquiringAndReleasing
    ).exchanged
  }

  /// Clears `bits` of number `index` and returns what was there.
  @inline(__always)
  func clear(_ index: Int, bits: UInt64) -> PageTableEntry {
    unsafe PageTableEntry(
      rawValue: word(index).pointee.bitwiseAnd(~bits, ordering: .acquiringAndReleasing).oldValue)
  }

  /// Sets `bits` of number `index`, as the CPU does.
  func mark(_ index: Int, bits: UInt64) {
    unsafe word(index).pointee.bitwiseOr(bits, ordering: .acquiringAndReleasing)
  }

  /// Copies the entries in `slots` of `source`, which nobody changes, to a table that nobody uses yet.
  func copy(_ slots: Range<Int>, of source: TablePage) {
    precondition(slots.lowerBound >= 0 && slots.upperBound <= Self.entryCount, "outside the table")
    let from = unsafe UnsafeRawPointer(source.word(slots.lowerBound))
    unsafe UnsafeMutableRawPointer(mutating: word(slots.lowerBound)).copyMemory(from: from, byteCount: slots.count * 8)
  }

  /// How many entries are in use.
  @inline(__always)
  var count: Int {
    get { Int(truncatingIfNeeded: FrameTable.descriptors[frame].index) }
    nonmutating set { FrameTable.descriptors[frame].index = UInt64(truncatingIfNeeded: newValue) }
  }

  // MARK: Addresses

  /// The shift that makes the number of an entry of a table of `level` the lowest bits of an address.
  @inline(__always)
  static func shift(level: Int) -> UInt64 { UInt64(truncatingIfNeeded: 12 &+ 9 &* level) }

  /// Which entry of a table of `level` translates `address`.
  @inline(__always)
  static func index(of address: UInt64, level: Int) -> Int { index(of: address, shift: shift(level: level)) }

  /// Which entry of a table translates `address`, by the shift of the table's level.
  @inline(__always)
  static func index(of address: UInt64, shift: UInt64) -> Int {
    Int(truncatingIfNeeded: address &>> shift) & (entryCount &- 1)
  }

  /// Bytes that one entry of a table of `level` covers.
  @inline(__always)
  static func coverage(level: Int) -> UInt64 { 1 &<< shift(level: level) }
}
