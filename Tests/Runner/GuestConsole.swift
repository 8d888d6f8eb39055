import Foundation

/// What a guest's serial port says, as it comes, without what moves cursors and colours text.
actor GuestConsole {
  /// What went wrong while something was waited for.
  enum Failure: Error {
    /// It did not come in time.
    case timeout
    /// The guest ended before.
    case ended
  }

  private var text: [UInt8] = []
  private var isEnded = false
  /// Where the next wait begins to look.
  private var position = 0
  /// An escape sequence whose end has not come.
  private var escape: [UInt8] = []

  /// Everything that was said.
  var log: String { String(decoding: text, as: UTF8.self) }

  /// What was said since the last wait.
  var unread: String { String(decoding: text[position...], as: UTF8.self) }

  func append(_ bytes: [UInt8]) {
    for byte in bytes {
      if !escape.isEmpty {
        escape.append(byte)
        // ESC [ parameters letter, or ESC and one character.
        let isCSI = escape[1] == UInt8(ascii: "[")
        if isCSI ? escape.count > 2 && (0x40...0x7e).contains(byte) : true { escape = [] }
      } else if byte == 0x1b {
        escape = [byte]
      } else if byte != 0x0d && byte != 0 {
        text.append(byte)
      }
    }
  }

  func end() { isEnded = true }

  /// Waits until the guest says something that `find` finds behind the last thing that was waited for.
  ///
  /// - Parameter find: where in the bytes it ends; nil when it is not there.
  /// - Returns: what was said up to the end of it.
  func wait(seconds: Double, for find: @Sendable (ArraySlice<UInt8>) -> Int?) async throws -> String {
    let end = ContinuousClock.now + .milliseconds(Int(seconds * 1000))
    while true {
      if let place = find(text[position...]) {
        defer { position = place }
        return String(decoding: text[position..<place], as: UTF8.self)
      }
      if isEnded { throw Failure.ended }
      guard ContinuousClock.now < end else { throw Failure.timeout }
      try await Task.sleep(for: .milliseconds(10))
    }
  }

  /// Waits until the guest says `wanted`.
  ///
  /// - Returns: what was said up to the end of it.
  func wait(seconds: Double, for wanted: String) async throws -> String {
    let wanted = Array(wanted.utf8)
    return try await wait(seconds: seconds) { bytes in bytes.firstRange(of: wanted)?.upperBound }
  }

  /// Waits until the guest ends.
  ///
  /// - Returns: whether it did.
  func waitForEnd(seconds: Double) async -> Bool {
    let end = ContinuousClock.now + .milliseconds(Int(seconds * 1000))
    while !isEnded, ContinuousClock.now < end { try? await Task.sleep(for: .milliseconds(20)) }
    return isEnded
  }

  /// Forgets what was said so far: the next wait looks behind it.
  func skip() { position = text.count }
}
