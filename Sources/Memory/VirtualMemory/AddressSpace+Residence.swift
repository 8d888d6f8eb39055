import Foundations
import Machine
import PageCache
import PageFrames

/// What of a program's memory is present, in pages, by what is behind it. Source: proc(5), `RssAnon`, `RssFile`, `RssShmem`.
public struct Residence: Equatable, Sendable {
  /// Private memory.
  public var anonymous = 0
  /// Pages of files.
  public var file = 0
  /// Shared memory, and files that are nowhere but in memory.
  public var shared = 0

  /// Nothing.
  public init() {}

  /// All of it.
  public var total: Int { anonymous + file + shared }
}

extension AddressSpace {
  /// How much is looked at under the lock at once, in bytes.
  static let residenceStep: UInt64 = 64 << 20

  /// What is present, of which pages of files are counted one by one: what changes meanwhile may be missing.
  public var residence: Residence {
    var residence = Residence()
    var address: UInt64 = 0
    var isDone = false
    while !isDone {
      state.withLock { state in
        guard let area = state.areas.firstArea(endingAfter: address), area.start < UserSpace.end else {
          residence.anonymous = max(0, state.table.residentPageCount - residence.file - residence.shared)
          isDone = true
          return
        }
        let start = max(address, area.start)
        address = area.end
        guard let object = state.object(of: area) else { return }
        if area.end - start > Self.residenceStep { address = start + Self.residenceStep }
        state.count(start..<address, of: area, object, in: &residence)
      }
    }
    return residence
  }
}

extension AddressSpaceState {
  /// Counts the pages of `range`, a part of `area`, that are the object's.
  fileprivate borrowing func count(
    _ range: Range<UInt64>, of area: Area, _ object: MappedObject, in residence: inout Residence
  ) {
    let isMemory = object.cachedFile.map { !$0.provider.isBacked } ?? true
    var count = 0
    // A visitor that throws nothing never ends the visit.
    try? table.visit(range) { (address, page) throws(Errno) in
      if area.isShared || FrameTable.descriptors[page.frame].isKind(.file) { count += 1 }
    }
    if isMemory { residence.shared += count } else { residence.file += count }
  }
}
