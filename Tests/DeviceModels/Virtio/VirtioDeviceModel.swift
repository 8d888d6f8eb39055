import Foundations

/// A virtio device in software: configuration, queues, interrupts, and what can be wrong with them.
///
/// What the device is for is `onRequest`. Source: VIRTIO 1.2, sections 2 and 4.1.
public final class VirtioDeviceModel {
  /// The registers of the common configuration.
  public let common = DeviceModel(VirtioCommonModel.layout)
  /// The kind of device.
  public let kind: UInt16
  /// What it offers.
  public var offered: UInt64
  /// What the driver accepted.
  public private(set) var accepted: UInt64 = 0
  /// The configuration of its kind.
  public var configuration: [UInt8]
  /// Its queues.
  public let queues: [VirtioQueueModel]

  /// Called with each request: how many bytes were written, or nil to keep it for later.
  public var onRequest: ((_ queue: Int, _ request: VirtioRequestModel) -> Int?)?
  /// Called after a write to the configuration, with the offset.
  public var onConfigurationWrite: ((_ offset: Int) -> Void)?
  /// Called when the driver resets it.
  public var onReset: (() -> Void)?
  /// Whether requests are worked on when the driver notifies; otherwise only by `work`.
  public var worksAtOnce = true

  /// Messages that were sent, in order.
  public private(set) var messages: [UInt16] = []
  /// How often it interrupted by the line.
  public private(set) var lineCount = 0
  /// Notifications, by queue.
  public private(set) var notifications: [Int] = []
  /// How often it was reset.
  public private(set) var resetCount = 0

  /// Whether a reset never ends.
  public var resetsForEver = false
  /// Whether a reset of a queue never ends.
  public var resetsQueuesForEver = false
  /// Whether it takes its features back.
  public var refusesFeatures = false
  /// The highest message number that it can keep, as number plus one.
  public var messageLimit = 0
  /// Whether the configuration changes all the time.
  public var changesForEver = false
  /// Whether it refuses to enable queues.
  public var refusesQueues = false
  /// Whether it stops and asks for a reset once the driver has done something wrong, as QEMU's devices do.
  public var refusesViolations = false
  /// Whether it has asked for a reset and does nothing until then.
  public var needsReset: Bool { common[Names.Status.needsReset] == 1 }
  /// Whether nobody answers any more.
  public var isGone = false { didSet { common.isGone = isGone } }

  private var causes: UInt8 = 0

  /// A device of `kind` that offers `offered`, with queues of these sizes; a size of 0 is a queue that is not there.
  public init(kind: UInt16, offered: UInt64, queueSizes: [Int], configuration: [UInt8] = []) {
    self.kind = kind
    self.offered = offered
    self.configuration = configuration
    queues = queueSizes.map { VirtioQueueModel(largestSize: $0) }
    hook()
    reset()
  }

  private typealias Names = VirtioCommonModel

  private var selected: VirtioQueueModel? {
    let number = Int(common[Names.queueSelect])
    return number < queues.count ? queues[number] : nil
  }

  private func hook() {
    common.onRead[Names.deviceFeature] = { [unowned self] model, _ in
      let select = model[Names.deviceFeatureSelect]
      model[Names.deviceFeature] = select < 2 ? offered >> (select * 32) & 0xffff_ffff : 0
    }
    common.onWrite[Names.driverFeature] = { [unowned self] model, _, value in
      let select = model[Names.driverFeatureSelect]
      guard select < 2 else { return }
      accepted = accepted & ~(0xffff_ffff << (select * 32)) | value << (select * 32)
    }
    common.onWrite[Names.status] = { [unowned self] model, _, value in
      if value == 0 {
        if resetsForEver { return model[Names.status] = 0x80 }
        return reset()
      }
      let isAgreed = accepted & ~offered == 0 && accepted & 1 << 32 != 0 && !refusesFeatures
      if !isAgreed { model[Names.Status.hasFeatures] = 0 }
    }
    common.onRead[Names.generation] = { [unowned self] model, _ in
      if changesForEver { model[Names.generation] &+= 1 }
    }
    hookQueues()
  }

