public import Foundations
import Machine
public import VFS

/// Reading and writing with a test's arrays.
extension OpenFile {
  /// How many of `bytes` are written at the file's position.
  public func write(_ bytes: [UInt8]) throws(Errno) -> Int {
    try IOBuffer.withBuffer(draining: bytes.span) { buffer throws(Errno) in try write(&buffer) }
  }

  /// How many of `bytes` are written at `offset`.
  public func write(_ bytes: [UInt8], at offset: Int64) throws(Errno) -> Int {
    try IOBuffer.withBuffer(draining: bytes.span) { buffer throws(Errno) in try write(&buffer, at: offset) }
  }

  /// How many bytes of `text` are written at the file's position.
  @discardableResult
  public func write(_ text: String) throws(Errno) -> Int { try write(Array(text.utf8)) }

  /// At most `count` bytes from the file's position on.
  public func read(_ count: Int) throws(Errno) -> [UInt8] {
    var bytes = [UInt8](repeating: 0xee, count: count)
    var span = bytes.mutableSpan
    let moved = try IOBuffer.withBuffer(filling: &span) { buffer throws(Errno) in try read(&buffer) }
    return Array(bytes[..<moved])
  }

  /// At most `count` bytes from `offset` on.
  public func read(_ count: Int, at offset: Int64) throws(Errno) -> [UInt8] {
    var bytes = [UInt8](repeating: 0xee, count: count)
    var span = bytes.mutableSpan
    let moved = try IOBuffer.withBuffer(filling: &span) { buffer throws(Errno) in try read(&buffer, at: offset) }
    return Array(bytes[..<moved])
  }

  /// At most `count` bytes as text.
  public func readText(_ count: Int) throws(Errno) -> String { String(decoding: try read(count), as: UTF8.self) }
}
