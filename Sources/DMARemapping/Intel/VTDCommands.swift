import Foundations
import Machine

/// What a VT-d unit is told: to turn on, and what to forget.
///
/// Every function looks at a register at most `lookLimit` times, and says false when the unit has not done its part by then. Whoever owns
/// it puts a lock around it. Source: VT-d 4.1, sections 6.5, 10.3 and 11.4.
struct VTDCommands<Space: RegisterSpace & ~Copyable>: ~Copyable {
  private let registers: VTDRegisters<Space>
  private let cache: VTDTranslationCacheRegisters<Space>
  private let capabilities: VTDCapabilities
  private let lookLimit: Int
  /// The queue, while the unit takes invalidations from one; it has nothing to do whenever none of these functions runs.
  private var queue: VTDQueueMemory?

  /// What is told to the registers in `commands`, and those of the translation cache.
  init(
    _ commands: consuming Space, cache: consuming Space, _ capabilities: VTDCapabilities, lookLimit: Int
  ) {
    registers = VTDRegisters(commands)
    self.cache = VTDTranslationCacheRegisters(cache)
    self.capabilities = capabilities
    self.lookLimit = lookLimit
  }

  // MARK: Turning on and off

  /// Turns translation on with the root table at `root`, and uses `queue` from then on if there is one.
  ///
  /// - Returns: false when the unit does not answer; then it was told to be off.
  mutating func enable(root: UInt64, queue: VTDQueueMemory?) -> Bool {
    guard turnOff() else { return false }
    if setRoot(root), use(queue), forgetEverything(), command({ $0.translates = true }, until: { $0.translates }) {
      return openProtectedMemory()
    }
    _ = turnOff()
    return false
  }

  /// Undoes what firmware, or a kernel before this one, may have turned on.
  private mutating func turnOff() -> Bool {
    queue = nil
    let status = registers.globalStatus
    guard status.rawValue != .max else { return false }
    if status.translates, !command({ $0.translates = false }, until: { !$0.translates }) { return false }
    if status.remapsInterrupts, !command({ $0.remapsInterrupts = false }, until: { !$0.remapsInterrupts }) {
      return false
    }
    guard status.usesQueue else { return true }
    return command({ $0.usesQueue = false }, until: { !$0.usesQueue })
  }

  private func setRoot(_ address: UInt64) -> Bool {
    var root = VTD.RootTable()
    root.address = address
    registers.rootTable = root
    return command({ $0.rootTable = true }, until: { $0.rootTable })
  }

  private mutating func use(_ queue: VTDQueueMemory?) -> Bool {
    guard let queue else { return true }
    registers.queueTail = VTD.QueueTail()
    var place = VTD.QueueAddress()
    place.address = queue.address
    registers.queueAddress = place
    guard command({ $0.usesQueue = true }, until: { $0.usesQueue }) else { return false }
    self.queue = queue
    return true
  }

  /// Turns off the regions that firmware keeps all devices from: translation is what keeps them now.
  private func openProtectedMemory() -> Bool {
    guard capabilities.hasProtectedMemory, registers.protectedMemory.isOn else { return true }
    registers.protectedMemory = VTD.ProtectedMemory()
    return wait { !registers.protectedMemory.isOn }
  }

  /// Changes one function, and waits until the status says so.
  private func command(
    _ change: (inout VTD.GlobalCommand) -> Void, until isDone: (VTD.GlobalStatus) -> Bool
  ) -> Bool {
    let status = registers.globalStatus
    guard status.rawValue != .max else { return false }
    var command = VTD.GlobalCommand(rawValue: status.rawValue)
    // In the status these say that something was done once; in the command they would do it again.
    command.rootTable = false
    command.faultLog = false
    command.writeBuffer = false
    command.interruptTable = false
    change(&command)
    registers.globalCommand = command
    return wait {
      let status = registers.globalStatus
      return status.rawValue != .max && isDone(status)
    }
  }

  private func wait(_ isDone: () -> Bool) -> Bool {
    for _ in 0..<lookLimit where isDone() { return true }
    return false
  }

