public import Foundations
import Machine

/// A type of file systems, of which mount(2) makes one by name: derived from by whoever has it.
open class FileSystemType {
  /// What a file system of the type is made from.
  public enum Source: Sendable {
    /// A block device.
    case device
    /// Nothing: the name that mount(2) is given means nothing.
    case nothing
  }

  /// Its name, as in /proc/filesystems.
  public let name: StaticString
  /// What it is made from.
  public let source: Source

  /// A type that is not known yet.
  public init(_ name: StaticString, from source: Source = .nothing) { (self.name, self.source) = (name, source) }

  /// Makes a file system, or finds the one that there is, and a mount of it that is nowhere yet.
  ///
  /// - Parameters:
  ///   - source: what mount(2) is told to mount: the path of a device, or anything.
  ///   - options: the text that the type itself understands.
  ///   - actor: who asks.
  /// - Throws: `EINVAL` for options that it does not understand; `ENOTBLK`, `ENOMEM` and what else keeps it from it.
  /// - Context: a thread without locks, which may wait.
  open func makeMount(
    _ source: Span<UInt8>, options: Span<UInt8>, by actor: FileActor, _ restrictions: MountRestrictions
  ) throws(Errno) -> Mount { throw .ENODEV }
}

/// The types of file systems that there are.
public enum FileSystemTypes {
  private struct State: ~Copyable {
    var types = GrowableArray<FileSystemType>()
  }

  private static let state = BootCell<SpinLock<State>>()

  /// Makes a type known.
  ///
  /// - Throws: `EBUSY` for a name that is taken, `ENOMEM`.
  public static func register(_ type: FileSystemType) throws(Errno) {
    state.fill(SpinLock(State()))
    let text: Message = "\(type.name.description)"
    guard self.type(named: text.bytes) == nil else { throw .EBUSY }
    try state.withValue { lock throws(Errno) in
      try lock.withLock { state throws(Errno) in try state.types.append(type) }
    }
  }

  /// The type of a name; nil when there is none.
  public static func type(named name: Span<UInt8>) -> FileSystemType? {
    var index = 0
    while let type = type(number: index) {
      if name.isEqual(to: type.name.description) { return type }
      index += 1
    }
    return nil
  }

  /// Type number `index`, in the order in which they were made known; nil behind the last. For /proc/filesystems.
  public static func type(number index: Int) -> FileSystemType? {
    state.withValue { lock in
      lock.withLock { index >= 0 && index < $0.types.count ? $0.types[index] : nil }
    } ?? nil
  }
}
