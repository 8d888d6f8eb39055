/// What a program may have of each kind of memory, in bytes; all ones for no limit. Source: getrlimit(2).
public struct AddressSpaceLimits: Equatable, Sendable {
  /// `RLIMIT_AS`: all areas together.
  public var total = UInt64.max
  /// `RLIMIT_DATA`: private writable areas and the program break.
  public var data = UInt64.max
  /// `RLIMIT_STACK`: how far the stack grows.
  public var stack: UInt64 = 8 << 20
  /// `RLIMIT_MEMLOCK`: locked areas.
  public var locked: UInt64 = 8 << 20
  /// Whether the program may lock more than the limit (CAP_IPC_LOCK).
  public var ignoresLockLimit = false
  /// Whether it gets no huge pages (`PR_SET_THP_DISABLE`).
  public var refusesHugePages = false
  /// `vm.max_map_count`: how many areas there may be.
  public var areaCount = 65_530

  /// Creates Linux's defaults.
  public init() {}
}

/// What a program has of each kind of memory, in pages: what `/proc/pid/status` and `statm` show.
public struct AddressSpaceUsage: Equatable, Sendable {
  /// All areas together: VmSize.
  public var total = 0
  /// Areas that are locked: VmLck.
  public var locked = 0
  /// Private areas that may be written, without stacks: VmData.
  public var data = 0
  /// Areas that grow down: VmStk.
  public var stack = 0
  /// Areas that may be executed and not written: VmExe and VmLib.
  public var code = 0
  /// Pages that are in memory: VmRSS.
  public var resident = 0
  /// The most pages that were ever in memory: VmHWM.
  public var peakResident = 0
  /// The most pages that areas ever had: VmPeak.
  public var peakTotal = 0
  /// Page tables: VmPTE.
  public var pageTables = 0

  /// Creates a count of nothing.
  public init() {}

  /// What an area counts as, besides in `total`.
  enum Kind {
    case code
    case stack
    case data
  }

  /// What `area` counts as; nil for nothing. Source: Linux, mm/internal.h, is_exec_mapping and those below it.
  static func kind(of area: Area) -> Kind? {
    if area.flags.contains(.growsDown) { return .stack }
    if area.protection.contains(.write) { return area.isShared ? nil : .data }
    return area.protection.contains(.execute) ? .code : nil
  }

  /// Counts `area` with `sign` 1, or takes it back with -1.
  mutating func count(_ area: Area, sign: Int) {
    let pages = area.pageCount * sign
    total += pages
    if area.flags.contains(.locked) { locked += pages }
    switch Self.kind(of: area) {
    case .code: code += pages
    case .stack: stack += pages
    case .data: data += pages
    case nil: break
    }
    peakTotal = max(peakTotal, total)
  }
}
