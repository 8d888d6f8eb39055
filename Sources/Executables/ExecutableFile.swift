public import Foundations
public import VirtualMemory

/// A file that is to be executed, as the loader reads it.
open class ExecutableFile {
  /// Creates a file.
  public init() {}

  /// How long it is, in bytes.
  open var byteCount: UInt64 { 0 }

  /// Fills `bytes` from `offset` on.
  ///
  /// - Returns: how many bytes there were.
  /// - Throws: `EIO`, `ENOMEM`.
  /// - Context: a thread; may wait.
  open func read(at offset: UInt64, into bytes: inout MutableSpan<UInt8>) throws(Errno) -> Int { 0 }

  /// Its pages, for mapping.
  open var mappedObject: MappedObject { fatalError("a file without pages") }
}

extension ExecutableFile {
  /// Fills all of `bytes`.
  ///
  /// - Throws: `ENOEXEC` when the file ends before.
  func readAll(at offset: UInt64, into bytes: inout MutableSpan<UInt8>) throws(Errno) {
    guard try read(at: offset, into: &bytes) == bytes.count else { throw .ENOEXEC }
  }
}
