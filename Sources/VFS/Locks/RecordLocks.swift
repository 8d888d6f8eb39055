import Foundations
import Machine

/// Who holds an advisory lock.
public struct LockOwner: Equatable, Sendable {
  private let identity: ObjectIdentifier

  /// All tasks that share these descriptors: fcntl(2), F_SETLK.
  init(_ descriptors: DescriptorTable) { identity = ObjectIdentifier(descriptors) }

  /// An open file: flock(2), and fcntl(2), F_OFD_SETLK.
  init(_ file: OpenFile) { identity = ObjectIdentifier(file) }
}

/// An advisory lock upon a range of a file. Source: fcntl(2), "Advisory record locking".
public struct RecordLock: Equatable, Sendable {
  /// Who else may have one.
  public enum Kind: Sendable {
    /// Others that are shared. F_RDLCK.
    case shared
    /// Nobody. F_WRLCK.
    case exclusive
  }

  /// Who else may have one upon the range.
  public var kind: Kind
  /// The first byte.
  public var first: Int64
  /// The last byte; the largest number for all bytes that there may ever be.
  public var last: Int64
  /// The process that is told of: -1 for a lock of an open file.
  public var process: Int32
  let owner: LockOwner

  func overlaps(_ other: RecordLock) -> Bool { first <= other.last && other.first <= last }

  func conflicts(with other: RecordLock) -> Bool {
    owner != other.owner && (kind == .exclusive || other.kind == .exclusive) && overlaps(other)
  }
}

/// The record locks of a file. Those of one owner do not overlap, and do not touch if they are of one kind.
struct RecordLocks: ~Copyable {
  private var locks = GrowableArray<RecordLock>()

  /// Whether there are none.
  var isEmpty: Bool { locks.isEmpty }

  /// The lock that keeps somebody from having `wanted`: of several, the one that begins first.
  func conflict(with wanted: RecordLock) -> RecordLock? {
    var found: RecordLock?
    for index in 0..<locks.count where locks[index].conflicts(with: wanted) {
      if let old = found, old.first <= locks[index].first { continue }
      found = locks[index]
    }
    return found
  }

  /// Gives its owner `lock` instead of what it has there; no conflict is looked for.
  ///
  /// - Throws: `ENOLCK` when there is no memory.
  mutating func set(_ lock: RecordLock) throws(Errno) {
    // All that can be needed: what is left of a lock that is cut in two, and the new one.
    do throws(Errno) { try locks.reserveCapacity(locks.count + 2) } catch { throw .ENOLCK }
    // Those that touch it go into it: of one owner and kind none touches another, so none comes to by that.
    var new = lock
    keep { old in
      guard old.owner == new.owner, old.kind == new.kind, Self.touch(old, new) else { return true }
      (new.first, new.last) = (min(old.first, new.first), max(old.last, new.last))
      return false
    }
    cut(new)
    try locks.append(new)
  }

  /// Takes the range of `lock` from its owner.
  ///
  /// - Throws: `ENOLCK` when there is no memory for what is left of a lock that is cut in two.
  mutating func clear(_ lock: RecordLock) throws(Errno) {
    do throws(Errno) { try locks.reserveCapacity(locks.count + 1) } catch { throw .ENOLCK }
    cut(lock)
  }

  /// Takes all from an owner.
  mutating func removeAll(of owner: LockOwner) { keep { $0.owner != owner } }

  /// Takes the range of `lock` out of what its owner has. There is room for one lock more.
  private mutating func cut(_ lock: RecordLock) {
    // Of the one that is cut in two.
    var rest: RecordLock?
    keep { old in
      guard old.owner == lock.owner, old.overlaps(lock) else { return true }
      var right = old
      if old.last > lock.last { right.first = lock.last + 1 }
      guard old.first < lock.first else {
        guard old.last > lock.last else { return false }
        old = right
        return true
      }
      if old.last > lock.last { rest = right }
      old.last = lock.first - 1
      return true
    }
    // There is room: see above. At most one lock is cut in two.
    if let rest { try? locks.append(rest) }
  }

  /// Keeps those of which `isKept` says so, as it leaves them, in one pass: programs choose how many there are.
  private mutating func keep(_ isKept: (inout RecordLock) -> Bool) {
    var count = 0
    for index in 0..<locks.count {
      var lock = locks[index]
      guard isKept(&lock) else { continue }
      locks[count] = lock
      count += 1
    }
    while locks.count > count { _ = locks.popLast() }
  }

  private static func touch(_ one: RecordLock, _ other: RecordLock) -> Bool {
    if one.overlaps(other) { return true }
    return (one.last < other.first && one.last + 1 == other.first)
      || (other.last < one.first && other.last + 1 == one.first)
  }
}
