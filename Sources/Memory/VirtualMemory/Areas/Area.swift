/// What a program may do with the pages of an area: the bits of mprotect(2).
public struct Protection: OptionSet, Sendable {
  /// The bits, as in `<sys/mman.h>`.
  public let rawValue: UInt32

  /// The protection with these bits.
  @inline(__always)
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// `PROT_READ`.
  public static let read = Protection(rawValue: 1)
  /// `PROT_WRITE`.
  public static let write = Protection(rawValue: 2)
  /// `PROT_EXEC`.
  public static let execute = Protection(rawValue: 4)
  /// Everything.
  public static let all: Protection = [.read, .write, .execute]

  /// `PROT_SEM`, which says nothing on x86.
  static let semaphores = Protection(rawValue: 8)
  /// `PROT_GROWSDOWN`: from the start of the stack on.
  static let growsDown = Protection(rawValue: 0x0100_0000)
  /// `PROT_GROWSUP`: to the end of an area that grows up, which x86 has none of.
  static let growsUp = Protection(rawValue: 0x0200_0000)
}

/// What is special about an area.
public struct AreaFlags: OptionSet, Sendable {
  /// One bit for each.
  public let rawValue: UInt32

  /// The flags with these bits.
  @inline(__always)
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Writes are seen by everybody who maps the same pages.
  public static let shared = AreaFlags(rawValue: 1 << 0)
  /// Grows toward lower addresses when it is used there.
  public static let growsDown = AreaFlags(rawValue: 1 << 1)
  /// Its pages stay in memory.
  public static let locked = AreaFlags(rawValue: 1 << 2)
  /// Pages are locked when they are first used.
  public static let lockedOnFault = AreaFlags(rawValue: 1 << 3)
  /// Not counted against what the machine promises.
  public static let noReserve = AreaFlags(rawValue: 1 << 4)
  /// Huge pages are wanted.
  public static let huge = AreaFlags(rawValue: 1 << 5)
  /// Huge pages are not wanted.
  public static let noHuge = AreaFlags(rawValue: 1 << 6)
  /// A child does not get it.
  public static let dontFork = AreaFlags(rawValue: 1 << 7)
  /// A child gets it empty.
  public static let wipeOnFork = AreaFlags(rawValue: 1 << 8)
  /// Left out of core dumps.
  public static let dontDump = AreaFlags(rawValue: 1 << 9)
  /// Read in order.
  public static let sequential = AreaFlags(rawValue: 1 << 10)
  /// Read in no order.
  public static let random = AreaFlags(rawValue: 1 << 11)
  /// Counted in the machine's promises.
  public static let accounted = AreaFlags(rawValue: 1 << 12)
  /// The program break's area.
  public static let heap = AreaFlags(rawValue: 1 << 13)
}

/// A range of a program's addresses with one protection and one backing.
public struct Area: Equatable, Sendable {
  /// How far a stack that grows stays from what is below it, in bytes. Source: Linux, stack_guard_gap.
  public static let stackGuardGap: UInt64 = 256 << 12

  /// The first address, a multiple of the page size.
  public var start: UInt64
  /// One past the last address, a multiple of the page size.
  public var end: UInt64
  /// What the program may do.
  public var protection: Protection
  /// What it may ask for: a shared mapping of a file that was opened for reading never becomes writable.
  public var limit: Protection
  /// What is special.
  public var flags: AreaFlags
  /// The number of the object behind it among the address space's objects, or -1 for private memory without a file.
  public var object: Int32
  /// The object's page that is at `start`.
  public var firstPage: UInt64

  /// Creates an area.
  public init(
    _ range: Range<UInt64>, _ protection: Protection, limit: Protection = .all, _ flags: AreaFlags, object: Int32 = -1,
    firstPage: UInt64 = 0
  ) {
    start = range.lowerBound
    end = range.upperBound
    self.protection = protection
    self.limit = limit
    self.flags = flags
    self.object = object
    self.firstPage = firstPage
  }

  /// The addresses.
  public var range: Range<UInt64> { start..<end }

  /// The lowest address that nothing should be put behind: below a stack there must be room for it to grow.
  @inline(__always)
  var floor: UInt64 {
    guard flags.contains(.growsDown) else { return start }
    return start > Self.stackGuardGap ? start &- Self.stackGuardGap : 0
  }

  /// Pages in it.
  public var pageCount: Int { Int((end - start) >> 12) }
  /// Whether others see its writes.
  @inline(__always)
  public var isShared: Bool { flags.contains(.shared) }
  /// Whether it is private memory without a file.
  @inline(__always)
  public var isAnonymous: Bool { object < 0 }

  /// Whether the machine promises to have memory for every page of it: it may come to need one of its own for each.
  var isAccountable: Bool {
    protection.contains(.write) && flags.isDisjoint(with: [.shared, .noReserve])
  }

  /// The object's page at `address`.
  @inline(__always)
  public func page(at address: UInt64) -> UInt64 { firstPage &+ (address &- start) >> 12 }

  /// The part of the area inside `range`, which overlaps it.
  func part(_ range: Range<UInt64>) -> Area {
    var part = self
    part.start = max(start, range.lowerBound)
    part.end = min(end, range.upperBound)
    if !isAnonymous { part.firstPage = page(at: part.start) }
    return part
  }

  /// Whether `next`, which begins where this one ends, can be one with it.
  func joins(_ next: Area) -> Bool {
    end == next.start && protection == next.protection && limit == next.limit && flags == next.flags
      && object == next.object && (isAnonymous || page(at: end) == next.firstPage)
  }
}
