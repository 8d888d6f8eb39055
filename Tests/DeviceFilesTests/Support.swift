import DeviceFileSystem
import FileTestSupport
import Foundations
import LinuxABI
import Machine
import PageCache
import Security
import SyntheticFiles
import VFS
import Waiting

@testable import DeviceFiles
@testable import DriverKit

/// A tree with /dev, in which devices' files are made.
final class World {
  let devices: DeviceFileSystem
  let actor: FileActor

  init() throws(Errno) {
    let names = try DentryCache(bucketCount: 64)
    let cache = try PageCache(frameCount: SimulatedMemory.frameCount, waiting: PageWaiting())
    devices = try DeviceFileSystem(names: names, clock: FixedClock(), cache: cache)
    let root = devices.mount
    let context = FileSystemContext(root: root.rootPath, directory: root.rootPath)
    actor = FileActor(.root, context, try MountNamespace(root: root))
  }

  func open(_ name: String, _ flags: OpenFlags = .O_RDWR) throws(Errno) -> OpenFile {
    let bytes = Array(name.utf8)
    return try actor.open(bytes.span, flags)
  }

  /// Makes the file of `entry`, as the kernel's placement would.
  func makeNode(_ entry: DeviceFileEntry) throws(Errno) {
    try devices.add(entry.name.bytes, entry.template.kind, entry.number, permissions: entry.template.permissions)
  }

  func removeNode(_ name: String) throws(Errno) {
    let bytes = Array(name.utf8)
    try devices.remove(bytes.span)
  }
}

/// A driver's context without a driver.
func makeContext(_ name: Message = "test") -> DriverContext {
  DriverContext(DeviceNode(name, .platform, .platform("test")), DriverSignals())
}

/// A device that echoes one byte at a time.
final class EchoServer: DeviceFileServer {
  final class Request: DriverRequest {
    let byte: UInt8
    init(_ byte: UInt8) {
      self.byte = byte
      super.init(isRepeatable: true)
    }
  }

  override func open(
    _ request: OpenRequest, _ inode: Inode, _ entry: DeviceFileEntry
  ) throws(Errno) -> OpenFile { try EchoFile(request, inode, server: self) }
}

final class EchoFile: OpenDeviceFile {
  override func writeDevice(_ buffer: inout IOBuffer) throws(Errno) -> Int {
    var bytes = InlineArray<1, UInt8>(repeating: 0)
    var span = bytes.mutableSpan
    guard try buffer.read(into: &span) == 1 else { return 0 }
    return try server.perform(EchoServer.Request(bytes[0])) == Int(bytes[0]) ? 1 : 0
  }

  override var canPoll: Bool { true }
}

/// A driver that answers at once, or as a test says.
final class EchoLink: DriverLink {
  var error: Errno?
  override func submit(_ request: DriverRequest) throws(Errno) {
    if let error { throw error }
    guard let request = request as? EchoServer.Request else { throw .EINVAL }
    request.complete(.success(Int(request.byte)))
  }
}
