import PageFrames

/// One entry of a program's page table.
///
/// An entry without the present bit is empty (zero), or *held*: its frame belongs to the address, but the program may not
/// touch it. A held entry keeps its frame number inverted, so that a CPU that goes on speculating with entries that are not
/// present (L1TF) is led to addresses without memory. Bit 10 alone is kept free for pages that are in swap.
/// Source: Intel SDM vol. 3A, tables 4-18 to 4-20.
struct PageTableEntry: Equatable {
  let rawValue: UInt64

  static let empty = PageTableEntry(rawValue: 0)

  private static let present: UInt64 = 1 << 0
  static let writableBit: UInt64 = 1 << 1
  private static let user: UInt64 = 1 << 2
  static let accessedBit: UInt64 = 1 << 5
  static let dirtyBit: UInt64 = 1 << 6
  private static let large: UInt64 = 1 << 7
  private static let held: UInt64 = 1 << 9
  private static let noExecute: UInt64 = 1 << 63
  private static let frameMask: UInt64 = 0x000f_ffff_ffff_f000

  @inline(__always)
  init(rawValue: UInt64) { self.rawValue = rawValue }

  /// The entry of a table: it forbids nothing, so that the pages decide.
  @inline(__always)
  init(table: FrameNumber) { rawValue = table.address | Self.present | Self.writableBit | Self.user }

  /// The entry of a page that begins at `frame`.
  ///
  /// It is mapped because a program touches it now, so it counts as accessed, and as dirty if it may be written: the CPU
  /// would have to come back to set these bits itself.
  @inline(__always)
  init(page frame: FrameNumber, _ access: PageAccess, isHuge: Bool) {
    let used = access.contains(.write) ? Self.accessedBit | Self.dirtyBit : Self.accessedBit
    let size = isHuge ? Self.large : 0
    if access.isEmpty {
      rawValue = (frame.address ^ Self.frameMask) | Self.held | Self.noExecute | size
    } else {
      rawValue = frame.address | Self.bits(of: access) | used | size
    }
  }

  @inline(__always)
  private static func bits(of access: PageAccess) -> UInt64 {
    present | user | (access.contains(.write) ? writableBit : 0) | (access.contains(.execute) ? 0 : noExecute)
  }

  @inline(__always)
  var isEmpty: Bool { rawValue == 0 }
  @inline(__always)
  var isPresent: Bool { rawValue & Self.present != 0 }
  @inline(__always)
  var isHuge: Bool { rawValue & Self.large != 0 }
  @inline(__always)
  var isWritable: Bool { rawValue & Self.writableBit != 0 }
  @inline(__always)
  var isAccessed: Bool { rawValue & Self.accessedBit != 0 }
  @inline(__always)
  var isDirty: Bool { rawValue & Self.dirtyBit != 0 }

  /// The physical address of the table, of an entry that leads to one.
  @inline(__always)
  var tableAddress: UInt64 { rawValue & Self.frameMask }

  /// The first frame of the page.
  @inline(__always)
  var frame: FrameNumber {
    FrameNumber(containing: (isPresent ? rawValue : ~rawValue) & Self.frameMask)
  }

  @inline(__always)
  var access: PageAccess {
    guard isPresent else { return [] }
    var access: PageAccess = .read
    if isWritable { access.insert(.write) }
    if rawValue & Self.noExecute == 0 { access.insert(.execute) }
    return access
  }

  /// The same page with other permissions.
  @inline(__always)
  func with(_ access: PageAccess) -> PageTableEntry {
    let kept = rawValue & (Self.accessedBit | Self.dirtyBit | Self.large)
    let number = (isPresent ? rawValue : ~rawValue) & Self.frameMask
    if access.isEmpty {
      return PageTableEntry(rawValue: (number ^ Self.frameMask) | Self.held | Self.noExecute | kept)
    }
    return PageTableEntry(rawValue: number | Self.bits(of: access) | kept)
  }

  /// The same page for a child of fork(2), which has not used it yet.
  @inline(__always)
  func inherited(keepsDirty: Bool) -> PageTableEntry {
    PageTableEntry(rawValue: rawValue & ~(Self.accessedBit | (keepsDirty ? 0 : Self.dirtyBit)))
  }

  /// The entry of small page number `index` of this huge page.
  @inline(__always)
  func smallPage(_ index: Int) -> PageTableEntry {
    let flags = rawValue & ~(Self.frameMask | Self.large)
    let address = (frame + index).address
    return PageTableEntry(rawValue: flags | (isPresent ? address : address ^ Self.frameMask))
  }

  /// Whether somebody who may use this entry could do something that `other` forbids: a reason to flush it from TLBs.
  @inline(__always)
  func allowsMore(than other: PageTableEntry) -> Bool {
    let lost = rawValue & ~other.rawValue & (Self.present | Self.writableBit)
    return isPresent && lost | other.rawValue & ~rawValue & Self.noExecute != 0
  }

  @inline(__always)
  func mapping(frameOffset: Int) -> PageMapping {
    PageMapping(
      frame: frame + frameOffset, byteCount: isHuge ? 2 << 20 : 4096, access: access, isAccessed: isAccessed,
      isDirty: isDirty)
  }
}
