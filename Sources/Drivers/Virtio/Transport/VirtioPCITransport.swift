public import Foundations
public import Machine
public import PCI

/// A virtio device that is a PCI function of version 1. Source: VIRTIO 1.2, section 4.1.
public final class VirtioPCITransport<Space: RegisterSpace & ~Copyable>: VirtioTransport {
  private let common: VirtioCommonRegisters<VirtioRegion<Space>>
  private let notification: VirtioRegion<Space>
  private let interruptStatus: VirtioInterruptStatusRegisters<VirtioRegion<Space>>
  private let configuration: VirtioRegion<Space>?
  private let multiplier: UInt32
  private let number: UInt16
  private let commonByteCount: Int
  /// Where each queue is notified; -1 where it is not known.
  private var places = GrowableArray<Int>()

  /// A device of kind `kind` with these structures.
  ///
  /// - Parameter multiplier: the distance from one place of notification to the next.
  public init(
    kind: UInt16, common: VirtioRegion<Space>, notification: VirtioRegion<Space>, multiplier: UInt32,
    interruptStatus: VirtioRegion<Space>, configuration: VirtioRegion<Space>?
  ) {
    number = kind
    commonByteCount = common.byteCount
    self.common = VirtioCommonRegisters(common)
    self.notification = notification
    self.multiplier = multiplier
    self.interruptStatus = VirtioInterruptStatusRegisters(interruptStatus)
    self.configuration = configuration
    super.init()
  }

  public override var kind: UInt16 { number }

  /// Devices of older versions have no register to reset a queue by.
  public override var excludedFeatures: VirtioFeatures {
    commonByteCount >= VirtioCommon.length ? [] : .ringReset
  }

  public override func status() -> VirtioCommon.Status { common.status }
  public override func setStatus(_ status: VirtioCommon.Status) { common.status = status }

  public override func offeredFeatures() -> VirtioFeatures {
    common.deviceFeatureSelect = 0
    let low = common.deviceFeature
    common.deviceFeatureSelect = 1
    let high = common.deviceFeature
    return VirtioFeatures(rawValue: UInt64(low) | UInt64(high) << 32)
  }

  public override func accept(_ features: VirtioFeatures) {
    common.driverFeatureSelect = 0
    common.driverFeature = UInt32(truncatingIfNeeded: features.rawValue)
    common.driverFeatureSelect = 1
    common.driverFeature = UInt32(truncatingIfNeeded: features.rawValue >> 32)
  }

  public override func generation() -> UInt8 { common.generation }
  public override var configurationByteCount: Int { configuration?.byteCount ?? 0 }

  public override func readConfiguration(at offset: Int, width: Int) -> UInt32 {
    guard let configuration else { return .max }
    switch width {
    case 1: return UInt32(configuration.read8(at: offset))
    case 2: return UInt32(configuration.read16(at: offset))
    default: return configuration.read32(at: offset)
    }
  }

  public override func writeConfiguration(_ value: UInt32, at offset: Int, width: Int) {
    guard let configuration else { return }
    switch width {
    case 1: configuration.write8(UInt8(truncatingIfNeeded: value), at: offset)
    case 2: configuration.write16(UInt16(truncatingIfNeeded: value), at: offset)
    default: configuration.write32(value, at: offset)
    }
  }

  public override func queueCount() -> Int { Int(common.queueCount) }

  /// Makes the registers of queues show queue `number`.
  private func select(_ number: Int) -> Bool {
    guard let number = UInt16(exactly: number) else { return false }
    common.queueSelect = number
    return true
  }

  public override func queueSize(_ number: Int) -> Int {
    guard number < queueCount(), select(number) else { return 0 }
    let size = Int(common.queueSize)
    // More than 32,768 descriptors cannot be (all ones: it is gone). Section 2.6.
    return size <= 1 << 15 ? size : 0
  }

  public override func setUpQueue(_ number: Int, size: Int, at queue: VirtioQueuePlaces) -> Bool {
    guard select(number), let wanted = UInt16(exactly: size) else { return false }
    common.queueSize = wanted
    guard common.queueSize == wanted else { return false }
    common.queueDescriptors = UInt32(truncatingIfNeeded: queue.descriptors)
    common.queueDescriptorsUpper = UInt32(truncatingIfNeeded: queue.descriptors >> 32)
    common.queueDriver = UInt32(truncatingIfNeeded: queue.driver)
    common.queueDriverUpper = UInt32(truncatingIfNeeded: queue.driver >> 32)
    common.queueDevice = UInt32(truncatingIfNeeded: queue.device)
    common.queueDeviceUpper = UInt32(truncatingIfNeeded: queue.device >> 32)
    let place = UInt64(common.queueNotification) * UInt64(multiplier)
    guard place + 2 <= UInt64(notification.byteCount) else { return false }
    return keep(Int(place), number)
  }

