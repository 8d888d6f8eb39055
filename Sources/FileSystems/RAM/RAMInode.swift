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

  deinit { owner.noteInodeGone() }

  override func extendedAttribute(_ name: Span<UInt8>, into value: inout GrowableArray<UInt8>) throws(Errno) {
    try extended.withLock { extended throws(Errno) in try extended.append(valueOf: name, to: &value) }
  }

  override func setExtendedAttribute(
    _ name: Span<UInt8>, to value: Span<UInt8>, _ mode: ExtendedAttributeMode
  ) throws(Errno) {
    var pair: ExtendedAttributes.Pair? = try ExtendedAttributes.Pair(name, value)
    try extended.withLock { extended throws(Errno) in
      if let new = pair.take() { try extended.set(new, mode) }
    }
    noteChanged()
  }

  override func removeExtendedAttribute(_ name: Span<UInt8>) throws(Errno) {
    let removed = try extended.withLock { extended throws(Errno) in try extended.remove(name) }
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

  init(_ owner: RAMFileSystem, _ number: UInt64, _ new: NewFile, target: consuming GrowableArray<UInt8>) {
    self.target = target
    super.init(owner, number, new)
    let size = Int64(self.target.count)
    attributes.withLock { attributes in
      attributes.size = size
      // As tmpfs counts: short ones are in the inode, others have a page.
      attributes.blockCount = size < 128 ? 0 : 8
    }
  }

  override func readLink(into text: inout GrowableArray<UInt8>) throws(Errno) {
    try text.reserveCapacity(text.count + target.count)
    for index in 0..<target.count { try text.append(target[index]) }
  }
}
