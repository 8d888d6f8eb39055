import Foundations
import Machine
import VFS

/// A directory. Its `lock` guards its entries.
final class RAMDirectory: RAMInode {
  private let entries = SpinLock(DirectoryEntries())

  init(_ owner: RAMFileSystem, _ number: UInt64, _ new: NewFile) {
    super.init(owner, number, new, linkCount: 2)
  }

  deinit {
    // A tree may be as deep as memory allows, so it is taken apart in a loop and not by recursion.
    var chain = entries.withLock { $0.takeAll() }
    while let entry = chain {
      chain = entry.nextInBucket.take()
      var inode = entry.inode.take()
      guard isKnownUniquelyReferenced(&inode), let directory = inode as? RAMDirectory else { continue }
      var children = directory.entries.withLock { $0.takeAll() }
      while let child = children {
        children = child.nextInBucket.take()
        child.nextInBucket = chain
        chain = child
      }
    }
  }

  private func isEmpty() -> Bool { entries.withLock { $0.count == 0 } }

  override func lookUp(_ name: Span<UInt8>) throws(Errno) -> Inode? {
    entries.withLock { $0.find(name)?.inode }
  }

  // MARK: Making

  private func add(_ name: Span<UInt8>, _ inode: RAMInode) throws(Errno) {
    try entries.withLock { entries throws(Errno) in try entries.add(name, inode) }
    noteSize()
  }

  /// As tmpfs counts it: 20 bytes a name. Source: observed; stat(2) leaves it open.
  private func noteSize() {
    let size = Int64(entries.withLock { $0.count }) * 20
    attributes.withLock { $0.size = size }
    noteModified()
  }

  override func create(_ name: Span<UInt8>, _ new: NewFile) throws(Errno) -> Inode {
    let inode = try owner.makeInode(new)
    try add(name, inode)
    if new.kind == .directory { noteChanged(linkDelta: 1) }
    return inode
  }

  override func createLink(_ name: Span<UInt8>, to target: Span<UInt8>, _ new: NewFile) throws(Errno) -> Inode {
    var text = GrowableArray<UInt8>()
    try text.reserveCapacity(target.count)
    for index in target.indices { try text.append(target[index]) }
    let inode = try owner.makeLink(new, target: text)
    try add(name, inode)
    return inode
  }

  override func createUnnamed(_ new: NewFile) throws(Errno) -> Inode { try owner.makeInode(new, linkCount: 0) }

  override func link(_ name: Span<UInt8>, to inode: Inode) throws(Errno) {
    guard let inode = inode as? RAMInode, inode.owner === owner else { throw .EXDEV }
    guard inode.linkCount < UInt32(Int32.max) else { throw .EMLINK }
    // The first name is the file's own; each further one counts as a file. Source: Linux mm/shmem.c, shmem_link.
    let isFurther = inode.linkCount > 0
    if isFurther { try owner.takeFiles(1) }
    do throws(Errno) {
      try add(name, inode)
    } catch {
      if isFurther { owner.giveFiles(1) }
      throw error
    }
    // The others may have gone meanwhile.
    if inode.noteChanged(linkDelta: 1) == 1, isFurther { owner.giveFiles(1) }
  }

  // MARK: Removing and moving

  override func remove(_ name: Span<UInt8>, of inode: Inode) throws(Errno) {
    if let directory = inode as? RAMDirectory, !directory.isEmpty() { throw .ENOTEMPTY }
    take(name)
    drop(inode)
  }

  private func take(_ name: Span<UInt8>) {
    let entry = entries.withLock { $0.remove(name) }
    _ = entry
    noteSize()
  }

  /// Notes that `inode` is no longer in this directory under a name that it had.
  private func drop(_ inode: Inode) {
    if inode.kind == .directory {
      inode.noteChanged(linkDelta: -2)
      noteChanged(linkDelta: -1)
    } else if inode.noteChanged(linkDelta: -1) > 0 {
      owner.giveFiles(1)
    }
  }

  override func rename(
    _ name: Span<UInt8>, of inode: Inode, to newName: Span<UInt8>, in directory: Inode, replacing replaced: Inode?
  ) throws(Errno) {
    guard let target = directory as? RAMDirectory, let moved = inode as? RAMInode else { throw .EXDEV }
    if let replaced {
      if let other = replaced as? RAMDirectory, !other.isEmpty() { throw .ENOTEMPTY }
      target.replace(newName, by: moved)
      target.drop(replaced)
      target.noteSize()
    } else {
      try target.add(newName, moved)
    }
    take(name)
    if inode.kind == .directory && target !== self {
      noteChanged(linkDelta: -1)
      target.noteChanged(linkDelta: 1)
    }
    inode.noteChanged()
  }

  private func replace(_ name: Span<UInt8>, by inode: RAMInode) {
    let old = entries.withLock { entries in
      let entry = entries.find(name)
      let old = entry?.inode
      entry?.inode = inode
      return old
    }
    _ = old
  }

  override func exchange(
    _ name: Span<UInt8>, of inode: Inode, with otherName: Span<UInt8>, of other: Inode, in directory: Inode
  ) throws(Errno) {
    guard let target = directory as? RAMDirectory, let first = inode as? RAMInode, let second = other as? RAMInode
    else { throw .EXDEV }
    replace(name, by: second)
    target.replace(otherName, by: first)
    let isMoving = (first.kind == .directory ? 1 : 0) - (second.kind == .directory ? 1 : 0)
    if target !== self && isMoving != 0 {
      noteChanged(linkDelta: Int32(-isMoving))
      target.noteChanged(linkDelta: Int32(isMoving))
    }
    noteModified()
    target.noteModified()
    first.noteChanged()
    second.noteChanged()
  }

  // MARK: Listing

  override func list(from position: Int64, into records: inout DirectoryRecords) throws(Errno) {
    // Nothing of the program's is touched, so it can be done with the lock held: nothing has to be kept for it.
    entries.withLock { $0.list(from: position, into: &records) }
  }

  override func list(
    from position: Int64, _ emit: (_ name: Span<UInt8>, UInt64, FileKind, _ next: Int64) throws(Errno) -> Bool
  ) throws(Errno) {
    var position = position
    var batch = InlineArray<16, DirectoryEntry?>(repeating: nil)
    while true {
      let count = entries.withLock { $0.entries(from: position, into: &batch) }
      guard count > 0 else { return }
      for place in 0..<count {
        guard let entry = batch[place].take() else { return }
        position = entry.position + 1
        let (number, kind) = (entry.inodeNumber, entry.kind)
        guard try entry.name.withBytes({ name throws(Errno) in try emit(name, number, kind, position) }) else { return }
      }
    }
  }
}
