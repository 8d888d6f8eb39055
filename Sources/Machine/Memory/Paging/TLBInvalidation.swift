import PageFrames

/// A change to a page table that every CPU with the table loaded must follow: what a shoot-down sends to other CPUs.
///
/// A CPU that has another table loaded is not told. It finds the context's generation changed when it comes back.
struct TLBInvalidation {
  /// The number of the page table's context.
  let context: UInt64
  /// The number of the change.
  let generation: UInt64
  let pages: PageRanges

  /// Makes a change known and returns when no CPU uses what was there before.
  @inline(__always)
  static func run(_ context: borrowing TranslationContext, _ pages: PageRanges) {
    let request = TLBInvalidation(context: context.identifier, generation: context.advance(), pages: pages)
    // A thread that moved in between would leave out the CPU that it came to.
    let wereEnabled = InterruptGuard.disable()
    let others = ProcessorArea.withCurrent { area in
      area.translation.follow(request)
      return context.processors & ~(1 << UInt64(area.translation.processor))
    }
    if others != 0 { ProcessorMessages.send(.program(request), to: others) }
    InterruptGuard.restore(wereEnabled)
  }
}
