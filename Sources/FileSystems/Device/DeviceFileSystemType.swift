public import Foundations
public import VFS

/// The type `devtmpfs`, for mount(2): there is one file system of it, which is mounted as often as somebody likes.
public final class DeviceFileSystemType: FileSystemType {
  private let mount: Mount

  /// The type of `devices`.
  public init(_ devices: DeviceFileSystem) {
    mount = devices.mount
    super.init("devtmpfs")
  }

  /// Makes one more mount of it. Its options are those of the first, whatever is said.
  public override func makeMount(
    _ source: Span<UInt8>, options: Span<UInt8>, by actor: FileActor, _ restrictions: MountRestrictions
  ) throws(Errno) -> Mount { Mount(mount.fileSystem, root: mount.root, restrictions) }
}
