import Foundations
import Machine
import Synchronization

/// What a guest tells its host about its end. The bits are the device's.
public struct PanicEvents: OptionSet, Sendable {
  /// The bits.
  public let rawValue: UInt8
  /// The set with the bits of `rawValue`.
  public init(rawValue: UInt8) { self.rawValue = rawValue }
  /// The kernel has failed; the host is to do about it what it does. What every failure is told as, also where the machine
  /// restarts afterwards.
  public static var panicked: PanicEvents { PanicEvents(rawValue: 1) }
  /// The kernel has failed, and another one that waits for that takes over, to save what it knows; never this kernel's, which
  /// has no other waiting. Source: QEMU, docs/specs/pvpanic.rst.
  public static var crashLoaded: PanicEvents { PanicEvents(rawValue: 2) }
  /// The machine is shut down in order.
  public static var shutdown: PanicEvents { PanicEvents(rawValue: 4) }
}

/// One device that reports: its register, and what it is to be told.
///
/// It belongs to the kernel, for the kernel's failure may be the driver's. It stays for ever; `isActive` says whether it is used.
open class PanicChannel {
  /// Where the device is, which tells channels apart.
  public final let address: UInt64
  private final let active = Atomic<Bool>(false)
  private final let known = Atomic<UInt8>(0)
  private final let chosen = Atomic<UInt8>(0)

  /// Creates a channel that is not used.
  public init(address: UInt64) { self.address = address }

  /// Reads which events the device knows; all ones when nobody answers.
  open func readKnown() -> UInt8 { .max }

  /// Tells the device of events.
  ///
  /// - Context: any: interrupts off, in the middle of a failure.
  open func send(_ events: PanicEvents) {}

  /// What the device knows.
  public final var capability: PanicEvents { PanicEvents(rawValue: known.load(ordering: .relaxed)) }

  /// What it is told, of what it knows.
  public final var events: PanicEvents {
    get { PanicEvents(rawValue: chosen.load(ordering: .relaxed)) }
    set { chosen.store(newValue.intersection(capability).rawValue, ordering: .relaxed) }
  }

  final var isActive: Bool { active.load(ordering: .acquiring) }

  /// Begins to use the device. One that is used already, by a driver that is replaced, goes on with what it is to be told.
  ///
  /// - Throws: `ENODEV` when nobody answers, or it knows nothing that the kernel does.
  final func activate() throws(Errno) {
    let found = readKnown()
    let usable = PanicEvents(rawValue: found).intersection([.panicked, .crashLoaded, .shutdown])
    guard found != .max, !usable.isEmpty else { throw .ENODEV }
    let wanted = isActive ? events : usable
    known.store(usable.rawValue, ordering: .relaxed)
    events = wanted
    active.store(true, ordering: .releasing)
  }

  final func deactivate() { active.store(false, ordering: .releasing) }
}

/// Whom the kernel tells that it has failed.
///
/// Sending takes no lock, no memory and no time: it is for the moment when nothing else can be relied on.
public enum PanicReports {
  // Cells, because one that is full is read without a lock. Channels are never removed: a device that comes back has its place.
  private static let first = BootCell<PanicChannel>()
  private static let second = BootCell<PanicChannel>()
  private static let third = BootCell<PanicChannel>()
  private static let fourth = BootCell<PanicChannel>()

  /// Tells every device of `events`, as far as it knows them and is to be told.
  ///
  /// - Returns: how many devices were told.
  /// - Context: any: interrupts off, on any CPU, in the middle of a failure.
  @discardableResult
  public static func send(_ events: PanicEvents) -> Int {
    var count = 0
    forEach { channel in
      let told = events.intersection(channel.events)
      guard channel.isActive, !told.isEmpty else { return }
      channel.send(told)
      count += 1
    }
    return count
  }

  /// Whether somebody would be told of `events`.
  ///
  /// - Context: any.
  public static func canSend(_ events: PanicEvents) -> Bool {
    var isPossible = false
    forEach { if $0.isActive && !$0.events.isDisjoint(with: events) { isPossible = true } }
    return isPossible
  }

  private static func forEach(_ body: (PanicChannel) -> Void) {
    first.withValue { body($0) }
    second.withValue { body($0) }
    third.withValue { body($0) }
    fourth.withValue { body($0) }
  }

  /// The channel of the device at `address`, if there has been one.
  static func find(_ address: UInt64) -> PanicChannel? {
    var found: PanicChannel?
    forEach { if $0.address == address { found = $0 } }
    return found
  }

  /// Notes a channel.
  ///
  /// - Throws: `ENOSPC` when there are four.
  /// - Context: a device's thread.
  static func add(_ channel: PanicChannel) throws(Errno) {
    guard !first.fill(channel), !second.fill(channel), !third.fill(channel), !fourth.fill(channel) else { return }
    throw .ENOSPC
  }
}
