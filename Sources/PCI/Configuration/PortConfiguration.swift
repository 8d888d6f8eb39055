public import Foundations
import Machine

/// Configuration space through a pair of ports, which every PC has: 256 bytes of each function of segment 0.
///
/// One port takes the address, the other is the window, so the pair is behind a lock.
/// Source: PCI Local Bus Specification 3.0, section 3.2.2.3.2 (configuration mechanism #1).
public final class PortConfiguration<Ports: RegisterSpace & ~Copyable>: PCIConfigurationAccess {
  private let ports: SpinLock<Ports>

  private static var addressOffset: Int { 0 }
  private static var dataOffset: Int { 4 }

  /// - Parameter ports: the eight ports from 0xcf8 on, which it owns from then on.
  public init(_ ports: consuming Ports) {
    self.ports = SpinLock(ports)
  }

  /// Whether the ports are there: the one for the address keeps what is written to it.
  public var isPresent: Bool {
    ports.withLock { ports in
      let old = ports.read32(at: Self.addressOffset)
      ports.write32(1 << 31, at: Self.addressOffset)
      let isKept = ports.read32(at: Self.addressOffset) == 1 << 31
      ports.write32(old, at: Self.addressOffset)
      return isKept
    }
  }

  /// How many bytes of the function's space it reaches, 0 where it does not lead.
  public func byteCount(of address: PCIAddress) -> Int { address.segment == 0 ? 256 : 0 }

  /// Reads `width` bytes, 1, 2 or 4; all ones where nobody answers.
  public func read(_ address: PCIAddress, at offset: Int, width: Int) -> UInt32 {
    guard isAccess(offset, width, in: byteCount(of: address)) else { return .max }
    return ports.withLock { ports in
      ports.write32(Self.selection(address, offset), at: Self.addressOffset)
      let place = Self.dataOffset + offset & 3
      switch width {
      case 1: return UInt32(ports.read8(at: place))
      case 2: return UInt32(ports.read16(at: place))
      default: return ports.read32(at: place)
      }
    }
  }

  /// Writes the low `width` bytes of `value`, 1, 2 or 4.
  public func write(_ value: UInt32, to address: PCIAddress, at offset: Int, width: Int) {
    guard isAccess(offset, width, in: byteCount(of: address)) else { return }
    ports.withLock { ports in
      ports.write32(Self.selection(address, offset), at: Self.addressOffset)
      let place = Self.dataOffset + offset & 3
      switch width {
      case 1: ports.write8(UInt8(truncatingIfNeeded: value), at: place)
      case 2: ports.write16(UInt16(truncatingIfNeeded: value), at: place)
      default: ports.write32(value, at: place)
      }
    }
  }

  private static func selection(_ address: PCIAddress, _ offset: Int) -> UInt32 {
    1 << 31 | UInt32(address.routing) << 8 | UInt32(truncatingIfNeeded: offset) & 0xfc
  }
}
