import Foundations
import Machine

/// Everything that the lock of an address space protects: the areas, what is behind them, the page table, the accounts.
struct AddressSpaceState: ~Copyable {
  static let pageSize: UInt64 = 4096
  /// The lowest address that a program gets: `vm.mmap_min_addr`.
  static let lowestAddress: UInt64 = 0x1_0000

  var areas = AreaTree()
  var table: UserPageTable
  var usage = AddressSpaceUsage()
  var limits = AddressSpaceLimits()
  /// Where the program break began and where it is.
  var heap: Range<UInt64> = 0..<0
  /// One past the highest address that is chosen for a mapping.
  var mappingBase = UserSpace.defaultEnd
  /// Flags that every new area gets: mlockall(MCL_FUTURE).
  var futureFlags: AreaFlags = []
  /// What is behind areas.
  var objects = ObjectTable()
  /// Whether a call failed for lack of memory, which can be made free, and not because a limit forbids it.
  var lacksMemory = false

  init() throws(Errno) {
    table = try UserPageTable()
  }

  deinit {
    var account = 0
    var address: UInt64 = 0
    while let area = areas.firstArea(endingAfter: address) {
      if area.flags.contains(.accounted) { account += area.pageCount }
      address = area.end
    }
    CommitAccount.release(account)
  }

  // MARK: Areas

  /// The object behind `area`, or nil for private memory.
  @inline(__always)
  borrowing func object(of area: Area) -> MappedObject? { area.isAnonymous ? nil : objects[area.object] }

  /// Adds `area` and counts it. A node was reserved.
  mutating func add(_ area: Area) {
    areas.insert(area)
    usage.count(area, sign: 1)
    objects.addArea(area.object, at: area.range)
  }

  /// Takes `area` out of the tree and the accounts, not its pages.
  mutating func take(_ area: Area) {
    areas.remove(startingAt: area.start)
    usage.count(area, sign: -1)
    if area.flags.contains(.accounted) { CommitAccount.release(area.pageCount) }
    objects.removeArea(area.object)
  }

  /// Gives `area` other bounds, between its neighbours, and counts the difference, but not in the machine's promises.
  ///
  /// - Returns: the area as it is now.
  @discardableResult
  mutating func resize(_ area: Area, to range: Range<UInt64>) -> Area {
    var resized = area
    resized.start = range.lowerBound
    resized.end = range.upperBound
    if !area.isAnonymous { resized.firstPage = area.firstPage &+ range.lowerBound >> 12 &- area.start >> 12 }
    areas.replace(startingAt: area.start, with: resized)
    usage.count(area, sign: -1)
    usage.count(resized, sign: 1)
    objects.extend(area.object, to: range)
    return resized
  }

  /// Cuts areas at the ends of `range`; the nodes were reserved.
  mutating func cut(_ range: Range<UInt64>) {
    cut(at: range.lowerBound)
    cut(at: range.upperBound)
  }

  private mutating func cut(at address: UInt64) {
    guard let area = areas.cut(at: address) else { return }
    objects.addArea(area.object, at: area.range)
  }

  /// Joins alike neighbours around `range`.
  mutating func join(around range: Range<UInt64>) {
    var address = range.lowerBound == 0 ? 0 : range.lowerBound - 1
    while let left = areas.firstArea(endingAfter: address), left.start <= range.upperBound {
      guard let right = areas.firstArea(endingAfter: left.end), left.joins(right) else {
        address = left.end
        continue
      }
      areas.remove(startingAt: right.start)
      areas.resize(startingAt: left.start, to: left.start..<right.end)
      objects.removeArea(right.object)
    }
  }

  /// Changes everything but the bounds of each area in `range`, at whose ends areas were cut.
  mutating func updateAreas(in range: Range<UInt64>, _ body: (inout Area) -> Void) {
    var address = range.lowerBound
    while let area = areas.firstArea(endingAfter: address), area.start < range.upperBound {
      var changed = area
      body(&changed)
      usage.count(area, sign: -1)
      usage.count(changed, sign: 1)
      areas.update(startingAt: area.start) { $0 = changed }
      address = area.end
    }
  }

  /// How many pages of `range` are in areas.
  borrowing func pagesInAreas(of range: Range<UInt64>) -> Int { pages(of: range) { _ in true } }

  /// How many pages of `range` the machine has promised.
  borrowing func promisedPages(of range: Range<UInt64>) -> Int { pages(of: range) { $0.flags.contains(.accounted) } }

