import DeviceFileSystem
import FileTestSupport
import Foundations
import LinuxABI
import PageCache
import PageFrames
import Security
import VFS
import Waiting

@testable import DeviceFiles
@testable import DriverKit
@testable import Machine
@testable import VirtualMemory

/// A program that has one page.
private final class OnePage: PageFaultHandler {
  fileprivate var table: UserPageTable

  init(_ table: consuming UserPageTable) {
    self.table = table
    super.init()
  }

  override func resolve(address: UInt64, access: PageFaultAccess) -> Bool {
    guard address >= World.address, address < World.address + 4096 else { return false }
    do throws(Errno) {
      try table.map(UserFrame.allocate(isZeroed: true), at: address & ~4095, [.read, .write])
      return true
    } catch {
      return error == .EEXIST
    }
  }
}

/// A tree with /dev, and a program with a page of memory.
final class World {
  /// Where the program has its page.
  static let address: UInt64 = 0x10000
  /// Where it has none.
  static let nowhere: UInt64 = 0x20000

  let devices: DeviceFileSystem
  let root: FileActor
  /// Where things may be said to be.
  var place: Path { devices.mount.rootPath }

  private init() throws(Errno) {
    let names = try DentryCache(bucketCount: 64)
    let cache = try PageCache(frameCount: SimulatedMemory.frameCount, waiting: PageWaiting())
    devices = try DeviceFileSystem(names: names, clock: FixedClock(), cache: cache)
    let place = devices.mount.rootPath
    root = FileActor(
      .root, FileSystemContext(root: place, directory: place), try MountNamespace(root: devices.mount))
  }

  static func run(_ body: (World) throws -> Void) throws {
    try SimulatedMemory.exclusive {
      SimulatedProcessor.reset(.fourLevel, hasIdentifiers: false)
      let program = OnePage(try UserPageTable())
      CurrentAddressSpace.activate(program.table, handler: program)
      defer { CurrentAddressSpace.leave() }
      try body(World())
    }
  }

  func open(_ name: String, _ flags: OpenFlags = .O_RDWR) throws(Errno) -> OpenFile {
    let bytes = Array(name.utf8)
    return try root.open(bytes.span, flags)
  }

  /// Publishes files that `server` answers for, with their names.
  func publish(_ server: DeviceFileServer, _ templates: DeviceFileTemplate...) throws -> DeviceFilePublication {
    let publication = DeviceFilePublication(server)
    for template in templates { try publication.add(template) }
    try publication.show()
    var failure: Errno?
    publication.forEachEntry { entry in
      do throws(Errno) {
        try devices.add(entry.name.bytes, entry.template.kind, entry.number, permissions: entry.template.permissions)
      } catch { failure = error }
    }
    if let failure { throw failure }
    return publication
  }
}

extension OpenFile {
  func put(_ text: String) throws(Errno) -> Int {
    let bytes = Array(text.utf8)
    return try IOBuffer.withBuffer(draining: bytes.span) { buffer throws(Errno) in try write(&buffer) }
  }

  func get(_ count: Int) throws(Errno) -> [UInt8] {
    var bytes = [UInt8](repeating: 0xee, count: count)
    var span = bytes.mutableSpan
    let moved = try IOBuffer.withBuffer(filling: &span) { buffer throws(Errno) in try read(&buffer) }
    return Array(bytes[..<moved])
  }

  /// A request whose answer is a number.
  func number(_ request: UInt32) throws(Errno) -> UInt32 {
    guard try control(request, World.address) == 0 else { throw .EIO }
    return try UserPointer<UInt32>(World.address).load()
  }

  /// A request with a number.
  func set(_ request: UInt32, _ value: UInt32) throws(Errno) {
    try UserPointer<UInt32>(World.address).store(value)
    guard try control(request, World.address) == 0 else { throw .EIO }
  }
}

func makeDevice(_ name: Message = "device", _ identity: StaticString = "device") -> DeviceNode {
  DeviceNode(name, .platform, .platform(identity))
}

/// A device as firmware describes it.
func firmwareDevice(
  _ bus: DeviceBus, _ identifier: String, name: Message = "device", _ resources: PlatformResources = PlatformResources()
) -> DeviceNode {
  DeviceNode(name, bus, .firmware(FirmwareDevice(HardwareIdentifier(identifier), resources: resources)))
}

func makeContext(_ device: DeviceNode = makeDevice()) -> DriverContext { DriverContext(device, DriverSignals()) }

/// A driver that answers at once, by a function.
final class TestLink: DriverLink {
  var answer: (DriverRequest) -> DriverRequest.Outcome
  var requests: [DriverRequest] = []

  init(_ answer: @escaping (DriverRequest) -> DriverRequest.Outcome) {
    self.answer = answer
    super.init(makeDevice())
  }

  override func submit(_ request: DriverRequest) throws(Errno) {
    requests.append(request)
    request.complete(answer(request))
  }
}
