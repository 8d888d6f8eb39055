import Foundations
import LinuxABI
import Machine
import Processes
import VFS

/// getxattr(2) and its relatives.
extension SystemCallContext {
  // MARK: Setting

  /// setxattr(2)
  func setxattr(
    _ path: UserPath, _ name: UserString, _ value: UserBuffer, _ flags: ExtendedAttributeFlags
  ) throws(Errno) { try set(find(path), name, value, flags) }

  /// lsetxattr(2)
  func lsetxattr(
    _ path: UserPath, _ name: UserString, _ value: UserBuffer, _ flags: ExtendedAttributeFlags
  ) throws(Errno) { try set(findLink(path), name, value, flags) }

  /// fsetxattr(2)
  func fsetxattr(
    _ descriptor: Int32, _ name: UserString, _ value: UserBuffer, _ flags: ExtendedAttributeFlags
  ) throws(Errno) { try set(usableFile(descriptor).path, name, value, flags) }

  private func set(
    _ path: Path, _ name: UserString, _ value: UserBuffer, _ flags: ExtendedAttributeFlags
  ) throws(Errno) {
    let mode: ExtendedAttributeMode
    switch flags {
    case []: mode = .makeOrReplace
    case .XATTR_CREATE: mode = .make
    case .XATTR_REPLACE: mode = .replace
    // An attribute that must not exist and must exist: Linux looks for the second first.
    default: throw .EINVAL
    }
    try name.withAttributeName { name throws(Errno) in
      guard value.count <= UInt64(Self.valueLimit) else { throw .E2BIG }
      let memory = try value.bytes()
      var bytes = GrowableArray<UInt8>()
      try bytes.resize(to: memory.count, filledWith: 0)
      var span = bytes.mutableSpan
      guard memory.read(into: &span) == memory.count else { throw .EFAULT }
      try task.actor.setExtendedAttribute(path, name, to: bytes.span, mode)
    }
  }

  /// The largest value (`XATTR_SIZE_MAX`), and the longest list of names (`XATTR_LIST_MAX`).
  private static var valueLimit: Int { 65_536 }

  // MARK: Getting

  /// getxattr(2)
  func getxattr(_ path: UserPath, _ name: UserString, _ value: UserBuffer) throws(Errno) -> Int {
    try get(find(path), name, value)
  }

  /// lgetxattr(2)
  func lgetxattr(_ path: UserPath, _ name: UserString, _ value: UserBuffer) throws(Errno) -> Int {
    try get(findLink(path), name, value)
  }

  /// fgetxattr(2)
  func fgetxattr(_ descriptor: Int32, _ name: UserString, _ value: UserBuffer) throws(Errno) -> Int {
    try get(usableFile(descriptor).path, name, value)
  }

  private func get(_ path: Path, _ name: UserString, _ value: UserBuffer) throws(Errno) -> Int {
    var bytes = GrowableArray<UInt8>()
    try name.withAttributeName { name throws(Errno) in
      try task.actor.extendedAttribute(path, name, into: &bytes)
    }
    return try Self.store(bytes.span, in: value)
  }

  /// listxattr(2)
  func listxattr(_ path: UserPath, _ list: UserBuffer) throws(Errno) -> Int { try self.list(find(path), list) }

  /// llistxattr(2)
  func llistxattr(_ path: UserPath, _ list: UserBuffer) throws(Errno) -> Int { try self.list(findLink(path), list) }

  /// flistxattr(2)
  func flistxattr(_ descriptor: Int32, _ list: UserBuffer) throws(Errno) -> Int {
    try self.list(usableFile(descriptor).path, list)
  }

  private func list(_ path: Path, _ list: UserBuffer) throws(Errno) -> Int {
    var names = GrowableArray<UInt8>()
    try task.actor.listExtendedAttributes(path, into: &names)
    return try Self.store(names.span, in: list)
  }

  /// Stores `bytes`, or only tells how many there are if the program has no room.
  ///
  /// - Throws: `ERANGE` when it has some, but too little; `EFAULT`.
  private static func store(_ bytes: Span<UInt8>, in buffer: UserBuffer) throws(Errno) -> Int {
    guard buffer.count > 0 else { return bytes.count }
    guard UInt64(bytes.count) <= buffer.count else { throw .ERANGE }
    try UserMemory.copyOut(bytes, to: buffer.address)
    return bytes.count
  }

  // MARK: Removing

  /// removexattr(2)
  func removexattr(_ path: UserPath, _ name: UserString) throws(Errno) { try remove(find(path), name) }

  /// lremovexattr(2)
  func lremovexattr(_ path: UserPath, _ name: UserString) throws(Errno) { try remove(findLink(path), name) }

  /// fremovexattr(2)
  func fremovexattr(_ descriptor: Int32, _ name: UserString) throws(Errno) {
    try remove(usableFile(descriptor).path, name)
  }

  private func remove(_ path: Path, _ name: UserString) throws(Errno) {
    try name.withAttributeName { name throws(Errno) in try task.actor.removeExtendedAttribute(path, name) }
  }
}

extension UserString {
  /// Runs `body` with the name of an attribute.
  ///
  /// - Throws: `ERANGE` for an empty name and for one of more than 255 bytes, `EFAULT`, and what `body` throws.
  fileprivate func withAttributeName(_ body: (Span<UInt8>) throws(Errno) -> Void) throws(Errno) {
    // A failure of `body` is told apart from one of the name.
    var failure: Errno?
    do throws(Errno) {
      try withBytes(limit: 256) { name throws(Errno) in
        do throws(Errno) {
          guard !name.isEmpty else { throw .ERANGE }
          try body(name)
        } catch { failure = error }
      }
    } catch { throw error == .ENAMETOOLONG ? .ERANGE : error }
    if let failure { throw failure }
  }
}
