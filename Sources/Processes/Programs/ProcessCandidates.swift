public import Foundations
import LinuxABI
import Machine
public import PageCache
import Synchronization
import VirtualMemory

/// A process as the out-of-memory killer sees it.
public final class ProcessCandidate: OutOfMemoryCandidate {
  private let process: Process
  private let space: AddressSpace?

  /// Looks at `process`.
  public init(_ process: Process) {
    self.process = process
    space = process.leader?.resourcesForOthers.memory?.space
  }

  /// Its number.
  public var processID: Int32 { process.number }

  /// Its name.
  public var name: Message {
    let name = process.name
    var text = Message()
    text.write(name.bytes)
    return text
  }

  /// Its owner.
  public var userID: UInt32 { process.realUser }

  /// Its memory.
  public var memory: ProcessMemory {
    var memory = ProcessMemory()
    guard let space else { return memory }
    let (usage, residence) = (space.usage, space.residence)
    memory.virtualCount = usage.total
    (memory.anonymousCount, memory.fileCount, memory.sharedCount) =
      (residence.anonymous, residence.file, residence.shared)
    memory.pageTableCount = usage.pageTables
    return memory
  }

  /// What was written to `oom_score_adj`.
  public var scoreAdjustment: Int { Int(process.outOfMemoryAdjustment.load(ordering: .relaxed)) }

  /// The first process ends with the machine only.
  public var isUnkillable: Bool { process.number == 1 }

  /// Whether it is on its way out.
  public var isExiting: Bool { process.isEnding }

  /// Whether the memory that is missing is for it.
  public var isRequester: Bool { Task.current?.process === process }

  /// As SIGKILL does.
  public func kill() { process.end(ExitStatus(signal: .SIGKILL, isDumped: false)) }
}

/// All processes that have memory.
public final class ProcessCandidates: OutOfMemoryCandidates {
  /// Creates what finds them, once there are any.
  public init() {}

  /// Calls `body` with each.
  public func forEachCandidate(_ body: (any OutOfMemoryCandidate) -> Void) {
    guard let tree = Processes.tree else { return }
    var number: Int32 = 1
    while let identifier = tree.nextProcess(from: number) {
      number = identifier.number + 1
      guard let process = tree.process(of: identifier) as? Process, process.taskCount > 0 else { continue }
      body(ProcessCandidate(process))
    }
  }
}
