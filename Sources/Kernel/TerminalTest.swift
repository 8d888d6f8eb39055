import DeviceFileSystem
import Foundations
import LinuxABI
import Machine
import PageCache
import Security
import Terminals
import Time
import VFS

/// `test=terminals`: says after everybody who types a line into the console what it was, until that is `quit`.
struct TerminalTest {
  private static let lineLimit = 4_096

  /// - Returns: nil when the request is another.
  init?(_ request: Span<UInt8>) {
    guard NameSelection(request).isOnly("terminals") else { return nil }
  }

  func run() -> Never {
    do throws(Errno) {
      try echo()
    } catch {
      var serial = EarlyTextSink()
      serial.write("test: terminals failed with error \(error.rawValue)\n" as Message)
    }
    Consoles.drain()
    Power.off()
  }

  private func echo() throws(Errno) {
    guard let cache = KernelMemory.pageCache.withValue({ $0 }) else { throw .ENODEV }
    let devices = try DeviceFileSystem(names: try DentryCache(bucketCount: 64), clock: FileClock(), cache: cache)
    try KernelTerminals.start(devices, nil, TestJobControl())
    let root = devices.mount.rootPath
    let actor = FileActor(
      .root, FileSystemContext(root: root, directory: root), try MountNamespace(root: devices.mount))
    let path: Message = "console"
    let file = try actor.open(path.bytes, .O_RDWR)
    try write("terminals: ready\n" as Message, to: file)
    var line = InlineArray<4096, UInt8>(repeating: 0)
    while true {
      var span = line.mutableSpan
      let count = try IOBuffer.withBuffer(filling: &span) { buffer throws(Errno) in try file.read(&buffer) }
      let text = line.span.extracting(0..<count)
      if text.starts(with: "quit") { return }
      try write("\(count) bytes: " as Message, to: file)
      _ = try IOBuffer.withBuffer(draining: text) { buffer throws(Errno) in try file.write(&buffer) }
    }
  }

  private func write(_ text: Message, to file: OpenFile) throws(Errno) {
    _ = try IOBuffer.withBuffer(draining: text.bytes) { buffer throws(Errno) in try file.write(&buffer) }
  }
}

/// Nobody, with the time.
private final class TestJobControl: TerminalJobControl {
  override var nanoseconds: UInt64 { Clock.nanoseconds }
}
