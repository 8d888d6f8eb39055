public import Foundations
import Machine

/// fork(2), and the end of a program.
extension AddressSpace {
  /// fork(2): an address space with the same areas, whose private pages are copied when either writes to them.
  ///
  /// - Throws: `ENOMEM`.
  public func clone() throws(Errno) -> AddressSpace {
    var attempt = 0
    while true {
      var lacksMemory = true
      do throws(Errno) {
        let child = try AddressSpace.make()
        try clone(into: child, &lacksMemory)
        return child
      } catch {
        guard error == .ENOMEM, lacksMemory, FrameAllocator.relieve(attempt: attempt) else { throw error }
        attempt += 1
      }
    }
  }

  private func clone(into child: AddressSpace, _ lacksMemory: inout Bool) throws(Errno) {
    var flush = TLBFlush()
    do throws(Errno) {
      try state.withLock { state throws(Errno) in
        state.lacksMemory = false
        defer { lacksMemory = state.lacksMemory }
        // Nobody else locks two address spaces, and nobody knows the child but the objects that it maps.
        try child.state.withLock { childState throws(Errno) in
          try state.clone(into: &childState, of: child, flush: &flush)
        }
      }
      flush.finish()
    } catch {
      flush.finish()
      child.tearDown()
      throw error
    }
  }

  /// Unmaps everything: the end of the program. Objects know of the address space until this is called.
  public func tearDown() {
    var isDone = false
    while !isDone {
      // Some areas at a time, so that a large program does not keep interrupts off for long; and those at once, because tables
      // that go whole cost less than their entries one by one.
      var flush = TLBFlush()
      state.withLock { state in
        guard let range = state.firstAreas(Self.tornDownAtOnce) else {
          state.heap = 0..<0
          isDone = true
          return
        }
        // Fails where an area has part of a large page and there is no memory to split it: then it goes with the table.
        try? state.table.unmap(range, flush: &flush)
        while let area = state.areas.firstArea(endingAfter: 0), area.end <= range.upperBound { state.take(area) }
      }
      flush.finish()
      releaseUnusedObjects()
    }
  }

  private static let tornDownAtOnce = 64
}

extension AddressSpaceState {
  /// A range in whole tables with the first areas, at most `count` of them, and no part of another; nil when there is none.
  fileprivate borrowing func firstAreas(_ count: Int) -> Range<UInt64>? {
    guard let first = areas.firstArea(endingAfter: 0) else { return nil }
    var end = first.end
    var next: UInt64?
    for _ in 1..<count {
      guard let area = areas.firstArea(endingAfter: end) else { break }
      end = area.end
    }
    next = areas.firstArea(endingAfter: end)?.start
    // Nothing is mapped between areas, so the range may reach into the gaps around them.
    let mask = UserPageTable.hugePageSize - 1
    let roundedEnd = min((end + mask) & ~mask, UserSpace.end)
    return first.start & ~mask..<(next.map { $0 < roundedEnd } ?? false ? end : roundedEnd)
  }
}