  private func hookQueues() {
    func show(_ key: RegisterKey, _ value: @escaping (VirtioQueueModel) -> UInt64) {
      common.onRead[key] = { [unowned self] model, _ in model[key] = selected.map(value) ?? 0 }
    }
    func take(_ key: RegisterKey, _ change: @escaping (VirtioQueueModel, UInt64) -> Void) {
      common.onWrite[key] = { [unowned self] _, _, value in if let selected { change(selected, value) } }
    }
    func address(_ low: RegisterKey, _ high: RegisterKey, _ path: ReferenceWritableKeyPath<VirtioQueueModel, UInt64>) {
      take(low) { $0[keyPath: path] = $0[keyPath: path] & ~0xffff_ffff | $1 }
      take(high) { $0[keyPath: path] = $0[keyPath: path] & 0xffff_ffff | $1 << 32 }
      show(low) { $0[keyPath: path] & 0xffff_ffff }
      show(high) { $0[keyPath: path] >> 32 }
    }
    show(Names.queueSize) { UInt64($0.size) }
    take(Names.queueSize) { $0.size = Int($1) }
    show(Names.queueMessage) { UInt64($0.message) }
    take(Names.queueMessage) { [unowned self] in $0.message = $1 < UInt64(messageLimit) ? UInt16($1) : .max }
    common.onWrite[Names.configurationMessage] = { [unowned self] model, _, value in
      if value >= UInt64(messageLimit) { model[Names.configurationMessage] = 0xffff }
    }
    show(Names.queueEnable) { $0.isEnabled ? 1 : 0 }
    take(Names.queueEnable) { [unowned self] queue, value in
      guard value == 1, !refusesQueues else { return }
      queue.isPacked = accepted & 1 << 34 != 0
      queue.usesEvents = accepted & 1 << 29 != 0
      queue.usesTables = accepted & 1 << 28 != 0
      queue.isEnabled = true
      queue.announceWish()
    }
    common.onRead[Names.queueNotification] = { model, _ in
      model[Names.queueNotification] = model[Names.queueSelect]
    }
    address(Names.queueDescriptors, Names.queueDescriptorsUpper, \.descriptors)
    address(Names.queueDriver, Names.queueDriverUpper, \.driver)
    address(Names.queueDevice, Names.queueDeviceUpper, \.device)
    take(Names.queueReset) { [unowned self] queue, _ in if !resetsQueuesForEver { queue.reset() } }
    show(Names.queueReset) { [unowned self] _ in resetsQueuesForEver ? 1 : 0 }
  }

  private func reset() {
    resetCount += 1
    common.reset()
    accepted = 0
    causes = 0
    common[Names.queueCount] = UInt64(queues.count)
    for queue in queues { queue.reset() }
    onReset?()
  }

  /// Whether the driver said that it works.
  public var isDriven: Bool { common[Names.Status.isDriven] == 1 }

  // MARK: Working

  /// Works on everything that is available.
  public func work() { for number in queues.indices { work(on: number) } }

  private func work(on number: Int) {
    guard isDriven, !isGone, !needsReset, number < queues.count else { return }
    let queue = queues[number]
    let before = queue.violations.count
    while let request = queue.take() {
      if refusesViolations, queue.violations.count > before { return askForReset() }
      if let byteCount = onRequest?(number, request) { queue.use(request, byteCount: byteCount) }
    }
    queue.announceWish()
    interrupt(number)
  }

  /// Sets DEVICE_NEEDS_RESET and says so. Source: VIRTIO 1.2, section 2.1.2.
  public func askForReset() {
    common[Names.Status.needsReset] = 1
    configurationChanged()
  }

  /// Gives back a request that was kept.
  public func complete(_ number: Int, _ request: VirtioRequestModel, byteCount: Int) {
    queues[number].use(request, byteCount: byteCount)
    interrupt(number)
  }

