import BootInformation
import Foundations
import IPC
import Machine
import PageCache
import Scheduler
import Security
import VFS

/// The boot step of IPC.
extension BootHandlers {
  /// Makes the root file system, and sends a message through a pipe.
  static func channels(_ state: inout BootState) -> BootOutcome {
    if isForTests(CommandLine(state.information.commandLine.bytes)) { return .done("none: tests were asked for") }
    let cache: PageCache? = KernelMemory.pageCache.withValue { $0 }
    guard let cache else { return .failed("there is no page cache") }
    do throws(Errno) {
      state.files = try RootFileSystem(cache)
      let (reader, writer) = try Pipes.makePipe(.root, [])
      let listener = PipeListener(reader)
      let thread = try Thread(listener)
      thread.start()
      let sent: Message = "through a pipe"
      let count = try IOBuffer.withBuffer(draining: sent.bytes) { buffer throws(Errno) in try writer.write(&buffer) }
      try thread.join()
      guard count == sent.count, listener.received.bytes.isEqual(to: sent.bytes) else {
        return .failed("a message through a pipe is lost or another")
      }
      return .done("pipes, sockets, event counters, shared memory")
    } catch {
      return .failed("error \(error.rawValue)")
    }
  }

  /// A thread that waits for a message.
  private final class PipeListener: ThreadBody {
    private let reader: OpenFile
    private(set) var received = Message()

    init(_ reader: OpenFile) {
      self.reader = reader
      super.init()
    }

    override func run() {
      var bytes = InlineArray<64, UInt8>(repeating: 0)
      var span = bytes.mutableSpan
      guard
        let count = try? IOBuffer.withBuffer(
          filling: &span, { buffer throws(Errno) in try reader.read(&buffer) })
      else { return }
      received.write(bytes.span.extracting(0..<min(max(count, 0), 64)))
    }
  }
}
