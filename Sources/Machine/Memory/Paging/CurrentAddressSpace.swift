import PageFrames

/// The page table that this CPU runs with, and who resolves its faults.
public enum CurrentAddressSpace {
  /// Makes this CPU translate programs' addresses by `table`, and `handler` resolve what it does not allow.
  ///
  /// Costs next to nothing where the table is loaded already. The CPU keeps the handler alive until it gets another; the
  /// table may go at any time, which leaves the CPU with no program's table.
  ///
  /// - Context: any; interrupts are off for a moment.
  @inline(__always)
  public static func activate(_ table: borrowing UserPageTable, handler: PageFaultHandler) {
    let old = ProcessorArea.withCurrent { $0.translation.load(table.context, handler) }
    _ = consume old
  }

  /// Whether a table is loaded, and the handler `identity`, which came with it, resolves what it does not allow: then there is nothing
  /// to be activated. No for nil.
  ///
  /// - Parameter identity: the handler's, which is not counted for such a question.
  /// - Context: interrupts are off, or another CPU's answer will do as well.
  @inline(__always)
  public static func isInForce(_ identity: ObjectIdentifier?) -> Bool {
    guard let identity else { return false }
    return ProcessorArea.withCurrent { $0.translation.isInForce(identity) }
  }

  /// Lets this CPU run code that belongs to no program, such as a kernel thread.
  ///
  /// The last table stays loaded, so that going back to its program costs nothing; but its addresses cannot be used.
  public static func suspend() {
    let old = ProcessorArea.withCurrent { $0.translation.suspend() }
    _ = consume old
  }

  /// Lets this CPU run with the kernel's own page table.
  public static func leave() {
    let old = ProcessorArea.withCurrent { $0.translation.unload() }
    _ = consume old
  }

  /// Makes every CPU leave the tables of `context`, which are about to be freed.
  static func leaveEverywhere(_ context: borrowing TranslationContext) {
    // A thread that moved in between would leave out the CPU that it came to.
    let wereEnabled = InterruptGuard.disable()
    let isLoadedHere = ProcessorArea.withCurrent { $0.translation.isLoaded(context.identifier) }
    let old = isLoadedHere ? ProcessorArea.withCurrent { $0.translation.unload() } : nil
    // Elsewhere no program of it runs any more, but a CPU may walk the tables of a loaded root whenever it likes.
    let others = context.processors
    if others != 0 { ProcessorMessages.send(.leave(context: context.identifier), to: others) }
    InterruptGuard.restore(wereEnabled)
    _ = consume old
  }

  /// Whether `table` is what this CPU translates programs' addresses by.
  public static func isActive(_ table: borrowing UserPageTable) -> Bool {
    ProcessorArea.withCurrent { $0.translation.isLoaded(table.context.identifier) && $0.translation.handler != nil }
  }
}
