import Foundations
import Machine
import Security
import Synchronization
import VFS

/// Files on their way in a message. SCM_RIGHTS.
///
/// Each counts as if a descriptor of it were open, and towards what its sender's user may have under way.
struct FilesUnderWay: ~Copyable {
  private let files: GrowableArray<OpenFile>
  private let user: UserID

  /// No files.
  init() {
    files = GrowableArray()
    user = .root
  }

  private init(_ files: consuming GrowableArray<OpenFile>, _ user: UserID) {
    self.files = files
    self.user = user
    for index in 0..<self.files.count {
      self.files[index].beginDescriptor()
      if let socket = self.files[index] as? UnixSocket { SocketsUnderWay.begin(socket) }
    }
  }

  deinit {
    guard !files.isEmpty else { return }
    for index in 0..<files.count {
      if let socket = files[index] as? UnixSocket { SocketsUnderWay.end(socket) }
      files[index].endDescriptor()
    }
    UserFiles.refund(files.count, user)
  }

  /// Sends `files` on their way; they are gone from there.
  ///
  /// - Parameter limit: how many files the user may have under way; nil for as many as it likes.
  /// - Throws: `ETOOMANYREFS`, `ENOMEM`.
  static func begin(
    _ files: inout GrowableArray<OpenFile>, _ user: UserID, limit: UInt64?
  ) throws(Errno) -> FilesUnderWay {
    guard !files.isEmpty else { return FilesUnderWay() }
    try UserFiles.charge(files.count, user, limit: limit)
    var taken = GrowableArray<OpenFile>()
    swap(&taken, &files)
    return FilesUnderWay(taken, user)
  }

  /// Takes them away from here.
  mutating func take() -> FilesUnderWay {
    var taken = FilesUnderWay()
    swap(&taken, &self)
    return taken
  }

  /// The same files once more, for MSG_PEEK.
  ///
  /// - Throws: `ENOMEM`.
  borrowing func copy() throws(Errno) -> FilesUnderWay {
    guard !files.isEmpty else { return FilesUnderWay() }
    var copy = GrowableArray<OpenFile>()
    try copy.reserveCapacity(files.count)
    for index in 0..<files.count { try copy.append(files[index]) }
    try UserFiles.charge(files.count, user, limit: nil)
    return FilesUnderWay(copy, user)
  }

  /// Whether there are none.
  var isEmpty: Bool { files.isEmpty }
  /// How many there are.
  var count: Int { files.count }

  /// File number `index`, 0..<count.
  borrowing func file(_ index: Int) -> OpenFile { files[index] }

  /// Calls `body` with each that is a socket of this family.
  borrowing func forEachSocket(_ body: (UnixSocket) -> Void) {
    for index in 0..<files.count {
      if let socket = files[index] as? UnixSocket { body(socket) }
    }
  }
}

/// How many files each user has under way.
private enum UserFiles {
  private static let counts = SpinLock(UserCounts())

  static func charge(_ count: Int, _ user: UserID, limit: UInt64?) throws(Errno) {
    let isCounted = try counts.withLock { counts throws(Errno) in
      // As on Linux it is the next message that is refused.
      try counts.add(count, for: user) { before in limit.map { UInt64(before) <= $0 } ?? true }
    }
    if !isCounted { throw .ETOOMANYREFS }
  }

  static func refund(_ count: Int, _ user: UserID) { counts.withLock { $0.remove(count, of: user) } }
}
