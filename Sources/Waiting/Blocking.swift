import Foundations
import Machine

/// Leads to the thread that runs on this CPU, for it to wait: what the scheduler provides.
open class BlockingProvider {
  /// Creates a provider.
  public init() {}

  /// As `Blocking.entry`.
  open var entry: WaitEntry { fatalError("a thread without an entry") }

  /// As `Blocking.prepare`.
  open func prepare(_ interruption: Interruption) {}

  /// As `Blocking.block`.
  open func block(_ interruption: Interruption, deadline: UInt64?) -> Blocking.Outcome { .woken }

  /// As `Blocking.finish`.
  open func finish() {}
}

/// The thread that runs, as one who waits.
///
/// A wait is `prepare`, a look at the condition, `block`, over and over, then `finish` unless `block` has just returned `woken`. Being
/// woken after `prepare` makes the next `block` return at once.
///
/// On the host, threads that were not made by a scheduler look at their condition over and over.
public enum Blocking {
  /// Why `block` returned.
  public enum Outcome: Sendable {
    /// Something that was waited for may have come.
    case woken
    /// A signal came that the wait was to be interrupted by.
    case interrupted
    /// The deadline has passed.
    case timedOut
  }

  private static let provider = BootCell<BlockingProvider>()

  /// Sets where threads come from.
  ///
  /// - Context: once, by the scheduler, before anything waits.
  public static func start(_ provider: BlockingProvider) { Self.provider.fill(provider) }

  /// Runs `body` with what leads to the thread that runs.
  @inline(__always)
  private static func use<Result>(_ body: (BlockingProvider) -> Result) -> Result {
    guard let result = provider.withValue({ body($0) }) else { fatalError("nothing can wait yet") }
    return result
  }

  /// The thread's own place in one queue.
  public static var entry: WaitEntry {
    #if os(none)
      use { $0.entry }
    #else
      WaitEntry(HostWaiter())
    #endif
  }

  /// Says that the thread is about to wait.
  @inline(__always)
  public static func prepare(_ interruption: Interruption) {
    #if os(none)
      use { $0.prepare(interruption) }
    #endif
  }

  /// Lets others run until the thread is woken or may be interrupted, or until `deadline`.
  ///
  /// - Parameter interruption: what `prepare` was told.
  @inline(__always)
  public static func block(_ interruption: Interruption, deadline: UInt64?) -> Outcome {
    #if os(none)
      return use { $0.block(interruption, deadline: deadline) }
    #else
      // A thread of the host's: it has no scheduler here, so it looks again and again.
      HostThread.yield()
      if let deadline, HostThread.nanoseconds >= deadline { return .timedOut }
      return .woken
    #endif
  }

  /// Says that the thread does not wait any more.
  @inline(__always)
  public static func finish() {
    #if os(none)
      use { $0.finish() }
    #endif
  }
}

#if !os(none)
  private final class HostWaiter: Waiter {
    override func notify(_ entry: WaitEntry, _ events: PollEvents) -> Bool { true }
  }
#endif
