import Foundations
public import Machine
import Synchronization

/// A queue of requests to a device, split or packed.
///
/// A request is made of segments by `add`, and given to the device by `submit` and then `notify`; `takeCompletion` gets
/// it back, in whatever order the device is done. What the device writes is checked: an index, a number or a length
/// that cannot be breaks the queue for good, and then only a reset of the device helps, after which `takeBack` gets
/// what was in flight.
///
/// Nothing is allocated for a request. Descriptors are never read back from memory; all that is known about requests is
/// in `slots`, which the device cannot reach. Not to be used by two threads at a time.
///
/// Source: VIRTIO 1.2, sections 2.6 to 2.8.
public final class VirtioQueue {
  /// Its number in the device.
  public let number: Int
  /// How many descriptors it has, a power of two.
  public let size: Int
  /// How many segments a request has at most.
  public let mostSegments: Int
  /// Whether it is packed.
  public let isPacked: Bool
  /// How many requests are with the device.
  public internal(set) var inFlightCount = 0
  /// Whether the device has written what cannot be.
  public internal(set) var isBroken = false

  let transport: VirtioTransport
  let memory: DMABuffer
  let layout: VirtioQueueLayout
  let usesEvents: Bool
  let usesTables: Bool
  var slots = GrowableArray<VirtioSlot>()
  var firstFree: UInt16 = 0
  /// Descriptors of the ring that no request takes.
  var freeCount = 0
  var pending = GrowableArray<VirtioPendingSegment>()
  private var isPendingBad = false

  /// Split: how many requests were made available, and used, modulo 65,536. Packed: the next place in the ring for
  /// each.
  var nextAvailable: UInt16 = 0
  var nextUsed: UInt16 = 0
  /// Packed: the wrap counters.
  var availableWrap = true
  var usedWrap = true
  /// How much of the above was made available since the device was told last.
  var unannouncedCount: UInt16 = 0

  /// How a driver wants a queue.
  public struct Options: Sendable {
    /// How many descriptors it has at most; the device may want fewer.
    public var size: Int
    /// How many segments a request has at most, 1...256.
    public var mostSegments: Int
    /// How far the device reaches.
    public var reach: DMAReach

    /// A queue of up to `size` descriptors.
    public init(size: Int, mostSegments: Int = 1, reach: DMAReach = .all) {
      self.size = size
      self.mostSegments = mostSegments
      self.reach = reach
    }
  }

  /// A queue in new memory, which the device does not know yet.
  ///
  /// - Parameter size: a power of two, 1...32,768.
  init(
    _ number: Int, size: Int, _ options: Options, _ features: VirtioFeatures, _ transport: VirtioTransport
  ) throws(VirtioError) {
    guard size > 0, size <= 1 << 15, size & (size - 1) == 0, options.mostSegments > 0, options.mostSegments <= 256
    else {
      throw .badRequest
    }
    self.number = number
    self.size = size
    self.transport = transport
    isPacked = features.contains(.packedRing)
    usesEvents = features.contains(.eventIndex)
    usesTables = features.contains(.indirectDescriptors) && options.mostSegments > 1
    mostSegments = usesTables ? options.mostSegments : min(options.mostSegments, size)
    layout = VirtioQueueLayout(size: size, tableLength: usesTables ? mostSegments : 0, isPacked: isPacked)
    do throws(Errno) {
      memory = try DMABuffer(byteCount: layout.byteCount, reach: options.reach)
      try slots.resize(to: size, filledWith: VirtioSlot())
      try pending.reserveCapacity(mostSegments)
    } catch {
      throw .noMemory
    }
    forgetAll()
  }

  /// Where its parts lie, as the device finds them.
  var places: VirtioQueuePlaces {
    VirtioQueuePlaces(
      descriptors: memory.deviceAddress &+ UInt64(layout.descriptors),
      driver: memory.deviceAddress &+ UInt64(layout.driver), device: memory.deviceAddress &+ UInt64(layout.device))
  }

  // MARK: Making requests

  /// Whether there is room for a request of the most segments.
  public var hasRoom: Bool { !isBroken && freeCount >= (usesTables ? 1 : mostSegments) }

  /// Adds a segment to the request that is being made. What the device reads comes first.
  ///
  /// A segment that cannot be added makes `submit` fail.
  public func add(_ segment: DMASegment, _ direction: VirtioDirection) {
    guard pending.count < mostSegments, let byteCount = UInt32(exactly: segment.byteCount), byteCount > 0 else {
      isPendingBad = true
      return
    }
    if direction == .toDevice, pending.count > 0, pending[pending.count - 1].direction == .fromDevice {
      isPendingBad = true
    }
    let new = VirtioPendingSegment(address: segment.deviceAddress, byteCount: byteCount, direction: direction)
    do throws(Errno) {
      // There is room: see `init`.
      try pending.append(new)
    } catch {
      isPendingBad = true
    }
  }

  /// Makes the request of the segments that were added available to the device, and begins a new one.
  ///
  /// - Parameter token: what to know it by when it comes back.
  /// - Throws: `.badRequest`, `.full`, or `.corruptQueue` once the queue is broken; the segments are forgotten then,
  ///   too.
  public func submit(token: UInt64) throws(VirtioError) {
    defer {
      pending.removeAll()
      isPendingBad = false
    }
    guard !isBroken else { throw .corruptQueue }
    guard !isPendingBad, pending.count > 0 else { throw .badRequest }
    var writable: UInt64 = 0
    var total: UInt64 = 0
    for index in 0..<pending.count {
      total += UInt64(pending[index].byteCount)
      if pending[index].direction == .fromDevice { writable += UInt64(pending[index].byteCount) }
    }
    // Section 2.7.5: a chain has at most 2^32 bytes.
    guard total <= UInt64(UInt32.max) else { throw .badRequest }
    let isTable = usesTables && pending.count > 1
    let needed = isTable ? 1 : pending.count
    guard needed <= freeCount else { throw .full }
    freeCount -= needed
    let slot = isPacked ? submitPacked(isTable: isTable) : submitSplit(isTable: isTable)
    slots[Int(slot)].token = token
    slots[Int(slot)].writableByteCount = writable
    slots[Int(slot)].descriptorCount = UInt16(truncatingIfNeeded: needed)
    inFlightCount += 1
  }

