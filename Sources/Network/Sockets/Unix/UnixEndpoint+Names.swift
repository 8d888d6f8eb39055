import Foundations
import Machine
import Security
import Synchronization
import VFS

import enum LinuxABI.SocketType

/// Names, and finding sockets by them. unix(7).
extension UnixEndpoint {
  /// Gives it the name that `address` says. bind(2).
  ///
  /// - Parameter permissions: those of its name in the file system, before the mask.
  /// - Throws: `EINVAL` when it has one, `EADDRINUSE`, `ENOMEM`, and what making a file throws.
  func bind(_ address: SocketAddress, permissions: UInt16, by caller: SocketCaller) throws(Errno) {
    switch try UnixTarget(address) {
    case .any: try bindAutomatically()
    case .abstract:
      try checkUnnamed()
      let bytes = address.bytes
      let name = try UnixName.make(bytes.extracting(2..<bytes.count), endsWithZero: false)
      try list(name)
    case .path(let count):
      try checkUnnamed()
      let path = address.bytes.extracting(2..<2 + count)
      let name = try UnixName.make(path, endsWithZero: true)
      let made: Path
      do throws(Errno) {
        made = try caller.actor.makeNode(path, .socket, permissions: permissions)
      } catch {
        throw error == .EEXIST ? .EADDRINUSE : error
      }
      let place = UnixPlace(made, self)
      let isFirst = state.withLock { state in
        guard state.name == nil else { return false }
        (state.name, state.place) = (name, place)
        return true
      }
      if !isFirst {
        // Another thread was faster: its name counts, and this one goes.
        place.leave(self)
        try? caller.actor.remove(path, .file)
        throw .EINVAL
      }
    }
  }

  private func checkUnnamed() throws(Errno) {
    try ObjectMemory.check()
    if state.withLock({ $0.name != nil }) { throw .EINVAL }
  }

  private func list(_ name: UnixName) throws(Errno) {
    guard UnixNames.add(self, name) else { throw .EADDRINUSE }
    let isFirst = state.withLock { state in
      guard state.name == nil else { return false }
      state.name = name
      return true
    }
    if !isFirst {
      UnixNames.remove(self, name)
      throw .EINVAL
    }
  }

  /// Gives it an abstract name, if it has none: five digits.
  ///
  /// - Throws: `EADDRINUSE` when all are taken, `ENOMEM`.
  func bindAutomatically() throws(Errno) {
    if state.withLock({ $0.name != nil }) { return }
    try ObjectMemory.check()
    // Enough that there is a free one if not nearly all are taken.
    for _ in 0..<1_024 {
      let number = UnixNames.takeNumber()
      var bytes = InlineArray<6, UInt8>(repeating: 0)
      for index in 0..<5 {
        let digit = UInt8(truncatingIfNeeded: number >> UInt32((4 - index) * 4)) & 15
        bytes[index + 1] = digit < 10 ? 48 + digit : 87 + digit
      }
      let name = try UnixName.make(bytes.span, endsWithZero: false)
      do throws(Errno) {
        return try list(name)
      } catch {
        switch error {
        case .EADDRINUSE: continue
        // Another thread was faster.
        case .EINVAL: return
        default: throw error
        }
      }
    }
    throw .EADDRINUSE
  }

  /// Gives it a name if SO_PASSCRED asks for one: who gets credentials wants to answer.
  func bindIfNeeded() throws(Errno) {
    if passesCredentials.load(ordering: .relaxed) { try bindAutomatically() }
  }

  /// The socket of this type that `address` names.
  ///
  /// - Throws: `ECONNREFUSED` when there is none, `EACCES` when it may not be written to, `EPROTOTYPE` when its type is
  ///   another, and what finding a file throws.
  func find(_ address: SocketAddress, by caller: SocketCaller) throws(Errno) -> UnixEndpoint {
    switch try UnixTarget(address) {
    case .any: throw .EINVAL
    case .abstract:
      guard let found = UnixNames.find(address, type) else { throw .ECONNREFUSED }
      return found
    case .path(let count):
      let inode = try caller.actor.find(address.bytes.extracting(2..<2 + count)).inode
      try inode.check(.write, by: caller.actor.credentials)
      guard inode.kind == .socket, let found = inode.attachment.withLock({ $0 }) as? UnixEndpoint else {
        throw .ECONNREFUSED
      }
      guard found.type == type else { throw .EPROTOTYPE }
      return found
    }
  }

  /// Its address.
  var address: SocketAddress { state.withLock { $0.name }?.address ?? UnixName.unnamed }

  /// The address of the other side.
  ///
  /// - Throws: `ENOTCONN`.
  func peerAddress() throws(Errno) -> SocketAddress {
    guard let peer = state.withLock({ $0.peer }) else { throw .ENOTCONN }
    return peer.address
  }
}
