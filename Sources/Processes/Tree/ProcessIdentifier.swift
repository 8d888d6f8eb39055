import Foundations
import Machine

/// A number and all that it names: a process, a group of processes, a session, or a task.
///
/// The number is not given out again while it names anything. Everything but the number is guarded by the tree's lock.
public final class ProcessIdentifier {
  /// The number that programs see.
  public let number: Int32
  /// The process, until it has been waited for.
  public internal(set) var process: ProcessNode?
  /// The group, while it has members.
  public internal(set) var group: ProcessGroup?
  /// The session, while it has groups.
  public internal(set) var session: Session?
  /// The task, until it ends.
  var task: Task?
  /// How many uses there are beside these: a task that is not its process's first has one.
  var otherUses = 0

  init(_ number: Int32) { self.number = number }

  var isUnused: Bool { process == nil && group == nil && session == nil && otherUses == 0 }
}

/// Which numbers are in use, and for what.
struct IdentifierTable: ~Copyable {
  /// Numbers below are given out once only, at boot. Source: Linux kernel/pid.c, `RESERVED_PIDS`.
  private static let reserved: Int32 = 300

  private var entries = GrowableArray<ProcessIdentifier?>()
  private(set) var last: Int32 = 0
  private(set) var count = 0
  /// How many numbers have been given out so far.
  private(set) var madeCount: UInt64 = 0
  /// One more than the highest number. Source: proc_sys_kernel(5), `pid_max`.
  let limit: Int32

  init(limit: Int32) { self.limit = limit }

  /// Takes the next number that is free, in turn.
  ///
  /// - Throws: `EAGAIN` when all are in use, `ENOMEM`.
  mutating func allocate() throws(Errno) -> ProcessIdentifier {
    let lowest = last < Self.reserved ? 1 : Self.reserved
    var candidate = last
    // Every number is looked at once, and those below `reserved` are left out after the first turn.
    for _ in 0..<limit {
      candidate = candidate + 1 < limit ? candidate + 1 : lowest
      guard find(candidate) == nil else { continue }
      while entries.count <= Int(candidate) { try entries.append(nil) }
      let identifier = ProcessIdentifier(candidate)
      entries[Int(candidate)] = identifier
      last = candidate
      count += 1
      madeCount &+= 1
      return identifier
    }
    throw .EAGAIN
  }

  /// What `number` names, if it is in use.
  func find(_ number: Int32) -> ProcessIdentifier? {
    guard number > 0, Int(number) < entries.count else { return nil }
    return entries[Int(number)]
  }

  /// The lowest number from `start` on that names a process.
  func nextProcess(from start: Int32) -> ProcessIdentifier? {
    var index = max(1, Int(start))
    while index < entries.count {
      if let identifier = entries[index], identifier.process != nil { return identifier }
      index += 1
    }
    return nil
  }

  /// Gives the number back if it names nothing any more.
  mutating func releaseIfUnused(_ identifier: ProcessIdentifier) {
    guard identifier.isUnused, identifier.number > 0, entries[Int(identifier.number)] === identifier else { return }
    entries[Int(identifier.number)] = nil
    count -= 1
  }

  /// Calls `body` with everything that is in use, lowest number first.
  func forEach(_ body: (ProcessIdentifier) -> Void) {
    for index in 0..<entries.count {
      if let identifier = entries[index] { body(identifier) }
    }
  }
}