  /// Makes a request of one segment available to the device.
  ///
  /// - Throws: as `submit(token:)`.
  public func submit(_ segment: DMASegment, _ direction: VirtioDirection, token: UInt64) throws(VirtioError) {
    add(segment, direction)
    try submit(token: token)
  }

  /// Where the table of slot `slot` begins.
  func table(_ slot: UInt16) -> Int {
    layout.tables &+ Int(slot) &* mostSegments &* VirtioQueueLayout.descriptorByteCount
  }

  func writeDescriptor(at offset: Int, _ address: UInt64, _ byteCount: UInt32, _ third: UInt16, _ fourth: UInt16) {
    memory.write64(address, at: offset)
    memory.write32(byteCount, at: offset &+ 8)
    memory.write16(third, at: offset &+ 12)
    memory.write16(fourth, at: offset &+ 14)
  }

  /// Tells the device of what was submitted since the last time, unless it does not want to know.
  ///
  /// - Returns: whether it was told.
  @discardableResult
  public func notify() -> Bool {
    guard unannouncedCount > 0, !isBroken else { return false }
    // What was made available must be seen before the device's wish is read.
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    let isWanted = isPacked ? wantsNotificationPacked() : wantsNotificationSplit()
    unannouncedCount = 0
    if isWanted { transport.notify(number) }
    return isWanted
  }

  /// Tells the device of everything, whatever it wants: for one that may have missed it.
  public func notifyAnyway() {
    unannouncedCount = 0
    if !isBroken { transport.notify(number) }
  }

  // MARK: Taking what is done

  /// Whether the device is done with some request.
  public var hasCompletion: Bool { !isBroken && (isPacked ? hasUsedPacked() : hasUsedSplit()) }

  /// Takes a request that the device is done with; nil when there is none.
  ///
  /// - Throws: `.corruptQueue` when the device wrote what cannot be, now or before.
  public func takeCompletion() throws(VirtioError) -> VirtioCompletion? {
    guard !isBroken else { throw .corruptQueue }
    return isPacked ? try takePacked() : try takeSplit()
  }

  /// Looks whether what the device has written can be, and takes nothing.
  ///
  /// - Throws: `.corruptQueue` when it cannot be, now or before.
  public func check() throws(VirtioError) {
    guard !isBroken, isPacked ? isPlausiblePacked() : isPlausibleSplit() else { throw broken() }
  }

  /// Whether the device can have used slot `slot` and written so much.
  func isPlausible(_ slot: UInt32, byteCount: UInt32) -> Bool {
    guard slot < UInt32(size), slots[Int(slot)].descriptorCount > 0 else { return false }
    let known = slots[Int(slot)]
    // Some devices count what they have read; where nothing is to be written, nobody looks at it.
    return known.writableByteCount == 0 || UInt64(byteCount) <= known.writableByteCount
  }

  /// Checks what the device says of slot `slot`, and takes it back.
  func complete(_ slot: UInt32, byteCount: UInt32) throws(VirtioError) -> VirtioCompletion {
    guard isPlausible(slot, byteCount: byteCount) else { throw broken() }
    let known = slots[Int(slot)]
    slots[Int(slot)].descriptorCount = 0
    freeCount += Int(known.descriptorCount)
    inFlightCount -= 1
    return VirtioCompletion(token: known.token, byteCount: known.writableByteCount == 0 ? 0 : Int(byteCount))
  }

  func broken() -> VirtioError {
    isBroken = true
    return .corruptQueue
  }

  /// Says that the device need not interrupt for what it is done with.
  public func disableInterrupts() {
    if isPacked { disableInterruptsPacked() } else { disableInterruptsSplit() }
  }

  /// Asks for an interrupt when the device is done with something that was not taken yet.
  ///
  /// - Returns: whether there is something already: then it is to be taken, for which there may be no interrupt.
  public func enableInterrupts() -> Bool {
    if isPacked { enableInterruptsPacked() } else { enableInterruptsSplit() }
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    return hasCompletion
  }

  // MARK: After a reset

  /// The tokens of all requests that are with the device.
  public func forEachInFlight(_ body: (UInt64) -> Void) {
    for index in 0..<size where slots[index].descriptorCount > 0 { body(slots[index].token) }
  }

  /// Takes back a request that the device will not be done with, because it was reset or is gone; nil when there is
  /// none.
  public func takeBack() -> UInt64? {
    guard inFlightCount > 0 else { return nil }
    for index in 0..<size where slots[index].descriptorCount > 0 {
      freeCount += Int(slots[index].descriptorCount)
      slots[index].descriptorCount = 0
      inFlightCount -= 1
      return slots[index].token
    }
    return nil
  }

  /// Makes the queue as it was when it was new. The device must have let go of it, and everything be taken back.
  func forgetAll() {
    (nextAvailable, nextUsed, unannouncedCount) = (0, 0, 0)
    (availableWrap, usedWrap, isBroken) = (true, true, false)
    inFlightCount = 0
    freeCount = size
    firstFree = 0
    for index in 0..<size {
      slots[index] = VirtioSlot()
      slots[index].next = UInt16(truncatingIfNeeded: index + 1)
    }
    memory.zeroFill(at: 0, count: layout.byteCount)
  }
}
