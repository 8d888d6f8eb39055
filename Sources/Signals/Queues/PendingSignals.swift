public import Foundations
public import LinuxABI

/// Signals that have been sent and not been delivered: to one thread, or to a process for any of its threads.
///
/// A standard signal is pending or not; of a real-time signal each is kept, in the order in which they came. What is known of
/// one signal that is not pending yet is kept here, and of the others in memory of their own. So sending an ordinary signal takes no
/// memory; without memory a signal is pending all the same, with nothing known of it. Source: signal(7); sigqueue(3).
public struct PendingSignals: ~Copyable {
  /// Which are pending.
  public private(set) var set: SignalSet = []

  // What is known of one that is first of its kind; its number is 0 when there is none.
  private var slotNumber: UInt8 = 0
  private var slot = SignalInformation(0, 0, 0, 0, 0, 0)
  /// Whose signals the slot's is counted with, if it is counted.
  private var slotAccount: SignalAccount?
  private var queue = SignalQueue()

  /// Nothing is pending.
  public init() {}

  deinit { slotAccount?.release() }

  /// Makes `signal` pending.
  ///
  /// - Parameters:
  ///   - account: counts what is queued for the user of the receiver.
  ///   - limit: how many there may be (`RLIMIT_SIGPENDING`).
  /// - Returns: false when it is a standard signal that was pending before.
  /// - Throws: `EAGAIN` when what a sender said of a real-time signal cannot be kept.
  @inline(__always)
  public mutating func add(
    _ signal: Signal, _ information: SignalInformation, _ account: SignalAccount, limit: UInt64
  ) throws(Errno) -> Bool {
    if !signal.isRealTime {
      guard !set.contains(signal) else { return false }
      if slotNumber == 0 {
        (slotNumber, slot) = (signal.rawValue, information)
        set.insert(SignalSet(signal))
        return true
      }
    }
    try enqueue(signal, information, account, limit)
    set.insert(SignalSet(signal))
    return true
  }

  @inline(never)
  private mutating func enqueue(
    _ signal: Signal, _ information: SignalInformation, _ account: SignalAccount, _ limit: UInt64
  ) throws(Errno) {
    // What the kernel or kill(2) says of a standard signal is kept beyond the limit. Source: Linux kernel/signal.c.
    let isLimited = signal.isRealTime || information.code.rawValue < 0
    if account.charge(limit: isLimited ? limit : .max) {
      if slotNumber == 0, !set.contains(signal) {
        (slotNumber, slot, slotAccount) = (signal.rawValue, information, account)
        return
      }
      do throws(Errno) {
        try queue.append(signal, information, account)
        return
      } catch {
        account.release()
      }
    }
    // kill(2) cannot fail for that, and has little to say.
    guard !signal.isRealTime || information.code == .user else { throw .EAGAIN }
  }

  /// Takes the signal that is to be delivered first of those that are not in `blocked`.
  ///
  /// - Returns: which it is, and what is known of it.
  @inline(__always)
  public mutating func take(blocked: SignalSet) -> (signal: Signal, information: SignalInformation)? {
    guard let signal = set.subtracting(blocked).first else { return nil }
    return (signal, take(signal))
  }

  /// Takes one of `signal`, which is pending.
  @inline(__always)
  private mutating func take(_ signal: Signal) -> SignalInformation {
    if slotNumber == signal.rawValue {
      slotNumber = 0
      if let account = slotAccount {
        account.release()
        slotAccount = nil
      }
      if queue.isEmpty(signal) { set.remove(SignalSet(signal)) }
      return slot
    }
    let information = queue.popFirst(signal)
    if queue.isEmpty(signal) { set.remove(SignalSet(signal)) }
    return information ?? .bare(signal)
  }

  /// Drops what is pending of `signals`.
  public mutating func remove(_ signals: SignalSet) {
    let found = set.intersection(signals)
    guard !found.isEmpty else { return }
    set.subtract(found)
    if let signal = Signal(rawValue: slotNumber), found.contains(signal) {
      slotNumber = 0
      slotAccount?.release()
      slotAccount = nil
    }
    found.forEach { queue.removeAll($0) }
  }
}
