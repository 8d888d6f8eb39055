public import Foundations
import Machine
import Security
import Synchronization
public import VFS

/// A file system whose files are made up by the kernel.
open class SyntheticFileSystem: FileSystem {
  private let nextNumber = Atomic<UInt64>(1)

  /// Its names come and go without anybody asking.
  open override var isVolatile: Bool { true }

  /// How long files say that they are whose text is made as it is read, in bytes.
  open var textSize: Int64 { 0 }

  /// A number for a file that stays.
  public func takeNumber() -> UInt64 { nextNumber.wrappingAdd(1, ordering: .relaxed).oldValue }
}

/// A file that the kernel makes up: programs change neither its attributes nor its size.
open class SyntheticInode: Inode {
  private let gone = Atomic<Bool>(false)

  /// Creates a file of the superuser's.
  public init(_ fileSystem: SyntheticFileSystem, number: UInt64? = nil, _ kind: FileKind, permissions: UInt16) {
    super.init(
      fileSystem, number: number ?? fileSystem.takeNumber(), NewFile(kind, permissions: permissions),
      linkCount: kind == .directory ? 2 : 1)
  }

  /// Whether its name still stands for it.
  open override var isLasting: Bool { !isGone }

  /// Whether it, or a directory that it was in, has been removed. What is open of it then fails with `ENODEV`.
  public final var isGone: Bool { gone.load(ordering: .relaxed) }

  /// Notes that its name does not stand for it any more.
  open func noteRemoved() {
    gone.store(true, ordering: .relaxed)
    attributes.withLock { $0.linkCount = 0 }
  }

  open override func apply(_ change: AttributeChange) throws(Errno) { throw .EPERM }

  /// Nothing: a shell opens what it writes to with O_TRUNC.
  open override func setSize(_ size: Int64) throws(Errno) {
    guard kind == .regular else { throw kind == .directory ? .EISDIR : .EINVAL }
  }
}

/// A file whose text is made as it is read.
open class TextInode: SyntheticInode {
  /// What makes the text for one who opens the file.
  ///
  /// - Throws: `ESRCH`, `EACCES`, `ENOMEM`.
  open func makeSource(_ request: OpenRequest) throws(Errno) -> TextSource { TextSource() }

  open override func open(_ request: OpenRequest) throws(Errno) -> OpenFile {
    try TextFile(request, self, try makeSource(request))
  }
}

/// A file whose text a function makes.
final class FunctionInode: TextInode {
  private let writer: WholeText.Writer
  private let acceptor: WholeText.Acceptor?

  init(
    _ fileSystem: SyntheticFileSystem, permissions: UInt16, _ writer: @escaping WholeText.Writer,
    accepts acceptor: WholeText.Acceptor?
  ) {
    (self.writer, self.acceptor) = (writer, acceptor)
    super.init(fileSystem, .regular, permissions: permissions)
    let size = fileSystem.textSize
    if size > 0 { attributes.withLock { $0.size = size } }
  }

  override func makeSource(_ request: OpenRequest) throws(Errno) -> TextSource { WholeText(writer, accepts: acceptor) }
}

/// A symbolic link whose target a function writes.
public final class LinkInode: SyntheticInode {
  private let writer: WholeText.Writer

  /// A link that says what `writer` writes.
  public init(_ fileSystem: SyntheticFileSystem, _ writer: @escaping WholeText.Writer) {
    self.writer = writer
    super.init(fileSystem, .symbolicLink, permissions: 0o777)
  }

  public override func readLink(into target: inout GrowableArray<UInt8>) throws(Errno) {
    var text = TextBuffer()
    try writer(&text)
    if text.lacksMemory { throw .ENOMEM }
    let bytes = text.bytes
    for index in bytes.indices { try target.append(bytes[index]) }
  }
}
