import Foundations
import Machine
import VFS

import enum LinuxABI.SocketType

/// The name of a socket: what stands in `sun_path`. unix(7), "Address format".
final class UnixName {
  /// AF_UNIX.
  static let family: UInt16 = 1
  /// Bytes of `sun_path`.
  static let pathLimit = 108

  /// The address with it: a path with a zero byte at its end, or a zero byte and an abstract name.
  let address: SocketAddress

  private init(_ address: SocketAddress) { self.address = address }

  /// The name with the given bytes.
  ///
  /// - Throws: `ENOMEM`.
  static func make(_ bytes: Span<UInt8>, endsWithZero: Bool) throws(Errno) -> UnixName {
    try ObjectMemory.check()
    var address = SocketAddress(family: family, bytes)
    if endsWithZero { address.appendZero() }
    return UnixName(address)
  }

  /// Whether it is in the file system.
  var isPath: Bool {
    let address = address
    return address.count > 2 && address.bytes[2] != 0
  }

  /// The address of a socket without a name.
  static var unnamed: SocketAddress { SocketAddress(family: family, Span()) }
}

/// What an address says, checked.
enum UnixTarget {
  /// Any name that is free. Source: unix(7), "Autobind feature".
  case any
  /// A path of so many bytes, without its zero.
  case path(Int)
  /// An abstract name: everything behind the family.
  case abstract

  /// Takes it from `address`.
  ///
  /// - Throws: `EINVAL` for one of another family, or that is too long or too short.
  init(_ address: borrowing SocketAddress) throws(Errno) {
    let count = address.count
    guard count >= 2, count <= 2 + UnixName.pathLimit, address.family == UnixName.family else { throw .EINVAL }
    guard count > 2 else {
      self = .any
      return
    }
    let bytes = address.bytes
    guard bytes[2] != 0 else {
      self = .abstract
      return
    }
    var end = 2
    while end < count && bytes[end] != 0 { end += 1 }
    self = .path(end - 2)
  }
}

/// The abstract names. Sockets of different types may have the same.
enum UnixNames {
  private struct Table: ~Copyable {
    /// Chains of sockets, by `nextListed`; none before `start`.
    var chains = GrowableArray<UnixEndpoint?>()
    var nextAutomatic: UInt32 = 0
  }

  private static let chainCount = 64
  private static let table = SpinLock(Table())

  /// Makes room for names.
  ///
  /// - Throws: `ENOMEM`.
  static func start() throws(Errno) {
    try table.withLock { table throws(Errno) in try table.chains.resize(to: chainCount, filledWith: nil) }
  }

  private static func chain(_ address: borrowing SocketAddress, _ type: SocketType) -> Int {
    var hash: UInt32 = 2_166_136_261
    let bytes = address.bytes
    for index in 0..<bytes.count { hash = (hash ^ UInt32(bytes[index])) &* 16_777_619 }
    return Int((hash ^ hash >> 16 ^ UInt32(truncatingIfNeeded: type.rawValue)) % UInt32(chainCount))
  }

  private static func isSame(_ one: borrowing SocketAddress, _ other: borrowing SocketAddress) -> Bool {
    let (bytes, count) = (one.bytes, one.count)
    guard count == other.count else { return false }
    let others = other.bytes
    for index in 0..<count where bytes[index] != others[index] { return false }
    return true
  }

  private static func find(
    _ table: borrowing Table, _ chain: Int, _ address: borrowing SocketAddress, _ type: SocketType
  ) -> UnixEndpoint? {
    var next = table.chains[chain]
    while let endpoint = next {
      if endpoint.type == type, let name = endpoint.listedName, isSame(name.address, address) { return endpoint }
      next = endpoint.nextListed
    }
    return nil
  }

  /// The socket of a type that has the abstract name in `address`.
  static func find(_ address: SocketAddress, _ type: SocketType) -> UnixEndpoint? {
    let chain = chain(address, type)
    return table.withLock { find($0, chain, address, type) }
  }

  /// Lists `endpoint` under `name`.
  ///
  /// - Returns: whether the name was free.
  static func add(_ endpoint: UnixEndpoint, _ name: UnixName) -> Bool {
    let chain = chain(name.address, endpoint.type)
    return table.withLock { table in
      guard find(table, chain, name.address, endpoint.type) == nil else { return false }
      endpoint.listedName = name
      endpoint.nextListed = table.chains[chain]
      table.chains[chain] = endpoint
      return true
    }
  }

  /// Ends what `add` began, if it did.
  static func remove(_ endpoint: UnixEndpoint, _ name: UnixName) {
    let chain = chain(name.address, endpoint.type)
    table.withLock { table in
      guard endpoint.listedName != nil else { return }
      endpoint.listedName = nil
      let following = endpoint.nextListed.take()
      if table.chains[chain] === endpoint {
        table.chains[chain] = following
        return
      }
      var previous = table.chains[chain]
      while let entry = previous, entry.nextListed !== endpoint { previous = entry.nextListed }
      previous?.nextListed = following
    }
  }

  /// A number for a name that nobody asked for: five digits of base 16, each used once in a while.
  static func takeNumber() -> UInt32 {
    table.withLock { table in
      table.nextAutomatic = (table.nextAutomatic + 1) & 0xf_ffff
      return table.nextAutomatic
    }
  }
}
