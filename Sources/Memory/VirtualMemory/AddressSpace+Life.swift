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
      // An area at a time, so that a large program does not keep interrupts off for long.
      var flush = TLBFlush()
      state.withLock { state in
        guard let area = state.areas.firstArea(endingAfter: 0) else {
          state.heap = 0..<0
          isDone = true
          return
        }
        // Fails where the area has part of a large page and there is no memory to split it: then it goes with the table.
        try? state.table.unmap(area.range, flush: &flush)
        state.take(area)
      }
      flush.finish()
      releaseUnusedObjects()
    }
  }
}
