import FileTestSupport
import Foundations
import IPC
import LinuxABI
import Machine
import PageCache
import RAMFileSystem
import Security
import VFS

@testable import Processes
@testable import SystemCalls

/// A program that makes system calls: its memory, its files, and a memory file system that it is alone on.
final class Program {
  let names: DentryCache
  let cache: PageCache
  let task: Task
  private var nextAddress = DemandMemory.base

  /// An address in the program's memory that nothing is mapped at.
  static let hole: UInt64 = 0x10_0000
  /// AT_FDCWD, in a register.
  static let here = UInt64(bitPattern: -100)

  private init() throws {
    names = try DentryCache(bucketCount: 64)
    cache = try PageCache(frameCount: SimulatedMemory.frameCount, waiting: PageWaiting())
    let root = try RAMFileSystem(names: names, clock: Self.clock, cache: cache).makeMount(permissions: 0o755)
    let resources = TaskResources(
      files: DescriptorTable(), context: FileSystemContext(root: root.rootPath, directory: root.rootPath),
      namespace: try MountNamespace(root: root), credentials: .root)
    let tree = ProcessTree()
    let process = try Process(tree.makeIdentifier(), in: tree, exitSignal: nil)
    task = Task(process, try tree.makeIdentifier(), resources)
    tree.addFirst(process)
    try process.add(task)
    try Pipes.start(names: names, clock: Self.clock)
    MemoryFiles.start(names: names, clock: Self.clock, cache: cache)
    for kind in [RAMFileSystemType.Kind.limited, .unlimited] {
      // Once for all tests.
      try? FileSystemTypes.register(
        RAMFileSystemType(kind, names: names, clock: Self.clock, cache: cache, pageCount: 1_000))
    }
  }

  private static var clock: FileClock { FixedClock(seconds: 1_000, nanoseconds: 5) }

  /// Runs `body` as a program of its own.
  static func run(_ body: (Program) throws -> Void) throws {
    try DemandMemory.withMemory { try body(Program()) }
  }

  /// Makes a call and returns its result: -4095 to -1 is an error.
  @discardableResult
  func call(_ number: SystemCallNumber, _ arguments: UInt64...) -> Int64 {
    var registers = UserRegisters()
    registers.rax = UInt64(number.rawValue)
    let padded = arguments + [UInt64](repeating: 0, count: 6 - arguments.count)
    (registers.rdi, registers.rsi, registers.rdx) = (padded[0], padded[1], padded[2])
    (registers.r10, registers.r8, registers.r9) = (padded[3], padded[4], padded[5])
    registers.rip = 0x40_1000
    let result = UserContext.simulateCall(registers) {
      $0.result = SystemCallDispatch.serve(
        UInt32(truncatingIfNeeded: $0.callNumber), $0, SystemCallContext(task))
    }
    return Int64(bitPattern: result.rax)
  }

  // MARK: Memory

  /// Room for `count` bytes of zeros.
  func room(_ count: Int) -> UInt64 {
    let address = nextAddress
    nextAddress += UInt64(count + 15) & ~15
    return address
  }

  /// Stores bytes somewhere.
  func store(_ bytes: [UInt8]) -> UInt64 {
    let address = room(bytes.count)
    try? DemandMemory.store(bytes, at: address)
    return address
  }

  /// Stores a text with a zero behind it.
  func text(_ text: String) -> UInt64 { store(Array(text.utf8) + [0]) }

  /// Stores 64-bit numbers.
  func words(_ words: UInt64...) -> UInt64 {
    store(words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } })
  }

  /// The bytes at `address`.
  func bytes(_ address: UInt64, _ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    _ = try? UserBytes(address: address, count: UInt64(count)).read(into: &span)
    return bytes
  }

  /// The number in `width` bytes at `address`.
  func number(_ address: UInt64, width: Int = 8) -> UInt64 {
    bytes(address, width).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The text of `count` bytes at `address`.
  func string(_ address: UInt64, _ count: Int64) -> String {
    String(decoding: bytes(address, Int(max(0, count))), as: UTF8.self)
  }

  // MARK: Files

  /// Opens a file and returns its descriptor, or an error.
  @discardableResult
  func open(_ path: String, _ flags: OpenFlags = [], _ mode: UInt64 = 0o644) -> Int64 {
    call(.open, text(path), flags.rawValue, mode)
  }

  /// Makes a file that says `content`, and closes it.
  func make(_ path: String, _ content: String = "") {
    let descriptor = UInt64(bitPattern: open(path, [.O_CREAT, .O_TRUNC, .O_WRONLY]))
    call(.write, descriptor, store(Array(content.utf8)), UInt64(content.utf8.count))
    call(.close, descriptor)
  }

  /// All that a file says.
  func content(_ path: String) -> String {
    let descriptor = UInt64(bitPattern: open(path))
    let buffer = room(4096)
    let count = call(.read, descriptor, buffer, 4096)
    call(.close, descriptor)
    return string(buffer, count)
  }

  /// Makes the program somebody without any capability.
  func become(_ user: UInt32) {
    task.setCredentials(Credentials(user: UserID(rawValue: user), group: GroupID(rawValue: user)))
  }
}

extension Int64 {
  /// The result of a call that fails.
  static func error(_ error: Errno) -> Int64 { -Int64(error.rawValue) }
  /// A descriptor, as an argument.
  var argument: UInt64 { UInt64(bitPattern: self) }
}