  /// How many pages of `range` are locked.
  borrowing func lockedPages(of range: Range<UInt64>) -> Int { pages(of: range) { $0.flags.contains(.locked) } }

  @inline(__always)
  private borrowing func pages(of range: Range<UInt64>, where isCounted: (Area) -> Bool) -> Int {
    var count = 0
    var address = range.lowerBound
    while let area = areas.firstArea(endingAfter: address), area.start < range.upperBound {
      if isCounted(area) { count += Int((min(area.end, range.upperBound) - max(area.start, range.lowerBound)) >> 12) }
      address = area.end
    }
    return count
  }

  // MARK: Checks

  /// Makes room in the tree for `wanted` more areas, of which there may be `limit` in all.
  ///
  /// - Throws: `ENOMEM` when there would be too many, or no memory.
  mutating func reserve(_ wanted: Int, limit: Int) throws(Errno) {
    guard wanted == 0 || areas.count + wanted <= limit else { throw .ENOMEM }
    try reserveNodes(wanted)
  }

  /// Makes room in the tree for `wanted` more areas, however many there are.
  ///
  /// - Throws: `ENOMEM` when there is no memory.
  mutating func reserveNodes(_ wanted: Int) throws(Errno) {
    do throws(Errno) { try areas.reserve(wanted) } catch { throw shortage(error) }
  }

  /// Notes that `error` is about memory, not about a limit, if it is `ENOMEM`.
  mutating func shortage(_ error: Errno) -> Errno {
    if error == .ENOMEM { lacksMemory = true }
    return error
  }

  // MARK: Pages

  /// Unmaps the pages of `range`.
  ///
  /// - Throws: `ENOMEM` when a huge page cannot be split; nothing has changed.
  mutating func unmapPages(_ range: Range<UInt64>, flush: inout TLBFlush) throws(Errno) {
    do throws(Errno) { try table.unmap(range, flush: &flush) } catch { throw shortage(error) }
  }

  /// Whether `pageCount` more pages of a kind stay within the limits when they replace `replaced` others.
  borrowing func checkLimits(
    adding pageCount: Int, _ kind: AddressSpaceUsage.Kind?, replacing replaced: Int = 0
  ) throws(Errno) {
    guard UInt64(max(0, usage.total + pageCount - replaced)) <= limits.total >> 12 else { throw .ENOMEM }
    if kind == .data {
      guard UInt64(max(0, usage.data + pageCount - replaced)) <= limits.data >> 12 else { throw .ENOMEM }
    }
  }

  /// Whether the program may lock anything.
  var mayLockAtAll: Bool { limits.ignoresLockLimit || limits.locked > 0 }

  /// Whether `pageCount` more pages may be locked.
  borrowing func mayLock(adding pageCount: Int) -> Bool {
    limits.ignoresLockLimit || UInt64(max(0, usage.locked + pageCount)) <= limits.locked >> 12
  }

  /// `byteCount` rounded up to whole pages; nil when that is too much for a number.
  static func roundedUp(_ byteCount: UInt64) -> UInt64? {
    let (padded, overflowed) = byteCount.addingReportingOverflow(pageSize - 1)
    return overflowed ? nil : padded & ~(pageSize - 1)
  }

  /// The pages from `address` on that hold `byteCount` bytes; they may pass the program's addresses, where no area is.
  ///
  /// - Throws: `EINVAL` for an address that is no multiple of the page size; `error` when there is no such number.
  static func pages(
    _ address: UInt64, _ byteCount: UInt64, orThrow overflowError: Errno
  ) throws(Errno) -> Range<UInt64> {
    guard address & (pageSize - 1) == 0 else { throw .EINVAL }
    guard let rounded = roundedUp(byteCount) else { throw overflowError }
    let (end, isPastEnd) = address.addingReportingOverflow(rounded)
    guard !isPastEnd else { throw overflowError }
    return address..<end
  }

  /// The permissions of pages of `area` that need no fault to be written.
  @inline(__always)
  static func access(_ protection: Protection) -> PageAccess {
    var access: PageAccess = []
    if !protection.isEmpty { access.insert(.read) }
    if protection.contains(.write) { access.insert(.write) }
    if protection.contains(.execute) { access.insert(.execute) }
    return access
  }

  /// Notes how many pages are in memory.
  @inline(__always)
  mutating func notePeak() {
    if table.residentPageCount > usage.peakResident { usage.peakResident = table.residentPageCount }
  }
}
