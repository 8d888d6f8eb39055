import Foundations
import Machine
import PageCache
import PageFrames

/// What a page fault needs that the lock of the address space must not be held for.
enum FaultNeed {
  /// Nothing: the fault ended so.
  case nothing(FaultOutcome)
  /// A page of an object.
  case page(ObjectPage)
}

/// A page that a fault waits for, and what it looked like when the wait began.
struct ObjectPage {
  let object: MappedObject
  let index: UInt64
  /// The frame that was mapped, but not for writing; `.none` when nothing was.
  let old: FrameNumber
}

/// Page faults. Each asks for one page; around a page of a file its neighbours come too if they are in memory.
extension AddressSpaceState {
  /// Pages of a file that are mapped together with one that was asked for, if they are in memory.
  private static let faultAroundPages: UInt64 = 16

  /// Makes the access to `address` possible if that needs no page of an object.
  @inline(__always)
  mutating func resolve(
    _ address: UInt64, _ kind: PageFaultAccess.Kind, hugePages: HugePagePolicy, flush: inout TLBFlush
  ) -> FaultNeed {
    guard let area = areas.find(address) else { return resolveInStack(address, kind, flush: &flush) }
    return resolve(address, kind, in: area, hugePages, flush: &flush)
  }

  @inline(never)
  private mutating func resolveInStack(
    _ address: UInt64, _ kind: PageFaultAccess.Kind, flush: inout TLBFlush
  ) -> FaultNeed {
    do throws(Errno) {
      guard let area = try growStack(to: address) else { return .nothing(.badAddress) }
      return resolve(address, kind, in: area, .never, flush: &flush)
    } catch {
      return .nothing(.badAddress)
    }
  }

  @inline(__always)
  private mutating func resolve(
    _ address: UInt64, _ kind: PageFaultAccess.Kind, in area: Area, _ hugePages: HugePagePolicy, flush: inout TLBFlush
  ) -> FaultNeed {
    guard Self.allows(area, kind) else { return .nothing(.badAccess) }
    let page = address & ~(Self.pageSize - 1)
    if let mapping = table.entry(at: page) { return resolvePresent(page, kind, in: area, mapping, flush: &flush) }
    guard area.isAnonymous else { return needPage(page, in: area) }
    do throws(Errno) {
      if kind == .write {
        if hugePages != .never, !limits.refusesHugePages, try mapHuge(around: page, in: area, hugePages) {
          return .nothing(.resolved)
        }
        try table.map(UserFrame.allocate(isZeroed: true), at: page, Self.access(area.protection))
        notePeak()
      } else {
        try table.map(UserFrame.zero, at: page, Self.access(area.protection).subtracting(.write))
      }
      return .nothing(.resolved)
    } catch {
      return .nothing(.outOfMemory)
    }
  }

  @inline(__always)
  static func allows(_ area: Area, _ kind: PageFaultAccess.Kind) -> Bool {
    switch kind {
    case .write: area.protection.contains(.write)
    case .execute: area.protection.contains(.execute)
    case .read: !area.protection.isEmpty
    }
  }

  /// A page is there, but forbids the access or is more than this CPU knew.
  @inline(never)
  private mutating func resolvePresent(
    _ page: UInt64, _ kind: PageFaultAccess.Kind, in area: Area, _ mapping: PageMapping, flush: inout TLBFlush
  ) -> FaultNeed {
    let access = Self.access(area.protection)
    if kind != .write || mapping.access.contains(.write) {
      // Permissions were widened since: by mprotect, which leaves that to faults, or by another CPU.
      let wanted = mapping.access.contains(.write) ? access : access.subtracting(.write)
      return .nothing(widen(page, wanted, flush: &flush))
    }
    if area.isShared {
      guard let object = object(of: area) else { return .nothing(.busError) }
      return .page(ObjectPage(object: object, index: area.page(at: page), old: mapping.frame))
    }
    do throws(Errno) {
      guard let old = table.frame(at: page) else { return .nothing(.resolved) }
      if old.isZeroFrame {
        try table.replace(at: page, with: UserFrame.allocate(isZeroed: true), access, flush: &flush)
      } else if isOnlyHolder(of: old) {
        return .nothing(widen(page, access, flush: &flush))
      } else {
        let copy = try UserFrame.allocate(isZeroed: false)
        copy.copy(from: old)
        try table.replace(at: page, with: copy, access, flush: &flush)
      }
      notePeak()
      return .nothing(.resolved)
    } catch {
      return .nothing(.outOfMemory)
    }
  }

  /// Whether nobody but this page table has the frame, of which the caller has a reference too. A file's page is the page
  /// cache's as well, even when only the mapping is left of it.
  private borrowing func isOnlyHolder(of frame: borrowing UserFrame) -> Bool {
    frame.referenceCount == 2 && frame.kind == .anonymous
  }

