public import Foundations
public import Machine

/// MSI-X: up to 2048 messages, each with an address of its own. Source: PCI Local Bus Specification 3.0, section 6.8.2.
extension PCIFunction {
  /// How many messages it can send by MSI-X, 1...2048; 0 when it has not got it.
  public var extendedMessageCount: Int {
    guard capabilities.extendedMessageInterrupts != 0 else { return 0 }
    let control = extendedMessages.control
    return Int(control.lastEntry) + 1
  }

  private var extendedMessages: PCIExtendedMessageInterruptsRegisters<PCIConfigurationSpace> {
    PCIExtendedMessageInterruptsRegisters(space.from(Int(capabilities.extendedMessageInterrupts)))
  }

  /// The physical addresses of its table of messages; nil when it has none, or has it outside the range that it names.
  public var messageTableRange: Range<UInt64>? {
    let count = extendedMessageCount
    guard count > 0 else { return nil }
    let table = extendedMessages.table
    guard table.resource < 6, let range = resources[Int(table.resource)].range,
      resources[Int(table.resource)].kind != .ports
    else { return nil }
    let (offset, byteCount) = (UInt64(table.offset), UInt64(count) * 16)
    let size = range.upperBound - range.lowerBound
    guard offset <= size, byteCount <= size - offset else { return nil }
    return range.lowerBound + offset..<range.lowerBound + offset + byteCount
  }

  /// Maps its table of messages.
  ///
  /// - Throws: `ENODEV` when it has none that can be reached; what `DeviceSpace.map` throws.
  public func mapMessageTable() throws(Errno) -> PCIMessages<DeviceSpace> {
    guard let range = messageTableRange else { throw .ENODEV }
    return PCIMessages(try DeviceSpace.map(range), count: extendedMessageCount)
  }

  /// Makes it interrupt by the messages of its table, those that are not masked there. Its pin is turned off, and so is MSI.
  ///
  /// It must decode memory by then. Set the table up first, or all messages are sent that were in it.
  ///
  /// - Throws: `ENODEV` without MSI-X.
  public func enableExtendedMessages() throws(Errno) {
    guard extendedMessageCount > 0 else { throw .ENODEV }
    if messageCount > 0 { disableMessages() }
    disablePin(true)
    let extendedMessages = extendedMessages
    extendedMessages.modifyControl {
      $0.isEnabled = true
      $0.isMasked = false
    }
  }

  /// Keeps all messages of its table back, or lets go those that are not masked there.
  ///
  /// - Throws: `ENODEV` without MSI-X.
  public func setExtendedMessages(isMasked: Bool) throws(Errno) {
    guard extendedMessageCount > 0 else { throw .ENODEV }
    let extendedMessages = extendedMessages
    extendedMessages.modifyControl { $0.isMasked = isMasked }
  }

  /// Ends MSI-X; it interrupts by its pin again, if it has one.
  public func disableExtendedMessages() {
    guard extendedMessageCount > 0 else { return }
    let extendedMessages = extendedMessages
    extendedMessages.modifyControl { $0.isEnabled = false }
    disablePin(false)
  }
}

/// The table of a function's messages.
public struct PCIMessages<Space: RegisterSpace & ~Copyable>: ~Copyable {
  private let table: PCIMessageTableRegisters<Space>
  /// How many messages there are.
  public let count: Int

  /// - Parameter space: the table's bytes, 16 for each of `count` messages, 1...2048.
  public init(_ space: consuming Space, count: Int) {
    table = PCIMessageTableRegisters(space)
    self.count = max(0, min(count, PCIMessageTable.controlCount))
  }

  /// Makes message number `index` a write of `data` to `address`, and keeps it back until it is unmasked.
  ///
  /// - Throws: `EINVAL` for a number that is not there, or an address that is no multiple of 4.
  public func set(_ index: Int, address: UInt64, data: UInt32) throws(Errno) {
    guard index >= 0, index < count, address & 3 == 0 else { throw .EINVAL }
    table.modifyControl(at: index) { $0.isMasked = true }
    table.modifyAddress(at: index) { $0.address = UInt32(truncatingIfNeeded: address) }
    table.writeAddressUpper(UInt32(truncatingIfNeeded: address >> 32), at: index)
    table.writeData(data, at: index)
  }

  /// Keeps message number `index` back, or lets it go.
  ///
  /// - Throws: `EINVAL` for a number that is not there.
  public func set(_ index: Int, isMasked: Bool) throws(Errno) {
    guard index >= 0, index < count else { throw .EINVAL }
    table.modifyControl(at: index) { $0.isMasked = isMasked }
    // Read back, so that the write has arrived when the caller goes on.
    _ = table.control(at: index)
  }
}
