public import Foundations

/// A way to configuration space: ports, memory, or a model.
///
/// A conformer never traps: where no function answers, and for an offset that is outside or not a multiple of the width, a
/// read gives all ones and a write is dropped. Context: any; it may take a spin lock and waits for nothing else.
public protocol PCIConfigurationAccess: AnyObject {
  /// How many bytes of the function's space it reaches: 4096, 256, or 0 where it does not lead.
  func byteCount(of address: PCIAddress) -> Int
  /// Reads `width` bytes, 1, 2 or 4.
  func read(_ address: PCIAddress, at offset: Int, width: Int) -> UInt32
  /// Writes the low `width` bytes of `value`, 1, 2 or 4.
  func write(_ value: UInt32, to address: PCIAddress, at offset: Int, width: Int)
}

/// The configuration space of one function from some byte on: where generated registers live.
public struct PCIConfigurationSpace: RegisterSpace {
  let access: any PCIConfigurationAccess
  let address: PCIAddress
  let base: Int
  /// How many bytes there are from its beginning.
  public let count: Int

  /// The space of the function at `address`.
  public init(_ access: any PCIConfigurationAccess, _ address: PCIAddress) {
    self.init(access, address, base: 0, count: access.byteCount(of: address))
  }

  private init(_ access: any PCIConfigurationAccess, _ address: PCIAddress, base: Int, count: Int) {
    self.access = access
    self.address = address
    self.base = base
    self.count = count
  }

  /// The part from byte `offset` on, which is empty where there is none.
  public func from(_ offset: Int) -> PCIConfigurationSpace {
    guard offset >= 0, offset <= count else {
      return PCIConfigurationSpace(access, address, base: base, count: 0)
    }
    return PCIConfigurationSpace(access, address, base: base + offset, count: count - offset)
  }

  private func read(_ offset: Int, _ width: Int) -> UInt32 {
    guard offset >= 0, offset <= count - width else { return .max }
    return access.read(address, at: base + offset, width: width)
  }

  private func write(_ value: UInt32, _ offset: Int, _ width: Int) {
    guard offset >= 0, offset <= count - width else { return }
    access.write(value, to: address, at: base + offset, width: width)
  }

  /// Reads 8 bits.
  public func read8(at offset: Int) -> UInt8 { UInt8(truncatingIfNeeded: read(offset, 1)) }
  /// Reads 16 bits.
  public func read16(at offset: Int) -> UInt16 { UInt16(truncatingIfNeeded: read(offset, 2)) }
  /// Reads 32 bits.
  public func read32(at offset: Int) -> UInt32 { read(offset, 4) }
  /// Reads 64 bits, in two accesses: configuration space has none that wide.
  public func read64(at offset: Int) -> UInt64 {
    // `offset + 4` cannot overflow where the first read was inside.
    guard offset >= 0, offset <= count - 8 else { return .max }
    return UInt64(read(offset, 4)) | UInt64(read(offset + 4, 4)) << 32
  }
  /// Writes 8 bits.
  public func write8(_ value: UInt8, at offset: Int) { write(UInt32(value), offset, 1) }
  /// Writes 16 bits.
  public func write16(_ value: UInt16, at offset: Int) { write(UInt32(value), offset, 2) }
  /// Writes 32 bits.
  public func write32(_ value: UInt32, at offset: Int) { write(value, offset, 4) }
  /// Writes 64 bits, in two accesses.
  public func write64(_ value: UInt64, at offset: Int) {
    guard offset >= 0, offset <= count - 8 else { return }
    write(UInt32(truncatingIfNeeded: value), offset, 4)
    write(UInt32(truncatingIfNeeded: value >> 32), offset + 4, 4)
  }
}

/// Whether `width` bytes at `offset` are one access inside `count` bytes.
func isAccess(_ offset: Int, _ width: Int, in count: Int) -> Bool {
  guard width == 1 || width == 2 || width == 4 else { return false }
  return offset >= 0 && offset & (width - 1) == 0 && offset <= count - width
}
