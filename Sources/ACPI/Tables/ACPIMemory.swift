import Foundations
import Machine

/// Physical memory, as far as the firmware's tables lie in it.
///
/// The kernel's implementation maps what it reads; tests have one over an array.
public protocol ACPIMemory: ~Copyable {
  /// Copies the bytes from physical address `address` on into all of `bytes`.
  ///
  /// - Returns: False when some of them are not in memory that may be read; `bytes` may be half written then.
  borrowing func read(at address: UInt64, into bytes: inout MutableSpan<UInt8>) -> Bool
}

/// Why a table cannot be used.
public enum ACPITableError: Error, Equatable, Sendable {
  /// There is no readable memory at this physical address.
  case unreadable(address: UInt64)
  /// What is at this address does not begin as it should.
  case badSignature(address: UInt64)
  /// The bytes do not add up to zero.
  case badChecksum(address: UInt64)
  /// The table states a length that cannot be right.
  case badLength(address: UInt64, stated: UInt32)
  /// An entry at this offset passes the end of its table or states what makes no sense.
  case badEntry(offset: Int)
  /// The firmware has no such table.
  case missing(signature: UInt32)
  /// The kernel has no memory for it.
  case outOfMemory
}

/// Four characters that say what a table is, the first in the lowest byte.
public struct ACPISignature: Equatable, Sendable, ExpressibleByStringLiteral {
  /// The characters as a little-endian number.
  public var rawValue: UInt32

  /// Creates a signature from its number.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Creates a signature from four characters; what is missing is a zero byte.
  public init(stringLiteral text: String) {
    rawValue = 0
    var shift: UInt32 = 0
    for byte in text.utf8 where shift < 32 {
      rawValue |= UInt32(byte) << shift
      shift += 8
    }
  }

  /// Writes the characters; bytes that are none become `?`.
  public func write(to sink: inout some TextSink & ~Copyable) {
    for shift: UInt32 in [0, 8, 16, 24] {
      let byte = UInt8(truncatingIfNeeded: rawValue >> shift)
      sink.write(byte: (0x20...0x7e).contains(byte) ? byte : 0x3f)
    }
  }
}

/// A register's place. Source: ACPI 6.5, section 5.2.3.2 (Generic Address Structure).
public struct GenericAddress: Equatable, Sendable {
  /// The address space.
  public var space: AMLAddressSpace
  /// How many bits the register has.
  public var bitWidth: UInt8
  /// Its first bit.
  public var bitOffset: UInt8
  /// 0 undefined, 1...4 for accesses of 1, 2, 4, 8 bytes.
  public var accessSize: UInt8
  /// Where it is; of configuration space, bus 0: device, function and offset in the third, second and first 16 bits.
  public var address: UInt64

  /// Creates a place.
  public init(space: AMLAddressSpace, bitWidth: UInt8, bitOffset: UInt8 = 0, accessSize: UInt8 = 0, address: UInt64) {
    self.space = space
    self.bitWidth = bitWidth
    self.bitOffset = bitOffset
    self.accessSize = accessSize
    self.address = address
  }

  /// The bytes of one access: what the structure says, or else what fits the width.
  public var accessWidth: Int {
    switch accessSize {
    case 1...4: 1 << Int(accessSize - 1)
    default: bitWidth <= 8 ? 1 : bitWidth <= 16 ? 2 : bitWidth <= 32 ? 4 : 8
    }
  }
}
