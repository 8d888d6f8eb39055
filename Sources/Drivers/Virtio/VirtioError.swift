public import Foundations

/// Why a virtio device cannot be used, or a request not be made.
public enum VirtioError: UInt8, Error, Sendable {
  /// The function has no structures of virtio 1.
  case noStructures
  /// A capability or the configuration says what cannot be.
  case badStructure
  /// Nobody answers any more.
  case gone
  /// The device did not become ready again after a reset, or a reset of a queue.
  case resetTimeout
  /// The device does not offer what is needed, or takes back what it has offered.
  case noAgreement
  /// The device says that it needs a reset.
  case needsReset
  /// The device does not have such a queue, or does not take its settings.
  case noQueue
  /// The device wrote into a queue what cannot be: an index, an identifier or a length.
  case corruptQueue
  /// The configuration changes whenever it is read.
  case unstableConfiguration
  /// The device has not answered a request in time.
  case noAnswer
  /// There is no memory.
  case noMemory
  /// The queue has no room for the request; some will come back.
  case full
  /// The request has no segment, too many or too long ones, or those to be read behind those to be written.
  case badRequest
  /// The driver does not run.
  case stopped

  /// The same for a program.
  public var errno: Errno {
    switch self {
    case .noStructures, .gone, .noQueue: .ENODEV
    case .badStructure, .noAgreement: .ENXIO
    case .resetTimeout, .noAnswer: .ETIMEDOUT
    case .needsReset, .corruptQueue, .unstableConfiguration: .EIO
    case .noMemory: .ENOMEM
    case .full: .EAGAIN
    case .badRequest: .EINVAL
    case .stopped: .ESHUTDOWN
    }
  }
}
