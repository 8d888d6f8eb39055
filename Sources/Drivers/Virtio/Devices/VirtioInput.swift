import Foundations
import Machine

/// A keyboard, mouse or tablet of a virtual machine. Source: VIRTIO 1.2, section 5.8.
///
/// Context: one thread at a time.
public final class VirtioInput {
  /// The device.
  public let device: VirtioDevice
  /// What the device says that it is, once it runs.
  public private(set) var description: VirtioInputDescription?

  private typealias Fields = VirtioLayout.Input.Configuration
  private typealias Question = VirtioLayout.Input.Question

  private let sink: VirtioInputSink
  private var events: VirtioQueue?
  private var status: VirtioQueue?
  private let eventBuffer: DMABuffer
  private let statusBuffer: DMABuffer
  private var freeStatus = GrowableArray<UInt8>()

  /// Type, code and value.
  private static let eventByteCount = 8
  private static let eventCount = 64
  private static let statusCount = 16
  /// How many events are taken in one call.
  private static let burst = 256
  /// `EV_ABS` and `ABS_MAX`. Source: Linux, input event codes.
  private static let absoluteType: UInt8 = 3
  private static let axisCount = 64
  /// `EV_MAX`.
  private static let typeCount = 32

  /// A driver for the device behind `transport`, which is not touched yet.
  ///
  /// - Throws: `.noMemory`.
  public init(_ transport: VirtioTransport, sink: VirtioInputSink, pacer: VirtioPacer) throws(VirtioError) {
    device = VirtioDevice(transport, pacer: pacer)
    self.sink = sink
    do throws(Errno) {
      eventBuffer = try DMABuffer(byteCount: Self.eventCount * Self.eventByteCount)
      statusBuffer = try DMABuffer(byteCount: Self.statusCount * Self.eventByteCount)
      try freeStatus.reserveCapacity(Self.statusCount)
    } catch {
      throw .noMemory
    }
  }

  /// Asks the device what it is, tells the sink, and begins to take events.
  ///
  /// - Parameter messageCount: how many messages there are to interrupt by.
  /// - Returns: how it interrupts.
  /// - Throws: what `VirtioDevice` does; `.noMemory`.
  public func start(messageCount: Int) throws(VirtioError) -> VirtioInterrupts {
    try device.begin([])
    let events = try device.makeQueue(VirtioLayout.Input.Queues.events, .init(size: Self.eventCount))
    let status = try device.makeQueue(VirtioLayout.Input.Queues.status, .init(size: Self.statusCount))
    let description = try readDescription()
    let interrupts = try device.start(messageCount: messageCount)
    self.events = events
    self.status = status
    self.description = description
    freeStatus.removeAll()
    for index in 0..<min(Self.statusCount, status.size) { keepFree(UInt8(index)) }
    sink.attach(description)
    for index in 0..<min(Self.eventCount, events.size) { try offer(UInt64(index), events) }
    events.notify()
    _ = events.enableInterrupts()
    // Nobody waits for lights: they are looked at when the next is sent.
    status.disableInterrupts()
    return interrupts
  }

  private func keepFree(_ index: UInt8) {
    do throws(Errno) {
      try freeStatus.append(index)
    } catch {
      // There is room; see `init`.
    }
  }

  private func offer(_ index: UInt64, _ queue: VirtioQueue) throws(VirtioError) {
    let place = Int(truncatingIfNeeded: index) * Self.eventByteCount
    guard let segment = eventBuffer.segment(at: place, count: Self.eventByteCount) else { return }
    try queue.submit(segment, .fromDevice, token: index)
  }

  // MARK: What it is

  private func ask(_ question: Question, _ detail: UInt8 = 0) -> VirtioInputBytes {
    device.write(question.rawValue, to: Fields.select)
    device.write(detail, to: Fields.subselect)
    var bytes = VirtioInputBytes()
    let count = min(Int(device.read(Fields.size)), Fields.dataCount)
    for index in 0..<count { bytes.append(device.read(Fields.data, at: index)) }
    return bytes
  }

