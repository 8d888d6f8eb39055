/// What AMD's IOMMU has logged: 16 bytes. Source: AMD 48882, section 2.5.
struct AMDEvent: Equatable {
  static var byteCount: Int { 16 }

  /// What has happened. Source: table 45.
  enum Kind: Equatable {
    /// A device's entry has bits that it must not have.
    case illegalDeviceEntry
    /// A device has tried what it may not.
    case pageFault
    /// The device table could not be read.
    case deviceTableError
    /// A page table could not be read.
    case pageTableError
    /// The unit does not know a command.
    case illegalCommand
    /// A command could not be read.
    case commandError
    /// A device has not dropped its translations in time.
    case invalidationTimeout
    /// A device has asked for something that it may not ask for.
    case invalidRequest
    /// What is of no concern, or defined later, by its number.
    case other(UInt8)
  }

  let first: UInt64
  /// The address that the device used, or where the command or entry is.
  let address: UInt64

  /// Creates an event from its two words; nil when the unit has not written it yet.
  init?(_ first: UInt64, _ second: UInt64) {
    guard first >> 60 != 0 else { return nil }
    self.first = first
    address = second
  }

  var kind: Kind {
    switch number {
    case 1: .illegalDeviceEntry
    case 2: .pageFault
    case 3: .deviceTableError
    case 4: .pageTableError
    case 5: .illegalCommand
    case 6: .commandError
    case 7: .invalidationTimeout
    case 8: .invalidRequest
    case let number: .other(number)
    }
  }

  /// Its number in the manual.
  var number: UInt8 { UInt8(truncatingIfNeeded: first >> 60) }

  /// The device it is about; nil when it is about the unit itself.
  var sourceID: UInt16? {
    switch kind {
    case .illegalCommand, .commandError, .other: nil
    default: UInt16(truncatingIfNeeded: first)
    }
  }

  /// The domain whose page table was used, in a page fault and an error of a page table.
  var domain: UInt16 { UInt16(truncatingIfNeeded: first >> 32) }
  /// I: it was an interrupt message.
  var isInterrupt: Bool { first >> 51 & 1 != 0 }
  /// PR: the page is there, and may not be used that way.
  var isPresent: Bool { first >> 52 & 1 != 0 }
  /// RW: the device wanted to write.
  var isWrite: Bool { first >> 53 & 1 != 0 }
  /// RZ: reserved bits are not zero.
  var hasReservedBits: Bool { first >> 55 & 1 != 0 }
  /// TR: it was a request for a translation.
  var isTranslation: Bool { first >> 56 & 1 != 0 }
}
