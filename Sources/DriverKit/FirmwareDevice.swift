public import Foundations
import Machine

/// A device of the platform: what firmware says of it, or what is taken for granted where it says nothing.
///
/// It does not change: a device that firmware describes anew is another one.
public final class FirmwareDevice {
  /// How many compatible identifiers are kept.
  public static let compatibleLimit = 7

  /// What it is.
  public let identifier: HardwareIdentifier
  private let compatible: InlineArray<7, HardwareIdentifier>
  /// How many other kinds of device it can be driven as.
  public let compatibleCount: Int
  /// Its name in the namespace; nil for what firmware does not describe.
  public let path: Message?
  /// What tells it from others of its kind, `_UID`; nil for none.
  public let uniqueIdentifier: Message?
  /// How far it is there: `_STA`.
  public let status: UInt32
  /// What it uses.
  public let resources: PlatformResources

  /// Describes a device.
  ///
  /// - Parameter compatible: what else it can be driven as, the best first; what is more than `compatibleLimit` is left out.
  public init(
    _ identifier: HardwareIdentifier, compatible: Span<HardwareIdentifier> = Span(), path: Message? = nil,
    uniqueIdentifier: Message? = nil, status: UInt32 = 0xf, resources: PlatformResources = PlatformResources()
  ) {
    self.identifier = identifier
    var list = InlineArray<7, HardwareIdentifier>(repeating: HardwareIdentifier(code: 0))
    let count = min(compatible.count, Self.compatibleLimit)
    for index in 0..<count { list[index] = compatible[index] }
    (self.compatible, compatibleCount) = (list, count)
    (self.path, self.uniqueIdentifier, self.status, self.resources) = (path, uniqueIdentifier, status, resources)
  }

  /// What it can be driven as: `identifier` at 0, then the compatible ones; nil behind the last.
  public func identifier(at index: Int) -> HardwareIdentifier? {
    if index == 0 { return identifier }
    return index > 0 && index <= compatibleCount ? compatible[index - 1] : nil
  }
}
