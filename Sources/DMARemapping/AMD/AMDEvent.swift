/// What AMD's IOMMU has logged: 16 bytes. Source: AMD 48882, section 2.5.
struct AMDEvent: Equatable {
  static var byteCount: Int { 16 }

  let event: AMDEvents.Event
  /// The address that the device used, or where the command or entry is.
  let address: UInt64

  /// Creates an event from its two words; nil when the unit has not written it yet.
  init?(_ first: UInt64, _ second: UInt64) {
    event = AMDEvents.Event(rawValue: first)
    address = second
    if event.kind == .none { return nil }
  }

  /// The device it is about; nil when it is about the unit itself.
  var sourceID: UInt16? {
    switch event.kind {
    case .none, .illegalCommand, .commandError, .reserved: nil
    case .illegalDeviceEntry, .pageFault, .deviceTableError, .pageTableError, .invalidationTimeout, .invalidRequest:
      event.source
    }
  }

  /// What the device wanted, as far as the event tells.
  var access: RemappingFault.Access {
    switch event.kind {
    case .pageFault, .illegalDeviceEntry, .deviceTableError, .pageTableError:
      if event.isInterrupt || event.isTranslation { .other } else { event.isWrite ? .write : .read }
    case .none, .illegalCommand, .commandError, .invalidationTimeout, .invalidRequest, .reserved: .other
    }
  }

  /// The kind in words.
  var explanation: StaticString {
    switch event.kind {
    case .illegalDeviceEntry: "its entry in the device table is not allowed"
    case .pageFault:
      if event.hasReservedBits {
        "a page table has bits that are not allowed"
      } else {
        event.isPresent ? "the page may not be used that way" : "the page is not mapped"
      }
    case .deviceTableError: "the device table could not be read"
    case .pageTableError: "a page table could not be read"
    case .illegalCommand: "the unit does not know a command"
    case .commandError: "the unit could not read a command"
    case .invalidationTimeout: "it does not drop its translations"
    case .invalidRequest: "the request is not allowed"
    case .none, .reserved: "an event of another kind"
    }
  }
}
