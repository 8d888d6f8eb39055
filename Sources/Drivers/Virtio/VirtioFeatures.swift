/// What device and driver can agree on, a bit each. Source: VIRTIO 1.2, sections 2.2 and 6.
public struct VirtioFeatures: OptionSet, Sendable {
  /// The bits.
  public let rawValue: UInt64

  /// The features with the bits `rawValue`.
  @inlinable
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// The feature with bit number `bit`, 0...63.
  @inlinable
  public init(bit: Int) { rawValue = 1 &<< UInt64(truncatingIfNeeded: bit) }

  /// Those about transport and queues that this module can use, whatever the kind of device.
  public static var transport: VirtioFeatures {
    [.version1, .indirectDescriptors, .eventIndex, .packedRing, .accessPlatform, .orderPlatform, .ringReset]
  }
}

/// A field of a kind of device's configuration.
public struct VirtioField<Value: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable {
  /// Where it begins, in bytes.
  public let offset: Int

  /// The field at `offset`.
  @inlinable
  public init(offset: Int) { self.offset = offset }
}
