import PageFrames

/// What one CPU translates addresses with. Part of its `ProcessorArea`; used by its CPU only, with interrupts off.
struct ProcessorTranslation: ~Copyable {
  /// The CPU's number: its bit in sets of CPUs.
  let processor: Int
  /// Whose root is loaded; nil for the kernel's own.
  private var context: TranslationContext?
  /// What resolves the faults of the program that runs; nil while none does.
  private(set) var handler: PageFaultHandler?
  /// How many parts of the code that runs forbid the resolving of faults.
  var resolutionBans = 0
  private var identifiers = ProcessIdentifierAllocator(isTagging: false)

  init(processor: Int) {
    self.processor = processor
    context = nil
    handler = nil
  }

  /// Begins to use the CPU's process-context identifiers, if it has them.
  ///
  /// - Precondition: the kernel's own root is loaded.
  mutating func start() {
    identifiers = ProcessIdentifierAllocator(isTagging: TranslationHardware.enableIdentifiers())
  }

  /// What a CPU no longer uses, to be dropped when its area is no longer borrowed.
  struct Replaced: ~Copyable {
    let context: TranslationContext?
    let handler: PageFaultHandler?
  }

  /// Loads the tables of `next` unless they are loaded.
  mutating func load(_ next: borrowing TranslationContext, _ newHandler: PageFaultHandler) -> Replaced {
    // Told of changes first: one that comes after the generation is read reaches this CPU.
    next.join(processor)
    let oldHandler = handler
    handler = newHandler
    switch identifiers.load(next.identifier, generation: next.generation) {
    case .nothing: return Replaced(context: nil, handler: oldHandler)
    case .keeping(let identifier):
      TranslationHardware.load(next.root, identifier: identifier, .keepingTranslations)
    case .dropping(let identifier):
      TranslationHardware.load(next.root, identifier: identifier, .droppingTranslations)
    }
    if isLoaded(next.identifier) { return Replaced(context: nil, handler: oldHandler) }
    return Replaced(context: exchangeContext(next.share()), handler: oldHandler)
  }

  /// Loads the kernel's own root.
  mutating func unload() -> Replaced {
    identifiers.unload()
    TranslationHardware.load(KernelRoot.frame, identifier: 0, .droppingTranslations)
    let oldHandler = handler
    handler = nil
    return Replaced(context: exchangeContext(nil), handler: oldHandler)
  }

  /// Loads the kernel's own root if the tables of context number `identifier` are loaded, on behalf of another CPU.
  ///
  /// Somebody else has a reference to the context, so dropping this one's frees nothing; the handler stays for that reason.
  mutating func abandon(_ identifier: UInt64) {
    guard isLoaded(identifier) else { return }
    identifiers.unload()
    TranslationHardware.load(KernelRoot.frame, identifier: 0, .droppingTranslations)
    _ = exchangeContext(nil)
  }

  /// Goes on with the loaded tables for code that belongs to no program, and returns the handler that was in force.
  mutating func suspend() -> PageFaultHandler? {
    let oldHandler = handler
    handler = nil
    return oldHandler
  }

  /// Whether the tables of context number `identifier` are loaded.
  func isLoaded(_ identifier: UInt64) -> Bool {
    switch context {
    case .some(let context): context.identifier == identifier
    case .none: false
    }
  }

  /// Whether a program's tables are loaded, and what resolves their faults is the object `identity`.
  @inline(__always)
  func isInForce(_ identity: ObjectIdentifier) -> Bool {
    guard let handler, ObjectIdentifier(handler) == identity else { return false }
    switch context {
    case .some: return true
    case .none: return false
    }
  }

  private mutating func exchangeContext(_ next: consuming TranslationContext?) -> TranslationContext? {
    var old: TranslationContext? = next
    swap(&old, &context)
    switch old {
    case .some(let old): old.leave(processor)
    case .none: break
    }
    return old
  }

  /// Drops the translations that `request` says are out of date, if they can be used on this CPU.
  @inline(__always)
  mutating func follow(_ request: TLBInvalidation) {
    switch context {
    case .some(let context):
      let update = identifiers.update(
        request.context, generation: request.generation, isByPage: !request.pages.isEverything,
        latest: context.generation)
      switch update {
      case .nothing: break
      case .pages: TranslationHardware.invalidate(request.pages)
      case .everything: TranslationHardware.invalidateEverything()
      }
    case .none: break
    }
  }
}
