public import Foundations
public import Machine
public import PageCache
import Security
public import VirtualMemory
import Waiting

import enum LinuxABI.Capability

/// What an ordinary file needs of its inode so that its content is the page cache's: derived from by file systems.
open class PagedInode: Inode {
  /// The pages.
  ///
  /// - Throws: `ENOMEM`, `ENFILE`, when they are made with the first use.
  open func pages() throws(Errno) -> CachedFile { throw .EIO }

  /// The longest size.
  open var sizeLimit: Int64 { .max }

  /// Told before bytes in `range` are written, so that the provider has the pages then: `pageCount` includes them, and
  /// on a disk there is room.
  ///
  /// - Throws: `ENOSPC`, `EFBIG`, `EPERM` for what is sealed.
  /// - Context: `lock` is held.
  open func prepareToWrite(_ range: Range<Int64>) throws(Errno) {}

  /// Frees what lies in `range`, which then reads as zeros.
  ///
  /// - Context: `lock` is held.
  open func punchHole(_ range: Range<Int64>) throws(Errno) { throw .EOPNOTSUPP }

  /// Takes room for `range`.
  ///
  /// - Parameter isKilled: asked after every few pages whether the caller is on its way out.
  /// - Throws: `EOPNOTSUPP`, `ENOSPC`, `EINTR`: nothing behind the old end is taken then.
  /// - Context: `lock` is held.
  open func reserve(_ range: Range<Int64>, unless isKilled: () -> Bool) throws(Errno) { throw .EOPNOTSUPP }

  /// The size. Read without the lock it may change at once.
  @inline(__always)
  public var size: Int64 { attributes.withLock { $0.size } }

  open override func open(_ request: OpenRequest) throws(Errno) -> OpenFile {
    if kind == .regular { return try RegularFile(request, self) }
    return try super.open(request)
  }
}

/// An open ordinary file, whose content is in the page cache.
open class RegularFile: OpenFile {
  private let content: PagedInode
  private var readAhead = ReadAhead()

  /// Opens `inode`.
  public init(_ request: OpenRequest, _ inode: PagedInode) throws(Errno) {
    content = inode
    try super.init(request, inode)
  }

  open override var isSeekable: Bool { true }

  open override func readContent(_ buffer: inout IOBuffer, at offset: Int64) throws(Errno) -> Int {
    let size = content.size
    guard offset < size, buffer.remaining > 0 else { return 0 }
    AccessTimes.note(path, flags)
    let pages = try content.pages()
    var position = offset
    let end = min(size, offset.addingReportingOverflow(Int64(buffer.remaining)).partialValue)
    do throws(Errno) {
      while position < end {
        let start = Int(position & 4095)
        let wanted = start..<min(4096, start + Int(end - position))
        let moved = try readPage(UInt64(position >> 12), wanted, pages, &buffer)
        position += Int64(moved)
        if moved < wanted.count { break }
      }
    } catch {
      if position == offset { throw error }
    }
    return Int(position - offset)
  }

  private func readPage(
    _ page: UInt64, _ range: Range<Int>, _ pages: CachedFile, _ buffer: inout IOBuffer
  ) throws(Errno) -> Int {
    if !pages.provider.isBacked {
      // What was never written takes no memory when it is read.
      guard let frame = pages.residentPage(page) else { return try buffer.writeZeros(range.count) }
      return try buffer.write(frame, range)
    }
    let frame = try pages.page(page)
    return try buffer.write(frame, range)
  }

  open override func writeContent(
    _ buffer: inout IOBuffer, at offset: inout Int64, sizeLimit: UInt64
  ) throws(Errno) -> Int {
    guard buffer.remaining > 0 else { return 0 }
    content.lock.lock()
    defer { content.lock.unlock() }
    if flags.contains(.O_APPEND) { offset = content.size }
    let limit = min(content.sizeLimit, Int64(clamping: sizeLimit))
    guard offset < limit else { throw .EFBIG }
    buffer.limit(to: Int(min(limit - offset, Int64(buffer.remaining))))
    let pages = try content.pages()
    dropPrivileges()
    let first = offset
    do throws(Errno) {
      while buffer.remaining > 0 {
        let start = Int(offset & 4095)
        let range = start..<min(4096, start + buffer.remaining)
        try content.prepareToWrite(offset..<offset + Int64(range.count))
        let moved = try writePage(UInt64(offset >> 12), range, pages, &buffer)
        offset += Int64(moved)
        let end = offset
        content.attributes.withLock { $0.size = max($0.size, end) }
        if moved < range.count { break }
      }
    } catch {
      if offset == first { throw error }
    }
    content.noteModified()
    if flags.contains(.O_DSYNC), pages.provider.isBacked {
      try pages.writeBack(UInt64(first >> 12)..<UInt64((offset + 4095) >> 12))
    }
    return Int(offset - first)
  }

