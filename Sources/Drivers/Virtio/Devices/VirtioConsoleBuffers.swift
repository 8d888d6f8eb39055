import Foundations
import Machine

/// Two queues, one each way, with buffers of one size: what the ports of a console and its control have in common.
///
/// All buffers for what comes are with the device from `begin` on, but for the time between `take` and `giveBack`.
final class VirtioConsoleBuffers {
  /// How many buffers there are each way.
  static let count = 16

  /// What has come: which buffer it is in, and how many bytes.
  struct Received {
    let buffer: UInt64
    let byteCount: Int
  }

  private let receiveQueue: VirtioQueue
  private let transmitQueue: VirtioQueue
  private let receiveMemory: DMABuffer
  private let transmitMemory: DMABuffer
  private let receiveByteCount: Int
  private let transmitByteCount: Int
  private var free = GrowableArray<UInt8>()

  /// Buffers of `receiveByteCount` and `transmitByteCount` bytes; the device is told of none yet.
  ///
  /// - Throws: `.noMemory`.
  init(
    _ receive: VirtioQueue, _ transmit: VirtioQueue, receiveByteCount: Int, transmitByteCount: Int
  ) throws(VirtioError) {
    (receiveQueue, transmitQueue) = (receive, transmit)
    (self.receiveByteCount, self.transmitByteCount) = (receiveByteCount, transmitByteCount)
    do throws(Errno) {
      receiveMemory = try DMABuffer(byteCount: Self.count * receiveByteCount)
      transmitMemory = try DMABuffer(byteCount: Self.count * transmitByteCount)
      for index in 0..<min(Self.count, transmit.size) { try free.append(UInt8(index)) }
    } catch {
      throw .noMemory
    }
  }

  /// Gives the device all buffers for what comes, and lets it interrupt.
  func begin() throws(VirtioError) {
    for index in 0..<min(Self.count, receiveQueue.size) { try giveBack(UInt64(index)) }
    _ = rest()
    _ = transmitQueue.enableInterrupts()
  }

  // MARK: What comes

  /// Takes the next that has come; nil when nothing has.
  func take() throws(VirtioError) -> Received? {
    try receiveQueue.takeCompletion().map { Received(buffer: $0.token, byteCount: $0.byteCount) }
  }

  /// Copies from byte `offset` on of what has come into `bytes`, as far as both go.
  ///
  /// - Returns: how many bytes.
  func copy(_ received: Received, from offset: Int, into bytes: inout MutableSpan<UInt8>) -> Int {
    let left = min(received.byteCount, receiveByteCount) - offset
    guard left > 0 else { return 0 }
    // What is copied from behind it does not count.
    let place = Int(truncatingIfNeeded: received.buffer) * receiveByteCount + offset
    return min(left, receiveMemory.copyOut(at: place, into: &bytes))
  }

  /// Gives the device a buffer again.
  func giveBack(_ buffer: UInt64) throws(VirtioError) {
    let place = Int(truncatingIfNeeded: buffer) * receiveByteCount
    guard let segment = receiveMemory.segment(at: place, count: receiveByteCount) else { return }
    try receiveQueue.submit(segment, .fromDevice, token: buffer)
  }

  /// Tells the device of buffers, and lets it interrupt when something comes.
  ///
  /// - Returns: whether something has come meanwhile.
  func rest() -> Bool {
    receiveQueue.notify()
    return receiveQueue.enableInterrupts()
  }

  /// Tells the device of buffers.
  func notifyReceiver() { receiveQueue.notify() }

  // MARK: What is sent

  /// Whether there is a buffer to send in.
  var hasFree: Bool { !free.isEmpty }

  /// Puts the first bytes of `bytes`, as many as one buffer holds, where the device will find them once it is told.
  ///
  /// - Returns: how many; 0 when no buffer is free.
  func put(_ bytes: Span<UInt8>) throws(VirtioError) -> Int {
    guard !bytes.isEmpty, let index = free.popLast() else { return 0 }
    let place = Int(index) * transmitByteCount
    let count = min(transmitByteCount, bytes.count)
    transmitMemory.copyIn(bytes.extracting(0..<count), at: place)
    guard let segment = transmitMemory.segment(at: place, count: count) else { throw .badRequest }
    try transmitQueue.submit(segment, .toDevice, token: UInt64(index))
    return count
  }

  /// Tells the device of what was put.
  func notifySender() { transmitQueue.notify() }

  /// Takes back what the device has sent.
  func takeSent() throws(VirtioError) {
    while let completion = try transmitQueue.takeCompletion() {
      do throws(Errno) { try free.append(UInt8(truncatingIfNeeded: completion.token)) } catch { throw .noMemory }
    }
  }

  /// Lets the device interrupt when it has sent something.
  ///
  /// - Returns: whether it has meanwhile.
  func restSender() -> Bool { transmitQueue.enableInterrupts() }
}
