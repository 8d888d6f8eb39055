public import Foundations
import Machine
public import VFS

/// A directory of names that stay until they are removed, and perhaps of others that a subclass knows.
open class SyntheticDirectory: SyntheticInode {
  private struct Entry: ~Copyable {
    let name: FileName
    let inode: SyntheticInode
    /// Where it is in listings; never used again.
    let position: Int64
  }

  private struct State: ~Copyable {
    var entries = GrowableArray<Entry>()
    var nextPosition: Int64 = 2
  }

  private let state = SpinLock(State())
  private let owner: SyntheticFileSystem

  /// Creates an empty directory.
  public init(_ owner: SyntheticFileSystem, number: UInt64? = nil, permissions: UInt16 = 0o555) {
    self.owner = owner
    super.init(owner, number: number, .directory, permissions: permissions)
  }

  // MARK: Making names

  /// Adds a file whose text `writer` makes, and which gives what is written to `acceptor`.
  ///
  /// - Throws: `ENOMEM`, `EEXIST`.
  public func add(
    _ name: StaticString, permissions: UInt16 = 0o444, _ writer: @escaping WholeText.Writer,
    accepts acceptor: WholeText.Acceptor? = nil
  ) throws(Errno) {
    try add(name, FunctionInode(owner, permissions: permissions, writer, accepts: acceptor))
  }

  /// Adds a directory.
  ///
  /// - Throws: `ENOMEM`, `EEXIST`.
  public func addDirectory(_ name: StaticString) throws(Errno) -> SyntheticDirectory {
    let directory = SyntheticDirectory(owner)
    try add(name, directory)
    return directory
  }

  /// Adds a symbolic link.
  ///
  /// - Throws: `ENOMEM`, `EEXIST`.
  public func addLink(_ name: StaticString, to target: StaticString) throws(Errno) {
    try add(name, LinkInode(owner) { (text: inout TextBuffer) throws(Errno) in text.write(target.description) })
  }

  /// Adds `inode`.
  ///
  /// - Throws: `ENOMEM`, `EEXIST`, `ENOENT` when the directory itself is gone.
  public func add(_ name: StaticString, _ inode: SyntheticInode) throws(Errno) {
    let text: Message = "\(name.description)"
    try add(text.bytes, inode)
  }

  /// As the others, with a name that is made at run time.
  public func add(_ name: Span<UInt8>, _ inode: SyntheticInode) throws(Errno) {
    var name: FileName? = try FileName(name)
    guard !isGone else { throw .ENOENT }
    try state.withLock { state throws(Errno) in
      guard let name = name.take() else { return }
      guard Self.index(of: name.bytes, state) == nil else { throw .EEXIST }
      try state.entries.append(Entry(name: name, inode: inode, position: state.nextPosition))
      state.nextPosition += 1
    }
    if inode.kind == .directory { noteChanged(linkDelta: 1) }
  }

  /// Removes the name of what is not there any more.
  public func remove(_ name: Span<UInt8>) {
    let removed: SyntheticInode? = state.withLock { state in
      guard let index = Self.index(of: name, state) else { return nil }
      return state.entries.remove(at: index).inode
    }
    guard let removed else { return }
    removed.noteRemoved()
    if removed.kind == .directory { noteChanged(linkDelta: -1) }
  }

  /// Whether there are no names in it that stay until they are removed.
  public final var isEmpty: Bool { state.withLock { $0.entries.isEmpty } }

  /// All that is in it is gone, too.
  open override func noteRemoved() {
    super.noteRemoved()
    while let inode = takeLast() { inode.noteRemoved() }
  }

  private final func takeLast() -> SyntheticInode? {
    state.withLock { state in
      guard state.entries.count > 0 else { return nil }
      return state.entries.remove(at: state.entries.count - 1).inode
    }
  }

  private static func index(of name: Span<UInt8>, _ state: borrowing State) -> Int? {
    for index in 0..<state.entries.count where state.entries[index].name.isEqual(to: name) { return index }
    return nil
  }

  // MARK: Looking

  open override func lookUp(_ name: Span<UInt8>) throws(Errno) -> Inode? {
    let found: SyntheticInode? = state.withLock { state in
      Self.index(of: name, state).map { state.entries[$0].inode }
    }
    if let found { return found }
    return try lookUpOther(name)
  }

  /// The file of a name that is not one of those that stay.
  open func lookUpOther(_ name: Span<UInt8>) throws(Errno) -> Inode? { nil }

  open override func list(
    from position: Int64, _ emit: (_ name: Span<UInt8>, UInt64, FileKind, _ next: Int64) throws(Errno) -> Bool
  ) throws(Errno) {
    var position = position
    while let (name, inode, place) = try next(from: position) {
      position = place + 1
      let goesOn = try name.withBytes { name throws(Errno) in try emit(name, inode.number, inode.kind, position) }
      if !goesOn { return }
    }
    try listOthers(from: position, emit)
  }

  /// As `list`, for those that are not among the names that stay; `position` may be lower than all of theirs, which are
  /// `SyntheticDirectory.otherPositions` and up.
  open func listOthers(
    from position: Int64, _ emit: (_ name: Span<UInt8>, UInt64, FileKind, _ next: Int64) throws(Errno) -> Bool
  ) throws(Errno) {}

  /// Where positions of names begin that do not stay.
  public static var otherPositions: Int64 { 1 << 32 }

  private final func next(from position: Int64) throws(Errno) -> (TextName, SyntheticInode, Int64)? {
    guard position < Self.otherPositions else { return nil }
    return try state.withLock { state throws(Errno) in
      for index in 0..<state.entries.count where state.entries[index].position >= position {
        let name = TextName(state.entries[index].name)
        return (name, state.entries[index].inode, state.entries[index].position)
      }
      return nil
    }
  }
}

/// A copy of a name, for use without a lock.
private struct TextName {
  private var storage = InlineArray<256, UInt8>(repeating: 0)
  private let count: Int

  init(_ name: borrowing FileName) {
    let bytes = name.bytes
    count = min(bytes.count, FileName.limit)
    for index in 0..<count { storage[index] = bytes[index] }
  }

  func withBytes(_ body: (Span<UInt8>) throws(Errno) -> Bool) throws(Errno) -> Bool {
    try body(storage.span.extracting(0..<count))
  }
}
