import Foundations
import Machine

/// How a device's interrupts come, and by which numbers programs know them.
///
/// It does not change: when they are connected anew there is another.
public final class DeviceInterrupts {
  /// What they are.
  public enum Kind: Equatable, Sendable {
    /// The pin of a PCI function, or a line of the platform.
    case line
    /// Messages by MSI.
    case messages
    /// The messages of a table: MSI-X.
    case extendedMessages
  }

  /// What they are.
  public let kind: Kind
  private let numbers: GrowableArray<UInt32>

  init(_ kind: Kind, _ numbers: consuming GrowableArray<UInt32>) {
    self.kind = kind
    self.numbers = numbers
  }

  /// How many there are.
  public var count: Int { numbers.count }

  /// The number of interrupt `index` in /proc/interrupts; nil for one that there is not.
  public func number(at index: Int) -> UInt32? { index >= 0 && index < numbers.count ? numbers[index] : nil }
}
