public import Executables
public import Foundations
import Machine
public import Synchronization
public import VFS
public import VirtualMemory

/// A program's memory and what was loaded into it: what tasks share by CLONE_VM.
public final class ProgramMemory {
  /// What was loaded.
  public struct Program {
    /// Where its parts are.
    public var loaded = LoadedProgram()
    /// The file; nil for a program that was made by the kernel.
    public var executable: OpenFile?

    /// Nothing.
    public init() {}
  }

  /// The memory.
  public let space: AddressSpace
  /// Whether others with the same rights may look into it, and a memory image may be left. Source: prctl(2),
  /// `PR_SET_DUMPABLE`.
  public let isDumpable = Atomic<Bool>(true)
  /// What it has asked for by membarrier(2), a bit for each command.
  public let barrierRegistrations = Atomic<UInt32>(0)
  private let users = Atomic<Int>(1)
  private let content: SpinLock<Program>

  /// Takes over `space`, with one user. The file of `program` has begun to be executed.
  public init(_ space: AddressSpace, _ program: Program) {
    self.space = space
    content = SpinLock(program)
  }

  /// What was loaded.
  public var program: Program { content.withLock { $0 } }

  /// Changes what is known of the program. Source: prctl(2), `PR_SET_MM`.
  public func change(_ body: (inout LoadedProgram) -> Void) { content.withLock { body(&$0.loaded) } }

  /// A copy for a new process. Source: fork(2).
  ///
  /// - Throws: `ENOMEM`.
  public func fork() throws(Errno) -> ProgramMemory {
    let program = program
    let child = ProgramMemory(try space.clone(), program)
    child.space.limits = space.limits
    child.isDumpable.store(isDumpable.load(ordering: .relaxed), ordering: .relaxed)
    child.barrierRegistrations.store(barrierRegistrations.load(ordering: .relaxed), ordering: .relaxed)
    // Whoever executes it already keeps writers away, so this cannot fail.
    try? program.executable?.inode.beginExecuting()
    return child
  }

  /// Counts one more user.
  public func beginUse() { users.wrappingAdd(1, ordering: .relaxed) }

  /// Ends a use; with the last one the memory goes.
  ///
  /// - Context: a thread without locks, which does not run with this memory any more.
  public func endUse() {
    guard users.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 else { return }
    space.tearDown()
    let executable = content.withLock { $0.executable.take() }
    executable?.inode.endExecuting()
  }

  /// How many tasks use it.
  public var userCount: Int { users.load(ordering: .relaxed) }
}
