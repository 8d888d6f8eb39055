public import Foundations
public import PCI

/// A structure of a virtio function, reached through its configuration space: slow, and there before it decodes memory.
///
/// Who uses it has the function for himself, for each access sets the window anew. Source: VIRTIO 1.2, section 4.1.4.9.
public struct VirtioWindow: RegisterSpace {
  private let registers: PCIConfigurationSpace
  private let structure: VirtioStructure
  /// Where the data lies in the capability.
  private static var data: Int { 0x10 }

  /// The structure `structure`, by the window capability at `place` of `space`.
  public init(_ space: PCIConfigurationSpace, at place: Int, to structure: VirtioStructure) {
    registers = space.from(place)
    self.structure = structure
  }

  private func aim(_ offset: Int, _ width: Int) -> Bool {
    guard offset >= 0, offset <= Int(structure.byteCount) - width else { return false }
    let capability = VirtioCapabilityRegisters(registers)
    capability.resource = structure.resource
    capability.start = structure.offset &+ UInt32(truncatingIfNeeded: offset)
    capability.size = UInt32(truncatingIfNeeded: width)
    return true
  }

  /// Reads 8 bits.
  public func read8(at offset: Int) -> UInt8 { aim(offset, 1) ? registers.read8(at: Self.data) : .max }
  /// Reads 16 bits.
  public func read16(at offset: Int) -> UInt16 { aim(offset, 2) ? registers.read16(at: Self.data) : .max }
  /// Reads 32 bits.
  public func read32(at offset: Int) -> UInt32 { aim(offset, 4) ? registers.read32(at: Self.data) : .max }
  /// Reads 64 bits, in two accesses.
  public func read64(at offset: Int) -> UInt64 {
    guard offset >= 0, offset <= Int(structure.byteCount) - 8 else { return .max }
    return UInt64(read32(at: offset)) | UInt64(read32(at: offset + 4)) << 32
  }
  /// Writes 8 bits.
  public func write8(_ value: UInt8, at offset: Int) {
    if aim(offset, 1) { registers.write8(value, at: Self.data) }
  }
  /// Writes 16 bits.
  public func write16(_ value: UInt16, at offset: Int) {
    if aim(offset, 2) { registers.write16(value, at: Self.data) }
  }
  /// Writes 32 bits.
  public func write32(_ value: UInt32, at offset: Int) {
    if aim(offset, 4) { registers.write32(value, at: Self.data) }
  }
  /// Writes 64 bits, in two accesses.
  public func write64(_ value: UInt64, at offset: Int) {
    guard offset >= 0, offset <= Int(structure.byteCount) - 8 else { return }
    write32(UInt32(truncatingIfNeeded: value), at: offset)
    write32(UInt32(truncatingIfNeeded: value >> 32), at: offset + 4)
  }
}
