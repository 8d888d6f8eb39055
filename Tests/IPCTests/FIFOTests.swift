import Foundations
import Machine
import Security
import Synchronization
import TestSupport
import Testing
import VFS
import Waiting

@testable import IPC

@Suite("Opening a FIFO")
struct FIFOTests {
  /// One end, that waited for the other and is gone as soon as it is woken.
  private final class HastyEnd: Waiter {
    let pipe: Pipe
    let isWriter: Bool
    private let isGone = Atomic<Bool>(false)

    init(_ pipe: Pipe, isWriter: Bool) {
      (self.pipe, self.isWriter) = (pipe, isWriter)
      super.init()
    }

    override func notify(_ entry: WaitEntry, _ events: PollEvents) -> Bool {
      guard !isGone.exchange(true, ordering: .acquiringAndReleasing) else { return false }
      // As when its file is closed, but for the locks, which whoever wakes it holds.
      if isWriter {
        pipe.writers.wrappingSubtract(1, ordering: .acquiringAndReleasing)
      } else {
        pipe.readers.wrappingSubtract(1, ordering: .acquiringAndReleasing)
      }
      return true
    }
  }

  @Test("An end that waited for the other is one also if it is gone before the other looks", arguments: [true, false])
  func hastyEnd(isWriter: Bool) throws {
    try withWorld { world in
      let path = Array("hasty".utf8)
      _ = try world.actor.makeNode(path.span, .fifo, permissions: 0o600)
      let pipe = try #require(try world.open("hasty", .O_RDWR) as? PipeFile).pipe
      #expect(pipe.readers.load(ordering: .acquiring) == 0 && pipe.writers.load(ordering: .acquiring) == 0)
      pipe.noteOpened(isWriter ? .write : .read, .root)
      let end = WaitEntry(HastyEnd(pipe, isWriter: isWriter))
      if isWriter { pipe.writerQueue.add(end) } else { pipe.readerQueue.add(end) }

      let opened = SpinLock<OpenFile?>(nil)
      let crew = Crew()
      crew.start {
        let file = try? world.open("hasty", isWriter ? [] : .O_WRONLY)
        opened.withLock { $0 = file }
      }
      let deadline = HostThread.nanoseconds + 20_000_000_000
      while opened.withLock({ $0 == nil }), HostThread.nanoseconds < deadline { HostThread.yield() }
      let isOpen = opened.withLock { $0 != nil }
      #expect(isOpen)
      if isWriter { pipe.writerQueue.remove(end) } else { pipe.readerQueue.remove(end) }
      // One that still waits is let go; otherwise this only lets all see who is there.
      let other: OpenMode = isWriter == isOpen ? .read : .write
      pipe.noteOpened(other, .root)
      crew.join()
      pipe.noteClosed(other)
      // Poll tells a reader that the writer it waited for has gone.
      if isWriter { #expect(opened.withLock { $0?.poll() } == .hangUp) }
      opened.withLock { $0 = nil }
    }
  }
}
