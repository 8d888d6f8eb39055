public import Foundations
public import Machine
public import VFS
public import Waiting

/// An open file of a device that may go: from then on calls fail with `ENODEV`, and poll(2) tells of a hang-up.
open class OpenDeviceFile: OpenFile {
  /// What it shares with the others of the device.
  public final let server: DeviceFileServer

  /// Opens a file of the device that `server` answers for.
  ///
  /// - Throws: `ENOMEM`.
  public init(_ request: OpenRequest, _ inode: Inode, server: DeviceFileServer) throws(Errno) {
    self.server = server
    try super.init(request, inode)
  }

  /// - Throws: `ENODEV` when the device has gone.
  public final func checkPresent() throws(Errno) {
    if server.isGone { throw .ENODEV }
  }

  // MARK: What the device does

  /// Reads. Otherwise as `OpenFile.readContent`.
  open func readDevice(_ buffer: inout IOBuffer) throws(Errno) -> Int { throw .EINVAL }

  /// Writes. Otherwise as `OpenFile.writeContent`.
  open func writeDevice(_ buffer: inout IOBuffer) throws(Errno) -> Int { throw .EINVAL }

  /// Serves a request of ioctl(2). Otherwise as `OpenFile.control`.
  open func controlDevice(_ request: UInt32, _ argument: UInt64) throws(Errno) -> Int { throw .ENOTTY }

  /// What it is ready for.
  open func pollDevice() -> PollEvents { [.input, .output, .readNormal, .writeNormal] }

  // MARK: For the rest of the kernel

  open override func readContent(_ buffer: inout IOBuffer, at offset: Int64) throws(Errno) -> Int {
    try checkPresent()
    return try readDevice(&buffer)
  }

  open override func writeContent(
    _ buffer: inout IOBuffer, at offset: inout Int64, sizeLimit: UInt64
  ) throws(Errno) -> Int {
    try checkPresent()
    return try writeDevice(&buffer)
  }

  open override func control(_ request: UInt32, _ argument: UInt64) throws(Errno) -> Int {
    try checkPresent()
    return try controlDevice(request, argument)
  }

  open override func poll() -> PollEvents { server.isGone ? [.error, .hangUp] : pollDevice() }

  open override func forEachWaitQueue(_ body: (borrowing WaitQueue) -> Void) { body(server.queue) }
}
