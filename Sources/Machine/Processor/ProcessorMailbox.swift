import Boot
import Synchronization

/// A function that CPUs run when asked, in an interrupt: with interrupts off, so it must be short and must not block.
open class ProcessorCall {
  /// Creates a call of nothing.
  public init() {}

  /// What each CPU does.
  open func run() {}
}

/// Translations that every CPU must drop.
enum TranslationRequest {
  /// Of a program's page table.
  case program(TLBInvalidation)
  /// Of the kernel's dynamic map: pages from an address on.
  case kernel(address: UInt64, pageCount: Int)
  /// All of a program's page table that is about to go; the sender keeps its context until all have left.
  case leave(context: UInt64)
}

/// Where one CPU is asked things, and what it asks of others.
///
/// A CPU asks for one thing of each kind at a time: it writes the request, sets a bit for each CPU it waits for, sets its own
/// bit in the mailbox of each, and sends an interrupt. Each clears its bit when it is done.
@safe
struct ProcessorMailbox: ~Copyable {
  /// CPUs that want this one to drop translations, one bit each.
  let translationSenders = Atomic<UInt64>(0)
  /// CPUs that have not yet done what this one wants.
  let translationPending = Atomic<UInt64>(0)
  /// What this CPU wants others to drop. Valid while `translationPending` is not 0.
  var translation = TranslationRequest.kernel(address: 0, pageCount: 0)

  /// CPUs that want this one to run a function.
  let callSenders = Atomic<UInt64>(0)
  let callPending = Atomic<UInt64>(0)
  /// What this CPU wants others to run. Valid while `callPending` is not 0.
  var call: Unmanaged<ProcessorCall>?
}

/// What CPUs ask of each other.
///
/// Who waits for an answer, or for a spin lock, does what others ask to be dropped meanwhile; so two CPUs with interrupts off
/// may wait for each other.
public enum ProcessorMessages {
  /// Above so many pages dropping all global translations is cheaper.
  private static let pageLimit = 32

  // SAFETY (section): mailboxes are made before their CPU is online and stay; all fields that two CPUs touch are atomics, or
  // written by the sender before it sets its bit and read by the receiver between finding that bit and clearing its own.

  @inline(__always)
  private static func mailbox(_ number: Int) -> UnsafeMutablePointer<ProcessorMailbox> {
    unsafe ProcessorBlock.part(ProcessorBlock.address(of: number), ProcessorBlock.mailboxOffset)
  }

  @inline(__always)
  private static var ownMailbox: UnsafeMutablePointer<ProcessorMailbox> {
    unsafe ProcessorBlock.part(ProcessorBlock.current, ProcessorBlock.mailboxOffset)
  }

  /// Makes each of `processors`, one bit each, drop what `request` says, and waits until they have.
  static func send(_ request: TranslationRequest, to processors: UInt64) {
    let wereEnabled = InterruptGuard.disable()
    let own = unsafe ownMailbox
    let number = Processor.current
    let targets = processors & Processor.online & ~(1 << UInt64(number))
    if targets != 0 {
      unsafe own.pointee.translation = request
      unsafe own.pointee.translationPending.store(targets, ordering: .releasing)
      interrupt(targets, LocalInterruptController.vectors.translation) {
        unsafe mailbox($0).pointee.translationSenders.bitwiseOr(
          1 << UInt64(number), ordering: .acquiringAndReleasing
        ).oldValue == 0
      }
      while unsafe own.pointee.translationPending.load(ordering: .acquiring) & Processor.online != 0 {
        apus_pause()
        followTranslationRequests()
      }
    }
    InterruptGuard.restore(wereEnabled)
  }

  /// Interrupts each CPU of `targets` for which `isNeeded` says so.
  private static func interrupt(_ targets: UInt64, _ vector: UInt8, _ isNeeded: (Int) -> Bool) {
    var rest = targets
    while rest != 0 {
      let target = rest.trailingZeroBitCount
      rest &= rest &- 1
      guard isNeeded(target), let destination = Processor.localAPIC(of: target) else { continue }
      LocalInterruptController.send(LocalAPICCommand(vector: vector), to: destination)
    }
  }

  /// Drops what other CPUs want this one to drop. Interrupts are off.
  @inline(__always)
  static func followTranslationRequests() {
    #if os(none)
      let own = unsafe ownMailbox
      guard unsafe own.pointee.translationSenders.load(ordering: .relaxed) != 0 else { return }
      unsafe followTranslationRequests(own)
    #endif
  }

  @inline(never)
  private static func followTranslationRequests(_ own: UnsafeMutablePointer<ProcessorMailbox>) {
    var senders = unsafe own.pointee.translationSenders.exchange(0, ordering: .acquiringAndReleasing)
    let number = Processor.current
    while senders != 0 {
      let sender = senders.trailingZeroBitCount
      senders &= senders &- 1
      let box = unsafe mailbox(sender)
      switch unsafe box.pointee.translation {
      case .program(let invalidation): ProcessorArea.withCurrent { $0.translation.follow(invalidation) }
      case .kernel(let address, let pageCount): invalidateKernel(address, pageCount: pageCount)
      case .leave(let context): ProcessorArea.withCurrent { $0.translation.abandon(context) }
      }
      unsafe box.pointee.translationPending.bitwiseAnd(~(1 << UInt64(number)), ordering: .releasing)
    }
  }

