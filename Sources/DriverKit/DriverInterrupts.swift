import Foundations
import Interrupts
import Machine
import PCI

/// An interrupt of a device: its thread is told, and does what there is to do.
final class DriverInterrupt: InterruptHandler {
  private let signals: DriverSignals
  private let number: Int

  init(_ signals: DriverSignals, _ number: Int) {
    (self.signals, self.number) = (signals, number)
    super.init()
  }

  override func handle() -> Bool {
    signals.raise(number)
    return true
  }
}

/// The pin of a PCI function: turned off in the function until its driver has served it, for the line is others' too.
///
/// Source: PCI Local Bus Specification 3.0, sections 6.2.2 and 6.2.3, Interrupt Disable and Interrupt Status.
private final class PinInterrupt: InterruptHandler {
  private let signals: DriverSignals
  private let function: PCIFunction

  init(_ signals: DriverSignals, _ function: PCIFunction) {
    (self.signals, self.function) = (signals, function)
    super.init()
  }

  override func handle() -> Bool {
    guard function.hasPendingPinInterrupt else { return false }
    function.setPinInterrupt(isEnabled: false)
    signals.raise(0)
    return true
  }
}

/// How a PCI function's interrupts come to its driver's thread.
enum DriverInterrupts {
  /// Connects up to `limit` of them.
  ///
  /// - Returns: how many.
  static func connect(
    _ function: PCIFunction, _ limit: Int, _ signals: DriverSignals, _ resources: DriverResources
  ) throws(Errno) -> Int {
    guard limit > 0 else { throw .EINVAL }
    if function.messageTableRange != nil { return try connectTable(function, limit, signals, resources) }
    if function.messageCount > 0 {
      let source = try DeviceVectors.allocate(handler: DriverInterrupt(signals, 0))
      let message = source.message
      try resources.add(source)
      try function.setMessages(
        address: message.address, data: UInt16(truncatingIfNeeded: message.data), count: 1)
      if function.canMaskMessages { try function.setMessage(0, isMasked: false) }
      return 1
    }
    let line: PCIInterruptLine?? = PCISystem.withHierarchy { $0.interruptLine(of: function) }
    guard let found = line, let line = found else { throw .ENODEV }
    resources.set(
      try InterruptLines.connect(
        global: line.global, .init(isLevelTriggered: line.isLevelTriggered, isActiveLow: line.isActiveLow),
        handler: PinInterrupt(signals, function)))
    function.setPinInterrupt(isEnabled: true)
    return 1
  }

  private static func connectTable(
    _ function: PCIFunction, _ limit: Int, _ signals: DriverSignals, _ resources: DriverResources
  ) throws(Errno) -> Int {
    let count = min(limit, function.extendedMessageCount)
    // Nothing is sent before all of them are set; those beyond stay masked.
    try function.enableExtendedMessages()
    try function.setExtendedMessages(isMasked: true)
    for number in 0..<count {
      let source = try DeviceVectors.allocate(handler: DriverInterrupt(signals, number))
      let message = source.message
      try resources.add(source)
      try set(function, number, message)
    }
    try function.setExtendedMessages(isMasked: false)
    return count
  }

  private static func set(_ function: PCIFunction, _ number: Int, _ message: InterruptMessage) throws(Errno) {
    let table = try function.mapMessageTable()
    try table.set(number, address: message.address, data: message.data)
    try table.set(number, isMasked: false)
  }

  /// Lets the pin interrupt again, after the driver has served it.
  static func finish(_ device: DeviceNode, _ number: Int) {
    guard number == 0, let function = device.function, function.messageTableRange == nil, function.messageCount == 0
    else { return }
    function.setPinInterrupt(isEnabled: true)
  }
}
