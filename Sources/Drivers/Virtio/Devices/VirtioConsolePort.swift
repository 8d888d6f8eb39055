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

  private let receiveBuffer: DMABuffer
  private let transmitBuffer: DMABuffer
  private var freeBuffers = GrowableArray<UInt8>()

  /// How many buffers there are each way, and bytes in one.
  static let bufferCount = 16
  static let bufferByteCount = 512
  /// How many buffers are taken in one call.
  private static let burst = 64

  init(_ number: Int, _ receive: VirtioQueue, _ transmit: VirtioQueue) throws(VirtioError) {
    self.number = number
    receiveQueue = receive
    transmitQueue = transmit
    do throws(Errno) {
      receiveBuffer = try DMABuffer(byteCount: Self.bufferCount * Self.bufferByteCount)
      transmitBuffer = try DMABuffer(byteCount: Self.bufferCount * Self.bufferByteCount)
      for index in 0..<min(Self.bufferCount, transmit.size) { try freeBuffers.append(UInt8(index)) }
    } catch {
      throw .noMemory
    }
  }

  /// Gives the device buffers for what comes.
  func offerBuffers() throws(VirtioError) {
    for index in 0..<min(Self.bufferCount, receiveQueue.size) { try offer(UInt64(index)) }
    receiveQueue.notify()
    _ = receiveQueue.enableInterrupts()
    _ = transmitQueue.enableInterrupts()
  }

  private func offer(_ index: UInt64) throws(VirtioError) {
    let place = Int(truncatingIfNeeded: index) * Self.bufferByteCount
    guard let segment = receiveBuffer.segment(at: place, count: Self.bufferByteCount) else { return }
    try receiveQueue.submit(segment, .fromDevice, token: index)
  }

  /// Takes bytes that have come.
  ///
  /// - Returns: whether there may be more.
  func receive(_ sink: VirtioConsoleSink) throws(VirtioError) -> Bool {
    for _ in 0..<Self.burst {
      guard let completion = try receiveQueue.takeCompletion() else {
        receiveQueue.notify()
        return receiveQueue.enableInterrupts()
      }
      deliver(Int(truncatingIfNeeded: completion.token) * Self.bufferByteCount, completion.byteCount, sink)
      try offer(completion.token)
    }
    receiveQueue.notify()
    return true
  }

  private func deliver(_ place: Int, _ count: Int, _ sink: VirtioConsoleSink) {
    var done = 0
    while done < count {
      var bytes = InlineArray<128, UInt8>(repeating: 0)
      let part = min(128, count - done)
      for index in 0..<part { bytes[index] = receiveBuffer.read8(at: place + done + index) }
      sink.receive(number, bytes.span.extracting(0..<part))
      done += part
    }
  }

  /// Takes back what the device has sent.
  func reclaim(_ sink: VirtioConsoleSink) throws(VirtioError) -> Bool {
    try takeSent()
    let hasMore = transmitQueue.enableInterrupts()
    if wantsRoom, !freeBuffers.isEmpty {
      wantsRoom = false
      sink.hasRoom(number)
    }
    return hasMore
  }

  private func takeSent() throws(VirtioError) {
    while let completion = try transmitQueue.takeCompletion() {
      do throws(Errno) {
        try freeBuffers.append(UInt8(truncatingIfNeeded: completion.token))
      } catch {
        throw .noMemory
      }
    }
  }

  /// Sends `bytes`, as many as there is room for.
  func write(_ bytes: Span<UInt8>) throws(VirtioError) -> Int {
    try takeSent()
    var sent = 0
    while sent < bytes.count, let index = freeBuffers.popLast() { sent += try send(bytes, from: sent, in: index) }
    transmitQueue.notify()
    if sent < bytes.count { wantsRoom = true }
    return sent
  }

  /// Sends as much of `bytes` from `first` on as fits in buffer `index`.
  private func send(_ bytes: Span<UInt8>, from first: Int, in index: UInt8) throws(VirtioError) -> Int {
    let place = Int(index) * Self.bufferByteCount
    let count = min(Self.bufferByteCount, bytes.count - first)
    transmitBuffer.copyIn(bytes.extracting(first..<first + count), at: place)
    guard let segment = transmitBuffer.segment(at: place, count: count) else { throw .badRequest }
    try transmitQueue.submit(segment, .toDevice, token: UInt64(index))
    return count
  }
}
