public import DriverKit
import Foundations
public import PCI

/// What a program wants of the slot of a port.
public final class SlotRequest: DriverRequest {
  /// What is to be done.
  public enum Operation: Equatable, Sendable {
    /// What is in the slot is to work.
    case turnOn
    /// What is in the slot is to be let go, and to lose its power.
    case turnOff
    /// The attention indicator is to show this.
    case showAttention(PCIExpress.Indicator)
  }

  /// What is to be done.
  public let operation: Operation

  /// Wants `operation`. The port's next driver does not do it again: a slot that is switched twice may not be what it was.
  public init(_ operation: Operation) {
    self.operation = operation
    super.init(isRepeatable: false)
  }
}
