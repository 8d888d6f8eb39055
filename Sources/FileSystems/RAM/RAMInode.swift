import Foundations
import Machine
import VFS

/// A file of a memory file system, of any kind. By itself a device, a FIFO or a socket.
class RAMInode: PagedInode {
  let owner: RAMFileSystem
  private let extended = SpinLock(ExtendedAttributes())

  init(_ owner: RAMFileSystem, _ number: UInt64, _ new: NewFile, linkCount: UInt32 = 1) {
    self.owner = owner
    super.init(owner, number: number, new, linkCount: linkCount)
  }

  deinit { owner.giveFiles(1 + extended.withLock { $0.fileShare }) }

  override func extendedAttribute(_ name: Span<UInt8>, into value: inout GrowableArray<UInt8>) throws(Errno) {
    try extended.withLock { extended throws(Errno) in try extended.append(valueOf: name, to: &value) }
  }

  override func setExtendedAttribute(
    _ name: Span<UInt8>, to value: Span<UInt8>, _ mode: ExtendedAttributeMode
  ) throws(Errno) {
    var pair: ExtendedAttributes.Pair? = try ExtendedAttributes.Pair(name, value)
    try extended.withLock { extended throws(Errno) in
      if let new = pair.take() { try extended.set(new, mode, owner) }
    }
    noteChanged()
  }

  override func removeExtendedAttribute(_ name: Span<UInt8>) throws(Errno) {
    let removed = try extended.withLock { extended throws(Errno) in try extended.remove(name, owner) }
    _ = consume removed
    noteChanged()
  }

  override func listExtendedAttributes(into names: inout GrowableArray<UInt8>) throws(Errno) {
    try extended.withLock { extended throws(Errno) in try extended.append(namesTo: &names) }
  }
}

/// A symbolic link.
final class RAMLink: RAMInode {
  private let target: GrowableArray<UInt8>

  /// How many pages a target of `byteCount` bytes counts as: short ones are in the inode. Source: Linux mm/shmem.c,
  /// shmem_symlink.
  static func pageCount(of byteCount: Int) -> UInt64 { byteCount < 128 ? 0 : 1 }

  /// The pages of `target` were taken.
  init(_ owner: RAMFileSystem, _ number: UInt64, _ new: NewFile, target: consuming GrowableArray<UInt8>) {
    self.target = target
    super.init(owner, number, new)
    let size = Int64(self.target.count)
    attributes.withLock { attributes in
      attributes.size = size
      attributes.blockCount = Self.pageCount(of: Int(size)) * 8
    }
  }

  deinit { owner.givePages(Self.pageCount(of: target.count)) }

  override func readLink(into text: inout GrowableArray<UInt8>) throws(Errno) {
    try text.reserveCapacity(text.count + target.count)
    for index in 0..<target.count { try text.append(target[index]) }
  }
}
