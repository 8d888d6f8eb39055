import Foundations
import LinuxABI
import Machine
import Processes
import VFS

/// flock(2), and the commands of fcntl(2) for record locks.
extension SystemCallContext {
  /// flock(2)
  func flock(_ descriptor: Int32, _ operation: LockOperation) throws(Errno) {
    let kind: RecordLock.Kind?
    switch operation.subtracting(.LOCK_NB) {
    case .LOCK_SH: kind = .shared
    case .LOCK_EX: kind = .exclusive
    case .LOCK_UN: kind = nil
    default: throw .EINVAL
    }
    let file = try usableFile(descriptor)
    guard let kind else { return file.releaseWhole() }
    guard !file.mode.isDisjoint(with: [.read, .write]) else { throw .EBADF }
    try file.takeWhole(kind, operation.contains(.LOCK_NB) ? .none : .waiting)
  }

  /// F_SETLK, F_SETLKW, F_OFD_SETLK and F_OFD_SETLKW.
  func setLock(
    _ file: OpenFile, _ pointer: UserPointer<Flock>, _ holder: OpenFile.LockHolder, _ patience: OpenFile.LockPatience
  ) throws(Errno) {
    let request = try Self.load(pointer, holder)
    let (first, last) = try request.range(in: file)
    switch request.kind {
    case .F_UNLCK: try file.release(file.recordLock(.shared, first, last, by: holder))
    case .F_RDLCK: try file.take(file.recordLock(.shared, first, last, by: holder), patience)
    case .F_WRLCK: try file.take(file.recordLock(.exclusive, first, last, by: holder), patience)
    }
  }

  /// F_GETLK and F_OFD_GETLK.
  func getLock(
    _ file: OpenFile, _ pointer: UserPointer<Flock>, _ holder: OpenFile.LockHolder
  ) throws(Errno) {
    var request = try Self.load(pointer, holder)
    let (first, last) = try request.range(in: file)
    guard request.kind != .F_UNLCK else { throw .EINVAL }
    let kind: RecordLock.Kind = request.kind == .F_RDLCK ? .shared : .exclusive
    if let found = file.conflict(with: file.recordLock(kind, first, last, by: holder)) {
      request.tell(found)
    } else {
      request.kind = .F_UNLCK
    }
    try pointer.store(request)
  }

  private static func load(_ pointer: UserPointer<Flock>, _ holder: OpenFile.LockHolder) throws(Errno) -> Flock {
    let request = try pointer.load()
    guard request.isValid else { throw .EINVAL }
    if case .openFile = holder, request.process != 0 { throw .EINVAL }
    return request
  }

  /// The locks of all that share the task's descriptors.
  var lockHolder: OpenFile.LockHolder { .process(task.files, number: task.processIdentifier) }
}

/// `struct flock`. Source: fcntl(2).
struct Flock: UserValue {
  /// What is wanted, or found.
  var kind: RecordLockType
  /// What `start` is relative to, as in lseek(2).
  private var origin: Int16
  private var start: Int64
  /// 0 for all that is behind `start`; negative for what is before.
  private var length: Int64
  /// Whose the lock is.
  private(set) var process: Int32
  /// Whether the kind is one.
  let isValid: Bool

  static var userByteCount: Int { 32 }

  init(userBytes: Span<UInt8>) {
    let number = Int16(truncatingIfNeeded: StructureBytes.get(userBytes, width: 2, at: 0))
    let type = RecordLockType(rawValue: Int64(number))
    (kind, isValid) = (type ?? .F_UNLCK, type != nil)
    origin = Int16(truncatingIfNeeded: StructureBytes.get(userBytes, width: 2, at: 2))
    start = StructureBytes.getSigned(userBytes, at: 8)
    length = StructureBytes.getSigned(userBytes, at: 16)
    process = Int32(truncatingIfNeeded: StructureBytes.get(userBytes, width: 4, at: 24))
  }

  func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    StructureBytes.put(UInt64(bitPattern: kind.rawValue), width: 2, at: 0, &bytes)
    StructureBytes.put(UInt64(UInt16(bitPattern: origin)), width: 2, at: 2, &bytes)
    StructureBytes.put(start, at: 8, &bytes)
    StructureBytes.put(length, at: 16, &bytes)
    StructureBytes.put(UInt64(UInt32(bitPattern: process)), width: 4, at: 24, &bytes)
  }

  /// The first and the last byte that are meant.
  ///
  /// - Throws: `EINVAL` for what begins before the file, `EOVERFLOW` for what ends behind all files.
  func range(in file: OpenFile) throws(Errno) -> (first: Int64, last: Int64) {
    let base: Int64
    switch origin {
    case 0: base = 0
    case 1: base = file.offset
    case 2: base = try file.endOffset()
    default: throw .EINVAL
    }
    let (first, isFirstOverflow) = base.addingReportingOverflow(start)
    guard !isFirstOverflow else { throw .EOVERFLOW }
    guard first >= 0 else { throw .EINVAL }
    if length == 0 { return (first, .max) }
    if length > 0 {
      let (last, isOverflow) = first.addingReportingOverflow(length - 1)
      guard !isOverflow else { throw .EOVERFLOW }
      return (first, last)
    }
    let (before, isUnderflow) = first.addingReportingOverflow(length)
    guard !isUnderflow, before >= 0 else { throw .EINVAL }
    return (before, first - 1)
  }

  /// Becomes what is told of `lock`.
  mutating func tell(_ lock: RecordLock) {
    kind = lock.kind == .shared ? .F_RDLCK : .F_WRLCK
    (origin, start, process) = (0, lock.first, lock.process)
    length = lock.last == .max ? 0 : lock.last - lock.first + 1
  }
}