  private func keep(_ place: Int, _ number: Int) -> Bool {
    do throws(Errno) {
      while places.count <= number { try places.append(-1) }
    } catch {
      return false
    }
    places[number] = place
    return true
  }

  public override func enableQueue(_ number: Int) -> Bool {
    guard select(number) else { return false }
    common.queueEnable = 1
    return common.queueEnable == 1
  }

  public override func beginQueueReset(_ number: Int) {
    guard commonByteCount >= VirtioCommon.length, select(number) else { return }
    common.queueReset = 1
  }

  public override func isQueueReset(_ number: Int) -> Bool {
    guard commonByteCount >= VirtioCommon.length, select(number) else { return false }
    return common.queueReset == 0 && common.queueEnable == 0
  }

  public override func notify(_ number: Int) {
    guard number >= 0, number < places.count, places[number] >= 0 else { return }
    notification.write16(UInt16(truncatingIfNeeded: number), at: places[number])
  }

  public override func setMessage(_ message: UInt16?, ofQueue number: Int) -> Bool {
    guard select(number) else { return false }
    common.queueMessage = message ?? .max
    return common.queueMessage == message ?? .max
  }

  public override func setConfigurationMessage(_ message: UInt16?) -> Bool {
    common.configurationMessage = message ?? .max
    return common.configurationMessage == message ?? .max
  }

  public override func takeCauses() -> VirtioInterruptStatus.Causes {
    let causes = interruptStatus.causes
    // All ones: it is gone, and so is the interrupt.
    return causes.rawValue == .max ? VirtioInterruptStatus.Causes() : causes
  }
}

extension VirtioPCITransport where Space == DeviceSpace {
  /// Opens the device that `function` is. It must decode memory by now.
  ///
  /// - Throws: `.noStructures`, `.badStructure` when they cannot be mapped, `.noMemory`.
  /// - Context: any without locks.
  public static func open(_ function: PCIFunction) throws(VirtioError) -> VirtioPCITransport<DeviceSpace> {
    let structures = try VirtioStructures(function)
    var configuration: VirtioRegion<DeviceSpace>?
    if let device = structures.device { configuration = try map(device, function) }
    return VirtioPCITransport<DeviceSpace>(
      kind: structures.kind, common: try map(structures.common, function),
      notification: try map(structures.notification, function), multiplier: structures.notificationMultiplier,
      interruptStatus: try map(structures.interruptStatus, function), configuration: configuration)
  }

  private static func map(
    _ structure: VirtioStructure, _ function: PCIFunction
  ) throws(VirtioError) -> VirtioRegion<DeviceSpace> {
    guard let addresses = structure.addresses(in: function) else { throw .badStructure }
    do throws(Errno) {
      return VirtioRegion(try DeviceSpace.map(addresses), byteCount: Int(structure.byteCount))
    } catch {
      throw error == .ENOMEM ? .noMemory : .badStructure
    }
  }
}

extension VirtioPCITransport where Space == VirtioWindow {
  /// Opens the device that `function` is through its configuration space.
  ///
  /// - Throws: `.noStructures` when it has no such window, too.
  public static func openWindow(_ function: PCIFunction) throws(VirtioError) -> VirtioPCITransport<VirtioWindow> {
    let structures = try VirtioStructures(function)
    guard let window = structures.window else { throw .noStructures }
    func region(_ structure: VirtioStructure) -> VirtioRegion<VirtioWindow> {
      VirtioRegion(
        VirtioWindow(function.space, at: window, to: structure),
        byteCount: Int(truncatingIfNeeded: structure.byteCount))
    }
    return VirtioPCITransport<VirtioWindow>(
      kind: structures.kind, common: region(structures.common), notification: region(structures.notification),
      multiplier: structures.notificationMultiplier, interruptStatus: region(structures.interruptStatus),
      configuration: structures.device.map(region))
  }
}
