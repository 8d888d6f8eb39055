import DeviceFileSystem
import DeviceModels
import FileTestSupport
import Foundations
import LinuxABI
import PageCache
import PageFrames
import Security
import TestSupport
import VFS
import Waiting

@testable import DeviceFiles
@testable import DriverKit
@testable import Machine
@testable import Virtio
@testable import VirtualMemory

/// A tree with /dev, where the files of drivers are put.
final class World {
  let devices: DeviceFileSystem
  let root: FileActor
  /// What programs were told has changed.
  var changes: [String] = []

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
      let world = try World()
      Placement.world.withLock { $0 = world }
      DevicePlaces.start(Placement())
      defer { Placement.world.withLock { $0 = nil } }
      try body(world)
    }
  }

  func open(_ name: String, _ flags: OpenFlags = [.O_RDWR, .O_NONBLOCK]) throws(Errno) -> OpenFile {
    let bytes = Array(name.utf8)
    return try root.open(bytes.span, flags)
  }

  func has(_ name: String) -> Bool {
    do throws(Errno) {
      _ = try open(name)
      return true
    } catch {
      return error != .ENOENT
    }
  }
}

/// Puts files into the world of the test that runs.
private final class Placement: DevicePlacement {
  static let world = SpinLock<World?>(nil)

  private final class Place: DevicePlace {
    let entry: DeviceFileEntry
    let world: World
    init(_ entry: DeviceFileEntry, _ world: World) {
      (self.entry, self.world) = (entry, world)
      super.init()
    }
    override func announceChange() { world.changes.append(text(entry.name)) }
    override func remove() { try? world.devices.remove(entry.name.bytes) }
  }

  override func place(_ entry: DeviceFileEntry) throws(Errno) -> DevicePlace {
    guard let world = Self.world.withLock({ $0 }) else { return DevicePlace() }
    try world.devices.add(
      entry.name.bytes, entry.template.kind, entry.number, permissions: entry.template.permissions)
    return Place(entry, world)
  }
}

/// A driver that is only told.
final class NotingLink: DriverLink {
  var requests: [DriverRequest] = []
  var error: Errno?

  init() { super.init(DeviceNode("virtio0", .virtio, .virtio(type: 3, vendor: 0x1af4))) }

  override func submit(_ request: DriverRequest) throws(Errno) {
    if let error { throw error }
    requests.append(request)
  }
}

/// The way to a software device.
func transport(_ model: VirtioDeviceModel) -> VirtioPCITransport<VirtioRegionModel> {
  func region(_ structure: VirtioRegionModel.Structure, _ byteCount: Int) -> VirtioRegion<VirtioRegionModel> {
    VirtioRegion(VirtioRegionModel(model, structure), byteCount: byteCount)
  }
  return VirtioPCITransport(
    kind: model.kind, common: region(.common, 0x3c),
    notification: region(.notification, VirtioRegionModel.multiplier * model.queues.count),
    multiplier: UInt32(VirtioRegionModel.multiplier), interruptStatus: region(.interruptStatus, 1),
    configuration: region(.device, model.configuration.count))
}

/// The host's side of a console with several ports.
final class Host {
  let model: VirtioDeviceModel
  var buffers: [Int: [VirtioRequestModel]] = [:]
  /// What came by each port.
  var sent: [Int: [UInt8]] = [:]
  /// Port, event and value of what the driver said.
  var said: [[Int]] = []

  init(ports: Int) {
    model = VirtioDeviceModel(
      kind: 3, offered: 1 << 32 | 2, queueSizes: [Int](repeating: 64, count: ports * 2 + 2),
      configuration: [80, 0, 25, 0, UInt8(ports), 0, 0, 0, 0, 0, 0, 0])
    model.onReset = { [unowned self] in buffers = [:] }
    model.onRequest = { [unowned self] queue, request in
      if queue % 2 == 0 {
        buffers[queue, default: []].append(request)
        return nil
      }
      let bytes = request.bytes
      if queue == 3 {
        said.append([Self.number(bytes[0..<4]), Self.number(bytes[4..<6]), Self.number(bytes[6..<8])])
      } else {
        sent[queue == 1 ? 0 : queue / 2 - 1, default: []] += bytes
      }
      return 0
    }
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reversed().reduce(0) { $0 << 8 | Int($1) } }

  private func send(_ bytes: [UInt8], queue: Int) -> Bool {
    guard var list = buffers[queue], !list.isEmpty else { return false }
    let request = list.removeFirst()
    buffers[queue] = list
    model.complete(queue, request, byteCount: request.write(bytes))
    return true
  }

  /// Sends bytes by a port; false when the driver has given no buffer.
  func send(_ bytes: [UInt8], port: Int) -> Bool { send(bytes, queue: port == 0 ? 0 : port * 2 + 2) }

  /// Says something about a port.
  func say(_ port: Int, _ event: Int, _ value: Int, _ detail: [UInt8] = []) -> Bool {
    let head = [UInt8(port), 0, 0, 0, UInt8(event), 0, UInt8(value), 0]
    return send(head + detail, queue: 2)
  }
}
