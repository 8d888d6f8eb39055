import Foundations
import Interrupts
import Machine
import PCI
import Time

/// An interrupt of a device: its thread is told, and does what there is to do.
///
/// One that comes faster than that is a storm: the device is silenced at once, for its thread may never run before that, and the thread
/// is told.
class DriverInterrupt: InterruptHandler {
  final let signals: DriverSignals
  private final let number: Int
  private final let name: StaticString
  /// The PCI function whose interrupt it is; nil for a line of the platform.
  final let sender: PCIFunction?
  // One CPU at a time handles it.
  private final var flood = FloodDetector()
  private final var isStorm = false
  private final var wasSilenced = false

  init(_ signals: DriverSignals, _ number: Int, _ name: StaticString, sender: PCIFunction? = nil) {
    (self.signals, self.number, self.name, self.sender) = (signals, number, name, sender)
    super.init()
  }

  final override var label: StaticString { name }
  override var isServedLater: Bool { true }
  final override var isFlooded: Bool { isStorm }

  /// As Linux numbers messages of PCI: the function, and 11 bits for which of its messages it is.
  override var messageNumber: UInt32 {
    UInt32(sender?.address.routing ?? 0) << 11 | UInt32(truncatingIfNeeded: number) & 0x7ff
  }

  override func handle() -> Bool {
    note()
    return true
  }

  final override func lineWasMasked() { signals.noteStorm() }

  /// Tells the thread, and silences the device if it does not leave it the time.
  final func note() {
    let isNews = signals.raise(number)
    isStorm = flood.note(isNews: isNews) { Clock.nanoseconds }
    guard isStorm else { return }
    silence()
    signals.noteStorm()
  }

  private final func silence() {
    guard let sender else { return }
    sender.silence()
    // A message is a write to memory. What is behind a bridge goes on writing.
    if wasSilenced, !sender.isBridge { sender.setMaster(false) }
    wasSilenced = true
  }
}

/// Tells a device's driver of an interrupt that somebody else has served, as its interrupt 0.
public final class DriverNotice {
  private let signals: DriverSignals

  init(_ signals: DriverSignals) { self.signals = signals }

  /// Tells it: `Driver.interrupt` is called, or a device that rests wakes the machine if it may.
  ///
  /// - Context: any, interrupts may be off.
  public func raise() { signals.raise(0) }
}

/// The pin of a PCI function: turned off in the function until its driver has served it, for the line is others' too.
///
/// Source: PCI Local Bus Specification 3.0, sections 6.2.2 and 6.2.3, Interrupt Disable and Interrupt Status.
private final class PinInterrupt: DriverInterrupt {
  override var isServedLater: Bool { false }
  override var messageNumber: UInt32 { 0 }

  override func handle() -> Bool {
    guard let sender, sender.hasPendingPinInterrupt else { return false }
    sender.setPinInterrupt(isEnabled: false)
    note()
    return true
  }
}

/// How a PCI function's interrupts come to its driver's thread.
enum DriverInterrupts {
  /// Connects up to `limit` of them.
  ///
  /// - Parameter name: what /proc/interrupts calls them.
  /// - Returns: those that are connected.
  static func connect(
    _ function: PCIFunction, _ limit: Int, _ signals: DriverSignals, _ resources: DriverResources, _ name: StaticString
  ) throws(Errno) -> DeviceInterrupts {
    guard limit > 0 else { throw .EINVAL }
    var numbers = GrowableArray<UInt32>()
    if function.messageTableRange != nil {
      let count = min(limit, function.extendedMessageCount)
      // Nothing is sent before all of them are set; those beyond stay masked.
      try function.enableExtendedMessages()
      try function.setExtendedMessages(isMasked: true)
      for number in 0..<count {
        let handler = DriverInterrupt(signals, number, name, sender: function)
        let source = try DeviceVectors.allocate(handler: handler)
        let message = source.message
        try numbers.append(source.number)
        try resources.add(source)
        try set(function, number, message)
      }
      try function.setExtendedMessages(isMasked: false)
      return DeviceInterrupts(.extendedMessages, numbers)
    }
    if function.messageCount > 0 {
      let source = try DeviceVectors.allocate(handler: DriverInterrupt(signals, 0, name, sender: function))
      let message = source.message
      try numbers.append(source.number)
      try resources.add(source)
      try function.setMessages(
        address: message.address, data: UInt16(truncatingIfNeeded: message.data), count: 1)
      if function.canMaskMessages { try function.setMessage(0, isMasked: false) }
      return DeviceInterrupts(.messages, numbers)
    }
    let line: PCIInterruptLine?? = PCISystem.withHierarchy { $0.interruptLine(of: function) }
    guard let found = line, let line = found else { throw .ENODEV }
    let connection = try InterruptLines.connect(
      global: line.global, .init(isLevelTriggered: line.isLevelTriggered, isActiveLow: line.isActiveLow),
      handler: PinInterrupt(signals, 0, name, sender: function))
    try numbers.append(UInt32(truncatingIfNeeded: connection.programNumber))
    try resources.add(connection)
    function.setPinInterrupt(isEnabled: true)
    return DeviceInterrupts(.line, numbers)
  }

  private static func set(_ function: PCIFunction, _ number: Int, _ message: InterruptMessage) throws(Errno) {
    let table = try function.mapMessageTable()
    try table.set(number, address: message.address, data: message.data)
    try table.set(number, isMasked: false)
  }

  /// Lets the pin interrupt again, after the driver has served it.
  static func finish(_ device: DeviceNode, _ number: Int) {
    guard number == 0, let function = device.carrier, function.messageTableRange == nil, function.messageCount == 0
    else { return }
    function.setPinInterrupt(isEnabled: true)
  }
}
