/// A way to a virtio device: its status, features, configuration and notifications. The queues lie in memory.
///
/// A conformer never traps; where nobody answers, reads give ones. This class stands for a device that is not there.
///
/// Context: a thread of the driver; `notify` and `takeCauses` any.
open class VirtioTransport {
  /// Creates a way.
  public init() {}

  /// The kind of device by its number.
  open var kind: UInt16 { 0 }
  /// Features that cannot be used this way, whatever the device offers.
  open var excludedFeatures: VirtioFeatures { [] }

  /// How far the driver has come.
  open func status() -> VirtioCommon.Status { VirtioCommon.Status(rawValue: .max) }
  /// Says how far the driver has come; zero begins a reset.
  open func setStatus(_ status: VirtioCommon.Status) {}
  /// What the device offers.
  open func offeredFeatures() -> VirtioFeatures { [] }
  /// Says what the driver accepts.
  open func accept(_ features: VirtioFeatures) {}

  /// A number that changes whenever the configuration may have changed.
  open func generation() -> UInt8 { .max }
  /// How many bytes the configuration has.
  open var configurationByteCount: Int { 0 }
  /// Reads 1, 2 or 4 bytes of the configuration; ones outside.
  open func readConfiguration(at offset: Int, width: Int) -> UInt32 { .max }
  /// Writes 1, 2 or 4 bytes of the configuration.
  open func writeConfiguration(_ value: UInt32, at offset: Int, width: Int) {}

  /// How many queues the device has at most, 0...65,535.
  open func queueCount() -> Int { 0 }
  /// How many descriptors queue `number` can have at most; 0 when it is not there.
  open func queueSize(_ number: Int) -> Int { 0 }
  /// Says where the queue lies. It is not used before `enableQueue`.
  ///
  /// - Returns: whether the device took the size, and can be notified.
  open func setUpQueue(_ number: Int, size: Int, at places: VirtioQueuePlaces) -> Bool { false }
  /// Lets the device use the queue.
  ///
  /// - Returns: whether it does.
  open func enableQueue(_ number: Int) -> Bool { false }
  /// Begins to take the queue from the device.
  open func beginQueueReset(_ number: Int) {}
  /// Whether the device has let go of the queue.
  open func isQueueReset(_ number: Int) -> Bool { false }
  /// Tells the device that there is something in the queue.
  open func notify(_ number: Int) {}

  /// Makes `message` tell of the queue's used buffers; nil for none.
  ///
  /// - Returns: whether the device can.
  open func setMessage(_ message: UInt16?, ofQueue number: Int) -> Bool { false }
  /// Makes `message` tell of changes of the configuration; nil for none.
  ///
  /// - Returns: whether the device can.
  open func setConfigurationMessage(_ message: UInt16?) -> Bool { false }
  /// Why the line interrupts, and takes the interrupt back.
  open func takeCauses() -> VirtioInterruptStatus.Causes { VirtioInterruptStatus.Causes() }
}

/// Where the parts of a queue lie, as the device finds them.
public struct VirtioQueuePlaces: Equatable, Sendable {
  /// The descriptors.
  public var descriptors: UInt64
  /// What the driver writes: available entries, or when it wants to be told.
  public var driver: UInt64
  /// What the device writes: used entries, or when it wants to be told.
  public var device: UInt64
}

/// How a driver lets time pass while it waits for its device.
///
/// By itself it lets none pass, which is right for a model; on a machine `pause` sleeps.
open class VirtioPacer {
  /// How often a device is looked at before it counts as stuck.
  public final let attempts: Int

  /// Creates a pacer that gives up after `attempts` looks.
  public init(attempts: Int = 1000) { self.attempts = attempts }

  /// Lets a little time pass, about a millisecond.
  open func pause() {}

  /// Waits until `isDone`.
  ///
  /// - Returns: whether it has become true in time.
  final func wait(until isDone: () -> Bool) -> Bool {
    for _ in 0..<attempts {
      if isDone() { return true }
      pause()
    }
    return isDone()
  }
}
