public import Foundations
public import VFS

/// The type `proc`, for mount(2): there is one file system of it, which is mounted as often as somebody likes.
public final class ProcessFileSystemType: FileSystemType {
  private let fileSystem: ProcessFileSystem

  /// The type of `fileSystem`.
  public init(_ fileSystem: ProcessFileSystem) {
    self.fileSystem = fileSystem
    super.init("proc")
  }

  /// Makes one more mount of it.
  ///
  /// - Throws: `EINVAL` for options: nobody's processes are hidden.
  public override func makeMount(
    _ source: Span<UInt8>, options: Span<UInt8>, by actor: FileActor, _ restrictions: MountRestrictions
  ) throws(Errno) -> Mount {
    try MountOptions.forEach(in: options) { name, value throws(Errno) in
      // The group is that of those to whom nothing would be hidden.
      guard name.isEqual(to: "hidepid") && value.isEqual(to: "0") || name.isEqual(to: "gid") else { throw .EINVAL }
    }
    return try fileSystem.makeMount(restrictions)
  }
}
