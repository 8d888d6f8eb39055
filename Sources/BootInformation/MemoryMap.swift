/// What a range of physical addresses may be used for.
public enum MemoryKind: UInt8, Sendable {
  /// Free memory.
  case usable
  /// Tables of the firmware, usable once they have been read.
  case acpiReclaimable
  /// Memory that the firmware uses while the machine sleeps.
  case acpiNonVolatile
  /// Broken memory.
  case bad
  /// Persistent memory.
  case persistent
  /// Anything else: devices, firmware, holes.
  case reserved

  /// The kind by its number in the BIOS memory map (INT 15h, E820h), which Multiboot2 and PVH use too.
  init(e820 number: UInt32) {
    switch number {
    case 1: self = .usable
    case 3: self = .acpiReclaimable
    case 4: self = .acpiNonVolatile
    case 5: self = .bad
    case 7: self = .persistent
    default: self = .reserved
    }
  }

  /// Where two ranges overlap, the kind of the higher rank holds: only what everybody calls usable is.
  var rank: UInt8 {
    switch self {
    case .usable: 0
    case .acpiReclaimable: 1
    case .persistent: 2
    case .acpiNonVolatile: 3
    case .reserved: 4
    case .bad: 5
    }
  }
}

/// A range of physical addresses of one kind.
public struct MemoryRegion: Equatable, Sendable {
  /// The addresses.
  public var range: Range<UInt64>
  /// What they are.
  public var kind: MemoryKind

  /// Creates a region.
  public init(_ range: Range<UInt64>, _ kind: MemoryKind) {
    self.range = range
    self.kind = kind
  }
}

/// The memory map: after `normalize`, sorted, without overlaps, on page boundaries.
public struct MemoryMap: Sendable {
  /// How many regions a map holds.
  public static let capacity = 128
  /// Overlaps cut n regions into at most 2n - 1 pieces.
  private static let pieceCapacity = 256
  /// The pages that usable memory is counted in.
  public static let pageSize: UInt64 = 4096
  /// No CPU has more physical address bits than 52. Intel SDM vol. 3A, 4.1.4.
  public static let addressLimit: UInt64 = 1 << 52

  private var regions = InlineArray<256, MemoryRegion>(repeating: MemoryRegion(0..<0, .reserved))
  /// How many regions there are.
  public private(set) var count = 0
  /// Regions that were left out because they were empty, passed the end of the address space, or did not fit.
  public private(set) var droppedCount = 0
  /// Whether more regions came than fit even when they are joined.
  private var isCrowded = false

  /// Creates an empty map.
  public init() {}

  /// The region number `index`; an empty one outside 0..<count.
  public subscript(index: Int) -> MemoryRegion {
    index >= 0 && index < count ? regions[index] : MemoryRegion(0..<0, .reserved)
  }

  /// Adds `byteCount` bytes from `base` on.
  public mutating func add(base: UInt64, byteCount: UInt64, _ kind: MemoryKind) {
    let (end, overflowed) = base.addingReportingOverflow(byteCount)
    guard !overflowed, base < Self.addressLimit, byteCount > 0 else {
      droppedCount += 1
      return
    }
    insert(MemoryRegion(base..<min(end, Self.addressLimit), kind))
  }

  /// Adds a region; joins regions where there is no room.
  ///
  /// When that does not help, memory gets lost, but what may not be used is kept: it takes the place of usable memory, and usable
  /// memory is no longer taken, as it might hold what was lost.
  private mutating func insert(_ region: MemoryRegion) {
    if count >= Self.capacity, !isCrowded {
      normalize()
      isCrowded = count >= Self.capacity
    }
    guard isCrowded else {
      append(region)
      return
    }
    droppedCount += 1
    if region.kind != .usable, let victim = smallestUsableIndex { regions[victim] = region }
  }

  private var smallestUsableIndex: Int? {
    var smallest: Int?
    for index in 0..<count where regions[index].kind == .usable {
      if smallest.map({ regions[index].byteCount < regions[$0].byteCount }) ?? true { smallest = index }
    }
    return smallest
  }

  private mutating func append(_ region: MemoryRegion) {
    guard count < Self.pieceCapacity else {
      droppedCount += 1
      return
    }
    regions[count] = region
    count += 1
  }

  /// Bytes of usable memory.
  public var usableByteCount: UInt64 {
    var total: UInt64 = 0
    for index in 0..<count where regions[index].kind == .usable { total += regions[index].byteCount }
    return total
  }

  /// Sorts the regions, aligns them to pages (usable memory shrinks, everything else grows), lets the higher-ranked kind have
  /// each overlap, and joins neighbours of one kind.
  ///
  /// The work is quadratic in the number of regions, which is at most 256.
  public mutating func normalize() {
    let source = self
    var result = MemoryMap()
    result.droppedCount = droppedCount
    result.isCrowded = isCrowded
    var place: UInt64 = 0
    while let (end, kind) = source.segment(from: place) {
      if let kind { result.appendJoining(MemoryRegion(place..<end, kind)) }
      place = end
    }
    self = result
  }

  /// The next stretch from `place` on in which the same regions apply: its end, and the kind that holds in it, nil for a hole.
  private func segment(from place: UInt64) -> (end: UInt64, kind: MemoryKind?)? {
    var end = UInt64.max
    var kind: MemoryKind?
    for index in 0..<count {
      let range = regions[index].alignedRange
      guard !range.isEmpty, range.upperBound > place else { continue }
      if range.lowerBound > place {
        end = min(end, range.lowerBound)
      } else {
        end = min(end, range.upperBound)
        if kind.map({ $0.rank < regions[index].kind.rank }) ?? true { kind = regions[index].kind }
      }
    }
    return end == .max ? nil : (end, kind)
  }

  private mutating func appendJoining(_ region: MemoryRegion) {
    if count > 0, regions[count - 1].kind == region.kind, regions[count - 1].range.upperBound == region.range.lowerBound
    {
      regions[count - 1].range = regions[count - 1].range.lowerBound..<region.range.upperBound
    } else {
      append(region)
    }
  }
}

extension MemoryRegion {
  /// The length in bytes.
  public var byteCount: UInt64 { range.upperBound - range.lowerBound }

  fileprivate var alignedRange: Range<UInt64> {
    let mask = MemoryMap.pageSize - 1
    switch kind {
    case .usable:
      let lower = (range.lowerBound + mask) & ~mask
      return lower..<max(lower, range.upperBound & ~mask)
    default:
      return (range.lowerBound & ~mask)..<((range.upperBound + mask) & ~mask)
    }
  }
}
