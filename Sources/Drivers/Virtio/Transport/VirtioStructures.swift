import Foundations
public import PCI

/// Where one of a function's structures lies.
public struct VirtioStructure: Equatable, Sendable {
  /// The base address register whose range holds it, 0...5.
  public var resource: UInt8
  /// Where in that range it begins.
  public var offset: UInt32
  /// How many bytes it has.
  public var byteCount: UInt32

  /// Its physical addresses in `function`; nil when that range has no address now, or ends before it.
  func addresses(in function: PCIFunction) -> Range<UInt64>? {
    guard let slot = PCIResourceSlot(rawValue: Int(resource)), resource < 6, let range = function[slot].range else {
      return nil
    }
    let size = range.upperBound - range.lowerBound
    guard UInt64(offset) <= size, UInt64(byteCount) <= size - UInt64(offset) else { return nil }
    return range.lowerBound + UInt64(offset)..<range.lowerBound + UInt64(offset) + UInt64(byteCount)
  }
}

/// The structures of a virtio function: what its capabilities say, as far as it can be.
///
/// Of each kind the first counts that can be used. Source: VIRTIO 1.2, section 4.1.4.
public struct VirtioStructures: Sendable {
  /// The kind of device by its number.
  public let kind: UInt16
  /// The common configuration.
  public private(set) var common: VirtioStructure
  /// Where queues are notified.
  public private(set) var notification: VirtioStructure
  /// The distance from one place of notification to the next.
  public private(set) var notificationMultiplier: UInt32
  /// Why the line interrupts.
  public private(set) var interruptStatus: VirtioStructure
  /// The configuration of the kind of device; nil when it has none.
  public private(set) var device: VirtioStructure?
  /// Where in configuration space the capability is that reaches the others through it; nil when it has none.
  public private(set) var window: Int?

  /// Up to here the common configuration is the same in all versions.
  static var smallestCommon: UInt32 { 0x38 }

  /// The kind of virtio device that `function` is, by its number; nil when it is none.
  ///
  /// Source: VIRTIO 1.2, section 4.1.2; devices that are also made for older drivers have the kind as their subsystem.
  public static func kind(of function: PCIFunction) -> UInt16? {
    guard function.vendor == 0x1af4 else { return nil }
    switch function.device {
    case 0x1000...0x103f: return function.subsystemDevice
    case 0x1040...0x107f: return function.device - 0x1040
    default: return nil
    }
  }

  /// Reads the capabilities of `function`.
  ///
  /// - Throws: `.noStructures` when it is no virtio device or has not what version 1 demands in a form that can be.
  public init(_ function: PCIFunction) throws(VirtioError) {
    guard let kind = Self.kind(of: function), kind != 0 else { throw .noStructures }
    var found = FoundStructures()
    function.space.forEachCapability { identifier, place in
      if identifier == .vendorSpecific { found.note(place, function) }
    }
    guard let common = found.common, let notification = found.notification, let status = found.interruptStatus else {
      throw .noStructures
    }
    self.kind = kind
    self.common = common
    self.notification = notification
    notificationMultiplier = found.multiplier
    interruptStatus = status
    device = found.device
    window = found.window
  }
}

/// What was found so far.
private struct FoundStructures {
  var common, notification, interruptStatus, device: VirtioStructure?
  var multiplier: UInt32 = 0
  var window: Int?

  mutating func note(_ place: Int, _ function: PCIFunction) {
    let registers = VirtioCapabilityRegisters(function.space.from(place))
    let (length, kind) = (registers.length, registers.structure.kind)
    guard length >= 16 else { return }
    if kind == .window {
      if length >= 20, window == nil { window = place }
      return
    }
    let structure = VirtioStructure(
      resource: registers.resource, offset: registers.start, byteCount: registers.size)
    guard structure.byteCount > 0, let slot = PCIResourceSlot(rawValue: Int(structure.resource)),
      structure.resource < 6, isMemory(function[slot].kind), structure.addresses(in: function) != nil
    else { return }
    let isAligned = structure.offset & 3 == 0
    switch kind {
    case .common:
      let isLarge = structure.byteCount >= VirtioStructures.smallestCommon
      if common == nil, isAligned, isLarge { common = structure }
    case .notification:
      let multiplier = registers.notificationMultiplier
      // Zero, or a power of two from 2 on: a notification has 16 bits.
      let isPossible = multiplier & 1 == 0 && multiplier & (multiplier &- 1) == 0
      guard notification == nil, length >= 20, structure.offset & 1 == 0, structure.byteCount >= 2, isPossible else {
        return
      }
      notification = structure
      self.multiplier = multiplier
    case .interruptStatus: if interruptStatus == nil { interruptStatus = structure }
    case .device: if device == nil, isAligned { device = structure }
    default: break
    }
  }

  private func isMemory(_ kind: PCIResource.Kind) -> Bool { kind == .memory || kind == .prefetchable }
}
