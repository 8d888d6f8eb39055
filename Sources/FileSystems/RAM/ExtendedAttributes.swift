import Foundations
import Machine
import VFS

/// A file's extended attributes. Source: xattr(7).
struct ExtendedAttributes: ~Copyable {
  /// A name and its value.
  struct Pair: ~Copyable {
    let name: GrowableArray<UInt8>
    let value: GrowableArray<UInt8>

    init(_ name: Span<UInt8>, _ value: Span<UInt8>) throws(Errno) {
      let nameCopy = try Self.copy(name)
      let valueCopy = try Self.copy(value)
      self.name = nameCopy
      self.value = valueCopy
    }

    static func copy(_ bytes: Span<UInt8>) throws(Errno) -> GrowableArray<UInt8> {
      var result = GrowableArray<UInt8>()
      try result.reserveCapacity(bytes.count)
      for index in bytes.indices { try result.append(bytes[index]) }
      return result
    }

    func isNamed(_ other: Span<UInt8>) -> Bool {
      guard name.count == other.count else { return false }
      for index in 0..<name.count where name[index] != other[index] { return false }
      return true
    }
  }

  /// More bytes of names and values than one file has: a block, as in other file systems with a limit.
  static let limit = 65_536

  private var pairs = GrowableArray<Pair>()
  private var byteCount = 0

  init() {}

  /// As how many files they count, so that their memory has a limit, too. Source: Linux mm/shmem.c, BOGO_INODE_SIZE.
  var fileShare: UInt64 { Self.fileShare(byteCount) }

  private static func fileShare(_ byteCount: Int) -> UInt64 { UInt64(byteCount + 1_023) / 1_024 }

  private func index(of name: Span<UInt8>) -> Int? {
    for index in 0..<pairs.count where pairs[index].isNamed(name) { return index }
    return nil
  }

  /// Appends the value of `name` to `bytes`.
  ///
  /// - Throws: `ENODATA`, `ENOMEM`.
  func append(valueOf name: Span<UInt8>, to bytes: inout GrowableArray<UInt8>) throws(Errno) {
    guard let index = index(of: name) else { throw .ENODATA }
    for place in 0..<pairs[index].value.count { try bytes.append(pairs[index].value[place]) }
  }

  /// Makes or replaces, if `owner` has room for it.
  ///
  /// - Throws: `EEXIST`, `ENODATA`, `ENOSPC`, `ENOMEM`.
  mutating func set(
    _ pair: consuming Pair, _ mode: ExtendedAttributeMode, _ owner: RAMFileSystem
  ) throws(Errno) {
    let found = index(of: pair.name.span)
    if found != nil && mode == .make { throw .EEXIST }
    if found == nil && mode == .replace { throw .ENODATA }
    let oldCount = found.map { pairs[$0].value.count + pairs[$0].name.count } ?? 0
    let newCount = byteCount - oldCount + pair.name.count + pair.value.count
    guard newCount <= Self.limit else { throw .ENOSPC }
    let (old, new) = (fileShare, Self.fileShare(newCount))
    if new > old { try owner.takeFiles(new - old) }
    if let found {
      pairs[found] = pair
    } else {
      do throws(Errno) {
        try pairs.append(pair)
      } catch {
        if new > old { owner.giveFiles(new - old) }
        throw error
      }
    }
    byteCount = newCount
    if new < old { owner.giveFiles(old - new) }
  }

  /// Removes, and gives back to `owner` what it took.
  ///
  /// - Throws: `ENODATA`.
  mutating func remove(_ name: Span<UInt8>, _ owner: RAMFileSystem) throws(Errno) -> Pair {
    guard let index = index(of: name) else { throw .ENODATA }
    let old = fileShare
    byteCount -= pairs[index].value.count + pairs[index].name.count
    owner.giveFiles(old - fileShare)
    return pairs.remove(at: index)
  }

  /// Appends all names, each with a zero behind it, to `bytes`.
  ///
  /// - Throws: `ENOMEM`.
  func append(namesTo bytes: inout GrowableArray<UInt8>) throws(Errno) {
    for index in 0..<pairs.count {
      for place in 0..<pairs[index].name.count { try bytes.append(pairs[index].name[place]) }
      try bytes.append(0)
    }
  }
}
