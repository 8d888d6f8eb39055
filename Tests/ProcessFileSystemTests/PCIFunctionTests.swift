import FileTestSupport
import Foundations
import LinuxABI
import Machine
import PCI
import Security
import Synchronization
import Testing
import VFS

@testable import ProcessFileSystem

/// Configuration space of a host bridge at 00:00.0, a serial port at 00:03.0 and a display at 00:1f.7.
private final class FakeMachine: PCIConfigurationAccess {
  private static let functions = Mutex<[UInt16: [UInt8]]>([:])

  private static func function(_ values: [Int: UInt8]) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 256)
    for (offset, value) in values { bytes[offset] = value }
    return bytes
  }

  static func install() {
    functions.withLock {
      $0[0] = function([0: 0x86, 1: 0x80, 2: 0x37, 3: 0x12, 11: 6, 14: 0x80])
      $0[0x18] = function([0: 0x36, 1: 0x1b, 2: 2, 4: 3, 10: 0, 11: 7, 0x10: 0x81, 0x11: 0xc0, 0x3c: 11, 0x3d: 1])
      $0[0xf8] = function([0: 0x34, 1: 0x12, 2: 0x11, 3: 0x11, 11: 3, 14: 0x80, 0x3c: 0xff])
      $0[0xff] = function([0: 0x34, 1: 0x12, 2: 0x12, 3: 0x11, 4: 2, 11: 3, 0x10: 8, 0x13: 0xfd])
    }
    PCISystem.install(PCIHierarchy(FakeMachine()))
    _ = try? PCISystem.change { (hierarchy: inout PCIHierarchy) throws(Errno) in
      hierarchy = PCIHierarchy(FakeMachine())
      try? hierarchy.add(PCIRoot())
      try? hierarchy.scan { _ in }
    }
  }

  static func unplug(_ routing: UInt16) {
    _ = functions.withLock { $0.removeValue(forKey: routing) }
    _ = try? PCISystem.change { (hierarchy: inout PCIHierarchy) throws(Errno) in
      hierarchy.remove(PCIAddress(bus: 0, place: UInt8(routing))) { _ in }
    }
  }

  func byteCount(of address: PCIAddress) -> Int { 256 }

  func read(_ address: PCIAddress, at offset: Int, width: Int) -> UInt32 {
    guard let bytes = Self.functions.withLock({ $0[address.routing] }) else { return .max }
    return (0..<width).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
  }

  func write(_ value: UInt32, to address: PCIAddress, at offset: Int, width: Int) {
    for index in 0..<width {
      // The display has 16 MiB, the serial port 8 ports.
      let masks: [Int: UInt8] =
        address.place == 0xff ? [0x13: 0xff] : address.place == 0x18 ? [0x10: 0xf8, 0x11: 0xff] : [:]
      let place = offset + index
      let mask = (0x10..<0x34).contains(place) ? masks[place] ?? 0 : 0xff
      let new = UInt8(truncatingIfNeeded: value >> UInt32(8 * index))
      Self.functions.withLock { functions in
        guard let old = functions[address.routing]?[place] else { return }
        functions[address.routing]?[place] = new & mask | old & ~mask
      }
    }
  }
}

@Suite("PCI in /proc")
struct PCIFunctionTests {
  private func withMachine(_ body: (World) throws -> Void) throws {
    try SimulatedMemory.exclusive {
      FakeMachine.install()
      try body(try World())
    }
  }

  private func open(_ world: World, _ path: String, _ flags: OpenFlags = [], as who: Credentials = .root) throws(Errno)
    -> OpenFile
  {
    let actor = FileActor(who, world.context, world.namespace)
    return try actor.open("/proc/bus/pci/\(path)".bytes.span, flags)
  }

  private func names(_ world: World, _ path: String) throws(Errno) -> [String] {
    var names: [String] = []
    try open(world, path).readEntries { name, _, _, _ throws(Errno) in
      names.append(String(decoding: name.array, as: UTF8.self))
      return true
    }
    return Array(names.dropFirst(2))
  }

  @Test("the list has a line for each function, as wide as Linux's, with its driver")
  func list() throws {
    try withMachine { world in
      try PCISystem.setDriver("serial", of: PCIAddress(bus: 0, place: 0x18))
      let text = String(decoding: try open(world, "devices").readAll(pieces: 100), as: UTF8.self)
      let lines = text.split(separator: "\n")
      try #require(lines.count == 4)
      let zero = String(repeating: " ", count: 15) + "0"
      #expect(lines[0] == "0000\t80861237\t0" + String(repeating: "\t\(zero)", count: 14) + "\t")
      #expect(
        lines[1] == "0018\t1b360002\tb\t            c081" + String(repeating: "\t\(zero)", count: 6)
          + "\t               8" + String(repeating: "\t\(zero)", count: 6) + "\tserial")
      #expect(lines[3].hasPrefix("00ff\t12341112\t0\t        fd000008\t"))
      #expect(lines[3].contains("\t         1000000\t"))
    }
  }

  @Test("buses and functions are directories and files")
  func tree() throws {
    try withMachine { world in
      let (buses, functions) = (try names(world, ""), try names(world, "00"))
      #expect(buses == ["devices", "00"])
      #expect(functions == ["00.0", "03.0", "1f.0", "1f.7"])
      for path in ["01", "00/04.0", "00/03.1", "00/3.0", "00/03.0/x"] {
        #expect(throws: (any Error).self, "\(path)") { try open(world, path) }
      }
      FakeMachine.unplug(0x18)
      let left = try names(world, "00")
      #expect(left == ["00.0", "1f.0", "1f.7"])
      #expect(throws: Errno.ENOENT) { try open(world, "00/03.0") }
    }
  }

  @Test("configuration space is read in part by all, and written by the superuser where it harms nobody")
  func configuration() throws {
    try withMachine { world in
      let file = try open(world, "00/03.0", [.O_RDWR])
      let all = try file.readAll(pieces: 100)
      #expect(all.count == 256 && all[..<4] == [0x36, 0x1b, 2, 0])
      #expect(try file.read(3, at: 1) == Array(all[1..<4]))
      #expect(try file.read(4, at: 256) == [])
      let user = Credentials(user: UserID(rawValue: 7), group: GroupID(rawValue: 7))
      #expect(try open(world, "00/03.0", as: user).readAll(pieces: 100) == Array(all[..<64]))
      #expect(throws: Errno.EACCES) { try open(world, "00/03.0", [.O_RDWR], as: user) }
      #expect(try write([0x20], file, at: 0x0d) == 1)
      #expect(try file.read(1, at: 0x0d) == [0x20])
      #expect(throws: Errno.EPERM) { try write([7], file, at: 4) }
      #expect(throws: Errno.EPERM) { try write([1, 2], file, at: 0x10) }
      #expect(try write([1], file, at: 256) == 0)
      FakeMachine.unplug(0x18)
      #expect(throws: Errno.ENODEV) { try file.read(1, at: 0) }
      #expect(throws: Errno.ENODEV) { try write([0x20], file, at: 0x0d) }
    }
  }

  private func write(_ bytes: [UInt8], _ file: OpenFile, at offset: Int64) throws(Errno) -> Int {
    try IOBuffer.withBuffer(draining: bytes.span) { buffer throws(Errno) in try file.write(&buffer, at: offset) }
  }
}
