/// The flags of mmap(2), by their numbers in Linux's ABI for x86-64.
public struct MapFlags: OptionSet, Sendable {
  /// The bits, as in `<sys/mman.h>`.
  public let rawValue: UInt32

  /// The flags with these bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// `MAP_SHARED`.
  public static let shared = MapFlags(rawValue: 0x01)
  /// `MAP_PRIVATE`; together with `shared` it is `MAP_SHARED_VALIDATE`.
  public static let `private` = MapFlags(rawValue: 0x02)
  /// `MAP_FIXED`.
  public static let fixed = MapFlags(rawValue: 0x10)
  /// `MAP_ANONYMOUS`.
  public static let anonymous = MapFlags(rawValue: 0x20)
  /// `MAP_32BIT`.
  public static let low = MapFlags(rawValue: 0x40)
  /// `MAP_GROWSDOWN`.
  public static let growsDown = MapFlags(rawValue: 0x0100)
  /// `MAP_DENYWRITE`, which is ignored.
  public static let denyWrite = MapFlags(rawValue: 0x0800)
  /// `MAP_EXECUTABLE`, which is ignored.
  public static let executable = MapFlags(rawValue: 0x1000)
  /// `MAP_LOCKED`.
  public static let locked = MapFlags(rawValue: 0x2000)
  /// `MAP_NORESERVE`.
  public static let noReserve = MapFlags(rawValue: 0x4000)
  /// `MAP_POPULATE`.
  public static let populate = MapFlags(rawValue: 0x8000)
  /// `MAP_NONBLOCK`.
  public static let nonBlocking = MapFlags(rawValue: 0x1_0000)
  /// `MAP_STACK`, which is ignored.
  public static let stack = MapFlags(rawValue: 0x2_0000)
  /// `MAP_HUGETLB`.
  public static let hugeTable = MapFlags(rawValue: 0x4_0000)
  /// `MAP_SYNC`.
  public static let sync = MapFlags(rawValue: 0x8_0000)
  /// `MAP_FIXED_NOREPLACE`.
  public static let fixedNoReplace = MapFlags(rawValue: 0x10_0000)

  /// Everything that `MAP_SHARED_VALIDATE` accepts: what there was before it came.
  static let known: MapFlags = [
    .shared, .private, .fixed, .anonymous, .low, .growsDown, .denyWrite, .executable, .locked, .noReserve, .populate,
    .nonBlocking, .stack, .hugeTable,
  ]

  /// What `MAP_TYPE` selects.
  enum Sharing {
    case `private`
    case shared
    /// `MAP_SHARED_VALIDATE`.
    case sharedStrictly
  }

  /// Who sees writes; nil for a type that there is not.
  var sharing: Sharing? {
    switch rawValue & 0x0f {
    case 1: .shared
    case 2: .private
    case 3: .sharedStrictly
    default: nil
    }
  }
}

/// What a program asks of mmap(2), once its file has been looked up.
public struct MapRequest {
  /// Where; 0 for anywhere.
  public var address: UInt64
  /// How much.
  public var byteCount: UInt64
  /// What the program may do.
  public var protection: Protection
  /// The call's flags.
  public var flags: MapFlags
  /// What is to be mapped; nil for private memory. `MAP_SHARED | MAP_ANONYMOUS` comes with an object too or gets one.
  public var object: MappedObject?
  /// What the object allows: without `.write` for a shared mapping of a file that is not open for writing.
  public var limit: Protection
  /// The first byte of the object to map, a multiple of the page size.
  public var offset: UInt64
  /// The object, if it was made for this request and its memory is not promised yet.
  var newMemory: SharedMemory?

  /// A request for private memory anywhere.
  public init(
    address: UInt64 = 0, byteCount: UInt64, protection: Protection = [.read, .write],
    flags: MapFlags = [.private, .anonymous], object: MappedObject? = nil, limit: Protection = .all, offset: UInt64 = 0
  ) {
    self.address = address
    self.byteCount = byteCount
    self.protection = protection
    self.flags = flags
    self.object = object
    self.limit = limit
    self.offset = offset
  }
}
