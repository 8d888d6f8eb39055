import Machine

/// The device's side of a virtio queue, split or packed. Source: VIRTIO 1.2, sections 2.7 and 2.8.
public final class VirtioQueueModel {
  /// What the device asks of the driver about notifications.
  public enum Wish: Sendable { case always, never, events }

  /// The most descriptors.
  public let largestSize: Int
  /// How many descriptors the driver chose.
  public internal(set) var size: Int
  /// The message for used buffers.
  public internal(set) var message: UInt16 = .max
  /// Whether the driver lets the device use it.
  public internal(set) var isEnabled = false
  /// Where the parts are.
  public internal(set) var descriptors: UInt64 = 0
  /// What the driver writes.
  public internal(set) var driver: UInt64 = 0
  /// What the device writes.
  public internal(set) var device: UInt64 = 0
  /// When the driver is to notify.
  public var wish = Wish.always
  /// What the driver did wrong.
  public private(set) var violations: [String] = []
  /// How many requests were used in all.
  public private(set) var usedCount = 0

  var isPacked = false
  var usesEvents = false
  var usesTables = false
  private var nextAvailable: UInt16 = 0
  private var nextUsed: UInt16 = 0
  private var announcedUsed: UInt16 = 0
  private var availableWrap = true
  private var usedWrap = true

  init(largestSize: Int) {
    self.largestSize = largestSize
    size = largestSize
  }

  func reset() {
    (size, message, isEnabled, descriptors, driver, device) = (largestSize, .max, false, 0, 0, 0)
    (nextAvailable, nextUsed, announcedUsed, availableWrap, usedWrap) = (0, 0, 0, true, true)
  }