  private func interrupt(_ number: Int) {
    guard queues[number].isEnabled, queues[number].wantsInterrupt() else { return }
    send(queues[number].message, cause: 1)
  }

  private func send(_ message: UInt16, cause: UInt8) {
    guard messageLimit == 0 else {
      if message != .max { messages.append(message) }
      return
    }
    causes |= cause
    lineCount += 1
  }

  /// Forgets which interrupts there were.
  public func forgetInterrupts() { (messages, lineCount) = ([], 0) }

  /// Says that the configuration has changed.
  public func configurationChanged() {
    common[Names.generation] &+= 1
    send(UInt16(common[Names.configurationMessage]), cause: 2)
  }

  fileprivate func notified(_ number: Int) {
    notifications.append(number)
    if worksAtOnce { work(on: number) }
  }

  fileprivate func takeCauses() -> UInt8 {
    defer { causes = 0 }
    return causes
  }
}

/// One of the structures of a software device, for the driver.
public struct VirtioRegionModel: RegisterSpace {
  /// Which one.
  public enum Structure: Sendable { case common, notification, interruptStatus, device }

  private let model: VirtioDeviceModel
  private let structure: Structure
  /// The distance between places of notification.
  public static var multiplier: Int { 4 }

  /// The structure `structure` of `model`.
  public init(_ model: VirtioDeviceModel, _ structure: Structure) {
    self.model = model
    self.structure = structure
  }

  private func read(_ offset: Int, _ width: Int) -> UInt64 {
    guard !model.isGone else { return .max }
    switch structure {
    case .common:
      return width == 1
        ? UInt64(model.common.read8(at: offset))
        : width == 2 ? UInt64(model.common.read16(at: offset)) : UInt64(model.common.read32(at: offset))
    case .notification: return .max
    case .interruptStatus: return UInt64(model.takeCauses())
    case .device:
      guard offset >= 0, offset + width <= model.configuration.count else { return .max }
      return model.configuration[offset..<offset + width].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
  }

  private func write(_ value: UInt64, _ offset: Int, _ width: Int) {
    guard !model.isGone else { return }
    switch structure {
    case .common:
      switch width {
      case 1: model.common.write8(UInt8(truncatingIfNeeded: value), at: offset)
      case 2: model.common.write16(UInt16(truncatingIfNeeded: value), at: offset)
      default: model.common.write32(UInt32(truncatingIfNeeded: value), at: offset)
      }
    case .notification: if offset / Self.multiplier == Int(value) { model.notified(Int(value)) }
    case .interruptStatus: break
    case .device:
      guard offset >= 0, offset + width <= model.configuration.count else { return }
      for byte in 0..<width {
        model.configuration[offset + byte] = UInt8(truncatingIfNeeded: value >> UInt64(byte * 8))
      }
      model.onConfigurationWrite?(offset)
    }
  }

  /// Reads 8 bits.
  public func read8(at offset: Int) -> UInt8 { UInt8(truncatingIfNeeded: read(offset, 1)) }
  /// Reads 16 bits.
  public func read16(at offset: Int) -> UInt16 { UInt16(truncatingIfNeeded: read(offset, 2)) }
  /// Reads 32 bits.
  public func read32(at offset: Int) -> UInt32 { UInt32(truncatingIfNeeded: read(offset, 4)) }
  /// Reads 64 bits.
  public func read64(at offset: Int) -> UInt64 { read(offset, 8) }
  /// Writes 8 bits.
  public func write8(_ value: UInt8, at offset: Int) { write(UInt64(value), offset, 1) }
  /// Writes 16 bits.
  public func write16(_ value: UInt16, at offset: Int) { write(UInt64(value), offset, 2) }
  /// Writes 32 bits.
  public func write32(_ value: UInt32, at offset: Int) { write(UInt64(value), offset, 4) }
  /// Writes 64 bits.
  public func write64(_ value: UInt64, at offset: Int) { write(value, offset, 8) }
}
