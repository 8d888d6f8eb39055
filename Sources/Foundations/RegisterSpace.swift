/// Where a device's registers live: ports, device memory, or a software model of the device.
///
/// Generated register accessors are generic over it, so a driver runs unchanged on hardware and in a host test. Offsets are
/// in bytes from the start of the space. A conformer never traps: a read outside its space gives all ones, as a bus does
/// where no device answers, and a write outside is dropped.
public protocol RegisterSpace: ~Copyable {
  /// Reads 8 bits at `offset`.
  borrowing func read8(at offset: Int) -> UInt8
  /// Reads 16 bits at `offset`.
  borrowing func read16(at offset: Int) -> UInt16
  /// Reads 32 bits at `offset`.
  borrowing func read32(at offset: Int) -> UInt32
  /// Reads 64 bits at `offset`, in one access where the bus can.
  borrowing func read64(at offset: Int) -> UInt64
  /// Writes 8 bits at `offset`.
  borrowing func write8(_ value: UInt8, at offset: Int)
  /// Writes 16 bits at `offset`.
  borrowing func write16(_ value: UInt16, at offset: Int)
  /// Writes 32 bits at `offset`.
  borrowing func write32(_ value: UInt32, at offset: Int)
  /// Writes 64 bits at `offset`, in one access where the bus can.
  borrowing func write64(_ value: UInt64, at offset: Int)
}

/// A register space whose device has registers of one byte only: wider accesses are those to nothing.
public protocol ByteRegisterSpace: RegisterSpace, ~Copyable {}

extension ByteRegisterSpace where Self: ~Copyable {
  /// All ones.
  public borrowing func read16(at offset: Int) -> UInt16 { .max }
  /// All ones.
  public borrowing func read32(at offset: Int) -> UInt32 { .max }
  /// All ones.
  public borrowing func read64(at offset: Int) -> UInt64 { .max }
  /// Drops the value.
  public borrowing func write16(_ value: UInt16, at offset: Int) {}
  /// Drops the value.
  public borrowing func write32(_ value: UInt32, at offset: Int) {}
  /// Drops the value.
  public borrowing func write64(_ value: UInt64, at offset: Int) {}
}

/// The four registers that CPUID returns. Source: Intel SDM vol. 2A, CPUID.
public struct CPUIDResult: Equatable, Sendable {
  /// The registers by their architectural names.
  public var eax, ebx, ecx, edx: UInt32

  /// Creates a result, all zero by default.
  @inlinable
  public init(eax: UInt32 = 0, ebx: UInt32 = 0, ecx: UInt32 = 0, edx: UInt32 = 0) {
    self.eax = eax
    self.ebx = ebx
    self.ecx = ecx
    self.edx = edx
  }
}

/// Where CPUID is asked: this CPU, or a recorded one in a test.
public protocol CPUIDSpace: ~Copyable {
  /// The answer for `leaf` and `subleaf`.
  borrowing func read(leaf: UInt32, subleaf: UInt32) -> CPUIDResult
}

/// Where model-specific registers live: this CPU, or a model.
public protocol ModelSpecificRegisterSpace: ~Copyable {
  /// Reads the register numbered `index`.
  borrowing func read(_ index: UInt32) -> UInt64
  /// Writes the register numbered `index`.
  borrowing func write(_ value: UInt64, to index: UInt32)
}
