import Foundations
import Machine

/// The kernel's consoles, for everybody: a lock around them, and a way past it for fault reports.
enum Consoles {
  private static let shared = BootCell<SpinLock<SystemConsole>>()
  /// How often a fault report tries to get the lock before it leaves the screen alone: the holder may be the faulting code.
  private static let reportAttempts = 100_000

  /// Makes `console` the one that everything is written to.
  static func start(_ console: consuming SystemConsole) {
    shared.fill(SpinLock(console))
  }

  /// Writes to every console.
  static func write(_ bytes: Span<UInt8>) {
    shared.withValue { lock in lock.withLock { console in console.write(bytes) } }
  }

  /// Writes without waiting for ever: to every console if they can be had, else to the serial port alone.
  static func writeInReport(_ bytes: Span<UInt8>) {
    let wasWritten: Void?? = shared.withValue { lock in
      lock.withLockIfAvailable(attempts: reportAttempts) { console in console.write(bytes) }
    }
    guard case .some(.some) = wasWritten else {
      var serial = EarlyTextSink()
      serial.write(bytes)
      return
    }
  }

  /// Waits until what was written has left the machine.
  static func drain() {
    shared.withValue { lock in lock.withLock { console in console.drain() } }
  }

  /// The consoles in words.
  static var summary: Message {
    shared.withValue { lock in lock.withLock { console in console.summary } } ?? Message()
  }
}

/// The consoles as a text sink.
struct ConsoleSink: TextSink {
  mutating func write(_ bytes: Span<UInt8>) {
    Consoles.write(bytes)
  }
}
