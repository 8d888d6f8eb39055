import Foundations

/// Where a program says that it has a text ended by a zero byte. Not checked until it is read.
public struct UserString: Sendable {
  /// How many bytes are read on the stack before memory is taken for more.
  private static let shortByteCount = 256

  /// The address, which may be anything.
  public let address: UInt64

  /// Names the text at `address`.
  @inline(__always)
  public init(_ address: UInt64) { self.address = address }

  /// Whether the program passed NULL.
  @inline(__always)
  public var isNull: Bool { address == 0 }

  /// Runs `body` with a copy of the text, without its zero byte. Texts of ordinary length need no memory.
  ///
  /// - Parameter limit: how many bytes it may have with its zero byte, such as PATH_MAX; at least 1.
  /// - Throws: `ENAMETOOLONG` when it is longer, `EFAULT`, `ENOMEM`, and what `body` throws.
  /// - Context: may wait, as a fault may have to.
  public func withBytes<Value>(
    limit: Int, _ body: (Span<UInt8>) throws(Errno) -> Value
  ) throws(Errno) -> Value {
    let shortLimit = min(limit, Self.shortByteCount)
    // SAFETY: the buffer is used while it lives, and filled before it is read.
    let short = unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: shortLimit) { buffer in
      unsafe use(buffer, body)
    }
    if let short { return try short.get() }
    guard limit > shortLimit else { throw .ENAMETOOLONG }
    // What was read so far is forgotten: the program may have changed it since.
    guard let memory = unsafe RawMemory.allocate(byteCount: limit, alignment: 1) else { throw .ENOMEM }
    // SAFETY: the memory is this call's until it is released, and is filled before it is read.
    defer { unsafe RawMemory.release(memory) }
    let bytes = unsafe memory.bindMemory(to: UInt8.self, capacity: limit)
    let long = unsafe use(UnsafeMutableBufferPointer(start: bytes, count: limit), body)
    guard let long else { throw .ENAMETOOLONG }
    return try long.get()
  }

  /// Fills `buffer` with the text and runs `body` with it; nil when the text has no end within.
  @inline(__always)
  private func use<Value>(
    _ buffer: UnsafeMutableBufferPointer<UInt8>, _ body: (Span<UInt8>) throws(Errno) -> Value
  ) -> Result<Value, Errno>? {
    // SAFETY: `copyString` sets the bytes up to the length that it returns; the rest is not looked at.
    var bytes = unsafe buffer.mutableSpan
    let length: Int
    do throws(Errno) {
      length = try UserMemory.copyString(from: address, into: &bytes)
    } catch {
      // A text that is too long is no failure yet; one of `body`'s is.
      return error == .ENAMETOOLONG ? nil : .failure(error)
    }
    do throws(Errno) {
      return .success(try body(bytes.span.extracting(0..<length)))
    } catch {
      return .failure(error)
    }
  }
}
