import Foundations
import Synchronization

/// What the machine has promised to programs: memory that they may write but have not yet.
///
/// Source: Linux Documentation/mm/overcommit-accounting.rst.
public enum CommitAccount {
  /// How much may be promised.
  public enum Policy: Int, Sendable {
    /// Anything that does not obviously exceed the machine.
    case heuristic = 0
    /// Anything.
    case always = 1
    /// A share of memory, and not a page more.
    case never = 2
  }

  private static let promised = Atomic<Int>(0)
  private static let policyNumber = Atomic<Int>(0)
  private static let ratioPercent = Atomic<Int>(50)
  private static let memory = Atomic<Int>(Int.max)

  /// Pages promised now: `Committed_AS`.
  public static var pageCount: Int { promised.load(ordering: .relaxed) }

  /// `vm.overcommit_memory`.
  public static var policy: Policy {
    get { Policy(rawValue: policyNumber.load(ordering: .relaxed)) ?? .heuristic }
    set { policyNumber.store(newValue.rawValue, ordering: .relaxed) }
  }

  /// `vm.overcommit_ratio`: how much of memory may be promised under `.never`.
  public static var ratio: Int {
    get { ratioPercent.load(ordering: .relaxed) }
    set { ratioPercent.store(max(0, min(newValue, Int(Int32.max))), ordering: .relaxed) }
  }

  /// Pages that may be promised under `.never`: `CommitLimit`.
  public static var limit: Int {
    let total = memory.load(ordering: .relaxed)
    return total == .max ? .max : total / 100 * ratio + total % 100 * ratio / 100
  }

  /// Says how many pages of memory the machine has: once, at boot.
  public static func start(pageCount: Int) { memory.store(pageCount, ordering: .relaxed) }

  /// Promises `count` pages.
  ///
  /// - Parameter replaced: how many pages that are promised now will be given back right after.
  /// - Throws: `ENOMEM` when the policy does not allow it.
  static func promise(_ count: Int, replacing replaced: Int = 0) throws(Errno) {
    let new = promised.wrappingAdd(count, ordering: .relaxed).newValue
    let isAllowed =
      switch policy {
      case .always: true
      case .heuristic: count - replaced <= memory.load(ordering: .relaxed)
      case .never: count <= replaced || new - replaced <= limit
      }
    guard isAllowed else {
      promised.wrappingSubtract(count, ordering: .relaxed)
      throw .ENOMEM
    }
  }

  /// Takes the promise of `count` pages back.
  static func release(_ count: Int) {
    promised.wrappingSubtract(count, ordering: .relaxed)
  }
}
