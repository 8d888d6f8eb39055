import Foundations
import Machine
import ProcessFileSystem
import VFS

/// The type `proc`, for mount(2): there is one file system of it, which is mounted as often as somebody likes.
final class ProcessFileSystemType: FileSystemType {
  private let fileSystem: ProcessFileSystem

  init(_ fileSystem: ProcessFileSystem) {
    self.fileSystem = fileSystem
    super.init("proc")
  }

  override func makeMount(
    _ source: Span<UInt8>, options: Span<UInt8>, by actor: FileActor, _ restrictions: MountRestrictions
  ) throws(Errno) -> Mount { try fileSystem.makeMount(restrictions) }
}