  private mutating func widen(_ page: UInt64, _ access: PageAccess, flush: inout TLBFlush) -> FaultOutcome {
    do throws(Errno) {
      try table.protect(page..<page + Self.pageSize, access, flush: &flush)
      return .resolved
    } catch {
      return .outOfMemory
    }
  }

  /// Maps 2 MiB at once where they lie in the area, nothing is mapped yet, and memory is plentiful.
  private mutating func mapHuge(around page: UInt64, in area: Area, _ policy: HugePagePolicy) throws(Errno) -> Bool {
    let start = page & ~(UserPageTable.hugePageSize - 1)
    let block = start..<start + UserPageTable.hugePageSize
    guard block.lowerBound >= area.start, block.upperBound <= area.end, !area.flags.contains(.noHuge),
      policy == .always || area.flags.contains(.huge), table.isEmpty(block), FrameAllocator.isPlentiful,
      let frames = HugeFrame()
    else { return false }
    try table.mapHuge(frames, at: start, Self.access(area.protection))
    notePeak()
    return true
  }

  private borrowing func needPage(_ page: UInt64, in area: Area) -> FaultNeed {
    guard let object = object(of: area) else { return .nothing(.busError) }
    return .page(ObjectPage(object: object, index: area.page(at: page), old: .none))
  }

  /// Maps `frame`, which is what the object has for `page`, and its neighbours.
  ///
  /// Called after the lock was let go of and taken again. If `address` has become something else meanwhile, or another CPU
  /// was quicker, nothing is done, and the access is tried anew: what another CPU has mapped may have been written since.
  mutating func finish(
    _ address: UInt64, _ kind: PageFaultAccess.Kind, _ wanted: ObjectPage, _ frame: consuming UserFrame,
    flush: inout TLBFlush
  ) -> FaultOutcome {
    let page = address & ~(Self.pageSize - 1)
    guard let area = areas.find(address), Self.allows(area, kind), area.page(at: page) == wanted.index,
      let object = object(of: area), object === wanted.object, (table.entry(at: page)?.frame ?? .none) == wanted.old
    else { return .resolved }
    let held = frame.share()
    let access = Self.access(area.protection)
    let isWritable = kind == .write && area.isShared
    do throws(Errno) {
      if kind == .write && !area.isShared {
        let copy = try UserFrame.allocate(isZeroed: false)
        copy.copy(from: frame)
        try table.replace(at: page, with: copy, access, flush: &flush)
      } else {
        try table.replace(at: page, with: frame, isWritable ? access : access.subtracting(.write), flush: &flush)
        if kind != .write { mapNeighbours(of: page, in: area, object, access.subtracting(.write), flush: &flush) }
      }
      // The page may have been truncated since; then the access finds out by faulting again.
      if !object.noteMapped(wanted.index, held, isWritable: isWritable) {
        try table.unmap(page..<page + Self.pageSize, flush: &flush)
      }
      notePeak()
      return .resolved
    } catch {
      return .outOfMemory
    }
  }

  private mutating func mapNeighbours(
    of page: UInt64, in area: Area, _ object: MappedObject, _ access: PageAccess, flush: inout TLBFlush
  ) {
    guard !area.flags.contains(.random) else { return }
    let byteCount = Self.faultAroundPages * Self.pageSize
    let first = max(area.start, page & ~(byteCount - 1))
    let end = min(area.end, page & ~(byteCount - 1) + byteCount)
    if let file = object.cachedFile { return mapResidentPages(of: file, at: first..<end, in: area, access) }
    var neighbour = first
    while neighbour < end {
      defer { neighbour += Self.pageSize }
      guard neighbour != page, table.entry(at: neighbour) == nil,
        let frame = object.residentPage(area.page(at: neighbour))
      else { continue }
      let held = frame.share()
      do throws(Errno) {
        try table.map(frame, at: neighbour, access)
        if !object.noteMapped(area.page(at: neighbour), held, isWritable: false) {
          try table.unmap(neighbour..<neighbour + Self.pageSize, flush: &flush)
        }
      } catch {
        return
      }
    }
  }

  /// Maps what a file has in memory for `range`, next to a page that was mapped before, so that the table is there.
  ///
  /// All of it with the file's lock: whoever takes a page out of the file later finds it mapped here, as the lock of the address
  /// space is held longer.
  private mutating func mapResidentPages(
    of file: CachedFile, at range: Range<UInt64>, in area: Area, _ access: PageAccess
  ) {
    let first = area.page(at: range.lowerBound)
    let count = (range.upperBound - range.lowerBound) / Self.pageSize
    file.withResidentPages(first..<first + count) { index, frame in
      do throws(Errno) {
        try table.map(frame.share(), at: range.lowerBound + (index - first) * Self.pageSize, access)
        return true
      } catch {
        // Most often the page itself.
        return error == .EEXIST
      }
    }
  }
}
