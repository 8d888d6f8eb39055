import DeviceFileSystem
import FileTestSupport
import Foundations
import Input
import LinuxABI
import PageCache
import PageFrames
import Security
import Synchronization
import Testing
import VFS

@testable import InputFiles
@testable import Machine

/// A program's memory: zeroed pages on demand in one range, and nothing elsewhere.
final class ProgramSpace: PageFaultHandler {
  static let range: Range<UInt64> = 0x7f00_0000_0000..<0x7f00_0001_0000
  /// An address that no program has.
  static let nowhere: UInt64 = 0x1234_5000
  var table: UserPageTable

  init(_ table: consuming UserPageTable) {
    self.table = table
    super.init()
  }

  override func resolve(address: UInt64, access: PageFaultAccess) -> Bool {
    guard Self.range.contains(address) else { return false }
    do throws(Errno) {
      try table.map(UserFrame.allocate(isZeroed: true), at: address & ~4095, [.read, .write])
      return true
    } catch {
      return error == .EEXIST
    }
  }
}

/// Remembers which names there are.
final class TestNames: InputNames {
  private let state = SpinLock(GrowableArray<InputNode>())
  private let lights = SpinLock(GrowableArray<InputLight>())

  /// What came and went, in order.
  let changes = SpinLock(GrowableArray<Message>())

  private func note(_ what: Message, _ name: Message) {
    var text = what
    text.write(name.bytes)
    changes.withLock { changes in do throws(Errno) { try changes.append(text) } catch {} }
  }

  override func add(_ device: InputDevice) throws(Errno) { note("+", device.name) }
  override func remove(_ device: InputDevice) { note("-", device.name) }

  override func add(_ node: InputNode) throws(Errno) {
    note("+", node.name)
    try state.withLock { nodes throws(Errno) in try nodes.append(node) }
  }

  override func add(_ light: InputLight) throws(Errno) {
    note("+", light.name)
    try lights.withLock { lights throws(Errno) in try lights.append(light) }
  }

  override func remove(_ light: InputLight) {
    note("-", light.name)
    lights.withLock { lights in
      for index in 0..<lights.count where lights[index] === light {
        _ = lights.remove(at: index)
        return
      }
    }
  }

  /// The light named like that; nil when there is none.
  func light(_ name: String) -> InputLight? {
    lights.withLock { lights in
      for index in 0..<lights.count where String(lights[index].name) == name { return lights[index] }
      return nil
    }
  }

  override func remove(_ node: InputNode) {
    note("-", node.name)
    state.withLock { nodes in
      for index in 0..<nodes.count where nodes[index] === node {
        _ = nodes.remove(at: index)
        return
      }
    }
  }

  var names: [String] {
    state.withLock { nodes in (0..<nodes.count).map { String(nodes[$0].name) } }
  }
}

extension String {
  init(_ message: Message) {
    let bytes = message.bytes
    self.init(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
  }
}

/// Hears of the devices of these tests only: others may have theirs at the same time.
final class OwnDevices: InputHandler {
  private let handler: InputHandler

  init(_ handler: InputHandler) {
    self.handler = handler
    super.init()
  }

  override func connect(_ device: InputDevice) throws(Errno) -> InputHandle? {
    String(device.name).hasPrefix("Test ") ? try handler.connect(device) : nil
  }
}

/// A machine with files of input devices, and a program.
struct World {
  private static let cell = BootCell<TestNames>()
  private static let isStarted = Atomic<Bool>(false)

  private let actor: FileActor
  private let devices: DeviceFileSystem

  private init() throws {
    let names = try DentryCache(bucketCount: 64)
    let cache = try PageCache(frameCount: SimulatedMemory.frameCount, waiting: PageWaiting())
    devices = try DeviceFileSystem(names: names, clock: FixedClock(), cache: cache)
    let context = FileSystemContext(root: devices.mount.rootPath, directory: devices.mount.rootPath)
    actor = FileActor(.root, context, try MountNamespace(root: devices.mount))
  }

  /// Runs `body` in such a machine, alone.
  static func run(_ body: (borrowing World) throws -> Void) throws {
    try SimulatedMemory.exclusive {
      if isStarted.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged {
        let names = TestNames()
        cell.fill(names)
        let handlers = try InputFiles.prepare(names)
        try InputDevices.add(OwnDevices(handlers.devices))
        try InputDevices.add(OwnDevices(handlers.lights))
        try InputDevices.add(OwnDevices(handlers.events))
        try InputDevices.add(OwnDevices(handlers.mice))
      }
      SimulatedProcessor.reset(.fourLevel, hasIdentifiers: false)
      let space = ProgramSpace(try UserPageTable())
      CurrentAddressSpace.activate(space.table, handler: space)
      defer { CurrentAddressSpace.leave() }
      try body(World())
    }
  }

