/// Where a PCI function is: segment group, bus, device and function. Source: PCI Local Bus Specification 3.0, section 3.2.2.3.
public struct PCIAddress: Comparable, Sendable {
  /// The segment group, 0 where there is only one.
  public var segment: UInt16
  /// The bus and, in the low eight bits, the device and the function: the routing number of PCI Express.
  public var routing: UInt16

  /// Bus number, 0...255.
  @inlinable public var bus: UInt8 { UInt8(truncatingIfNeeded: routing >> 8) }
  /// Device number on the bus, 0...31.
  @inlinable public var device: UInt8 { UInt8(truncatingIfNeeded: routing >> 3) & 31 }
  /// Function number in the device, 0...7.
  @inlinable public var function: UInt8 { UInt8(truncatingIfNeeded: routing) & 7 }
  /// Device and function as one number, 0...255.
  @inlinable public var place: UInt8 { UInt8(truncatingIfNeeded: routing) }

  /// The function of those numbers; what does not fit in five and three bits is cut off.
  @inlinable public init(segment: UInt16 = 0, bus: UInt8, device: UInt8, function: UInt8) {
    self.init(segment: segment, bus: bus, place: device << 3 | function & 7)
  }

  /// The function at `place` (device times 8 and function) of a bus.
  @inlinable public init(segment: UInt16 = 0, bus: UInt8, place: UInt8) {
    self.segment = segment
    routing = UInt16(bus) << 8 | UInt16(place)
  }

  /// The order of buses, then of devices and functions.
  @inlinable public static func < (left: PCIAddress, right: PCIAddress) -> Bool {
    left.segment == right.segment ? left.routing < right.routing : left.segment < right.segment
  }
}
