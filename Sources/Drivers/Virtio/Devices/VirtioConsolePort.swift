import Foundations
import Machine

/// A port of a virtio console: bytes in and out by a queue each.
final class VirtioConsolePort {
  let number: Int
  let receiveQueue: VirtioQueue
  let transmitQueue: VirtioQueue
  /// Whether the host has said that the port is there.
  var isPresent = false
  /// Whether somebody at the host listens.
  var isOpen = false
  /// Whether the last write took less than it was given.
  private var wantsRoom = false
  /// Whether bytes wait in buffers, because their taker has no room, or others are to have their turn.
  private(set) var isHeld = false
  /// What is made when the port comes: most ports never do.
  private var buffers: VirtioConsoleBuffers?

  /// How many bytes there are in a buffer.
  static let bufferByteCount = VirtioConsole.bufferByteCount
  /// How many buffers are taken in one call.
  private static let burst = 64

  init(_ number: Int, _ receive: VirtioQueue, _ transmit: VirtioQueue) {
    self.number = number
    receiveQueue = receive
    transmitQueue = transmit
  }

  /// Makes buffers and gives the device those for what comes, once.
  ///
  /// - Throws: `.noMemory`.
  func begin() throws(VirtioError) {
    guard buffers == nil else { return }
    let new = try VirtioConsoleBuffers(
      receiveQueue, transmitQueue, receiveByteCount: Self.bufferByteCount, transmitByteCount: Self.bufferByteCount)
    buffers = new
    try new.begin()
  }

  /// The port has gone. What has come by it and nobody has taken is not another port's that comes in its place.
  ///
  /// - Throws: `.corruptQueue`.
  func end() throws(VirtioError) {
    (isPresent, isOpen, isHeld, wantsRoom) = (false, false, false, false)
    guard let buffers else { return }
    try buffers.takeSent()
    // No more than there are: a host that never stops is not waited for.
    for _ in 0..<VirtioConsoleBuffers.count {
      guard let received = try buffers.take() else { break }
      try buffers.giveBack(received.buffer)
    }
    _ = buffers.rest()
    _ = buffers.restSender()
  }

  /// Takes bytes that have come, as many as `sink` has room for.
  ///
  /// - Returns: whether there may be more.
  func receive(_ sink: VirtioConsoleSink) throws(VirtioError) -> Bool {
    guard let buffers else { return false }
    for _ in 0..<Self.burst {
      isHeld = sink.room(number) < Self.bufferByteCount
      guard !isHeld else {
        buffers.notifyReceiver()
        return false
      }
      guard let received = try buffers.take() else { return buffers.rest() }
      deliver(received, buffers, sink)
      try buffers.giveBack(received.buffer)
    }
    buffers.notifyReceiver()
    isHeld = true
    return true
  }

  private func deliver(
    _ received: VirtioConsoleBuffers.Received, _ buffers: VirtioConsoleBuffers, _ sink: VirtioConsoleSink
  ) {
    var done = 0
    while done < received.byteCount {
      var bytes = InlineArray<128, UInt8>(repeating: 0)
      var span = bytes.mutableSpan
      let count = buffers.copy(received, from: done, into: &span)
      guard count > 0 else { return }
      sink.receive(number, bytes.span.extracting(0..<min(count, 128)))
      done += count
    }
  }

  /// Takes back what the device has sent.
  func reclaim(_ sink: VirtioConsoleSink) throws(VirtioError) -> Bool {
    guard let buffers else { return false }
    try buffers.takeSent()
    let hasMore = buffers.restSender()
    if wantsRoom, buffers.hasFree {
      wantsRoom = false
      sink.hasRoom(number)
    }
    return hasMore
  }

  /// Sends `bytes`, as many as there is room for.
  func write(_ bytes: Span<UInt8>) throws(VirtioError) -> Int {
    guard let buffers else { throw .stopped }
    try buffers.takeSent()
    var sent = 0
    while sent < bytes.count {
      let count = try buffers.put(bytes.extracting(sent..<bytes.count))
      guard count > 0 else { break }
      sent += count
    }
    buffers.notifySender()
    if sent < bytes.count { wantsRoom = true }
    return sent
  }
}
