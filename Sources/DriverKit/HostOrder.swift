import Foundations
import Machine

/// Something that a device's thread is to do besides its driver's work.
final class HostOrder: DriverRequest {
  enum Operation {
    case remove(isGone: Bool)
    case suspend
    case resume
    case shutDown
    case reset
    case inject(DriverFault)
  }

  let operation: Operation

  init(_ operation: Operation) {
    self.operation = operation
    super.init(isRepeatable: false)
  }
}
