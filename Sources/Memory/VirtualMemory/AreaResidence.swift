import Foundations
import Machine
import PageFrames
import Synchronization

/// What of an area is present, in pages. Source: proc(5), `/proc/pid/smaps`.
public struct AreaResidence: Equatable, Sendable {
  /// What stands for a page in `proportional`.
  public static let pageShare = 1 << 12

  /// All that is present.
  public var resident = 0
  /// The same, each page divided by how often it is mapped, in units of 1 / `pageShare`.
  public var proportional = 0
  /// What of that was written to.
  public var proportionalDirty = 0
  /// Pages that are mapped more than once and not written to.
  public var sharedClean = 0
  /// Pages that are mapped more than once and written to.
  public var sharedDirty = 0
  /// Pages that are mapped here only, and not written to.
  public var privateClean = 0
  /// Pages that are mapped here only, and written to.
  public var privateDirty = 0
  /// Pages that were used since somebody last looked.
  public var referenced = 0
  /// Pages that belong to no file.
  public var anonymous = 0
  /// Pages in huge pages.
  public var huge = 0

  /// Nothing.
  public init() {}

  /// Both together.
  public static func + (left: AreaResidence, right: AreaResidence) -> AreaResidence {
    var sum = left
    sum.resident += right.resident
    sum.proportional += right.proportional
    sum.proportionalDirty += right.proportionalDirty
    sum.sharedClean += right.sharedClean
    sum.sharedDirty += right.sharedDirty
    sum.privateClean += right.privateClean
    sum.privateDirty += right.privateDirty
    sum.referenced += right.referenced
    sum.anonymous += right.anonymous
    sum.huge += right.huge
    return sum
  }
}

extension AddressSpace {
  /// What of `area` is present; what of it has changed meanwhile counts as it is found.
  public func residence(of area: Area) -> AreaResidence {
    var residence = AreaResidence()
    var start = area.start
    while start < area.end {
      // A part at a time, so that interrupts are not off for long.
      let end = area.end - start > Self.residenceStep ? start + Self.residenceStep : area.end
      state.withLock { $0.count(start..<end, in: &residence) }
      start = end
    }
    return residence
  }
}

extension AddressSpaceState {
  fileprivate borrowing func count(_ range: Range<UInt64>, in residence: inout AreaResidence) {
    // A visitor that throws nothing never ends the visit.
    try? table.visit(range) { (address, page) throws(Errno) in
      let pageEnd = address + page.byteCount
      let count = Int((min(pageEnd, range.upperBound) - max(address, range.lowerBound)) >> 12)
      residence.add(count, page)
    }
  }
}

extension AreaResidence {
  fileprivate mutating func add(_ count: Int, _ page: PageMapping) {
    let descriptor = FrameTable.descriptors
    let mappings = max(1, Int(descriptor[page.frame].mappings.load(ordering: .relaxed)))
    let isOfFile = descriptor[page.frame].isKind(.file)
    let isDirty = page.isDirty || isOfFile && descriptor[page.frame].flags.contains(.dirty)
    resident += count
    proportional += count * Self.pageShare / mappings
    if isDirty { proportionalDirty += count * Self.pageShare / mappings }
    switch (mappings > 1, isDirty) {
    case (true, false): sharedClean += count
    case (true, true): sharedDirty += count
    case (false, false): privateClean += count
    case (false, true): privateDirty += count
    }
    if page.isAccessed { referenced += count }
    if !isOfFile { anonymous += count }
    if page.byteCount > AddressSpaceState.pageSize { huge += count }
  }
}
