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

  private let receiveBuffer: DMABuffer
  private let transmitBuffer: DMABuffer
  private var freeBuffers = GrowableArray<UInt8>()
  private var waiting = GrowableArray<Waiting>()

  private static let bufferCount = 16
  /// The port, the event and the value; a name may follow.
  private static let headByteCount = 8
  private static let messageByteCount = headByteCount + VirtioInputBytes.capacity
  /// How many messages are taken in one call.
  private static let burst = 64
  /// More messages than that do not wait: a host that never takes one would fill memory.
  private static let mostWaiting = 256

  init(_ device: VirtioDevice) throws(VirtioError) {
    let options = VirtioQueue.Options(size: Self.bufferCount)
    receiveQueue = try device.makeQueue(VirtioLayout.Console.Queues.controlReceive, options)
    transmitQueue = try device.makeQueue(VirtioLayout.Console.Queues.controlTransmit, options)
    do throws(Errno) {
      receiveBuffer = try DMABuffer(byteCount: Self.bufferCount * Self.messageByteCount)
      transmitBuffer = try DMABuffer(byteCount: Self.bufferCount * Self.headByteCount)
      for index in 0..<min(Self.bufferCount, transmitQueue.size) { try freeBuffers.append(UInt8(index)) }
    } catch {
      throw .noMemory
    }
  }

  /// Says that the driver is ready, upon which the host tells of its ports.
  func begin() throws(VirtioError) {
    for index in 0..<min(Self.bufferCount, receiveQueue.size) { try offer(UInt64(index)) }
    receiveQueue.notify()
    _ = receiveQueue.enableInterrupts()
    _ = transmitQueue.enableInterrupts()
    try send(0, .deviceReady, 1)
  }

  private func offer(_ index: UInt64) throws(VirtioError) {
    let place = Int(truncatingIfNeeded: index) * Self.messageByteCount
    guard let segment = receiveBuffer.segment(at: place, count: Self.messageByteCount) else { return }
    try receiveQueue.submit(segment, .fromDevice, token: index)
  }

  /// Takes messages that have come.
  ///
  /// - Returns: whether there may be more.
  func receive(_ body: (VirtioConsoleMessage) -> Void) throws(VirtioError) -> Bool {
    for _ in 0..<Self.burst {
      guard let completion = try receiveQueue.takeCompletion() else {
        receiveQueue.notify()
        return receiveQueue.enableInterrupts()
      }
      let place = Int(truncatingIfNeeded: completion.token) * Self.messageByteCount
      if let message = message(at: place, completion.byteCount) { body(message) }
      try offer(completion.token)
    }
    receiveQueue.notify()
    return true
  }

  private func message(at place: Int, _ byteCount: Int) -> VirtioConsoleMessage? {
    guard byteCount >= Self.headByteCount, let event = Event(rawValue: receiveBuffer.read16(at: place + 4)) else {
      return nil
    }
    var detail = VirtioInputBytes()
    for index in Self.headByteCount..<max(Self.headByteCount, min(byteCount, Self.messageByteCount)) {
      detail.append(receiveBuffer.read8(at: place + index))
    }
    return VirtioConsoleMessage(
      port: receiveBuffer.read32(at: place), event: event, value: receiveBuffer.read16(at: place + 6), detail: detail)
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
    try takeSent()
    while waiting.count > 0, let index = freeBuffers.popLast() {
      let message = waiting.remove(at: 0)
      let place = Int(index) * Self.headByteCount
      transmitBuffer.write32(message.port, at: place)
      transmitBuffer.write16(message.event, at: place + 4)
      transmitBuffer.write16(message.value, at: place + 6)
      guard let segment = transmitBuffer.segment(at: place, count: Self.headByteCount) else { return }
      try transmitQueue.submit(segment, .toDevice, token: UInt64(index))
    }
    transmitQueue.notify()
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

  /// Takes back what the device has seen, and sends what waits.
  ///
  /// - Returns: whether there may be more.
  func reclaim() throws(VirtioError) -> Bool {
    try sendWaiting()
    return transmitQueue.enableInterrupts()
  }
}
