public import Foundations

/// Configuration space in memory (ECAM): all 4096 bytes of each function of a range of buses.
///
/// Source: PCI Express Base Specification 4.0, section 7.2.2; the ACPI table MCFG says where it is.
public final class MappedConfiguration<Space: RegisterSpace & ~Copyable>: PCIConfigurationAccess {
  private let space: Space
  private let segment: UInt16
  private let buses: ClosedRange<UInt8>

  /// How many bytes the buses take.
  public static func byteCount(of buses: ClosedRange<UInt8>) -> Int {
    (Int(buses.upperBound) - Int(buses.lowerBound) + 1) << 20
  }

  /// - Parameter space: the memory from the first of `buses` on, which it owns from then on.
  public init(_ space: consuming Space, segment: UInt16, buses: ClosedRange<UInt8>) {
    self.space = space
    self.segment = segment
    self.buses = buses
  }

  /// How many bytes of the function's space it reaches, 0 where it does not lead.
  public func byteCount(of address: PCIAddress) -> Int {
    address.segment == segment && buses.contains(address.bus) ? 4096 : 0
  }

  /// Reads `width` bytes, 1, 2 or 4; all ones where nobody answers.
  public func read(_ address: PCIAddress, at offset: Int, width: Int) -> UInt32 {
    guard isAccess(offset, width, in: byteCount(of: address)) else { return .max }
    let place = place(address, offset)
    switch width {
    case 1: return UInt32(space.read8(at: place))
    case 2: return UInt32(space.read16(at: place))
    default: return space.read32(at: place)
    }
  }

  /// Writes the low `width` bytes of `value`, 1, 2 or 4.
  public func write(_ value: UInt32, to address: PCIAddress, at offset: Int, width: Int) {
    guard isAccess(offset, width, in: byteCount(of: address)) else { return }
    let place = place(address, offset)
    switch width {
    case 1: space.write8(UInt8(truncatingIfNeeded: value), at: place)
    case 2: space.write16(UInt16(truncatingIfNeeded: value), at: place)
    default: space.write32(value, at: place)
    }
  }

  private func place(_ address: PCIAddress, _ offset: Int) -> Int {
    (Int(address.routing) - Int(buses.lowerBound) << 8) << 12 + offset
  }
}
