public import Foundations
import Machine

/// What a filter decides about a call, in the upper half of a number whose lower half says more. Source: seccomp(2).
public enum FilterAction: UInt32, Sendable {
  /// The process ends.
  case killProcess = 0x8000_0000
  /// The thread ends.
  case killThread = 0x0000_0000
  /// The thread is sent SIGSYS.
  case trap = 0x0003_0000
  /// The call gives an error, whose number is in the lower half.
  case error = 0x0005_0000
  /// Somebody else decides.
  case notify = 0x7fc0_0000
  /// A tracer decides.
  case trace = 0x7ff0_0000
  /// The call is served, and noted.
  case log = 0x7ffc_0000
  /// The call is served.
  case allow = 0x7fff_0000

  /// What `decision` says; what is unknown ends the process.
  public init(decision: UInt32) { self = FilterAction(rawValue: decision & 0xffff_0000) ?? .killProcess }
}

/// A program that decides about calls, and those that were there before it. Never changes. Source: seccomp(2).
public final class CallFilter {
  /// An instruction as programs write it.
  public typealias RawInstruction = RawFilterInstruction

  /// How many instructions a filter may have. Source: linux/bpf_common.h, `BPF_MAXINSNS`.
  public static let instructionLimit = FilterProgram.instructionLimit
  /// How many all that decide about a call may have together, each with four more. Source: seccomp(2).
  private static let pathLimit = 32_768
  private static let filterCost = 4

  private let program: FilterProgram
  private var older: CallFilter?
  private let pathLength: Int
  /// How many programs decide, itself among them.
  public let filterCount: Int

  /// Checks `program`, which decides besides `older`.
  ///
  /// - Throws: `EINVAL` for what is no program that ends, `ENOMEM` for one that is too much.
  public init(_ program: Span<RawInstruction>, besides older: CallFilter?) throws(Errno) {
    self.older = older
    let before = older?.pathLength ?? 0
    filterCount = (older?.filterCount ?? 0) + 1
    pathLength = before + program.count + Self.filterCost
    // One that is too long by itself is invalid, whatever there was before.
    if pathLength > Self.pathLimit, program.count <= Self.instructionLimit { throw .ENOMEM }
    self.program = try FilterProgram(program, of: .call)
  }

  deinit {
    // One behind the other, not one inside the other: the chain may be longer than the stack is deep.
    var next = older.take()
    while isKnownUniquelyReferenced(&next) {
      let following = next?.older.take()
      next = following
    }
  }

  /// Whether `other` is this filter or one of those before it; nil, no filter, is.
  public func includes(_ other: CallFilter?) -> Bool {
    guard let other else { return true }
    var next: CallFilter? = self
    while let filter = next {
      if filter === other { return true }
      next = filter.older
    }
    return false
  }

  /// What all filters decide about a call: of their decisions the strictest.
  ///
  /// - Parameter record: `struct seccomp_data`, in words.
  public func decide(_ record: InlineArray<16, UInt32>) -> UInt32 {
    var strictest = FilterAction.allow.rawValue
    var next: CallFilter? = self
    while let filter = next {
      let decision = filter.program.run(count: UInt32(FilterInstruction.recordWordCount * 4)) { offset, _ in
        record[Int(offset >> 2)]
      }
      // Actions are in the upper half, the stricter the smaller, as signed numbers. Source: linux/seccomp.h.
      if Self.rank(decision) < Self.rank(strictest) { strictest = decision }
      next = filter.older
    }
    return strictest
  }

  private static func rank(_ decision: UInt32) -> Int32 { Int32(bitPattern: decision & 0xffff_0000) }
}
