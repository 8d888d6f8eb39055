import Boot
import PageFrames

/// The kernel stacks of threads, each above a page that is mapped nowhere.
///
/// Some are kept for the threads to come: to map one takes thousands of instructions, and to unmap it interrupts every CPU.
enum ThreadStacks {
  private static let pageCount = Int(APUS_THREAD_STACK_SIZE) / 4096
  /// 1 MiB of stacks.
  private static let keptLimit = 32

  private struct Kept: Sendable {
    var count = 0
    var bottoms = InlineArray<32, UInt>(repeating: 0)
  }

  private static let kept = SpinLock(Kept())

  /// A stack, which holds whatever it held.
  ///
  /// - Returns: its highest address; nil when there is no memory.
  static func take() -> UInt64? {
    let bottom = kept.withLock { kept -> UInt? in
      guard kept.count > 0 else { return nil }
      kept.count &-= 1
      return kept.bottoms[kept.count]
    }
    guard let bottom = bottom ?? DynamicMap.allocate(pageCount: pageCount, priority: .user) else { return nil }
    return UInt64(bottom) + UInt64(APUS_THREAD_STACK_SIZE)
  }

  /// Takes back a stack that nobody is on.
  ///
  /// - Parameter top: what `take` returned.
  static func giveBack(_ top: UInt64) {
    let bottom = UInt(top) - UInt(APUS_THREAD_STACK_SIZE)
    let isKept = kept.withLock { kept in
      guard kept.count < keptLimit else { return false }
      kept.bottoms[kept.count] = bottom
      kept.count &+= 1
      return true
    }
    if !isKept { _ = DynamicMap.release(bottom) }
  }
}
