public import Machine

/// `struct __user_cap_header_struct`. Source: capget(2).
public struct CapUserHeader: UserValue, Sendable {
  /// Which form the data has.
  public var version: UInt32
  /// Whose capabilities; 0 for the caller's.
  public var number: Int32

  /// 8.
  public static var userByteCount: Int { 8 }

  /// Takes the form apart.
  public init(userBytes: Span<UInt8>) {
    version = UInt32(truncatingIfNeeded: StructureBytes.get(userBytes, width: 4, at: 0))
    number = Int32(truncatingIfNeeded: StructureBytes.get(userBytes, width: 4, at: 4))
  }

  /// Writes the form.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    StructureBytes.put(UInt64(version), width: 4, at: 0, &bytes)
    StructureBytes.put(UInt64(UInt32(bitPattern: number)), width: 4, at: 4, &bytes)
  }
}

/// `struct __user_cap_data_struct`: 32 capabilities of each set. Source: capget(2).
public struct CapUserData: UserValue, Sendable {
  /// What counts.
  public var effective: UInt32
  /// What may be made effective.
  public var permitted: UInt32
  /// What a file's own may add to.
  public var inheritable: UInt32

  init(effective: UInt32, permitted: UInt32, inheritable: UInt32) {
    (self.effective, self.permitted, self.inheritable) = (effective, permitted, inheritable)
  }

  /// 12.
  public static var userByteCount: Int { 12 }

  /// Takes the form apart.
  public init(userBytes: Span<UInt8>) {
    effective = UInt32(truncatingIfNeeded: StructureBytes.get(userBytes, width: 4, at: 0))
    permitted = UInt32(truncatingIfNeeded: StructureBytes.get(userBytes, width: 4, at: 4))
    inheritable = UInt32(truncatingIfNeeded: StructureBytes.get(userBytes, width: 4, at: 8))
  }

  /// Writes the form.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    StructureBytes.put(UInt64(effective), width: 4, at: 0, &bytes)
    StructureBytes.put(UInt64(permitted), width: 4, at: 4, &bytes)
    StructureBytes.put(UInt64(inheritable), width: 4, at: 8, &bytes)
  }
}
