public import DriverKit
public import Foundations
import Logging
import Machine
import PCI
import Synchronization
public import Virtio

/// What drivers of virtio devices have in common: the way to the device, its interrupts, its end.
open class VirtioDriver: Driver {
  /// How often a queue is looked at for one interrupt before others get their turn.
  private static var turns: Int { 64 }
  /// Interrupts that are asked for: configuration, and queues.
  private static var messageLimit: Int { 8 }
  private static var queueLimit: Int { 64 }

  private final var interrupts = VirtioInterrupts.line
  private final var messageCount = 0
  /// How often a driver has spoiled a queue: every driver in its own way, though it is replaced after each.
  private static let spoiledCount = Atomic<Int>(0)

  /// Makes the driver's part for the device behind `transport`, and starts it.
  ///
  /// - Parameter messageCount: how many messages there are to interrupt by; 0 for the line.
  open func begin(
    _ transport: VirtioTransport, _ pacer: VirtioPacer, messageCount: Int, _ context: DriverContext
  ) throws(VirtioError) -> VirtioInterrupts { throw .noStructures }

  /// Sets the device up again after `end`, as `begin` did.
  open func beginAnew(messageCount: Int, _ context: DriverContext) throws(VirtioError) -> VirtioInterrupts {
    throw .stopped
  }

  /// The device, once it was begun with.
  open var virtio: VirtioDevice? { nil }
  /// How many queues are to be looked at.
  open var queueCount: Int { 1 }

  /// Takes what a queue has brought.
  ///
  /// - Returns: whether there is more.
  open func handleQueue(_ number: Int) throws(VirtioError) -> Bool { false }

  /// Called when queues were looked at, and nobody else sets the timer.
  open func didHandleQueues(_ context: DriverContext) throws(VirtioError) {}

  /// Overwrites a queue as number `turn` of all ways to do that, for tests.
  open func spoil(_ turn: Int) { virtio?.corrupt(turn) }

  /// Looks at a changed configuration.
  open func handleConfigurationChange() throws(VirtioError) {}

  /// Ends the use of the device.
  open func end(isGone: Bool) throws(VirtioError) {}

  // MARK: What DriverKit calls

  public final override func start(_ context: DriverContext) throws(Errno) {
    guard let attachment = context.device.attachment as? VirtioAttachment else { throw .ENODEV }
    do throws(VirtioError) {
      let transport = try attachment.open()
      let pacer = DriverPacer(context)
      // Nothing of a former driver's is reached when it may access memory again.
      transport.setStatus(.init())
      messageCount = try connect(attachment, context)
      interrupts = try begin(transport, pacer, messageCount: messageCount, context)
      noteFeatures(attachment)
    } catch {
      throw error.errno
    }
  }

  private final func noteFeatures(_ attachment: VirtioAttachment) {
    if let virtio { attachment.state.note(virtio.features) }
  }

  private final func connect(_ attachment: VirtioAttachment, _ context: DriverContext) throws(VirtioError) -> Int {
    do throws(Errno) {
      let count = try context.connectInterrupts(limit: Self.messageLimit)
      try context.enable(isMaster: true)
      return attachment.function.messageTableRange == nil ? 0 : count
    } catch {
      throw error == .ENOMEM ? .noMemory : .noStructures
    }
  }

  public final override func interrupt(_ number: Int, _ context: DriverContext) throws(Errno) {
    guard let virtio else { return }
    do throws(VirtioError) {
      let causes = interrupts == .line ? virtio.causesOfLine() : virtio.causes(ofMessage: number)
      guard let causes else { return }
      if causes.isConfiguration {
        // A device that needs a reset says so by this.
        try virtio.check()
        try handleConfigurationChange()
      }
      var hasMore = false
      for queue in 0..<min(queueCount, Self.queueLimit) where causes.contains(queue: queue) {
        if try drain(queue) { hasMore = true }
      }
      try finish(hasMore, context)
    } catch {
      throw error.errno
    }
  }

  /// - Returns: whether there is more.
  private final func drain(_ queue: Int) throws(VirtioError) -> Bool {
    for _ in 0..<Self.turns where try !handleQueue(queue) { return false }
    return true
  }

  private final func finish(_ hasMore: Bool, _ context: DriverContext) throws(VirtioError) {
    // No interrupt will say that there is more.
    if hasMore { context.arm(after: 0) } else { try didHandleQueues(context) }
  }

  public override func timer(_ context: DriverContext) throws(Errno) {
    do throws(VirtioError) {
      var hasMore = false
      for queue in 0..<min(queueCount, Self.queueLimit) {
        if try drain(queue) { hasMore = true }
      }
      try finish(hasMore, context)
    } catch {
      throw error.errno
    }
  }

  /// The device is reset, so that it reaches no memory; what it was agreed on is agreed on again. Source: VIRTIO 1.2, section 3.1.
  public final override func suspend(_ context: DriverContext) throws(Errno) {
    do throws(VirtioError) { try end(isGone: false) } catch { throw error.errno }
  }

  public final override func resume(_ context: DriverContext) throws(Errno) {
    do throws(VirtioError) { interrupts = try beginAnew(messageCount: messageCount, context) } catch {
      throw error.errno
    }
    if let attachment = context.device.attachment as? VirtioAttachment { noteFeatures(attachment) }
  }

  public final override func reset(_ context: DriverContext) { try? end(isGone: false) }

  public final override func remove(isGone: Bool, _ context: DriverContext) { try? end(isGone: isGone) }

  public override func health(_ context: DriverContext) -> DriverHealth {
    guard let virtio else { return .failed }
    do throws(VirtioError) {
      try virtio.check()
      return .good
    } catch {
      return .failed
    }
  }

  /// How often it is looked whether a device has noticed rubbish, 5 ms apart.
  private static var looks: Int { 60 }

  private final func isWell() -> Bool {
    do throws(VirtioError) {
      try virtio?.check()
      return true
    } catch {
      return false
    }
  }

  public final override func inject(_ fault: DriverFault, _ context: DriverContext) -> Bool {
    guard fault == .corruption, virtio != nil else { return false }
    spoil(Self.spoiledCount.wrappingAdd(1, ordering: .relaxed).oldValue & Int.max)
    // The device looks first: what the driver does next would write over some of the rubbish.
    for _ in 0..<Self.looks where isWell() { context.sleep(microseconds: 5_000) }
    // As if nothing had happened: the queues are looked at as after any interrupt.
    context.arm(after: 0)
    return true
  }
}

/// Waits as a driver's thread does.
private final class DriverPacer: VirtioPacer {
  private let context: DriverContext

  init(_ context: DriverContext) {
    self.context = context
    super.init()
  }

  override func pause() { context.sleep(microseconds: 1_000) }
}
