public import Foundations
public import VFS

/// An open file whose server is told when it is closed, such as one that only one may have open.
open class TrackedDeviceFile: OpenDeviceFile {
  /// Set when nothing can fail any more: what was made in vain is taken back by who wanted to make it.
  private final var isOpened = false

  /// Opens a file of the device that `server` answers for. Subclasses throw nothing after that.
  ///
  /// - Throws: `ENOMEM`; the server is not told then.
  public override init(_ request: OpenRequest, _ inode: Inode, server: DeviceFileServer) throws(Errno) {
    try super.init(request, inode, server: server)
    isOpened = true
  }

  deinit {
    if isOpened { server.didClose() }
  }
}
