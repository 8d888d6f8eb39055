import Foundations

/// General-purpose events: hot-plug, lids, embedded controllers. Source: ACPI 6.5, sections 4.8.4.1 and 5.6.4.
///
/// When one happens: `takeGeneralEvent` finds it, in the interrupt, and keeps it from happening again; `beginGeneralEvent`, its method and
/// `finishGeneralEvent`, which lets it happen again, follow in a thread.
extension FixedHardware {
  /// The byte and bit of event `number`, and how far its enable bit is from its status bit.
  private func place(_ number: UInt8) -> (block: GenericAddress, offset: Int, mask: UInt64, half: Int)? {
    if let block = description.gpe0 {
      let half = Int(description.gpe0ByteCount) / 2
      if Int(number) < half * 8 { return (block, Int(number) / 8, 1 << UInt64(number % 8), half) }
    }
    guard let block = description.gpe1, number >= description.gpe1Base else { return nil }
    let index = number - description.gpe1Base
    let half = Int(description.gpe1ByteCount) / 2
    guard Int(index) < half * 8 else { return nil }
    return (block, Int(index) / 8, 1 << UInt64(index % 8), half)
  }

  private func setEnabled(_ number: UInt8, _ isEnabled: Bool) throws(ACPIHardwareError) {
    guard let place = place(number) else { throw .missing }
    let old = try read(place.block, offset: place.half + place.offset, width: 1)
    let new = isEnabled ? old | place.mask : old & ~place.mask
    try write(place.block, offset: place.half + place.offset, width: 1, new)
  }

  private func clear(_ number: UInt8) throws(ACPIHardwareError) {
    guard let place = place(number) else { throw .missing }
    try write(place.block, offset: place.offset, width: 1, place.mask)
  }

  /// Lets each event happen that the firmware has a method for, and no other. Returns how many.
  public func enableGeneralEvents(with interpreter: AMLInterpreter) throws(ACPIHardwareError) -> Int {
    var count = 0
    for number in UInt8.min...UInt8.max where place(number) != nil {
      try setEnabled(number, false)
      try clear(number)
      guard interpreter.eventMethod(number) != nil else { continue }
      try setEnabled(number, true)
      count += 1
    }
    return count
  }

  /// An enabled event that happened, or nil. It does not happen again before `finishGeneralEvent`.
  public func takeGeneralEvent() throws(ACPIHardwareError) -> UInt8? {
    for number in UInt8.min...UInt8.max {
      guard let place = place(number) else { continue }
      let status = try read(place.block, offset: place.offset, width: 1)
      guard status & place.mask != 0 else { continue }
      let enabled = try read(place.block, offset: place.half + place.offset, width: 1)
      guard enabled & place.mask != 0 else { continue }
      try setEnabled(number, false)
      return number
    }
    return nil
  }

  /// Forgets that an event happened, before its method runs, if it is no level: what happens from now on is news.
  ///
  /// - Parameter isLevel: whether only the method makes it go away.
  public func beginGeneralEvent(_ number: UInt8, isLevel: Bool) throws(ACPIHardwareError) {
    if !isLevel { try clear(number) }
  }

  /// Lets an event happen again, after its method has run; a level is forgotten only now.
  public func finishGeneralEvent(_ number: UInt8, isLevel: Bool) throws(ACPIHardwareError) {
    if isLevel { try clear(number) }
    try setEnabled(number, true)
  }
}
