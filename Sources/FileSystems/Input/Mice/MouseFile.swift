import Foundations
public import Machine
public import VFS
public import Waiting

/// An open mouse device, /dev/input/mice or /dev/input/mouse*: reads and writes what a PS/2 mouse would send and take.
///
/// Source: Linux Documentation/input/input.rst, "mousedev".
public final class MouseFile: OpenFile {
  private let clients: MouseClients
  private let client = MouseClient()

  init(_ request: OpenRequest, _ inode: Inode, _ clients: MouseClients) throws(Errno) {
    self.clients = clients
    try super.init(request, inode)
    try clients.open(client)
  }

  deinit { clients.close(client) }

  /// Reads one packet or answer, or the rest of one, as much as fits; waits for one.
  ///
  /// - Throws: `ENODEV` when the mouse is gone, `EAGAIN`, `EINTR`, `EFAULT`.
  public override func readContent(_ buffer: inout IOBuffer, at offset: Int64) throws(Errno) -> Int {
    while true {
      guard clients.isThere else { throw .ENODEV }
      var bytes = InlineArray<8, UInt8>(repeating: 0)
      let count = take(min(buffer.remaining, 8), &bytes)
      if count > 0 { return try buffer.write(bytes.span.extracting(first: count)) }
      guard buffer.remaining > 0 else { return 0 }
      if isNonblocking { throw .EAGAIN }
      try clients.queue.wait(for: [.input, .readNormal]) { client.hasInput || !clients.isThere }
    }
  }

  private func take(_ limit: Int, _ bytes: inout InlineArray<8, UInt8>) -> Int {
    client.port.withLock { port in
      var count = 0
      while count < limit, let byte = port.read(isFirst: count == 0) {
        bytes[count] = byte
        count += 1
      }
      return count
    }
  }

  /// Takes what a program would send to a mouse.
  ///
  /// - Throws: `ENODEV`, `EFAULT`.
  public override func writeContent(
    _ buffer: inout IOBuffer, at offset: inout Int64, sizeLimit: UInt64
  ) throws(Errno) -> Int {
    var count = 0
    while buffer.remaining > 0 {
      guard clients.isThere else { throw .ENODEV }
      var bytes = InlineArray<16, UInt8>(repeating: 0)
      var part = bytes.mutableSpan
      let moved = try buffer.read(into: &part)
      client.port.withLock { port in for index in 0..<moved { port.write(bytes[index]) } }
      count += moved
      guard moved == 16 || buffer.remaining == 0 else { break }
    }
    if count > 0 { clients.queue.wakeAll([.input, .readNormal]) }
    return count
  }

  public override var canPoll: Bool { true }

  public override func poll() -> PollEvents {
    var events: PollEvents = clients.isThere ? [.output, .writeNormal] : [.hangUp, .error]
    if client.hasInput { events.formUnion([.input, .readNormal]) }
    return events
  }

  public override func forEachWaitQueue(_ body: (borrowing WaitQueue) -> Void) { body(clients.queue) }

  public override var readinessSignals: ReadinessSignals { .all }
}