  private func readDescription() throws(VirtioError) -> VirtioInputDescription {
    guard device.transport.configurationByteCount >= Fields.byteCount else { throw .badStructure }
    let description = VirtioInputDescription()
    description.name = ask(.name)
    description.serial = ask(.serial)
    let identity = ask(.identity)
    description.bus = word(identity, 0)
    description.vendor = word(identity, 2)
    description.product = word(identity, 4)
    description.version = word(identity, 6)
    description.properties = ask(.properties)
    do throws(Errno) {
      // Type 0 is of the protocol itself.
      for type in 1..<UInt8(Self.typeCount) {
        let bits = ask(.events, type)
        guard bits.count > 0 else { continue }
        try description.add(type, bits)
        if type == Self.absoluteType { try readAxes(bits, description) }
      }
    } catch {
      throw .noMemory
    }
    device.write(Question.nothing.rawValue, to: Fields.select)
    guard device.transport.status().rawValue != .max else { throw .gone }
    return description
  }

  private func readAxes(_ bits: VirtioInputBytes, _ description: VirtioInputDescription) throws(Errno) {
    for code in 0..<UInt8(Self.axisCount) where bits.contains(bit: Int(code)) {
      let bytes = ask(.axis, code)
      guard bytes.count >= 20 else { continue }
      try description.axes.append(
        VirtioInputAxis(
          code: UInt16(code), minimum: number(bytes, 0), maximum: number(bytes, 4), fuzz: number(bytes, 8),
          flat: number(bytes, 12), resolution: number(bytes, 16)))
    }
  }

  private func word(_ bytes: VirtioInputBytes, _ index: Int) -> UInt16 {
    UInt16(bytes[index]) | UInt16(bytes[index + 1]) << 8
  }

  private func number(_ bytes: VirtioInputBytes, _ index: Int) -> Int32 {
    Int32(bitPattern: UInt32(word(bytes, index)) | UInt32(word(bytes, index + 2)) << 16)
  }

  // MARK: Events

  /// Takes what has come.
  ///
  /// - Returns: whether it should be called again soon, before any interrupt.
  /// - Throws: `.corruptQueue`: the device is to be stopped.
  public func handleQueue(_ number: Int) throws(VirtioError) -> Bool {
    guard let events, let status else { return false }
    if number == status.number { try takeStatus(status) }
    guard number == events.number else { return false }
    for _ in 0..<Self.burst {
      guard let completion = try events.takeCompletion() else {
        events.notify()
        return events.enableInterrupts()
      }
      if completion.byteCount >= Self.eventByteCount { deliver(Int(truncatingIfNeeded: completion.token)) }
      try offer(completion.token, events)
    }
    events.notify()
    return true
  }

  private func deliver(_ index: Int) {
    let place = index * Self.eventByteCount
    let value = Int32(bitPattern: eventBuffer.read32(at: place + 4))
    sink.receive(type: eventBuffer.read16(at: place), code: eventBuffer.read16(at: place + 2), value: value)
  }

  private func takeStatus(_ status: VirtioQueue) throws(VirtioError) {
    while let completion = try status.takeCompletion() { keepFree(UInt8(truncatingIfNeeded: completion.token)) }
  }

  /// Sends an event to the device, such as `EV_LED`.
  ///
  /// - Throws: `.full` when the device has not taken those before, `.corruptQueue`, `.stopped`.
  public func send(type: UInt16, code: UInt16, value: Int32) throws(VirtioError) {
    guard let status else { throw .stopped }
    try takeStatus(status)
    guard let index = freeStatus.popLast() else { throw .full }
    let place = Int(index) * Self.eventByteCount
    statusBuffer.write16(type, at: place)
    statusBuffer.write16(code, at: place + 2)
    statusBuffer.write32(UInt32(bitPattern: value), at: place + 4)
    guard let segment = statusBuffer.segment(at: place, count: Self.eventByteCount) else { throw .badRequest }
    do throws(VirtioError) {
      try status.submit(segment, .toDevice, token: UInt64(index))
    } catch {
      keepFree(index)
      throw error
    }
    status.notify()
  }

  /// The device's configuration does not change by itself: looks only whether it is well.
  ///
  /// - Throws: `.needsReset`, `.gone`.
  public func handleConfigurationChange() throws(VirtioError) { try device.check() }

  /// Ends the use of the device, and tells the sink.
  ///
  /// - Throws: as `VirtioDevice.stop`; on `.resetTimeout` the driver is to be kept.
  public func stop(isGone: Bool) throws(VirtioError) {
    if events != nil { sink.detach() }
    try device.stop(isGone: isGone)
    (events, status, description) = (nil, nil, nil)
  }
}
