import Foundations

/// MSI: up to 32 messages to one address. Source: PCI Local Bus Specification 3.0, section 6.8.1.
extension PCIFunction {
  /// How many messages it can send by MSI, 1...32; 0 when it has not got it.
  public var messageCount: Int {
    guard capabilities.messageInterrupts != 0 else { return 0 }
    let control = messages.control
    return 1 << min(Int(control.supportedExponent), 5)
  }

  /// Whether each of its messages can be masked.
  public var canMaskMessages: Bool {
    guard messageCount > 0 else { return false }
    let control = messages.control
    return control.canMask
  }

  private var messages: PCIMessageInterruptsRegisters<PCIConfigurationSpace> {
    PCIMessageInterruptsRegisters(space.from(Int(capabilities.messageInterrupts)))
  }

  /// Makes it interrupt by `count` messages: `data` to `address` for the first, `data` plus 1 for the second, and so on.
  ///
  /// They are masked where it can mask. Its pin is turned off, and so is MSI-X.
  ///
  /// - Throws: `ENODEV` without MSI, `EINVAL` when `count` is no power of two or more than it can send, when `address` is no
  ///   multiple of 4 or has more bits than it can send to, or `data` is no multiple of `count`.
  public func setMessages(address: UInt64, data: UInt16, count: Int) throws(Errno) {
    let possible = messageCount
    guard possible > 0 else { throw .ENODEV }
    let messages = messages
    let control = messages.control
    guard count > 0, count & (count - 1) == 0, count <= possible, Int(data) & (count - 1) == 0, address & 3 == 0,
      control.is64Bit || address <= UInt64(UInt32.max)
    else { throw .EINVAL }
    messages.modifyControl { $0.isEnabled = false }
    messages.modifyAddress { $0.address = UInt32(truncatingIfNeeded: address) }
    if control.is64Bit {
      messages.addressUpper = UInt32(truncatingIfNeeded: address >> 32)
      messages.data64 = data
      if control.canMask { messages.mask64 = .max }
    } else {
      messages.data32 = data
      if control.canMask { messages.mask32 = .max }
    }
    if extendedMessageCount > 0 { disableExtendedMessages() }
    disablePin(true)
    messages.modifyControl {
      $0.enabledExponent = UInt8(truncatingIfNeeded: count.trailingZeroBitCount)
      $0.isEnabled = true
    }
  }

  /// Keeps message number `index` back, or lets it go.
  ///
  /// - Throws: `EINVAL` for a number that it has not, `ENOTSUP` when it cannot mask.
  public func setMessage(_ index: Int, isMasked: Bool) throws(Errno) {
    guard index >= 0, index < messageCount else { throw .EINVAL }
    let messages = messages
    let control = messages.control
    guard control.canMask else { throw .ENOTSUP }
    let bit: UInt32 = 1 << UInt32(index)
    if control.is64Bit {
      let mask = messages.mask64
      messages.mask64 = isMasked ? mask | bit : mask & ~bit
    } else {
      let mask = messages.mask32
      messages.mask32 = isMasked ? mask | bit : mask & ~bit
    }
  }

  /// Ends MSI; it interrupts by its pin again, if it has one.
  public func disableMessages() {
    guard messageCount > 0 else { return }
    let messages = messages
    messages.modifyControl { $0.isEnabled = false }
    disablePin(false)
  }

  /// Masks all messages; where it cannot mask, sends none any more, nor uses its pin instead.
  func silenceMessages() {
    guard messageCount > 0 else { return }
    let messages = messages
    let control = messages.control
    if !control.canMask {
      disablePin(true)
      messages.modifyControl { $0.isEnabled = false }
    } else if control.is64Bit {
      messages.mask64 = .max
    } else {
      messages.mask32 = .max
    }
  }

  /// Keeps it from using its interrupt pin, or lets it.
  func disablePin(_ isDisabled: Bool) {
    let registers = registers
    registers.changeCommand { $0.disablesPinInterrupt = isDisabled }
  }
}
