public import Foundations
public import Machine

/// Memory that a program passed with its length, to be read from or written to. Not checked until it is used, so that a call
/// can refuse its other arguments first, as Linux does.
public struct UserBuffer: Sendable {
  /// More bytes than one call moves (`MAX_RW_COUNT`): the largest int, rounded down to a page. read(2), NOTES.
  public static let transferLimit: UInt64 = 0x7fff_f000

  /// The address, which may be anything.
  public let address: UInt64
  /// The length in bytes, which may be anything.
  public let count: UInt64

  /// Names `count` bytes at `address`.
  @inline(__always)
  public init(_ address: UInt64, count: UInt64) {
    self.address = address
    self.count = count
  }

  /// Whether the program passed NULL.
  @inline(__always)
  public var isNull: Bool { address == 0 }

  /// The memory, or as much of its beginning as one call moves.
  ///
  /// - Throws: `EFAULT` when part of the whole is not a program's, mapped or not.
  @inline(__always)
  public func bytes() throws(Errno) -> UserBytes {
    let whole = try UserBytes(address: address, count: count)
    guard count > Self.transferLimit else { return whole }
    return whole.extracting(0..<Int(Self.transferLimit))
  }

  /// The memory as a buffer to read into or to write from; otherwise as `bytes()`.
  @inline(__always)
  public func buffer() throws(Errno) -> IOBuffer { IOBuffer(try bytes()) }
}
