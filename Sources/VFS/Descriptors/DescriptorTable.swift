public import Foundations
import Machine
import Synchronization

/// The number of an open file in a process.
public struct Descriptor: RawRepresentable, Equatable, Sendable {
  /// The number.
  public let rawValue: Int32
  /// The descriptor with the number `rawValue`, whether there is such or not.
  @inline(__always)
  public init(rawValue: Int32) { self.rawValue = rawValue }
}

/// The open files of a process, by descriptor. Shared by CLONE_FILES.
///
/// A descriptor is found in constant time, and the lowest that is free in time proportional to a 64th of the table.
public final class DescriptorTable {
  /// More descriptors than a table has (`/proc/sys/fs/nr_open`).
  public static let hardLimit = 1_048_576

  /// What its lock guards besides the files.
  public struct State: ~Copyable {
    /// A bit for each descriptor that is taken: those that are being opened, too.
    var taken = GrowableArray<UInt64>()
    /// A bit for each that execve closes.
    var closesOnExecution = GrowableArray<UInt64>()
    /// No word of `taken` before this one has a free bit.
    var firstFreeWord = 0

    init() {}
  }

  /// The files, while the lock is held.
  typealias Places = PinnedTable<OpenFile, State>.Places
  /// The files, while they are used.
  public typealias OpenFiles = PinnedTable<OpenFile, State>.References

  let files = PinnedTable<OpenFile, State>(State())
  private let users = Atomic<Int>(0)

  /// Creates an empty table, which nobody uses yet.
  public init() {}

  // One that nobody came to use may have files, too.
  deinit {
    closeAll()
    files.removeAll()
  }

  /// Counts one more task that uses it.
  public func beginUse() { users.wrappingAdd(1, ordering: .relaxed) }

  /// Ends a use; with the last one all files are closed.
  ///
  /// - Context: a thread without locks; may wait.
  public func endUse() {
    if users.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 { closeAll() }
  }

  /// How many tasks use it.
  public var userCount: Int { users.load(ordering: .relaxed) }

  // MARK: Looking

  /// Runs `body` with the files of all descriptors, which are not counted for it. What is closed meanwhile is not gone before that
  /// ends, so it does not wait.
  ///
  /// - Throws: what `body` throws.
  /// - Context: a thread without locks.
  @inline(__always)
  public func withOpenFiles<Answer>(
    _ body: (borrowing OpenFiles) throws(Errno) -> Answer
  ) throws(Errno) -> Answer { try files.withReferences(.pinning, body) }

  /// Runs `body` with the file of `descriptor`, for one of those who use the table; it may wait.
  ///
  /// - Throws: `EBADF`, and what `body` throws.
  /// - Context: a task that uses the table, without locks.
  @inline(__always)
  public func use<Answer>(
    _ descriptor: Descriptor, _ body: (OpenFile) throws(Errno) -> Answer
  ) throws(Errno) -> Answer {
    // A table's only task is the only one that could close the file. With others the file is counted, so that what they close goes
    // as soon as it can.
    let answer = try files.withReferences(userCount == 1 ? .pinning : .counting) { files throws(Errno) in
      try files.use(Int(descriptor.rawValue), body)
    }
    guard let answer else { throw .EBADF }
    return answer
  }

  /// As `use`, with a file that is open for `use`.
  ///
  /// - Throws: `EBADF`, and what `body` throws.
  /// - Context: a task that uses the table, without locks.
  @inline(__always)
  public func use<Answer>(
    _ descriptor: Descriptor, for use: OpenMode, _ body: (OpenFile) throws(Errno) -> Answer
  ) throws(Errno) -> Answer {
    try self.use(descriptor) { file throws(Errno) in
      guard file.mode.contains(use) else { throw .EBADF }
      return try body(file)
    }
  }

  /// The file of `descriptor`.
  ///
  /// - Throws: `EBADF`.
  @inline(__always)
  public func file(_ descriptor: Descriptor) throws(Errno) -> OpenFile {
    guard let file = openFile(descriptor) else { throw .EBADF }
    return file
  }

  /// The file of `descriptor`; nil when it is not open.
  @inline(__always)
  public func openFile(_ descriptor: Descriptor) -> OpenFile? {
    files.withLock { _, files in files[Int(descriptor.rawValue)] }
  }

