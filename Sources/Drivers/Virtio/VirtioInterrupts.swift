/// How a device's interrupts are shared out among messages.
public enum VirtioInterrupts: Equatable, Sendable {
  /// Message 0 tells of the configuration, message `n` + 1 of queue `n`; of so many queues.
  case perQueue(Int)
  /// Message 0 tells of the configuration, message 1 of all queues.
  case shared
  /// Message 0 tells of everything.
  case single
  /// No messages: the line, and the status register says why.
  case line

  /// How many messages are used, from number 0 on.
  public var messageCount: Int {
    switch self {
    case .perQueue(let count): count + 1
    case .shared: 2
    case .single: 1
    case .line: 0
    }
  }

  var configurationMessage: UInt16? { self == .line ? nil : 0 }

  func message(ofQueue number: Int) -> UInt16? {
    switch self {
    case .perQueue: UInt16(truncatingIfNeeded: number + 1)
    case .shared: 1
    case .single: 0
    case .line: nil
    }
  }

  /// What message number `message` tells of.
  func causes(ofMessage message: Int) -> VirtioCauses {
    switch self {
    case .perQueue(let count):
      message == 0
        ? VirtioCauses(queues: .none, isConfiguration: true)
        : VirtioCauses(queues: message > 0 && message <= count ? .one(message - 1) : .none, isConfiguration: false)
    case .shared:
      VirtioCauses(queues: message == 1 ? .all : .none, isConfiguration: message == 0)
    case .single:
      // Nothing says which: everything is to be looked at.
      VirtioCauses(queues: .all, isConfiguration: true)
    case .line: VirtioCauses(queues: .none, isConfiguration: false)
    }
  }
}

/// What an interrupt tells of.
public struct VirtioCauses: Equatable, Sendable {
  /// Which queues have used buffers.
  public enum Queues: Equatable, Sendable {
    case none
    case one(Int)
    /// Any: all are to be looked at.
    case all
  }

  /// Which queues have used buffers.
  public var queues: Queues
  /// Whether the configuration has changed.
  public var isConfiguration: Bool

  /// Whether queue `number` is to be looked at.
  public func contains(queue number: Int) -> Bool {
    switch queues {
    case .none: false
    case .one(let one): one == number
    case .all: true
    }
  }
}
