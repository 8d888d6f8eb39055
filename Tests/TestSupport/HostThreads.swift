import class Foundation.DispatchSemaphore
import class Foundation.Thread

/// Shares what the compiler cannot know to be safe with the threads of a test.
public struct Shared<Value>: @unchecked Sendable {
  /// What is shared.
  public let value: Value

  /// Shares `value`; the test sees to it that this is safe.
  public init(value: Value) { self.value = value }
}

/// Threads of the host's that a test starts and joins.
public final class Crew {
  private var ends: [DispatchSemaphore] = []

  /// Nobody yet.
  public init() {}

  /// Starts a thread that runs `body`.
  public func start(_ body: @escaping () -> Void) {
    let end = DispatchSemaphore(value: 0)
    ends.append(end)
    let work = Shared(value: body)
    Thread {
      work.value()
      end.signal()
    }.start()
  }

  /// Returns when all that were started have ended.
  public func join() {
    for end in ends { end.wait() }
    ends = []
  }
}