  private func writePage(
    _ page: UInt64, _ range: Range<Int>, _ pages: CachedFile, _ buffer: inout IOBuffer
  ) throws(Errno) -> Int {
    if range.count == 4096 {
      // A whole page is not read first. One that cannot be filled is as if it had not been touched.
      try pages.replacePage(page) { frame throws(Errno) in
        guard try buffer.read(into: frame, range) == 4096 else { throw .EFAULT }
      }
      return 4096
    }
    let frame = try pages.page(page)
    let moved = try buffer.read(into: frame, range)
    pages.markDirty(page, frame)
    return moved
  }

  /// Whoever writes into a program takes its privileges from it. Source: write(2), "set-user-ID".
  private func dropPrivileges() {
    let isPrivileged = content.attributes.withLock {
      $0.permissions & (Permissions.setUser | Permissions.setGroup) != 0
    }
    guard isPrivileged, !credentials.has(.CAP_FSETID) else { return }
    content.attributes.withLock { $0.permissions = Privileges.without($0.permissions) }
  }

  open override func find(_ landmark: Landmark, from offset: Int64) throws(Errno) -> Int64 {
    let pages = try content.pages()
    guard !pages.provider.isBacked else { return try super.find(landmark, from: offset) }
    let size = content.size
    var page = UInt64(offset >> 12)
    switch landmark {
    case .data:
      guard let next = pages.nextResident(from: page), Int64(next) << 12 < size else { throw .ENXIO }
      return max(offset, Int64(next) << 12)
    case .hole:
      while pages.nextResident(from: page) == page { page += 1 }
      return min(size, max(offset, Int64(page) << 12))
    }
  }

  open override func mappedObject() throws(Errno) -> MappedObject { FileMapping(self, try content.pages()) }

  open override func synchronize(dataOnly: Bool) throws(Errno) {
    let pages = try content.pages()
    if pages.provider.isBacked { try pages.writeBack() }
  }

  open override func allocate(
    _ range: Range<Int64>, _ way: AllocationWay, sizeLimit: UInt64 = .max, unless isKilled: () -> Bool = { false }
  ) throws(Errno) {
    guard mode.contains(.write) else { throw .EBADF }
    try path.mount.checkWritable()
    content.lock.lock()
    defer { content.lock.unlock() }
    guard range.upperBound <= content.sizeLimit else { throw .EFBIG }
    if way == .reserve || way == .clear { try content.checkGrowth(to: range.upperBound, limit: sizeLimit) }
    switch way {
    case .reserve, .reserveKeepingSize:
      try content.reserve(range, unless: isKilled)
    case .punchHole: try content.punchHole(range)
    case .clear, .clearKeepingSize:
      try content.punchHole(range)
      try content.reserve(range, unless: isKilled)
    }
    if way == .reserve || way == .clear, range.upperBound > content.size { try content.setSize(range.upperBound) }
    content.noteModified()
  }
}

/// A file in programs' memory: it keeps the file open for as long as it is mapped.
public final class FileMapping: MappedFile {
  /// The file.
  public let openFile: OpenFile

  init(_ openFile: OpenFile, _ pages: CachedFile) {
    self.openFile = openFile
    super.init(pages)
  }

  public override func punchHole(_ pages: Range<UInt64>) throws(Errno) {
    // No file has more pages.
    let limit = UInt64(Int64.max) >> 12
    let (first, end) = (min(pages.lowerBound, limit), min(pages.upperBound, limit))
    try openFile.allocate(Int64(first) << 12..<Int64(end) << 12, .punchHole)
  }
}

/// Set-user-ID and set-group-ID.
enum Privileges {
  /// Permissions without them. Set-group-ID on what the group may not execute is no privilege.
  static func without(_ permissions: UInt16) -> UInt16 {
    var result = permissions & ~Permissions.setUser
    if permissions & 0o010 != 0 { result &= ~Permissions.setGroup }
    return result
  }
}

extension Inode {
  /// Takes set-user-ID and set-group-ID from a file whose size somebody changes who may not set them.
  func dropPrivileges(unlessMayKeep credentials: borrowing Credentials) {
    guard !credentials.has(.CAP_FSETID) else { return }
    attributes.withLock { $0.permissions = Privileges.without($0.permissions) }
  }
}