  private func load(_ address: UInt64, _ width: Int) -> UInt64 {
    guard let bytes = SimulatedBus.read(address, count: width) else {
      violations.append("memory at \(address) is none")
      return 0
    }
    return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private func store(_ value: UInt64, _ width: Int, at address: UInt64) {
    let bytes = (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
    if !SimulatedBus.write(bytes, at: address) { violations.append("memory at \(address) is none") }
  }

  private struct Descriptor {
    var address: UInt64
    var byteCount: Int
    var third: UInt16
    var fourth: UInt16
  }

  private func descriptor(_ table: UInt64, _ index: Int) -> Descriptor {
    let place = table &+ UInt64(index * 16)
    return Descriptor(
      address: load(place, 8), byteCount: Int(load(place + 8, 4)), third: UInt16(load(place + 12, 2)),
      fourth: UInt16(load(place + 14, 2)))
  }

  private func add(_ descriptor: Descriptor, _ flags: UInt16, to request: inout VirtioRequestModel) {
    let segment = VirtioRequestModel.Segment(address: descriptor.address, byteCount: descriptor.byteCount)
    if segment.byteCount == 0 { violations.append("an empty segment") }
    if SimulatedBus.read(segment.address, count: segment.byteCount) == nil { violations.append("a segment outside") }
    if flags & 2 != 0 {
      request.writable.append(segment)
    } else {
      if !request.writable.isEmpty { violations.append("to be read behind to be written") }
      request.readable.append(segment)
    }
  }

  // MARK: Requests

  /// The next request, nil when there is none.
  public func take() -> VirtioRequestModel? {
    guard isEnabled else { return nil }
    return isPacked ? takePacked() : takeSplit()
  }

  private func takeSplit() -> VirtioRequestModel? {
    let index = UInt16(load(driver + 2, 2))
    guard index != nextAvailable else { return nil }
    if index &- nextAvailable > UInt16(size) { violations.append("more is available than fits") }
    let head = Int(load(driver + 4 + UInt64(Int(nextAvailable) % size * 2), 2))
    nextAvailable &+= 1
    var request = VirtioRequestModel(identifier: UInt32(head), descriptorCount: 1)
    var (table, count, index2, steps) = (descriptors, size, head, 0)
    while true {
      guard index2 < count, steps < count else {
        violations.append("a chain that leads nowhere")
        return request
      }
      let here = descriptor(table, index2)
      let flags = here.third
      if flags & 4 != 0 {
        if !usesTables || table != descriptors || flags & 1 != 0 { violations.append("a table out of place") }
        (table, count, index2, steps) = (here.address, here.byteCount / 16, 0, 0)
        continue
      }
      add(here, flags, to: &request)
      guard flags & 1 != 0 else { return request }
      index2 = Int(here.fourth)
      steps += 1
    }
  }

  private func takePacked() -> VirtioRequestModel? {
    func isAvailable(_ flags: UInt16) -> Bool {
      (flags & 1 << 7 != 0) == availableWrap && (flags & 1 << 15 != 0) != availableWrap
    }
    guard isAvailable(descriptor(descriptors, Int(nextAvailable)).fourth) else { return nil }
    var request = VirtioRequestModel(identifier: 0, descriptorCount: 0)
    while true {
      let here = descriptor(descriptors, Int(nextAvailable))
      if !isAvailable(here.fourth) { violations.append("a chain that is not all available") }
      request.identifier = UInt32(here.third)
      request.descriptorCount += 1
      nextAvailable += 1
      if Int(nextAvailable) == size {
        nextAvailable = 0
        availableWrap.toggle()
      }
      if here.fourth & 4 != 0 {
        if !usesTables || here.fourth & 1 != 0 { violations.append("a table out of place") }
        for index in 0..<here.byteCount / 16 {
          let entry = descriptor(here.address, index)
          add(entry, entry.fourth, to: &request)
        }
      } else {
        add(here, here.fourth, to: &request)
      }
      guard here.fourth & 1 != 0 else { return request }
      guard request.descriptorCount < size else {
        violations.append("a chain that never ends")
        return request
      }
    }
  }

  /// Gives `request` back with `byteCount` bytes written.
  public func use(_ request: VirtioRequestModel, byteCount: Int) {
    forge(identifier: request.identifier, byteCount: UInt32(byteCount), descriptorCount: request.descriptorCount)
    usedCount += 1
  }

  /// Gives back whatever `identifier` is, as a device does that is broken.
  public func forge(identifier: UInt32, byteCount: UInt32, descriptorCount: Int = 1) {
    if isPacked {
      let place = descriptors + UInt64(Int(nextUsed) * 16)
      store(UInt64(byteCount), 4, at: place + 8)
      store(UInt64(identifier), 2, at: place + 12)
      store(usedWrap ? 1 << 7 | 1 << 15 : 0, 2, at: place + 14)
      nextUsed += UInt16(descriptorCount)
      if Int(nextUsed) >= size {
        nextUsed -= UInt16(size)
        usedWrap.toggle()
      }
    } else {
      let place = device + 4 + UInt64(Int(nextUsed) % size * 8)
      store(UInt64(identifier), 4, at: place)
      store(UInt64(byteCount), 4, at: place + 4)
      nextUsed &+= 1
      store(UInt64(nextUsed), 2, at: device + 2)
    }
  }

  /// Makes the index of used entries of a split queue jump by `distance`.
  public func jump(by distance: UInt16) {
    nextUsed &+= distance
    store(UInt64(nextUsed), 2, at: device + 2)
  }

  // MARK: Telling each other

  /// Tells the driver when to notify.
  func announceWish() {
    guard isEnabled else { return }
    if isPacked {
      switch wish {
      case .always: store(0, 4, at: device)
      case .never: store(1 << 16, 4, at: device)
      case .events: store(UInt64(nextAvailable) | (availableWrap ? 1 << 15 : 0) | 2 << 16, 4, at: device)
      }
    } else if usesEvents {
      // An event far away is the only way to say "never".
      let event = wish == .never ? nextAvailable &- 1 &- 0x4000 : nextAvailable
      store(UInt64(event), 2, at: device + 4 + UInt64(size * 8))
    } else {
      store(wish == .never ? 1 : 0, 2, at: device)
    }
  }

  /// Whether the driver wants an interrupt for what was used since the last time.
  func wantsInterrupt() -> Bool {
    let old = announcedUsed
    announcedUsed = isPacked ? nextUsed | (usedWrap ? 1 << 15 : 0) : nextUsed
    guard old != announcedUsed else { return false }
    if isPacked {
      let wish = load(driver, 4)
      switch wish >> 16 & 3 {
      case 0: return true
      case 1: return false
      default:
        // As positions in a ring of twice the size: wrap counter and place.
        func position(_ value: UInt16) -> Int { Int(value & 0x7fff) + (value & 1 << 15 != 0 ? 0 : size) }
        let (event, from, to) = (
          position(UInt16(wish & 0xffff)), position(old == 0 ? 1 << 15 : old), position(announcedUsed)
        )
        let span = (to - from + 2 * size) % (2 * size)
        return (event - from + 2 * size) % (2 * size) < span
      }
    }
    guard usesEvents else { return load(driver, 2) & 1 == 0 }
    let event = UInt16(load(driver + 4 + UInt64(size * 2), 2))
    return nextUsed &- event &- 1 < nextUsed &- old
  }
}
