import Foundations
import Machine

/// An address of AF_NETLINK: `struct sockaddr_nl`. netlink(7).
struct NetlinkAddress: Equatable, Sendable {
  /// AF_NETLINK.
  static let family: UInt16 = 16
  /// Bytes of `struct sockaddr_nl`.
  static let byteCount = 12

  /// The socket's number: 0 for the kernel's, and for none.
  var port: UInt32
  /// A bit for each group of listeners, the lowest for group 1.
  var groups: UInt32

  /// An address of everything given.
  init(port: UInt32, groups: UInt32) { (self.port, self.groups) = (port, groups) }

  /// The address of group number `group`, or of none if that is 0.
  init(port: UInt32, group: UInt32) {
    self.port = port
    groups = group == 0 ? 0 : 1 << (group - 1)
  }

  /// Takes it from what a program passed.
  ///
  /// - Throws: `EINVAL` for one of another family or that is too short.
  init(_ address: borrowing SocketAddress) throws(Errno) {
    guard address.count >= Self.byteCount, address.family == Self.family else { throw .EINVAL }
    let bytes = address.bytes
    (port, groups) = (bytes.load(UInt32.self, at: 4), bytes.load(UInt32.self, at: 8))
  }

  /// The group that is sent to: of several the first, as on Linux; 0 for none.
  var group: UInt32 { groups == 0 ? 0 : UInt32(groups.trailingZeroBitCount) + 1 }

  /// As programs are told it.
  var socketAddress: SocketAddress {
    var data = InlineArray<10, UInt8>(repeating: 0)
    for index in 0..<4 {
      data[index + 2] = UInt8(truncatingIfNeeded: port >> UInt32(index * 8))
      data[index + 6] = UInt8(truncatingIfNeeded: groups >> UInt32(index * 8))
    }
    return SocketAddress(family: Self.family, data.span)
  }
}
