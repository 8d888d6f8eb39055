/// Which of one CPU's process-context identifiers stands for which program's page table, and how far each has followed the
/// changes of its tables.
///
/// A TLB keeps translations of several page tables apart by these identifiers, so that going back to a recent one finds what
/// it left. A CPU has 4,095 of them; six are enough for the programs that take turns on it, and few enough to be searched. The
/// least recently used one is taken for a newcomer. A CPU without identifiers uses the first entry alone, for what is loaded
/// now. Nothing here touches the CPU; the answers say what to do. Source: Intel SDM vol. 3A, 4.10.1 and 4.10.4.
struct ProcessIdentifierAllocator {
  /// What has to be done to run with a page table.
  enum Load: Equatable {
    /// Nothing: it is loaded, and no translation is out of date.
    case nothing
    /// Load it and keep the translations that the TLB has under this identifier.
    case keeping(identifier: UInt16)
    /// Load it, or load it again, and drop the translations under this identifier.
    case dropping(identifier: UInt16)
  }

  /// What has to be done to follow a change.
  enum Update: Equatable {
    /// Nothing: the table is not loaded, or the change has been followed already.
    case nothing
    /// Drop the translations of the changed pages.
    case pages
    /// Drop all translations of the table that is loaded.
    case everything
  }

  private struct Slot {
    /// The number of the page table's context, or 0.
    var context: UInt64 = 0
    /// The last change that was followed.
    var generation: UInt64 = 0
    var lastUse: UInt64 = 0
  }

  private static let capacity = 6

  private var slots = InlineArray<6, Slot>(repeating: Slot())
  private var clock: UInt64 = 0
  /// Which slot's table is loaded, or -1 for the kernel's own.
  private var loaded = -1
  /// Whether the CPU has identifiers.
  private let isTagging: Bool

  /// Creates the state of a CPU that has loaded the kernel's own table.
  init(isTagging: Bool) { self.isTagging = isTagging }

  /// Says how to run with the page table of context number `context`, whose last change was number `generation`.
  ///
  /// - Precondition: this CPU has been added to the processors that are told of changes before `generation` was read.
  mutating func load(_ context: UInt64, generation: UInt64) -> Load {
    if loaded >= 0, slots[loaded].context == context {
      guard slots[loaded].generation < generation else { return .nothing }
      slots[loaded].generation = generation
      return .dropping(identifier: identifier(of: loaded))
    }
    clock &+= 1
    let (index, isKnown) = isTagging ? slot(for: context) : (0, false)
    let isCurrent = isKnown && slots[index].generation >= generation
    slots[index] = Slot(context: context, generation: generation, lastUse: clock)
    loaded = index
    return isCurrent ? .keeping(identifier: identifier(of: index)) : .dropping(identifier: identifier(of: index))
  }

  /// Notes that the kernel's own table is loaded.
  mutating func unload() { loaded = -1 }

  /// Says how to follow change number `generation` of context number `context`.
  ///
  /// - Parameters:
  ///   - isByPage: whether the change says which pages it is about.
  ///   - latest: the number of the context's last change, read after this one was made known.
  mutating func update(_ context: UInt64, generation: UInt64, isByPage: Bool, latest: UInt64) -> Update {
    guard loaded >= 0, slots[loaded].context == context, slots[loaded].generation < generation else { return .nothing }
    // Pages of a change in between are not known here, so a gap is closed by dropping everything.
    if isByPage && slots[loaded].generation &+ 1 == generation {
      slots[loaded].generation = generation
      return .pages
    }
    slots[loaded].generation = latest
    return .everything
  }

  private func identifier(of slot: Int) -> UInt16 { isTagging ? UInt16(truncatingIfNeeded: slot &+ 1) : 0 }

  private func slot(for context: UInt64) -> (index: Int, isKnown: Bool) {
    var oldest = 0
    for index in 0..<Self.capacity {
      if slots[index].context == context { return (index, true) }
      if slots[index].lastUse < slots[oldest].lastUse { oldest = index }
    }
    return (oldest, false)
  }
}
