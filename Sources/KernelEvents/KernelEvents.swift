public import Foundations
import Machine
import Synchronization
import VFS
import Waiting

/// Takes events to programs. There is one, given to `KernelEvents.install`.
open class KernelEventReceiver {
  /// Creates it.
  public init() {}

  /// Gives `text` to all who listen.
  ///
  /// - Context: a thread without spin locks; one event at a time.
  open func receive(_ text: Span<UInt8>) {}
}

/// The kernel's events.
public enum KernelEvents {
  private struct State: ~Copyable {
    var receiver: KernelEventReceiver?
  }

  private static let state = SpinLock(State())
  /// Held while an event is numbered and sent.
  private static let turn = SleepLock()
  private static let lastNumber = Atomic<UInt64>(0)

  /// Events go to `new` from now on; before, nobody hears of them.
  ///
  /// - Context: while booting.
  public static func install(_ new: KernelEventReceiver) { state.withLock { $0.receiver = new } }

  /// The number of the last event.
  public static var sequenceNumber: UInt64 { lastNumber.load(ordering: .acquiring) }

  /// Numbers `event` and sends it to all who listen.
  ///
  /// - Throws: `ENOMEM`; then those who look at the numbers see that they have missed one.
  /// - Context: a thread without spin locks; may wait.
  public static func broadcast(_ event: consuming KernelEvent) throws(Errno) {
    turn.lock()
    defer { turn.unlock() }
    let number = lastNumber.wrappingAdd(1, ordering: .releasing).newValue
    try event.finish(number)
    guard let receiver = state.withLock({ $0.receiver }) else { return }
    receiver.receive(event.bytes)
  }
}
