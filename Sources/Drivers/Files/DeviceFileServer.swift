public import DriverKit
public import Foundations
import Machine
import Synchronization
public import SyntheticFiles
import Time
public import VFS
public import Waiting

/// The way to a device's driver.
open class DriverLink {
  /// The device.
  public final let device: DeviceNode

  /// Leads to the driver that `device` has at any time.
  public init(_ device: DeviceNode) { self.device = device }

  /// Gives the driver something to do.
  ///
  /// - Throws: as `DeviceNode.submit`.
  open func submit(_ request: DriverRequest) throws(Errno) { try device.submit(request) }
}

/// What all who have a device's file open share, and who answers them.
///
/// It belongs to the kernel and outlives drivers: it holds nothing of theirs, and asks them for what needs the device.
open class DeviceFileServer {
  /// The way to the driver.
  public final let link: DriverLink
  /// Those who wait for something of the device; woken when it goes.
  public final let queue = WaitQueue()
  private final let hasGone = Atomic<Bool>(false)

  /// Creates a server for the device at the end of `link`.
  public init(_ link: DriverLink) { self.link = link }

  /// Whether the device has gone, or was given up.
  public final var isGone: Bool { hasGone.load(ordering: .acquiring) }

  /// Opens the file.
  ///
  /// - Throws: `EBUSY` when only one may have it open, `ENOMEM`, and what is the device's own.
  /// - Context: a thread without locks.
  open func open(
    _ request: OpenRequest, _ inode: Inode, _ entry: DeviceFileEntry
  ) throws(Errno) -> OpenFile { throw .ENXIO }

  /// A `TrackedDeviceFile` of it was closed.
  ///
  /// - Context: a thread without locks, once for each that `open` has given.
  open func didClose() {}

  /// Adds what the device tells of itself to its directory in its class in /sys.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: a thread without locks. The texts are made later, in whichever thread reads.
  open func addAttributes(to directory: SyntheticDirectory, of entry: DeviceFileEntry) throws(Errno) {}

  /// The device has gone; nobody is let in any more.
  ///
  /// - Context: the device's thread.
  open func didWithdraw() {}

  final func withdraw() {
    hasGone.store(true, ordering: .releasing)
    didWithdraw()
    queue.wakeAll()
  }

  /// How long a driver may take for a request, in nanoseconds: longer than its replacement takes.
  public static var patience: UInt64 { 10_000_000_000 }

  /// Has the driver do something, and waits for it.
  ///
  /// - Returns: the number that the driver gave.
  /// - Throws: `ENODEV` when the device has gone, `EINTR`, `ETIMEDOUT`, and why it was not done.
  /// - Context: a thread without locks.
  public final func perform(_ request: DriverRequest) throws(Errno) -> Int {
    guard !isGone else { throw .ENODEV }
    try link.submit(request)
    return try request.wait(until: Clock.nanoseconds &+ Self.patience)
  }
}

/// Opens the files of one number.
final class DeviceFileOpener: SpecialFileOpener {
  private let entry: DeviceFileEntry

  init(_ entry: DeviceFileEntry) { self.entry = entry }

  override var driverName: StaticString { entry.template.driverName }

  override func open(_ request: OpenRequest, _ inode: Inode) throws(Errno) -> OpenFile {
    guard !entry.server.isGone else { throw .ENODEV }
    try ObjectMemory.check()
    return try entry.server.open(request, inode, entry)
  }
}
