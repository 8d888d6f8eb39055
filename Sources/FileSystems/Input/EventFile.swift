public import Foundations
import Input
public import Machine
public import VFS
public import Waiting

/// An open event device, /dev/input/event*: reads whole `struct input_event`, and writes what the device is to do.
///
/// Source: Linux Documentation/input/input.rst, "Event interface"; include/uapi/linux/input.h.
public final class EventFile: OpenFile {
  /// The size of `struct input_event`: two words of time, type, code and value.
  static let eventSize = 24

  let node: EventNode
  let client: EventClient

  init(_ request: OpenRequest, _ inode: Inode, _ node: EventNode) throws(Errno) {
    self.node = node
    client = try EventClient(packetSize: node.packetSize)
    try super.init(request, inode)
    try node.open(client)
  }

  deinit { node.close(client) }

  /// The device.
  var device: InputDevice { node.device }

  /// - Throws: `ENODEV` when the device is gone, or this file may do nothing more.
  func checkThere() throws(Errno) { guard isThere else { throw .ENODEV } }

  private var isThere: Bool { node.isThere && !client.isRevoked }

  /// Reads whole events, as many as there are in whole packets and as fit; waits for one.
  ///
  /// - Throws: `EINVAL` for a buffer that has no room for one, `ENODEV`, `EAGAIN`, `EINTR`, `EFAULT`.
  public override func readContent(_ buffer: inout IOBuffer, at offset: Int64) throws(Errno) -> Int {
    guard buffer.remaining == 0 || buffer.remaining >= Self.eventSize else { throw .EINVAL }
    while true {
      try checkThere()
      if isNonblocking && !client.hasPacket { throw .EAGAIN }
      if buffer.remaining == 0 { return 0 }
      let count = try readEvents(&buffer)
      if count > 0 { return count }
      if isNonblocking { throw .EAGAIN }
      try node.queue.wait(for: [.input, .readNormal]) { client.hasPacket || !isThere }
    }
  }

  private func readEvents(_ buffer: inout IOBuffer) throws(Errno) -> Int {
    var count = 0
    while buffer.remaining >= Self.eventSize, let record = client.next() {
      var bytes = InlineArray<24, UInt8>(repeating: 0)
      var form = bytes.mutableSpan
      form.store(record.time / 1_000_000_000, at: 0)
      form.store(record.time % 1_000_000_000 / 1_000, at: 8)
      form.store(record.event.type.rawValue, at: 16)
      form.store(record.event.code, at: 18)
      form.store(record.event.value, at: 20)
      // A fault in the middle of an event is one, as on Linux; what was read before stays read.
      guard try buffer.write(bytes.span) == Self.eventSize else { throw .EFAULT }
      count += Self.eventSize
    }
    return count
  }

  /// Takes whole events for the device: lights, sounds, repetition, and anything else that it knows.
  ///
  /// - Returns: the bytes of the events that were taken.
  /// - Throws: `EINVAL` for less than one event, `ENODEV`, `EFAULT`.
  public override func writeContent(
    _ buffer: inout IOBuffer, at offset: inout Int64, sizeLimit: UInt64
  ) throws(Errno) -> Int {
    guard buffer.remaining == 0 || buffer.remaining >= Self.eventSize else { throw .EINVAL }
    try checkThere()
    var count = 0
    while buffer.remaining >= Self.eventSize {
      var bytes = InlineArray<24, UInt8>(repeating: 0)
      var form = bytes.mutableSpan
      guard try buffer.read(into: &form) == Self.eventSize else { throw .EFAULT }
      device.inject(Self.event(bytes.span), by: node)
      count += Self.eventSize
    }
    return count
  }

  private static func event(_ bytes: Span<UInt8>) -> InputEvent {
    InputEvent(
      EventType(rawValue: bytes.load(UInt16.self, at: 16)), bytes.load(UInt16.self, at: 18),
      bytes.load(Int32.self, at: 20))
  }

  public override func control(_ request: UInt32, _ argument: UInt64) throws(Errno) -> Int {
    try checkThere()
    return try EventControl(self).perform(request, argument)
  }

  public override var canPoll: Bool { true }

  public override func poll() -> PollEvents {
    var events: PollEvents = isThere ? [.output, .writeNormal] : [.hangUp, .error]
    if client.hasPacket { events.formUnion([.input, .readNormal]) }
    return events
  }

  public override func forEachWaitQueue(_ body: (borrowing WaitQueue) -> Void) { body(node.queue) }

  public override var readinessSignals: ReadinessSignals { .all }
}
