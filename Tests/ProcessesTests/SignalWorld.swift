import Foundations
import LinuxABI
import PageCache
import PageFrames
import RAMFileSystem
import Security
import Signals
import Synchronization
import VFS

import class Foundation.Thread

@testable import Machine
@testable import Processes

/// Processes with tasks that have no threads: what is sent to them stays until a test delivers it.
final class SignalWorld {
  let tree = ProcessTree()
  let first: Process
  private let root: Mount

  init() throws {
    let cache = try PageCache(frameCount: 64, waiting: PageWaiting())
    root = try RAMFileSystem(names: DentryCache(bucketCount: 16), clock: FileClock(), cache: cache).makeMount()
    first = try Process(try tree.makeIdentifier(), in: tree, exitSignal: .SIGCHLD)
    tree.addFirst(first)
    _ = try addTask(to: first)
  }

  /// A process with one task, a child of `parent`.
  func makeProcess(_ credentials: Credentials = .root, parent: Process? = nil) throws -> Process {
    let process = try Process(try tree.makeIdentifier(), in: tree, exitSignal: .SIGCHLD)
    try tree.add(process, to: parent ?? first)
    _ = try addTask(to: process, credentials)
    return process
  }

  /// Another task of `process`.
  @discardableResult
  func addTask(to process: Process, _ credentials: Credentials = .root) throws -> Task {
    let resources = TaskResources(
      files: DescriptorTable(), context: FileSystemContext(root: root.rootPath, directory: root.rootPath),
      namespace: try MountNamespace(root: root), credentials: credentials)
    let identifier = process.taskCount == 0 ? process.identifier : try tree.makeIdentifier()
    let task = Task(process, identifier, resources)
    try process.add(task)
    tree.add(task)
    return task
  }

  /// Runs `body` with a world and a program whose stack is at `SignalWorld.stack`.
  static func run(_ body: (SignalWorld) throws -> Void) throws {
    try SimulatedMemory.exclusive {
      SimulatedProcessor.reset(.fourLevel, hasIdentifiers: false)
      FPUState.start(
        components: SimulatedRegisters.components, byteCount: SimulatedRegisters.byteCount, canSaveChanges: false)
      let space = StackSpace(try UserPageTable())
      CurrentAddressSpace.activate(space.table, handler: space)
      defer { CurrentAddressSpace.leave() }
      try body(SignalWorld())
    }
  }

  static let stack: UInt64 = 0x7f00_0000_8000
}

/// Zeroed pages around `SignalWorld.stack`.
private final class StackSpace: PageFaultHandler {
  var table: UserPageTable

  init(_ table: consuming UserPageTable) {
    self.table = table
    super.init()
  }

  override func resolve(address: UInt64, access: PageFaultAccess) -> Bool {
    guard address >> 16 == SignalWorld.stack >> 16 else { return false }
    do throws(Errno) {
      try table.map(UserFrame.allocate(isZeroed: true), at: address & ~4095, [.read, .write])
      return true
    } catch {
      return error == .EEXIST
    }
  }
}

/// What a program sees of signals.
struct ProgramView {
  static let handler: UInt64 = 0x40_2000
  static let call: UInt64 = 0x40_1000
  /// How the program goes on.
  let registers: UserRegisters

  /// Which handler was called; nil for none.
  var signal: Signal? {
    registers.rip == Self.handler ? Signal(rawValue: UInt8(truncatingIfNeeded: registers.rdi)) : nil
  }
  /// What the handler is told.
  var information: SignalInformation? { try? SignalInformation.load(UserPointer(registers.rsi)) }
  /// What the frame says that is blocked afterwards.
  var maskAfterwards: SignalSet? {
    (try? UserPointer<UInt64>(registers.rsp + 304).load()).map(SignalSet.init(rawValue:))
  }
}

extension Task {
  /// Delivers signals as on the way back from call `number`, which gave `result`.
  @discardableResult
  func deliver(after number: SystemCallNumber = .getpid, result: Int64 = 0) -> ProgramView {
    var registers = UserRegisters()
    registers.rax = UInt64(number.rawValue)
    // Behind the instruction that made the call.
    (registers.rip, registers.rsp, registers.flags) = (ProgramView.call + 2, SignalWorld.stack, 0x202)
    return ProgramView(
      registers: UserContext.simulateCall(registers) { context in
        context.result = result
        deliverSignals(context)
      })
  }

  /// Catches `signal`.
  func catchSignal(_ signal: Signal, _ flags: SignalActionFlags = [], mask: SignalSet = []) throws {
    _ = try exchangeDisposition(
      signal,
      SignalDisposition(
        handler: ProgramView.handler, flags: flags.union([.SA_RESTORER, .SA_SIGINFO]), restorer: 0x40_3000, mask: mask))
  }
}

extension Process {
  func kill(_ signal: Signal, by sender: Int32 = 77) throws {
    try send(signal, .sent(signal, process: sender, user: 5))
  }
}

/// A thread of the host's that plays a task's.
final class Companion: Sendable {
  private let held: SpinLock<Task>
  private let isOver = Atomic<Bool>(false)

  /// Starts it.
  init(_ task: Task, _ body: @escaping @Sendable (Task) -> Void) {
    held = SpinLock(task)
    let companion = self
    Thread.detachNewThread {
      body(companion.held.withLock { $0 })
      companion.isOver.store(true, ordering: .releasing)
    }
  }

  /// Whether it has ended.
  var isFinished: Bool { isOver.load(ordering: .acquiring) }
}
