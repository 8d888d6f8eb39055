import Foundations
import Machine

/// A virtio device: how far it is set up, what was agreed on, its configuration and its queues.
///
/// The order is `begin`, `makeQueue` for each, `start`; then requests; `stop` at the end or after an error, which makes
/// it as it was in the beginning. Every wait is bounded. Source: VIRTIO 1.2, sections 2.1, 2.4 and 3.1.
///
/// Context: the driver's thread; `causesOfLine` and `causes(ofMessage:)` any.
public final class VirtioDevice {
  /// How far it is set up.
  public enum State: UInt8, Sendable {
    /// Nothing was agreed on, or the device was reset.
    case idle
    /// Features are agreed on; queues may be made.
    case agreed
    /// It works.
    case running
    /// It cannot be used before a reset.
    case failed
  }

  /// The way to it.
  public let transport: VirtioTransport
  /// How far it is set up.
  public private(set) var state = State.idle
  /// What it offered.
  public private(set) var offered: VirtioFeatures = []
  /// What was agreed on.
  public private(set) var features: VirtioFeatures = []
  /// How it interrupts, once it runs.
  public private(set) var interrupts = VirtioInterrupts.line

  private let pacer: VirtioPacer
  private let usable: VirtioFeatures
  private var queues = GrowableArray<VirtioQueue>()

  /// The device behind `transport`, which is not touched yet.
  ///
  /// - Parameter usable: the features of transport and queues to agree on where the device offers them.
  public init(_ transport: VirtioTransport, pacer: VirtioPacer, usable: VirtioFeatures = .transport) {
    self.transport = transport
    self.pacer = pacer
    self.usable = usable
  }

  // MARK: Setting up

  /// Resets the device and agrees on features: those of `wanted` that it offers, and those of the transport.
  ///
  /// - Throws: `.gone`, `.resetTimeout`, `.noAgreement` without version 1, or when the device takes its offer back.
  public func begin(_ wanted: VirtioFeatures) throws(VirtioError) {
    try reset()
    do throws(VirtioError) {
      try agree(wanted)
      state = .agreed
    } catch {
      fail()
      throw error
    }
  }

  private func agree(_ wanted: VirtioFeatures) throws(VirtioError) {
    addStatus { $0.isAcknowledged = true }
    addStatus { $0.hasDriver = true }
    offered = transport.offeredFeatures()
    guard transport.status().rawValue != .max else { throw .gone }
    guard offered.contains(.version1) else { throw .noAgreement }
    features = offered.intersection(wanted.union(usable)).subtracting(transport.excludedFeatures)
    features.insert(.version1)
    transport.accept(features)
    addStatus { $0.hasFeatures = true }
    let status = transport.status()
    guard status.rawValue != .max else { throw .gone }
    guard status.hasFeatures else { throw .noAgreement }
  }

  private func addStatus(_ change: (inout VirtioCommon.Status) -> Void) {
    var status = transport.status()
    // A device that has gone shows all ones, which are not to be written to whatever comes next.
    guard status.rawValue != .max else { return }
    status.needsReset = false
    change(&status)
    transport.setStatus(status)
  }

  /// Makes queue `number`.
  ///
  /// - Throws: `.noQueue` when the device has it not, or not so; `.noMemory`; `.stopped` in another state.
  public func makeQueue(_ number: Int, _ options: VirtioQueue.Options) throws(VirtioError) -> VirtioQueue {
    guard state == .agreed else { throw .stopped }
    let most = transport.queueSize(number)
    guard most > 0, options.size > 0 else { throw .noQueue }
    var size = 1
    while size * 2 <= min(most, options.size, 1 << 15) { size *= 2 }
    let queue = try VirtioQueue(number, size: size, options, features, transport)
    guard transport.setUpQueue(number, size: size, at: queue.places) else { throw .noQueue }
    do throws(Errno) {
      try queues.append(queue)
    } catch {
      throw .noMemory
    }
    return queue
  }

  /// Lets the device work, with up to `messageCount` messages to interrupt by; 0 for its line.
  ///
  /// - Returns: how it interrupts: by so many messages, from number 0 on.
  /// - Throws: `.noQueue` when it refuses a queue, `.gone`, `.needsReset`, `.stopped` in another state.
  @discardableResult
  public func start(messageCount: Int) throws(VirtioError) -> VirtioInterrupts {
    guard state == .agreed else { throw .stopped }
    interrupts = assignMessages(messageCount)
    for index in 0..<queues.count {
      guard transport.enableQueue(queues[index].number) else {
        fail()
        throw .noQueue
      }
    }
    addStatus { $0.isDriven = true }
    state = .running
    try check()
    return interrupts
  }

  /// How many queues were made.
  var queueCount: Int { queues.count }

  /// The queue that was made as number `index` of them.
  func queue(at index: Int) -> VirtioQueue? { index >= 0 && index < queues.count ? queues[index] : nil }

  /// Looks whether the device is there and well, and its queues can be what it left there.
  ///
  /// - Throws: `.gone`, `.needsReset`, `.corruptQueue`, `.stopped` while it does not run.
  public func check() throws(VirtioError) {
    guard state == .running else { throw .stopped }
    let status = transport.status()
    if status.rawValue == .max {
      state = .failed
      throw .gone
    }
    // Cleared bits: somebody else has reset it.
    if status.needsReset || !status.isDriven {
      fail()
      throw .needsReset
    }
    for index in 0..<queues.count { try queues[index].check() }
  }

