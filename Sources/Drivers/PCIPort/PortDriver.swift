public import DriverKit
public import Foundations
import Logging
import Machine
public import PCI

/// What follows when the slot of a port is filled or emptied; the kernel's composition derives from it.
///
/// It belongs to the kernel: it keeps nothing of the driver's.
open class PortChanges {
  /// Creates one that changes nothing.
  public init() {}

  /// Whether the slots of PCI Express ports are the kernel's, and not firmware's.
  open var ownsSlots: Bool { false }

  /// What looks for functions behind `port`, and adds them.
  open func filled(_ port: PCIFunction) -> DeviceChange { DeviceChange() }

  /// What lets go of all behind `port`, which is still there.
  open func emptying(_ port: PCIFunction) -> DeviceChange { DeviceChange() }

  /// What forgets all behind `port`, which is gone.
  open func emptied(_ port: PCIFunction) -> DeviceChange { DeviceChange() }
}

/// The driver of a PCI bridge or PCI Express port.
public final class PortDriver: Driver {
  private static let nanosecondsPerMillisecond: UInt64 = 1_000_000

  private let changes: PortChanges
  private var slot: SlotController?

  /// Creates a driver that tells `changes` of its slot.
  public init(_ changes: PortChanges) {
    self.changes = changes
    super.init()
  }

  public override func start(_ context: DriverContext) throws(Errno) {
    guard let port = context.device.function, port.isBridge else { throw .ENODEV }
    // Messages and accesses of what is behind it go through.
    try context.enable(isMaster: true)
    guard changes.ownsSlots else { return }
    guard let slot = SlotController(port, listener: Listener(changes, context), timing: Timing(context)) else { return }
    let notification = connect(context)
    self.slot = slot
    slot.start(Self.isAnythingKnown(behind: port) ? .known : .unknown, notification)
    context.log(.info, "slot \(slot.number): \(notification == .interrupt ? "by interrupt" : "polled")" as Message)
    serve(context)
  }

  private static func isAnythingKnown(behind port: PCIFunction) -> Bool {
    guard port.secondaryBus != 0 else { return false }
    let found: Bool? = PCISystem.withHierarchy { hierarchy in
      !hierarchy.indices(onBus: port.secondaryBus, segment: port.address.segment).isEmpty
    }
    return found ?? false
  }

  private func connect(_ context: DriverContext) -> SlotController.Notification {
    do throws(Errno) {
      _ = try context.connectInterrupts(limit: 1)
      return .interrupt
    } catch {
      return .polling
    }
  }

  public override func interrupt(_ number: Int, _ context: DriverContext) throws(Errno) {
    _ = slot?.handleInterrupt()
    serve(context)
  }

  public override func timer(_ context: DriverContext) throws(Errno) { serve(context) }

  public override func serve(_ request: DriverRequest, _ context: DriverContext) throws(Errno) {
    guard let wanted = request as? SlotRequest else { return request.complete(.failure(.EINVAL)) }
    // It is firmware's, or there is none.
    guard let slot else { return wanted.complete(.failure(.EOPNOTSUPP)) }
    do throws(Errno) {
      switch wanted.operation {
      case .turnOn: try slot.turnOn()
      case .turnOff: try slot.turnOff()
      case .showAttention(let indicator): try slot.showAttention(indicator)
      }
      wanted.complete(.success(0))
    } catch {
      wanted.complete(.failure(error))
    }
    // What has happened meanwhile, and when to look the next time.
    serve(context)
  }

  private func serve(_ context: DriverContext) {
    guard let slot else { return }
    let next = slot.serve()
    if slot.hasPendingEvents { return context.arm(after: 0) }
    guard let next else { return context.arm(after: nil) }
    let now = context.nanoseconds / Self.nanosecondsPerMillisecond
    context.arm(after: (next > now ? next - now : 0) &* Self.nanosecondsPerMillisecond)
  }

  public override func remove(isGone: Bool, _ context: DriverContext) { if !isGone { slot?.stop() } }

  public override func reset(_ context: DriverContext) { slot?.stop() }

  public override func inject(_ fault: DriverFault, _ context: DriverContext) -> Bool {
    guard fault == .removal, let slot else { return false }
    slot.dropPower()
    return true
  }
}

private final class Timing: SlotTiming {
  private let context: DriverContext

  init(_ context: DriverContext) { self.context = context }

  var milliseconds: UInt64 { context.nanoseconds / 1_000_000 }

  func wait(milliseconds: Int) { context.sleep(microseconds: UInt64(max(0, milliseconds)) * 1_000) }
}

private final class Listener: SlotListener {
  private let changes: PortChanges
  private let context: DriverContext

  init(_ changes: PortChanges, _ context: DriverContext) {
    (self.changes, self.context) = (changes, context)
    super.init()
  }

  override func slotFilled(_ slot: SlotController) {
    context.log(.info, "slot \(slot.number) is filled")
    perform { changes.filled(slot.port) }
  }

  override func slotWillEmpty(_ slot: SlotController) { perform { changes.emptying(slot.port) } }

  override func slotEmptied(_ slot: SlotController, isSurprise: Bool) {
    context.log(isSurprise ? .warning : .info, "slot \(slot.number) is empty")
    perform { changes.emptied(slot.port) }
  }

  override func slotFailed(_ slot: SlotController, _ failure: SlotFailure) {
    context.log(.warning, "slot \(slot.number) cannot be used")
  }

  private func perform(_ make: () -> DeviceChange) {
    if !context.perform(make) { context.log(.warning, "a change behind the port is late") }
  }
}
