import Foundations
import LinuxABI
import PageCache
import RAMFileSystem
import Security
import Testing
import VFS
import VirtualMemory

@testable import Machine
@testable import Processes
@testable import SystemCalls

/// A process with one task, memory and an empty root directory, whose calls a test makes.
final class CallWorld {
  /// Memory that tests may use: 16 pages, readable and writable.
  static let base: UInt64 = 0x40_0000
  static let pageCount: UInt64 = 16

  let tree: ProcessTree
  let process: Process
  let task: Task
  let space: AddressSpace
  let root: Mount

  private init(_ credentials: Credentials) throws {
    let cache = try PageCache(frameCount: FrameTable.descriptors.count, waiting: PageWaiting())
    root = try RAMFileSystem(names: DentryCache(bucketCount: 16), clock: FileClock(), cache: cache).makeMount()
    space = try AddressSpace.make()
    space.limits.ignoresLockLimit = credentials.has(.CAP_IPC_LOCK)
    _ = try space.map(
      MapRequest(address: Self.base, byteCount: Self.pageCount << 12, flags: [.private, .anonymous, .fixed]))
    var resources = TaskResources(
      files: DescriptorTable(), context: FileSystemContext(root: root.rootPath, directory: root.rootPath),
      namespace: try MountNamespace(root: root), credentials: credentials)
    resources.memory = ProgramMemory(space, ProgramMemory.Program())
    tree = ProcessTree()
    let identifier = try tree.makeIdentifier()
    process = try Process(identifier, in: tree, exitSignal: nil)
    task = Task(process, identifier, resources)
    try UserAccounts.charge(credentials.users.real, limit: .max)
    try process.add(task)
    tree.addFirst(process)
    tree.add(task)
  }

  /// Runs `body` as if a program of such a process ran, and checks that all memory comes back.
  static func run(as credentials: Credentials = .root, _ body: (CallWorld) throws -> Void) throws {
    try SimulatedMemory.exclusive { () throws in
      SimulatedProcessor.reset(.fourLevel, hasIdentifiers: false)
      let world = try CallWorld(credentials)
      world.space.activate()
      defer {
        CurrentAddressSpace.leave()
        world.task.memory?.endUse()
        UserAccounts.release(world.task.credentials.users.real)
      }
      try body(world)
    }
  }

  /// A user without rights.
  static var ordinary: Credentials { Credentials(user: UserID(rawValue: 1_000), group: GroupID(rawValue: 1_000)) }

  /// Adds a process with memory of its own, which has the same 16 pages.
  func addProcess(_ credentials: Credentials) throws -> Task {
    var resources = task.resourcesForOthers
    resources.credentials = credentials
    resources.files = DescriptorTable()
    resources.memory = try task.memory?.fork()
    let identifier = try tree.makeIdentifier()
    let child = try Process(identifier, in: tree, exitSignal: .SIGCHLD)
    let other = Task(child, identifier, resources)
    try child.add(other)
    try tree.add(child, to: process)
    tree.add(other)
    return other
  }

  /// Makes a call, and returns its result or its error as a negative number.
  @discardableResult
  func call(_ number: SystemCallNumber, _ arguments: UInt64...) -> Int64 { call(number, with: arguments) }

  /// Makes a call that is to fail; nil when it does not.
  func error(_ number: SystemCallNumber, _ arguments: UInt64...) -> Errno? {
    let result = call(number, with: arguments)
    return result < 0 ? Errno(rawValue: Int32(truncatingIfNeeded: -result)) : nil
  }

  private func call(_ number: SystemCallNumber, with arguments: [UInt64]) -> Int64 {
    var registers = UserRegisters()
    registers.rax = UInt64(number.rawValue)
    let all = arguments + [UInt64](repeating: 0, count: 6 - arguments.count)
    (registers.rdi, registers.rsi, registers.rdx) = (all[0], all[1], all[2])
    (registers.r10, registers.r8, registers.r9) = (all[3], all[4], all[5])
    registers.rip = 0x40_1000
    let after = UserContext.simulateCall(registers) {
      $0.result = SystemCallDispatch.serve(
        UInt32(truncatingIfNeeded: $0.callNumber), $0, SystemCallContext(task))
    }
    return Int64(bitPattern: after.rax)
  }

  // MARK: Memory

  func store(_ bytes: [UInt8], at address: UInt64 = base) throws {
    try UserMemory.copyOut(bytes.span, to: address)
  }

  func store<Number: FixedWidthInteger>(_ numbers: [Number], at address: UInt64 = base) throws {
    for (index, number) in numbers.enumerated() { try UserPointer<Number>(address).store(number, at: index) }
  }

  func bytes(_ count: Int, at address: UInt64 = base) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    try UserMemory.copyIn(from: address, into: &span)
    return bytes
  }

  func number<Number: FixedWidthInteger>(_ type: Number.Type, at address: UInt64 = base) throws -> Number {
    try UserPointer<Number>(address).load()
  }

  /// The text at `address`, up to its zero byte.
  func text(at address: UInt64, limit: Int = 65) throws -> String {
    String(decoding: try bytes(limit, at: address).prefix { $0 != 0 }, as: UTF8.self)
  }

  // MARK: Files

  /// Makes a file with `content` and opens it.
  func open(_ path: String, _ content: [UInt8], _ flags: OpenFlags) throws -> UInt64 {
    let name = Array(path.utf8)
    let writer = try task.actor.open(name.span, OpenFlags.O_RDWR.union(.O_CREAT), permissions: 0o777)
    _ = try IOBuffer.withBuffer(draining: content.span) { buffer throws(Errno) in try writer.write(&buffer) }
    let file = try task.actor.open(name.span, flags)
    return UInt64(try task.files.add(file, limit: 1_024, closesOnExecution: false).rawValue)
  }
}
