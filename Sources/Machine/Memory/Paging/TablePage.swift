import PageFrames
import Synchronization

/// One page of a page table: 512 entries, which the CPU reads and marks while they change.
///
/// A name for the page and nothing more; who has it must know that the table exists. How many entries are in use stands in
/// the frame's descriptor.
@safe
struct TablePage {
  static let entryCount = 512

  let frame: FrameNumber

  @inline(__always)
  init(_ frame: FrameNumber) { self.frame = frame }

  // SAFETY (section): the frame is a page table in the physical map; an index is cut to the 512 words that it has. Entries are
  // only ever touched as atomic words, as the CPU does.

  @inline(__always)
  private func word(_ index: Int) -> UnsafePointer<Atomic<UInt64>> {
    let address = UInt(PhysicalMap.address(of: frame.address)) | UInt(index & (Self.entryCount &- 1)) &<< 3
    return unsafe UnsafePointer(bitPattern: address).unsafelyUnwrapped
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

  /// How many entries are in use.
  @inline(__always)
  var count: Int {
    get { Int(truncatingIfNeeded: FrameTable.descriptors[frame].index) }
    nonmutating set { FrameTable.descriptors[frame].index = UInt64(truncatingIfNeeded: newValue) }
  }

  /// Which entry of a table of `level` translates `address`.
  @inline(__always)
  static func index(of address: UInt64, level: Int) -> Int {
    Int(truncatingIfNeeded: address &>> UInt64(truncatingIfNeeded: 12 &+ 9 &* level)) & (entryCount &- 1)
  }

  /// Bytes that one entry of a table of `level` covers.
  @inline(__always)
  static func coverage(level: Int) -> UInt64 { 1 &<< UInt64(truncatingIfNeeded: 12 &+ 9 &* level) }
}