  /// The names that there are.
  static var names: [String] { cell.withValue { $0.names } ?? [] }

  /// The light of a device, named as programs know it; nil when there is none.
  static func light(_ device: InputDevice, _ word: String) -> InputLight? {
    cell.withValue { $0.light("input\(device.number ?? 0)::\(word)") } ?? nil
  }

  /// What came and went since this was asked last.
  static func takeChanges() -> [String] {
    cell.withValue { names in
      names.changes.withLock { changes in
        let texts = (0..<changes.count).map { String(changes[$0]) }
        changes.removeAll()
        return texts
      }
    } ?? []
  }

  /// Opens the file with a minor number.
  func open(minor: UInt32, _ flags: OpenFlags = [.O_RDWR, .O_NONBLOCK]) throws -> OpenFile {
    let name = Array("node\(minor)".utf8)
    if (try? actor.find(name.span)) == nil {
      try devices.add(name.span, .characterDevice, DeviceNumber(13, minor), permissions: 0o600)
    }
    return try actor.open(name.span, flags)
  }

  func open(_ device: InputDevice, _ flags: OpenFlags = [.O_RDWR, .O_NONBLOCK]) throws -> EventFile {
    for number in 64..<UInt32(96) {
      if let node = InputFiles.node(number), node.device === device,
        let file = try open(minor: number, flags) as? EventFile
      {
        return file
      }
    }
    throw Errno.ENXIO
  }
}

/// An event as a program reads it.
struct ReadEvent: Equatable, CustomStringConvertible {
  let nanoseconds: UInt64
  let event: InputEvent
  var description: String { "\(event.type.rawValue)/\(event.code)/\(event.value)@\(nanoseconds)" }
}

extension OpenFile {
  func readBytes(_ count: Int) throws(Errno) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    let moved = try IOBuffer.withBuffer(filling: &span) { buffer throws(Errno) in try read(&buffer) }
    return Array(bytes[..<moved])
  }

  @discardableResult
  func writeBytes(_ bytes: [UInt8]) throws(Errno) -> Int {
    try IOBuffer.withBuffer(draining: bytes.span) { buffer throws(Errno) in try write(&buffer) }
  }

  /// What there is to read, at most `limit` events.
  func events(limit: Int = 1_000) throws(Errno) -> [InputEvent] { try timedEvents(limit: limit).map(\.event) }

  func timedEvents(limit: Int = 1_000) throws(Errno) -> [ReadEvent] {
    let bytes = try readBytes(limit * 24)
    return stride(from: 0, to: bytes.count, by: 24).map { start in
      let span = bytes.span.extracting(start..<start + 24)
      let seconds = span.load(UInt64.self, at: 0)
      return ReadEvent(
        nanoseconds: seconds * 1_000_000_000 + span.load(UInt64.self, at: 8) * 1_000,
        event: InputEvent(
          EventType(rawValue: span.load(UInt16.self, at: 16)), span.load(UInt16.self, at: 18),
          span.load(Int32.self, at: 20)))
    }
  }

  func write(_ events: [InputEvent]) throws(Errno) -> Int {
    try writeBytes(
      events.flatMap { event in
        [UInt8](repeating: 0, count: 16) + event.type.rawValue.bytes + event.code.bytes + event.value.bytes
      })
  }
}

extension FixedWidthInteger {
  var bytes: [UInt8] { (0..<Self.bitWidth / 8).map { UInt8(truncatingIfNeeded: self >> Self($0 * 8)) } }
}

/// A program's buffer for a request of ioctl(2).
enum Argument {
  static let address = ProgramSpace.range.lowerBound

  static func set(_ bytes: [UInt8], at offset: UInt64 = 0) throws {
    #expect(try UserBytes(address: address + offset, count: UInt64(bytes.count)).write(from: bytes.span) == bytes.count)
  }

  static func get(_ count: Int, at offset: UInt64 = 0) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    #expect(try UserBytes(address: address + offset, count: UInt64(count)).read(into: &span) == count)
    return bytes
  }

  /// The number of a request that reads `size` bytes.
  static func reading(_ number: UInt32, _ size: Int) -> UInt32 { 2 << 30 | UInt32(size) << 16 | 0x4500 | number }
  static func writing(_ number: UInt32, _ size: Int) -> UInt32 { 1 << 30 | UInt32(size) << 16 | 0x4500 | number }
}
