public import Foundations
import Machine

/// An address of whatever family, as programs pass it, as long as `struct sockaddr_storage` at most.
///
/// Source: sockaddr(3type).
public struct SocketAddress: Sendable {
  /// Bytes of the longest address.
  public static let limit = 128

  private var storage = InlineArray<128, UInt8>(repeating: 0)
  /// How many bytes it has; 0 for no address.
  public private(set) var count = 0

  /// No address.
  public init() {}

  /// The address with the given bytes.
  ///
  /// - Throws: `EINVAL` when there are too many.
  public init(_ bytes: Span<UInt8>) throws(Errno) {
    guard bytes.count <= Self.limit else { throw .EINVAL }
    for index in 0..<bytes.count { storage[index] = bytes[index] }
    count = bytes.count
  }

  /// An address of `family` with `data` behind it, cut to what there is room for.
  public init(family: UInt16, _ data: Span<UInt8>) {
    (storage[0], storage[1]) = (UInt8(truncatingIfNeeded: family), UInt8(truncatingIfNeeded: family >> 8))
    count = 2 + min(data.count, Self.limit - 2)
    for index in 2..<count { storage[index] = data[index - 2] }
  }

  /// Whether there is none.
  public var isEmpty: Bool { count == 0 }

  /// Its family; 0, AF_UNSPEC, for one that is too short to say.
  public var family: UInt16 { count < 2 ? 0 : UInt16(storage[0]) | UInt16(storage[1]) << 8 }

  /// Adds a zero byte, if there is room.
  mutating func appendZero() {
    guard count < Self.limit else { return }
    storage[count] = 0
    count += 1
  }

  /// The bytes.
  public var bytes: Span<UInt8> {
    @_lifetime(borrow self) get { storage.span.extracting(0..<count) }
  }
}
