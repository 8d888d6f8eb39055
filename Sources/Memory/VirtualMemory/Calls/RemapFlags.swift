/// The flags of mremap(2), by their numbers in Linux's ABI.
public struct RemapFlags: OptionSet, Sendable {
  /// The bits, as in `<sys/mman.h>`.
  public let rawValue: UInt32

  /// The flags with these bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// `MREMAP_MAYMOVE`.
  public static let mayMove = RemapFlags(rawValue: 1)
  /// `MREMAP_FIXED`.
  public static let fixed = RemapFlags(rawValue: 2)
  /// `MREMAP_DONTUNMAP`.
  public static let keepOld = RemapFlags(rawValue: 4)
}
