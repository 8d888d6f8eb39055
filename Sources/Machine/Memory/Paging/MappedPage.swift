import PageFrames
import Synchronization

/// What a page-table entry holds of its frames: a reference to each, and its share in the count of mappings.
enum MappedPage {
  /// How many frames a huge page has.
  static let hugeFrameCount = 512

  @inline(__always)
  static func frameCount(of entry: PageTableEntry) -> Int { entry.isHuge ? hugeFrameCount : 1 }

  /// Counts a mapping of a frame whose reference the entry has.
  @inline(__always)
  static func countMapping(of frame: FrameNumber) {
    FrameTable.descriptors[frame].mappings.wrappingAdd(1, ordering: .relaxed)
  }

  /// Counts a second holder of all that `entry` holds.
  @inline(__always)
  static func share(_ entry: PageTableEntry) {
    let first = entry.frame
    for index in 0..<frameCount(of: entry) {
      UserFrame.addReference(to: first + index)
      countMapping(of: first + index)
    }
  }

  /// Gives up what `entry` holds, after telling the frames of files what the CPU has noted.
  @inline(__always)
  static func release(_ entry: PageTableEntry) {
    let first = entry.frame
    for index in 0..<frameCount(of: entry) {
      let frame = first + index
      FrameTable.descriptors[frame].mappings.wrappingSubtract(1, ordering: .relaxed)
      note(entry, in: frame)
      UserFrame.dropReference(to: frame)
    }
  }

  /// Carries the marks of `entry` over to a file's frame: the page cache looks at no page table after this one.
  @inline(__always)
  private static func note(_ entry: PageTableEntry, in frame: FrameNumber) {
    guard entry.isAccessed || entry.isDirty, FrameTable.descriptors[frame].isKind(.file) else { return }
    var marks: FrameFlags = []
    if entry.isAccessed { marks.insert(.referenced) }
    if entry.isDirty { marks.insert(.dirty) }
    if !FrameTable.descriptors[frame].flags.isSuperset(of: marks) { FrameTable.descriptors[frame].insert(marks) }
  }

  /// Frees the table `table` of `level` with everything below it.
  static func releaseTable(_ table: TablePage, level: Int) {
    var left = table.count
    var index = 0
    while left > 0 && index < TablePage.entryCount {
      let entry = table[index]
      index += 1
      guard !entry.isEmpty else { continue }
      left -= 1
      if level == 0 || entry.isHuge {
        release(entry)
      } else {
        releaseTable(TablePage(behind: entry), level: level - 1)
      }
    }
    PageTableFrames.release(table.frame)
  }
}