  /// One more than the highest descriptor that there is room for now.
  public var end: Int { files.withLock { _, files in files.count } }

  /// The file of `descriptor`, if it is open for more than O_PATH.
  ///
  /// - Throws: `EBADF`.
  @inline(__always)
  public func usableFile(_ descriptor: Descriptor) throws(Errno) -> OpenFile {
    let file = try file(descriptor)
    guard !file.mode.contains(.path) else { throw .EBADF }
    return file
  }

  /// The file of `descriptor`, if it is open for that.
  ///
  /// - Throws: `EBADF`.
  @inline(__always)
  public func file(_ descriptor: Descriptor, for use: OpenMode) throws(Errno) -> OpenFile {
    let file = try file(descriptor)
    guard file.mode.contains(use) else { throw .EBADF }
    return file
  }

  /// How many descriptors are open.
  public var count: Int {
    files.withLock { state, _ in
      var count = 0
      for index in 0..<state.taken.count { count += state.taken[index].nonzeroBitCount }
      return count
    }
  }

  /// The lowest open descriptor from `start` on; nil when there is none. For /proc/self/fd.
  public func next(from start: Int32) -> Descriptor? {
    guard start >= 0 else { return nil }
    return files.withLock { _, files in
      var index = Int(start)
      while index < files.count {
        if files.isFilled(index) { return Descriptor(rawValue: Int32(index)) }
        index += 1
      }
      return nil
    }
  }

  // MARK: Opening

  /// Gives `file` the lowest free descriptor.
  ///
  /// - Parameters:
  ///   - minimum: from which on. F_DUPFD.
  ///   - limit: below which. RLIMIT_NOFILE.
  ///   - closesOnExecution: whether execve closes it.
  /// - Throws: `EMFILE`, `ENOMEM`; `EINVAL` for a minimum that is negative or not below the limit.
  public func add(
    _ file: OpenFile, minimum: Int32 = 0, limit: UInt64, closesOnExecution: Bool
  ) throws(Errno) -> Descriptor {
    let descriptor = try reserve(minimum: minimum, limit: limit, closesOnExecution: closesOnExecution)
    fill(descriptor, with: file)
    return descriptor
  }

  /// Takes the lowest free descriptor for a file that is opened next: it is not seen until `fill`.
  ///
  /// - Throws: as `add`.
  public func reserve(minimum: Int32 = 0, limit: UInt64, closesOnExecution: Bool) throws(Errno) -> Descriptor {
    let limit = Int(min(limit, UInt64(Self.hardLimit)))
    guard minimum >= 0 else { throw .EINVAL }
    guard Int(minimum) < limit else { throw minimum == 0 ? .EMFILE : .EINVAL }
    return try files.withLock { state, files throws(Errno) in
      let index = state.firstFree(from: Int(minimum))
      guard index < limit else { throw .EMFILE }
      try state.grow(files, toInclude: index)
      state.take(index, closesOnExecution)
      return Descriptor(rawValue: Int32(index))
    }
  }

  /// Ends what `reserve` began.
  public func fill(_ descriptor: Descriptor, with file: OpenFile) {
    file.beginDescriptor()
    files.withLock { _, files in files.fill(Int(descriptor.rawValue), with: file) }
  }

  /// Gives a descriptor back whose file could not be opened.
  public func cancel(_ descriptor: Descriptor) {
    files.withLock { state, _ in state.release(Int(descriptor.rawValue)) }
  }

  /// Makes `descriptor` stand for `file`, instead of what it stands for. dup2(2), dup3(2).
  ///
  /// - Returns: the file that was closed by this, for `finishClosing`.
  /// - Throws: `EBADF` for a number that cannot be, `EBUSY` for one that is being opened, `ENOMEM`.
  public func replace(
    _ descriptor: Descriptor, by file: OpenFile, limit: UInt64, closesOnExecution: Bool
  ) throws(Errno) -> OpenFile? {
    let index = Int(descriptor.rawValue)
    guard index >= 0, index < Int(min(limit, UInt64(Self.hardLimit))) else { throw .EBADF }
    return try files.withLock { state, files throws(Errno) in
      try state.grow(files, toInclude: index)
      let old = files.take(index)
      if old == nil && state.isTaken(index) { throw .EBUSY }
      file.beginDescriptor()
      files.fill(index, with: file)
      state.take(index, closesOnExecution)
      return old
    }
  }