  /// Makes writes to tables reach the unit, where they may wait in a buffer.
  func flushWrites() -> Bool {
    guard capabilities.needsWriteBufferFlush else { return true }
    return command({ $0.writeBuffer = true }, until: { !$0.writeBuffer })
  }

  // MARK: Forgetting

  private mutating func forgetEverything() -> Bool {
    guard flushWrites() else { return false }
    return forgetContexts(.all) && forgetTranslations(.all)
  }

  /// Makes the unit forget what it knows of the context entry of a source, which was of `domain`.
  mutating func forgetContext(of source: UInt16, domain: UInt16) -> Bool {
    forgetContexts(.device, domain: domain, source: source)
  }

  private mutating func forgetContexts(_ extent: VTD.ContextExtent, domain: UInt16 = 0, source: UInt16 = 0) -> Bool {
    if let queue {
      var lower = VTDQueue.ContextLower()
      lower.extent = VTDQueue.Extent(rawValue: extent.rawValue)
      (lower.domain, lower.source) = (domain, source)
      return submit(lower.rawValue, 0, queue)
    }
    guard wait({ !registers.contextCommand.isBusy }) else { return false }
    var command = VTD.ContextCommand()
    command.extent = extent
    (command.domain, command.source) = (domain, source)
    command.isBusy = true
    registers.contextCommand = command
    return wait { !registers.contextCommand.isBusy }
  }

  /// Makes the unit forget all translations of a domain.
  mutating func forgetDomain(_ domain: UInt16) -> Bool { forgetTranslations(.domain, domain: domain) }

  /// Makes the unit forget the translations of `pages` of a domain, and what it knows of the tables on the way there unless they stay.
  ///
  /// What it forgets is an aligned power of two of pages; where that is more than the unit takes, all of the domain.
  mutating func forget(_ pages: Range<UInt64>, of domain: UInt16, keepsTables: Bool) -> Bool {
    guard !pages.isEmpty else { return true }
    let difference = pages.lowerBound ^ (pages.upperBound - 1)
    let mask = 64 - difference.leadingZeroBitCount
    guard capabilities.forgetsPages, mask <= capabilities.largestPageMask else { return forgetDomain(domain) }
    var address = VTDTranslationCache.Address()
    address.page = (pages.lowerBound & ~((1 << UInt64(mask)) - 1)) << 12
    address.mask = UInt8(truncatingIfNeeded: mask)
    address.keepsTables = keepsTables
    return forgetTranslations(.pages, domain: domain, address)
  }

  private mutating func forgetTranslations(
    _ extent: VTDTranslationCache.Extent, domain: UInt16 = 0, _ address: VTDTranslationCache.Address = .init()
  ) -> Bool {
    if let queue {
      var lower = VTDQueue.TranslationLower()
      lower.extent = VTDQueue.Extent(rawValue: extent.rawValue)
      lower.domain = domain
      (lower.drainsReads, lower.drainsWrites) = (capabilities.drainsReads, capabilities.drainsWrites)
      // The descriptor's second half is laid out as the register is.
      return submit(lower.rawValue, address.rawValue, queue)
    }
    guard wait({ !cache.command.isBusy }) else { return false }
    if extent == .pages { cache.address = address }
    var command = VTDTranslationCache.Command()
    command.extent = extent
    command.domain = domain
    (command.drainsReads, command.drainsWrites) = (capabilities.drainsReads, capabilities.drainsWrites)
    command.isBusy = true
    cache.command = command
    return wait { !cache.command.isBusy }
  }

  /// Has the unit take a descriptor from the queue, and waits until it has done what that says.
  private func submit(_ lower: UInt64, _ upper: UInt64, _ queue: VTDQueueMemory) -> Bool {
    let serial = queue.append(lower, upper)
    var tail = VTD.QueueTail()
    tail.offset = UInt64(queue.tailOffset)
    registers.queueTail = tail
    for _ in 0..<lookLimit {
      if queue.status == serial { return true }
      let faults = registers.faultStatus
      // All ones are no answer either.
      if faults.hasQueueError || faults.hasCompletionError || faults.hasTimedOut { return false }
    }
    return false
  }
}
