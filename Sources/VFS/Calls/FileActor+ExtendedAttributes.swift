public import Foundations
import Machine
import Security
import Waiting

import enum LinuxABI.Capability

/// Extended attributes, by their namespaces. Source: xattr(7).
extension FileActor {
  /// Makes or replaces an attribute. setxattr(2).
  ///
  /// - Throws: `EPERM`, `EACCES`, `EROFS`, `EOPNOTSUPP`, `EEXIST`, `ENODATA`, `ENOSPC`.
  public func setExtendedAttribute(
    _ path: Path, _ name: Span<UInt8>, to value: Span<UInt8>, _ mode: ExtendedAttributeMode
  ) throws(Errno) {
    try checkChange(path, name)
    let inode = path.inode
    try inode.lock.withLock { () throws(Errno) in try inode.setExtendedAttribute(name, to: value, mode) }
  }

  /// Removes an attribute. removexattr(2).
  ///
  /// - Throws: `EPERM`, `EACCES`, `EROFS`, `EOPNOTSUPP`, `ENODATA`.
  public func removeExtendedAttribute(_ path: Path, _ name: Span<UInt8>) throws(Errno) {
    try checkChange(path, name)
    let inode = path.inode
    try inode.lock.withLock { () throws(Errno) in try inode.removeExtendedAttribute(name) }
  }

  /// Appends the value of an attribute to `value`. getxattr(2).
  ///
  /// - Throws: `ENODATA`, `EACCES`, `EOPNOTSUPP`.
  public func extendedAttribute(
    _ path: Path, _ name: Span<UInt8>, into value: inout GrowableArray<UInt8>
  ) throws(Errno) {
    let inode = path.inode
    switch try AttributeNamespace(of: name) {
    case .security: break
    case .trusted: guard credentials.has(.CAP_SYS_ADMIN) else { throw .ENODATA }
    case .user:
      guard inode.kind == .regular || inode.kind == .directory else { throw .ENODATA }
      try inode.check(.read, by: credentials)
    }
    try inode.extendedAttribute(name, into: &value)
  }

  /// Appends the names that the caller may know, each ended by a zero, to `names`. listxattr(2).
  ///
  /// - Throws: `ENOMEM`.
  public func listExtendedAttributes(_ path: Path, into names: inout GrowableArray<UInt8>) throws(Errno) {
    guard !credentials.has(.CAP_SYS_ADMIN) else { return try path.inode.listExtendedAttributes(into: &names) }
    var all = GrowableArray<UInt8>()
    try path.inode.listExtendedAttributes(into: &all)
    var start = 0
    for index in 0..<all.count where all[index] == 0 {
      if !all.span.extracting(start..<index).starts(with: "trusted.") {
        for place in start...index { try names.append(all[place]) }
      }
      start = index + 1
    }
  }

  private func checkChange(_ path: Path, _ name: Span<UInt8>) throws(Errno) {
    let inode = path.inode
    let namespace = try AttributeNamespace(of: name)
    try path.mount.checkWritable()
    switch namespace {
    case .security: try credentials.require(name.isEqual(to: "security.capability") ? .CAP_SETFCAP : .CAP_SYS_ADMIN)
    case .trusted: try credentials.require(.CAP_SYS_ADMIN)
    case .user:
      guard inode.kind == .regular || inode.kind == .directory else { throw .EPERM }
      let (permissions, owner) = inode.attributes.withLock { ($0.permissions, $0.user) }
      if inode.kind == .directory && permissions & Permissions.sticky != 0 {
        guard owner == credentials.users.fileSystem || credentials.has(.CAP_FOWNER) else { throw .EPERM }
      }
      try inode.check(.write, by: credentials)
    }
  }
}

/// Who may have to do with an attribute.
private enum AttributeNamespace {
  /// Whoever may read or write the file.
  case user
  /// Those with CAP_SYS_ADMIN.
  case trusted
  /// All may read it.
  case security

  /// - Throws: `EOPNOTSUPP` for another, `EINVAL` for a name without anything behind it.
  init(of name: Span<UInt8>) throws(Errno) {
    let length: Int
    if name.starts(with: "user.") {
      (self, length) = (.user, 5)
    } else if name.starts(with: "trusted.") {
      (self, length) = (.trusted, 8)
    } else if name.starts(with: "security.") {
      (self, length) = (.security, 9)
    } else {
      throw .EOPNOTSUPP
    }
    guard name.count > length else { throw .EINVAL }
  }
}
