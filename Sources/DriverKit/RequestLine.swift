import Foundations
import Machine

/// What is wanted of a device: what waits for its driver, and what the driver has begun.
final class RequestLine {
  /// How many may wait.
  private static var limit: Int { 1024 }
  /// How often a request is tried before it fails.
  private static var attemptLimit: Int { 3 }

  private struct Lines: ~Copyable {
    var waiting = GrowableArray<DriverRequest>()
    var begun = GrowableArray<DriverRequest>()
    var isOpen = true
    var closingError = Errno.ENODEV
  }

  private let lines = SpinLock(Lines())

  /// Adds a request.
  ///
  /// - Throws: `EBUSY` when too many wait, `ENOMEM`, and why none is taken any more.
  /// - Context: any thread.
  func add(_ request: DriverRequest) throws(Errno) {
    try lines.withLock { lines throws(Errno) in
      guard lines.isOpen else { throw lines.closingError }
      guard lines.waiting.count < Self.limit else { throw .EBUSY }
      try lines.waiting.append(request)
    }
  }

  /// The next request for the driver, which is on record as begun until it has ended.
  ///
  /// - Context: the device's thread.
  func take() -> DriverRequest? {
    lines.withLock { lines in
      Self.forgetEnded(&lines.begun)
      guard lines.waiting.count > 0 else { return nil }
      // Without memory to note it, it waits.
      do throws(Errno) { try lines.begun.append(lines.waiting[0]) } catch { return nil }
      return lines.waiting.remove(at: 0)
    }
  }

  private static func forgetEnded(_ begun: inout GrowableArray<DriverRequest>) {
    var index = 0
    while index < begun.count {
      if begun[index].outcome != nil { _ = begun.remove(at: index) } else { index += 1 }
    }
  }

  /// Lets what was begun wait again, before the rest, as far as it may be repeated; what may not fails with `EIO`.
  ///
  /// - Context: the device's thread; the driver that had begun it is no more.
  func takeBack() {
    while let request = takeLastBegun() {
      guard request.outcome == nil else { continue }
      guard request.isRepeatable, request.noteAttempt() < Self.attemptLimit, putFirst(request) else {
        request.complete(.failure(.EIO))
        continue
      }
    }
  }

  private func takeLastBegun() -> DriverRequest? {
    lines.withLock { $0.begun.popLast() }
  }

  private func putFirst(_ request: DriverRequest) -> Bool {
    lines.withLock { lines in
      do throws(Errno) {
        try lines.waiting.insert(request, at: 0)
        return true
      } catch {
        return false
      }
    }
  }

  /// Takes requests again, after they were failed.
  func reopen() { lines.withLock { $0.isOpen = true } }

  /// Fails all of them, and those that come.
  func failAll(_ error: Errno) {
    lines.withLock { ($0.isOpen, $0.closingError) = (false, error) }
    while true {
      let request: DriverRequest? = lines.withLock { lines in
        if let begun = lines.begun.popLast() { return begun }
        return lines.waiting.popLast()
      }
      guard let request else { return }
      request.complete(.failure(error))
    }
  }
}
