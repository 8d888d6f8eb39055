public import LinuxABI
import Synchronization

/// What a task asked for by prctl(2), personality(2), ioprio_set(2) and set_mempolicy(2). Changed by the task itself, looked at by anybody.
public struct TaskSettings: ~Copyable {
  /// By how much timers may be late, in nanoseconds, if nothing else was asked for. Source: prctl(2), `PR_SET_TIMERSLACK`.
  public static let normalTimerSlack: UInt64 = 50_000

  private let personalityBits = Atomic<UInt32>(0)
  private let deathSignal = Atomic<UInt8>(0)
  /// What it wants its memory to come from. Source: set_mempolicy(2).
  public struct MemoryPolicy: Sendable {
    /// The mode with its flags.
    public var mode: UInt32
    /// Whether the one node that there is was named.
    public var hasNode: Bool

    /// The policy of these.
    public init(mode: UInt32, hasNode: Bool) { (self.mode, self.hasNode) = (mode, hasNode) }
  }

  private let policyBits = Atomic<UInt64>(0)
  private let ioPriorityBits = Atomic<UInt16>(0)
  private let slack = Atomic<UInt64>(normalTimerSlack)
  private let defaultSlack = Atomic<UInt64>(normalTimerSlack)

  /// What a task has that did not ask for anything.
  public init() {}

  /// Of which system it takes this for one. Source: personality(2).
  public var personality: PersonalityFlags {
    get { PersonalityFlags(rawValue: UInt64(personalityBits.load(ordering: .relaxed))) }
    nonmutating set { personalityBits.store(UInt32(truncatingIfNeeded: newValue.rawValue), ordering: .relaxed) }
  }

  /// The signal that it is sent when its parent ends; nil for none. Source: prctl(2), `PR_SET_PDEATHSIG`.
  public var parentDeathSignal: Signal? {
    get { Signal(rawValue: deathSignal.load(ordering: .relaxed)) }
    nonmutating set { deathSignal.store(newValue?.rawValue ?? 0, ordering: .relaxed) }
  }

  /// By how much its timers may be late, in nanoseconds; to set 0 is to set what it began with.
  public var timerSlack: UInt64 {
    get { slack.load(ordering: .relaxed) }
    nonmutating set {
      slack.store(newValue == 0 ? defaultSlack.load(ordering: .relaxed) : newValue, ordering: .relaxed)
    }
  }

  /// Its priority for I/O: a class in the highest three bits and a level; 0 for none. Source: ioprio_set(2).
  public var ioPriority: UInt16 {
    get { ioPriorityBits.load(ordering: .relaxed) }
    nonmutating set { ioPriorityBits.store(newValue, ordering: .relaxed) }
  }

  /// What it wants its memory to come from.
  public var memoryPolicy: MemoryPolicy {
    get {
      let bits = policyBits.load(ordering: .relaxed)
      return MemoryPolicy(mode: UInt32(truncatingIfNeeded: bits), hasNode: bits >> 32 != 0)
    }
    nonmutating set {
      policyBits.store(UInt64(newValue.mode) | (newValue.hasNode ? 1 << 32 : 0), ordering: .relaxed)
    }
  }

  /// Gives a new task what it has of these. Source: prctl(2), fork(2).
  func copy(to child: borrowing TaskSettings) {
    child.personality = personality
    child.ioPriority = ioPriority
    child.memoryPolicy = memoryPolicy
    child.defaultSlack.store(timerSlack, ordering: .relaxed)
    child.timerSlack = timerSlack
  }

  /// Takes back what could be used against a program with more rights. Source: personality(2); Linux `PER_CLEAR_ON_SETID`.
  func becomeSecure() {
    personality.subtract([.READ_IMPLIES_EXEC, .ADDR_NO_RANDOMIZE, .ADDR_COMPAT_LAYOUT, .MMAP_PAGE_ZERO])
    parentDeathSignal = nil
  }
}
