/// How memory is cached. The raw values are those of the memory type range registers and of PAT.
///
/// Source: Intel SDM vol. 3A, tables 12-8 and 12-10.
public enum MemoryType: UInt8, Sendable {
  /// UC: never cached, never speculated on.
  case uncacheable = 0
  /// WC: never cached; writes are gathered.
  case writeCombining = 1
  /// WT: reads are cached, writes go through.
  case writeThrough = 4
  /// WP: reads are cached, writes go through and drop the line.
  case writeProtected = 5
  /// WB: cached.
  case writeBack = 6
  /// UC-: not cached, unless the range registers say write-combining. In PAT only.
  case uncached = 7

  /// What memory is that a page maps as `self` where the range registers say `range`.
  ///
  /// Source: Intel SDM vol. 3A, table 12-7.
  public func effective(in range: MemoryType) -> MemoryType {
    switch self {
    case .uncacheable: .uncacheable
    case .uncached: range == .writeCombining ? .writeCombining : .uncacheable
    case .writeCombining: .writeCombining
    case .writeThrough:
      switch range {
      case .writeBack, .writeThrough: .writeThrough
      case .writeProtected: .writeProtected
      case .writeCombining, .uncacheable, .uncached: .uncacheable
      }
    case .writeProtected:
      switch range {
      case .writeBack, .writeProtected: .writeProtected
      case .writeThrough, .writeCombining, .uncacheable, .uncached: .uncacheable
      }
    case .writeBack: range == .uncached ? .uncacheable : range
    }
  }
}

/// PAT: which type of memory each combination of a page's bits PAT, PCD and PWT means.
///
/// Source: Intel SDM vol. 3A, 12.12.
public struct PageAttributeTable: Equatable, Sendable {
  /// The register: eight types, a byte each.
  public let rawValue: UInt64

  /// The table in the register's value; nil when one of its types is reserved.
  public init?(rawValue: UInt64) {
    for index in 0..<8 as Range<UInt64> {
      if MemoryType(rawValue: UInt8(truncatingIfNeeded: rawValue >> (index * 8))) == nil { return nil }
    }
    self.rawValue = rawValue
  }

  private init(types: InlineArray<8, MemoryType>) {
    var value: UInt64 = 0
    for index in 0..<8 { value |= UInt64(types[index].rawValue) << UInt64(index * 8) }
    rawValue = value
  }

  /// After reset: write-back, write-through, UC-, UC, and the same again.
  public static var atReset: PageAttributeTable {
    PageAttributeTable(types: [
      .writeBack, .writeThrough, .uncached, .uncacheable, .writeBack, .writeThrough, .uncached, .uncacheable,
    ])
  }

  /// The kernel's, with all six types; write-combining takes the place of write-through, which is rare. The second half, with
  /// the page's PAT bit, repeats the first but for the two types that it lacks: Linux's choice, which firmware knows.
  public static var kernel: PageAttributeTable {
    PageAttributeTable(types: [
      .writeBack, .writeCombining, .uncached, .uncacheable, .writeBack, .writeProtected, .uncached, .writeThrough,
    ])
  }

  /// The type at `index`, 0 to 7: 4 for PAT, 2 for PCD, 1 for PWT.
  public subscript(index: Int) -> MemoryType {
    MemoryType(rawValue: UInt8(truncatingIfNeeded: rawValue >> (UInt64(index & 7) * 8))) ?? .uncacheable
  }

  /// The lowest index whose type is `type`, or nil.
  public func index(of type: MemoryType) -> Int? {
    for index in 0..<8 where self[index] == type { return index }
    return nil
  }
}
