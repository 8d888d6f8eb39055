import Foundations
import Machine

/// What the host says about a port.
struct VirtioConsoleMessage {
  var port: UInt32
  var event: VirtioLayout.Console.ControlEvent
  var value: UInt16
  /// What follows: a name, or a size.
  var detail: VirtioInputBytes

  func word(_ index: Int) -> UInt16 { UInt16(detail[index]) | UInt16(detail[index + 1]) << 8 }
}

/// The control queues of a console with several ports. Source: VIRTIO 1.2, section 5.3.6.2.
final class VirtioConsoleControl {
  let receiveQueue: VirtioQueue
  let transmitQueue: VirtioQueue

  private typealias Event = VirtioLayout.Console.ControlEvent

  /// A message that waits for room.
  private struct Waiting {
    var port: UInt32
    var event: UInt16
    var value: UInt16
  }

  private let buffers: VirtioConsoleBuffers
  private var waiting = GrowableArray<Waiting>()

  /// The port, the event and the value; a name may follow.
  private static let headByteCount = 8
  private static let messageByteCount = headByteCount + VirtioInputBytes.capacity
  /// How many messages are taken in one call.
  private static let burst = 64
  /// More messages than that do not wait: a host that never takes one would fill memory.
  private static let mostWaiting = 256

  init(_ device: VirtioDevice) throws(VirtioError) {
    let options = VirtioQueue.Options(size: VirtioConsoleBuffers.count)
    receiveQueue = try device.makeQueue(VirtioLayout.Console.Queues.controlReceive, options)
    transmitQueue = try device.makeQueue(VirtioLayout.Console.Queues.controlTransmit, options)
    buffers = try VirtioConsoleBuffers(
      receiveQueue, transmitQueue, receiveByteCount: Self.messageByteCount, transmitByteCount: Self.headByteCount)
  }

  /// Says that the driver is ready, upon which the host tells of its ports.
  func begin() throws(VirtioError) {
    try buffers.begin()
    try send(0, .deviceReady, 1)
  }

  /// Takes messages that have come.
  ///
  /// - Returns: whether there may be more.
  func receive(_ body: (VirtioConsoleMessage) -> Void) throws(VirtioError) -> Bool {
    for _ in 0..<Self.burst {
      guard let received = try buffers.take() else { return buffers.rest() }
      if let message = message(received) { body(message) }
      try buffers.giveBack(received.buffer)
    }
    buffers.notifyReceiver()
    return true
  }

  private func message(_ received: VirtioConsoleBuffers.Received) -> VirtioConsoleMessage? {
    var bytes = InlineArray<136, UInt8>(repeating: 0)
    var span = bytes.mutableSpan
    let count = buffers.copy(received, from: 0, into: &span)
    let head = bytes.span
    guard count >= Self.headByteCount, let event = Event(rawValue: Self.word(head, 4)) else { return nil }
    var detail = VirtioInputBytes()
    for index in Self.headByteCount..<min(count, Self.messageByteCount) { detail.append(bytes[index]) }
    return VirtioConsoleMessage(
      port: UInt32(Self.word(head, 0)) | UInt32(Self.word(head, 2)) << 16, event: event, value: Self.word(head, 6),
      detail: detail)
  }

  private static func word(_ bytes: Span<UInt8>, _ place: Int) -> UInt16 {
    UInt16(bytes[place]) | UInt16(bytes[place + 1]) << 8
  }

  /// Sends a message, now or as soon as there is room.
  func send(_ port: Int, _ event: VirtioLayout.Console.ControlEvent, _ value: UInt16) throws(VirtioError) {
    guard waiting.count < Self.mostWaiting else { throw .full }
    do throws(Errno) {
      try waiting.append(
        Waiting(port: UInt32(truncatingIfNeeded: port), event: event.rawValue, value: value))
    } catch {
      throw .noMemory
    }
    try sendWaiting()
  }

  private func sendWaiting() throws(VirtioError) {
    try buffers.takeSent()
    while waiting.count > 0, buffers.hasFree {
      let message = waiting.remove(at: 0)
      var bytes = InlineArray<8, UInt8>(repeating: 0)
      for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: message.port >> UInt32(index * 8)) }
      for index in 0..<2 {
        bytes[4 + index] = UInt8(truncatingIfNeeded: message.event >> UInt16(index * 8))
        bytes[6 + index] = UInt8(truncatingIfNeeded: message.value >> UInt16(index * 8))
      }
      _ = try buffers.put(bytes.span)
    }
    buffers.notifySender()
  }

  /// Takes back what the device has seen, and sends what waits.
  ///
  /// - Returns: whether there may be more.
  func reclaim() throws(VirtioError) -> Bool {
    try sendWaiting()
    return buffers.restSender()
  }
}
