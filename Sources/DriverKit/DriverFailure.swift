public import Foundations

/// Why a driver was ended, to be replaced.
public enum DriverFailure: Equatable, Sendable {
  /// It threw this.
  case error(Errno)
  /// It raised this exception.
  case exception(UInt8)
  /// A call did not return.
  case hang
  /// It says itself that it does not work.
  case health
  /// Its device reached for memory that it may not have.
  case access
  /// Its device interrupted without end, or for nothing.
  case storm
  /// It would not go on after a rest, and threw this.
  case resumption(Errno)
  /// A program wanted it replaced.
  case order

  /// In words, for the log and for programs.
  public var description: Message {
    switch self {
    case .error(let error): "error \(error.rawValue)"
    case .exception(let vector): "exception \(UInt64(vector))"
    case .hang: "it does not return"
    case .health: "it says that it does not work"
    case .access: "its device reached for memory that it may not have"
    case .storm: "its device does not stop interrupting"
    case .resumption(let error): "it cannot go on: error \(error.rawValue)"
    case .order: "it was asked for"
    }
  }

  /// The failure that a call's end is; nil when it is none.
  init?(_ outcome: DriverCallOutcome) {
    switch outcome {
    case .done: return nil
    case .failed(let error): self = .error(error)
    case .trapped(let vector): self = .exception(vector)
    case .hung: self = .hang
    }
  }
}