  /// Gives up: the device is told, and not used before a reset.
  public func fail() {
    state = .failed
    addStatus { $0.hasFailed = true }
  }

  /// Ends the use of the device. After this it touches no memory any more, and what was in flight can be taken back.
  ///
  /// - Parameter isGone: whether it is known not to answer any more.
  /// - Throws: `.resetTimeout` when it does not stop: then its memory must not be used for anything else. `.gone` when
  ///   it does not answer; then it does not touch memory either.
  public func stop(isGone: Bool) throws(VirtioError) {
    if isGone {
      state = .idle
      queues.removeAll()
      return
    }
    try reset()
  }

  private func reset() throws(VirtioError) {
    state = .failed
    transport.setStatus(VirtioCommon.Status())
    var isGone = false
    let isDone = pacer.wait {
      let status = transport.status()
      isGone = status.rawValue == .max
      return isGone || status.rawValue == 0
    }
    if isGone {
      state = .idle
      queues.removeAll()
      throw .gone
    }
    guard isDone else { throw .resetTimeout }
    state = .idle
    features = []
    queues.removeAll()
  }

  /// Takes one queue from the device and gives it back empty; the others go on.
  ///
  /// - Parameter takeBack: called with the token of each request that was in flight.
  /// - Throws: `.noAgreement` without the feature, `.resetTimeout`, `.noQueue` when the device does not take it again.
  public func resetQueue(_ queue: VirtioQueue, takeBack: (UInt64) -> Void) throws(VirtioError) {
    guard state == .running else { throw .stopped }
    guard features.contains(.ringReset) else { throw .noAgreement }
    transport.beginQueueReset(queue.number)
    guard pacer.wait(until: { transport.isQueueReset(queue.number) }) else { throw .resetTimeout }
    while let token = queue.takeBack() { takeBack(token) }
    queue.forgetAll()
    guard transport.setUpQueue(queue.number, size: queue.size, at: queue.places) else { throw .noQueue }
    assignMessage(to: queue)
    guard transport.enableQueue(queue.number) else { throw .noQueue }
  }

  // MARK: Interrupts

  /// Gives out as many messages as are of use and the device takes.
  private func assignMessages(_ count: Int) -> VirtioInterrupts {
    var most = -1
    for index in 0..<queues.count { most = max(most, queues[index].number) }
    if count >= most + 2, count > 2, tryMessages(.perQueue(most + 1)) { return .perQueue(most + 1) }
    if count >= 2, tryMessages(.shared) { return .shared }
    if count >= 1, tryMessages(.single) { return .single }
    _ = tryMessages(.line)
    return .line
  }

  private func tryMessages(_ interrupts: VirtioInterrupts) -> Bool {
    guard transport.setConfigurationMessage(interrupts.configurationMessage) else { return false }
    for index in 0..<queues.count {
      let message = interrupts.message(ofQueue: queues[index].number)
      guard transport.setMessage(message, ofQueue: queues[index].number) else { return false }
    }
    return true
  }

  private func assignMessage(to queue: VirtioQueue) {
    _ = transport.setMessage(interrupts.message(ofQueue: queue.number), ofQueue: queue.number)
  }

  /// What message number `message` tells of.
  public func causes(ofMessage message: Int) -> VirtioCauses { interrupts.causes(ofMessage: message) }

  /// What the line tells of, and takes the interrupt back; nil when it is somebody else's.
  ///
  /// - Context: the interrupt of the line.
  public func causesOfLine() -> VirtioCauses? {
    let causes = transport.takeCauses()
    guard causes.usedBuffers || causes.configuration else { return nil }
    return VirtioCauses(queues: causes.usedBuffers ? .all : .none, isConfiguration: causes.configuration)
  }

  // MARK: Configuration

  /// Reads a field of the configuration by itself; all ones where it is not there.
  public func read<Value>(_ field: VirtioField<Value>, at index: Int = 0) -> Value {
    let byteCount = Value.bitWidth / 8
    let offset = field.offset &+ index &* byteCount
    guard offset >= 0, offset <= transport.configurationByteCount - byteCount else { return .max }
    if byteCount <= 4 {
      return Value(truncatingIfNeeded: transport.readConfiguration(at: offset, width: byteCount))
    }
    let low = transport.readConfiguration(at: offset, width: 4)
    let high = transport.readConfiguration(at: offset + 4, width: 4)
    return Value(truncatingIfNeeded: UInt64(low) | UInt64(high) << 32)
  }

  /// Writes a field of the configuration.
  public func write<Value>(_ value: Value, to field: VirtioField<Value>) {
    let byteCount = Value.bitWidth / 8
    guard field.offset <= transport.configurationByteCount - byteCount else { return }
    let low = UInt32(truncatingIfNeeded: value)
    transport.writeConfiguration(low, at: field.offset, width: min(byteCount, 4))
    guard byteCount > 4 else { return }
    transport.writeConfiguration(UInt32(truncatingIfNeeded: UInt64(value) >> 32), at: field.offset + 4, width: 4)
  }

  /// Reads several fields, or one of 64 bits, as they are at one moment. Source: VIRTIO 1.2, section 2.5.1.
  ///
  /// - Throws: `.unstableConfiguration` when it changes all the time, `.gone`.
  public func readTogether<Result>(_ body: () -> Result) throws(VirtioError) -> Result {
    for _ in 0..<16 {
      let before = transport.generation()
      let result = body()
      if transport.generation() == before {
        guard transport.status().rawValue != .max else { throw .gone }
        return result
      }
    }
    throw .unstableConfiguration
  }
}
