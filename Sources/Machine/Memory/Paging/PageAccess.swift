public import PageFrames

/// What a program may do with a page. Nothing at all keeps the page but lets nobody in, as mprotect(2) with `PROT_NONE` does.
///
/// The CPU knows no page that can be written or executed but not read.
public struct PageAccess: OptionSet, Sendable {
  /// One bit for each permission.
  public let rawValue: UInt8
  /// Creates a set from its bits.
  @inline(__always)
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The program may read.
  public static let read = PageAccess(rawValue: 1 << 0)
  /// The program may write.
  public static let write = PageAccess(rawValue: 1 << 1)
  /// The program may execute.
  public static let execute = PageAccess(rawValue: 1 << 2)
}

/// One page of a program as its page table has it.
public struct PageMapping: Sendable {
  /// The frame that holds the address that was asked for.
  public let frame: FrameNumber
  /// The size of the page: 4 KiB or 2 MiB.
  public let byteCount: UInt64
  /// What the program may do.
  public let access: PageAccess
  /// Whether the page was used since that was last cleared.
  public let isAccessed: Bool
  /// Whether the page was written since that was last cleared.
  public let isDirty: Bool
}