  // MARK: Closing

  /// Closes `descriptor`.
  ///
  /// - Returns: the file, for `finishClosing`; dropping the last reference closes it.
  /// - Throws: `EBADF`.
  public func remove(_ descriptor: Descriptor) throws(Errno) -> OpenFile {
    let index = Int(descriptor.rawValue)
    let file: OpenFile? = files.withLock { state, files in
      guard let file = files.take(index) else { return nil }
      state.release(index)
      return file
    }
    guard let file else { throw .EBADF }
    return file
  }

  /// Closes `descriptor`. close(2).
  ///
  /// - Throws: `EBADF`; what the file says of data that it could not write, though the descriptor is closed then, too.
  /// - Context: a thread without locks; may wait.
  @inline(__always)
  public func close(_ descriptor: Descriptor) throws(Errno) { try finishClosing(remove(descriptor)) }

  /// Does what belongs to closing a descriptor of `file`, which `remove` or `replace` gave.
  ///
  /// - Throws: what the file says of data that it could not write.
  /// - Context: a thread without locks; may wait.
  @inline(__always)
  public func finishClosing(_ file: OpenFile) throws(Errno) {
    // Whichever descriptor of the file is closed takes the process's locks with it. Source: fcntl(2).
    if let locks = file.inode.locks { locks.releaseRecords(of: LockOwner(self)) }
    file.endDescriptor()
    try file.flush()
  }

  /// Closes those that execve closes.
  public func closeForExecution() {
    close { state, index in state.bit(index, of: .closesOnExecution) }
  }

  /// Closes all of them: the process ends.
  public func closeAll() { close { _, _ in true } }

  /// Closes those in `range`. close_range(2).
  public func close(_ range: ClosedRange<UInt32>) {
    close { _, index in range.contains(UInt32(index)) }
  }

  private func close(_ isClosed: (borrowing State, Int) -> Bool) {
    var index = 0
    while true {
      var isBehind = false
      // Dropped outside the lock: closing may wait.
      let file: OpenFile? = files.withLock { state, files in
        while index < files.count {
          if files.isFilled(index), isClosed(state, index) {
            let file = files.take(index)
            state.release(index)
            return file
          }
          index += 1
        }
        isBehind = true
        return nil
      }
      if isBehind { return }
      if let file { try? finishClosing(file) }
    }
  }

  // MARK: Flags

  /// Whether execve closes `descriptor`. F_GETFD.
  ///
  /// - Throws: `EBADF`.
  public func closesOnExecution(_ descriptor: Descriptor) throws(Errno) -> Bool {
    _ = try file(descriptor)
    return files.withLock { state, _ in state.bit(Int(descriptor.rawValue), of: .closesOnExecution) }
  }

  /// Sets whether execve closes `descriptor`. F_SETFD.
  ///
  /// - Throws: `EBADF`.
  public func setClosesOnExecution(_ descriptor: Descriptor, _ closes: Bool) throws(Errno) {
    let index = Int(descriptor.rawValue)
    let isOpen = files.withLock { state, files in
      guard files.isFilled(index) else { return false }
      state.setClosesOnExecution(index, closes)
      return true
    }
    if !isOpen { throw .EBADF }
  }

  /// Makes execve close those in `range`. CLOSE_RANGE_CLOEXEC.
  public func setClosesOnExecution(in range: ClosedRange<UInt32>) {
    files.withLock { state, files in
      for index in 0..<files.count where files.isFilled(index) && range.contains(UInt32(index)) {
        state.setClosesOnExecution(index, true)
      }
    }
  }

  /// A table of its own with the same files. fork(2).
  ///
  /// - Throws: `ENOMEM`.
  public func copy() throws(Errno) -> DescriptorTable {
    try ObjectMemory.check()
    let copy = DescriptorTable()
    while true {
      let count = files.withLock { state, _ in state.usedCount }
      try copy.files.withLock { state, files throws(Errno) in
        if count > 0 { try state.grow(files, toInclude: count - 1) }
      }
      let isDone = files.withLock { old, oldFiles in
        // Grown meanwhile: by another thread of the process.
        guard old.usedCount <= count else { return false }
        copy.files.withLock { state, files in state.copy(from: old, oldFiles, into: files) }
        return true
      }
      if isDone { return copy }
    }
  }
}