  /// Drops the kernel's translations of `pageCount` pages from `address` on, on every CPU.
  static func invalidateKernelEverywhere(_ address: UInt64, pageCount: Int) {
    // A thread that moved in between would leave out the CPU that it came to.
    let wereEnabled = InterruptGuard.disable()
    invalidateKernel(address, pageCount: pageCount)
    if Processor.online & (Processor.online &- 1) != 0 {
      send(.kernel(address: address, pageCount: pageCount), to: .max)
    }
    InterruptGuard.restore(wereEnabled)
  }

  private static func invalidateKernel(_ address: UInt64, pageCount: Int) {
    if pageCount <= pageLimit {
      for page in 0..<pageCount { apus_invalidate_page(address &+ UInt64(page) << 12) }
    } else {
      TranslationHardware.invalidateGlobally()
    }
  }

  // MARK: For the interrupts' handlers

  /// Serves the interrupt by which another CPU asks this one to drop translations.
  public static func receiveTranslationRequest() { followTranslationRequests() }

  /// Serves the interrupt by which another CPU asks this one to run a function.
  public static func receiveCall() {
    let own = unsafe ownMailbox
    var senders = unsafe own.pointee.callSenders.exchange(0, ordering: .acquiringAndReleasing)
    let number = Processor.current
    while senders != 0 {
      let sender = senders.trailingZeroBitCount
      senders &= senders &- 1
      let box = unsafe mailbox(sender)
      if let call = unsafe box.pointee.call { unsafe call._withUnsafeGuaranteedRef { $0.run() } }
      unsafe box.pointee.callPending.bitwiseAnd(~(1 << UInt64(number)), ordering: .releasing)
    }
  }

  // MARK: For everybody

  /// Does what other CPUs ask of this one: for code that waits for them with interrupts off.
  ///
  /// - Context: interrupts are off; no lock is held that a `ProcessorCall` takes.
  public static func serve() {
    apus_pause()
    followTranslationRequests()
    if unsafe ownMailbox.pointee.callSenders.load(ordering: .relaxed) != 0 { receiveCall() }
  }

  /// Makes each other CPU of `processors`, one bit each, run `call`, and waits until they have.
  ///
  /// - Context: interrupts on or off, but no lock is held that `call` or any handler of an interrupt takes.
  public static func call(_ call: ProcessorCall, on processors: UInt64) {
    let wereEnabled = InterruptGuard.disable()
    let own = unsafe ownMailbox
    let number = Processor.current
    let targets = processors & Processor.online & ~(1 << UInt64(number))
    if targets != 0 {
      unsafe own.pointee.call = Unmanaged.passUnretained(call)
      unsafe own.pointee.callPending.store(targets, ordering: .releasing)
      interrupt(targets, LocalInterruptController.vectors.call) {
        unsafe mailbox($0).pointee.callSenders.bitwiseOr(1 << UInt64(number), ordering: .acquiringAndReleasing)
          .oldValue == 0
      }
      while unsafe own.pointee.callPending.load(ordering: .acquiring) & Processor.online != 0 {
        serve()
      }
      unsafe own.pointee.call = nil
    }
    InterruptGuard.restore(wereEnabled)
    withExtendedLifetime(call) {}
  }

  /// Interrupts CPU `number`, so that it looks for work.
  public static func reschedule(_ number: Int) {
    guard Processor.isOnline(number), let destination = Processor.localAPIC(of: number) else { return }
    LocalInterruptController.send(
      LocalAPICCommand(vector: LocalInterruptController.vectors.reschedule), to: destination)
  }

  /// The CPU that stops the others plus 1, or 0.
  private static let stopper = Atomic<Int>(0)
  private static let stopAttempts = 1_000_000

  /// Whether another CPU is stopping this one.
  public static var isStopping: Bool {
    let number = stopper.load(ordering: .acquiring)
    return number != 0 && number != Processor.current + 1
  }

  /// Stops every other CPU for good and goes on alone: first by an interrupt, then by an NMI.
  ///
  /// - Context: any; for the end of the kernel. Waits for a bounded time.
  public static func stopOthers() {
    let wereEnabled = InterruptGuard.disable()
    let own = Processor.current
    let others = Processor.online & ~(1 << UInt64(own))
    let (isFirst, _) = stopper.compareExchange(expected: 0, desired: own + 1, ordering: .acquiringAndReleasing)
    if isFirst, others != 0 {
      interrupt(others, LocalInterruptController.vectors.stop) { _ in true }
      waitUntilStopped(others)
      var deaf = others & Processor.online
      while deaf != 0 {
        let target = deaf.trailingZeroBitCount
        deaf &= deaf &- 1
        guard let destination = Processor.localAPIC(of: target) else { continue }
        LocalInterruptController.send(LocalAPICCommand(mode: .nonMaskable), to: destination)
      }
      waitUntilStopped(others)
    }
    InterruptGuard.restore(wereEnabled)
  }

  private static func waitUntilStopped(_ processors: UInt64) {
    for _ in 0..<stopAttempts where Processor.online & processors != 0 { apus_pause() }
  }

  /// Serves the interrupt by which another CPU stops this one.
  public static func receiveStop() -> Never {
    Processor.markOffline(Processor.current)
    Machine.halt()
  }
}
