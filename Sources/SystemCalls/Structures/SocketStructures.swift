import Foundations
public import Machine

/// `struct msghdr`. Source: recvmsg(2).
public struct Msghdr: UserValue, Sendable {
  /// Where the address is, or is to be.
  public var name: UInt64
  /// How many bytes it has.
  public var nameCount: Int32
  /// Where the pieces of the message are listed.
  public var vectors: UInt64
  /// How many.
  public var vectorCount: UInt64
  /// Where the control messages are, or are to be.
  public var control: UInt64
  /// How many bytes they have.
  public var controlCount: UInt64
  /// What a receiving call tells.
  public var flags: UInt32

  /// 56.
  public static var userByteCount: Int { 56 }

  /// Takes the members from their places.
  public init(userBytes: Span<UInt8>) {
    name = StructureBytes.get(userBytes, at: 0)
    nameCount = Int32(truncatingIfNeeded: StructureBytes.get(userBytes, width: 4, at: 8))
    vectors = StructureBytes.get(userBytes, at: 16)
    vectorCount = StructureBytes.get(userBytes, at: 24)
    control = StructureBytes.get(userBytes, at: 32)
    controlCount = StructureBytes.get(userBytes, at: 40)
    flags = UInt32(truncatingIfNeeded: StructureBytes.get(userBytes, width: 4, at: 48))
  }

  /// Writes the members to their places.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    StructureBytes.put(name, at: 0, &bytes)
    StructureBytes.put(UInt64(UInt32(bitPattern: nameCount)), width: 4, at: 8, &bytes)
    StructureBytes.put(vectors, at: 16, &bytes)
    StructureBytes.put(vectorCount, at: 24, &bytes)
    StructureBytes.put(control, at: 32, &bytes)
    StructureBytes.put(controlCount, at: 40, &bytes)
    StructureBytes.put(UInt64(flags), width: 4, at: 48, &bytes)
  }
}

/// `struct mmsghdr`. Source: recvmmsg(2).
public struct Mmsghdr: UserValue, Sendable {
  /// The message.
  public var header: Msghdr
  /// How many bytes of it were moved.
  public var count: UInt32

  /// 64.
  public static var userByteCount: Int { 64 }

  /// Takes the members from their places.
  public init(userBytes: Span<UInt8>) {
    header = Msghdr(userBytes: userBytes)
    count = UInt32(truncatingIfNeeded: StructureBytes.get(userBytes, width: 4, at: 56))
  }

  /// Writes the members to their places.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    header.write(toUserBytes: &bytes)
    StructureBytes.put(UInt64(count), width: 4, at: 56, &bytes)
  }
}
