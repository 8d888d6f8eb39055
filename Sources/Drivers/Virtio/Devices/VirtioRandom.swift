import Foundations
import Machine

/// Who uses random bytes of a device, such as the kernel's pool.
open class EntropySink {
  /// Creates a sink that wants nothing.
  public init() {}

  /// How many bytes would be of use now, 0 for none.
  open var wantedByteCount: Int { 0 }
  /// Takes random bytes.
  open func receive(_ bytes: Span<UInt8>) {}
}

/// The source of random numbers of a virtual machine. Source: VIRTIO 1.2, section 5.4.
///
/// It asks the device for as much as is wanted and no more, by one request at a time: for the sink, and to keep a small
/// pool for readers full. Bytes are forgotten once they are given away.
///
/// Context: one thread at a time.
public final class VirtioRandom {
  /// How many bytes a request asks for at most.
  public static let requestByteCount = 256
  /// How many bytes the pool holds.
  public static let poolByteCount = 1024
  /// How long the device may take for a request, in nanoseconds.
  public static let patience: UInt64 = 2_000_000_000

  /// The device.
  public let device: VirtioDevice
  /// How many random bytes have come in all.
  public private(set) var receivedByteCount: UInt64 = 0

  private let sink: EntropySink
  private var queue: VirtioQueue?
  private let buffer: DMABuffer
  private var pool = GrowableArray<UInt8>()
  /// How many requests in a row came back empty.
  private var emptyCount = 0
  private static let mostEmpty = 8
  /// Since when the request that is with the device is known to be there.
  private var askedAt: UInt64?

  /// A driver for the device behind `transport`, which is not touched yet.
  ///
  /// - Throws: `.noMemory`.
  public init(_ transport: VirtioTransport, sink: EntropySink, pacer: VirtioPacer) throws(VirtioError) {
    device = VirtioDevice(transport, pacer: pacer)
    self.sink = sink
    do throws(Errno) {
      buffer = try DMABuffer(byteCount: Self.requestByteCount)
      try pool.reserveCapacity(Self.poolByteCount)
    } catch {
      throw .noMemory
    }
  }

  /// Sets the device up and asks for the first bytes.
  ///
  /// - Parameter messageCount: how many messages there are to interrupt by.
  /// - Returns: how it interrupts.
  /// - Throws: what `VirtioDevice` does.
  public func start(messageCount: Int) throws(VirtioError) -> VirtioInterrupts {
    try device.begin([])
    let queue = try device.makeQueue(VirtioLayout.Random.Queues.requests, .init(size: 4))
    let interrupts = try device.start(messageCount: messageCount)
    self.queue = queue
    _ = queue.enableInterrupts()
    try refill()
    return interrupts
  }

  /// Takes what has come, and asks for more if that is wanted.
  ///
  /// - Returns: whether it should be called again soon, before any interrupt.
  /// - Throws: `.corruptQueue`: the device is to be stopped.
  public func handleQueue(_ number: Int) throws(VirtioError) -> Bool {
    guard let queue, number == queue.number else { return false }
    if let completion = try queue.takeCompletion() {
      askedAt = nil
      emptyCount = completion.byteCount == 0 ? emptyCount + 1 : 0
      deliver(completion.byteCount)
      try refill()
    }
    return queue.enableInterrupts()
  }

  /// The device has no configuration: looks only whether it is well.
  ///
  /// - Throws: `.needsReset`, `.gone`.
  public func handleConfigurationChange() throws(VirtioError) { try device.check() }

  private func deliver(_ byteCount: Int) {
    receivedByteCount &+= UInt64(byteCount)
    let forSink = min(byteCount, max(0, sink.wantedByteCount))
    var start = 0
    while start < forSink { start += give(start, forSink - start) }
    do throws(Errno) {
      for index in forSink..<max(forSink, byteCount) where pool.count < Self.poolByteCount {
        try pool.append(buffer.read8(at: index))
      }
    } catch {
      // There is room; see `init`.
    }
    buffer.zeroFill(at: 0, count: Self.requestByteCount)
  }

  /// Gives the sink up to 64 bytes.
  private func give(_ start: Int, _ count: Int) -> Int {
    var bytes = InlineArray<64, UInt8>(repeating: 0)
    let count = min(count, 64)
    for index in 0..<count { bytes[index] = buffer.read8(at: start + index) }
    sink.receive(bytes.span.extracting(0..<count))
    return count
  }

  /// Asks the device for bytes if some are wanted and it is not asked already. To be called when the sink wants some.
  ///
  /// - Throws: `.corruptQueue`, `.stopped`.
  public func refill() throws(VirtioError) {
    guard let queue else { throw .stopped }
    let wanted = max(0, min(sink.wantedByteCount, Self.requestByteCount)) + Self.poolByteCount - pool.count
    guard wanted > 0, queue.inFlightCount == 0, emptyCount < Self.mostEmpty else { return }
    guard let segment = buffer.segment(at: 0, count: min(wanted, Self.requestByteCount)) else { return }
    try queue.submit(segment, .fromDevice, token: 0)
    queue.notify()
  }

  /// Looks whether the device has left a request without an answer. To be called after everything that may have asked.
  ///
  /// - Parameter now: of a clock that does not go back, in nanoseconds.
  /// - Returns: after how many nanoseconds to look again; nil while nothing is asked.
  /// - Throws: `.noAnswer`: the device is to be stopped.
  public func checkAnswer(now: UInt64) throws(VirtioError) -> UInt64? {
    guard let queue, queue.inFlightCount > 0 else {
      askedAt = nil
      return nil
    }
    guard let askedAt else {
      askedAt = now
      return Self.patience
    }
    let waited = now > askedAt ? now - askedAt : 0
    guard waited < Self.patience else { throw .noAnswer }
    return Self.patience - waited
  }

  /// Asks for bytes and overwrites the queue before the device can know of that, for tests: see `VirtioDevice.corrupt`.
  public func corrupt(_ turn: Int) {
    // What is in the pool would hide that the device gives no more.
    pool.removeAll()
    emptyCount = 0
    if let queue, queue.inFlightCount == 0, let segment = buffer.segment(at: 0, count: Self.requestByteCount) {
      // A queue that is broken already needs no more.
      try? queue.submit(segment, .fromDevice, token: 0)
    }
    device.corrupt(turn)
  }

  /// Takes random bytes out of the pool into `bytes`, as many as there are, and up to `limit`.
  ///
  /// - Returns: how many; more may come later.
  public func read(into bytes: inout MutableSpan<UInt8>, limit: Int = .max) -> Int {
    var count = 0
    while count < min(bytes.count, limit), let byte = pool.popLast() {
      bytes[count] = byte
      count += 1
    }
    // Somebody asks: a device that had nothing may be tried again.
    emptyCount = 0
    do throws(VirtioError) {
      try refill()
    } catch {
      // Whoever handles the queue sees it.
    }
    return count
  }

  /// Ends the use of the device.
  ///
  /// - Throws: as `VirtioDevice.stop`; on `.resetTimeout` the driver is to be kept.
  public func stop(isGone: Bool) throws(VirtioError) {
    try device.stop(isGone: isGone)
    queue = nil
    askedAt = nil
    pool.removeAll()
    buffer.zeroFill(at: 0, count: Self.requestByteCount)
  }
}
