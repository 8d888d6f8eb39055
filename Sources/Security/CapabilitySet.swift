public import enum LinuxABI.Capability

/// A set of capabilities. Source: capabilities(7).
public struct CapabilitySet: OptionSet, Sendable {
  /// A bit for each capability, by its number.
  public let rawValue: UInt64

  /// The set with the bits of `rawValue`.
  @inline(__always)
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// The set of one.
  @inline(__always)
  public init(_ capability: Capability) { rawValue = 1 << UInt64(capability.rawValue) }

  /// Every capability there is.
  public static var all: CapabilitySet {
    CapabilitySet(rawValue: (2 << UInt64(Capability.CAP_CHECKPOINT_RESTORE.rawValue)) - 1)
  }

  /// Whether `capability` is in the set.
  @inline(__always)
  public func contains(_ capability: Capability) -> Bool { contains(CapabilitySet(capability)) }

  /// Those that change what a thread may do with others' files; they follow the file-system user. Source:
  /// capabilities(7), "Effect of user ID changes on capabilities".
  static var forFiles: CapabilitySet {
    [
      CapabilitySet(.CAP_CHOWN), CapabilitySet(.CAP_DAC_OVERRIDE), CapabilitySet(.CAP_DAC_READ_SEARCH),
      CapabilitySet(.CAP_FOWNER), CapabilitySet(.CAP_FSETID), CapabilitySet(.CAP_LINUX_IMMUTABLE),
      CapabilitySet(.CAP_MAC_OVERRIDE), CapabilitySet(.CAP_MKNOD),
    ]
  }
}

/// How much the user 0 means to a thread. Source: capabilities(7), "The securebits flags"; linux/securebits.h.
public struct SecureBits: OptionSet, Sendable {
  /// The bits of PR_SET_SECUREBITS.
  public let rawValue: UInt32
  /// The set with the bits of `rawValue`.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The user 0 gets no capabilities by execve.
  public static var noRoot: SecureBits { SecureBits(rawValue: 1 << 0) }
  /// Capabilities do not change when users change to and from 0.
  public static var noSetUserFixup: SecureBits { SecureBits(rawValue: 1 << 2) }
  /// Permitted capabilities stay when all users become other than 0; execve clears it.
  public static var keepCapabilities: SecureBits { SecureBits(rawValue: 1 << 4) }
  /// No ambient capability may be added.
  public static var noAmbientRaise: SecureBits { SecureBits(rawValue: 1 << 6) }
  /// Each bit's lock is the next higher bit.
  static var allBits: SecureBits { SecureBits(rawValue: 0x55) }
  static var allLocks: SecureBits { SecureBits(rawValue: 0xaa) }
}
