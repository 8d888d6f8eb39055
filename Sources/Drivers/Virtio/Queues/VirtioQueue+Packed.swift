import Machine

/// Packed queues: one ring of descriptors that the driver makes available and the device overwrites when it is done.
///
/// Source: VIRTIO 1.2, section 2.8.
extension VirtioQueue {
  private func descriptor(_ place: UInt16) -> Int {
    layout.descriptors &+ Int(place) &* VirtioQueueLayout.descriptorByteCount
  }

  /// The flags by which a descriptor is available in the present turn.
  private var turn: UInt16 { availableWrap ? VirtioDescriptorFlags.available : VirtioDescriptorFlags.used }

  private func advanceAvailable() {
    nextAvailable &+= 1
    guard Int(nextAvailable) >= size else { return }
    nextAvailable = 0
    availableWrap.toggle()
  }

  /// Writes the pending segments and makes them available, the first descriptor last.
  ///
  /// - Returns: the slot.
  func submitPacked(isTable: Bool) -> UInt16 {
    let slot = firstFree
    firstFree = slots[Int(slot)].next
    let first = descriptor(nextAvailable)
    var firstFlags = turn
    if isTable {
      for index in 0..<pending.count {
        let place = table(slot) &+ index &* VirtioQueueLayout.descriptorByteCount
        let flags = pending[index].direction == .fromDevice ? VirtioDescriptorFlags.write : 0
        writeDescriptor(at: place, pending[index].address, pending[index].byteCount, 0, flags)
      }
      firstFlags |= VirtioDescriptorFlags.indirect
      memory.write64(memory.deviceAddress &+ UInt64(table(slot)), at: first)
      memory.write32(
        UInt32(truncatingIfNeeded: pending.count * VirtioQueueLayout.descriptorByteCount), at: first &+ 8)
      memory.write16(slot, at: first &+ 12)
      advanceAvailable()
      unannouncedCount &+= 1
    } else {
      firstFlags |= flags(0)
      for index in 0..<pending.count {
        let place = descriptor(nextAvailable)
        memory.write64(pending[index].address, at: place)
        memory.write32(pending[index].byteCount, at: place &+ 8)
        memory.write16(slot, at: place &+ 12)
        if index > 0 { memory.write16(turn | flags(index), at: place &+ 14) }
        advanceAvailable()
      }
      unannouncedCount &+= UInt16(truncatingIfNeeded: pending.count)
    }
    memory.writeReleasing16(firstFlags, at: first &+ 14)
    return slot
  }

  private func flags(_ index: Int) -> UInt16 {
    (pending[index].direction == .fromDevice ? VirtioDescriptorFlags.write : 0)
      | (index + 1 < pending.count ? VirtioDescriptorFlags.next : 0)
  }

  func wantsNotificationPacked() -> Bool {
    let wish = memory.read32(at: layout.device)
    switch wish >> 16 & 3 {
    case 1: return false
    case 2 where usesEvents:
      // Bit 15 is the wrap counter of the place that it asks for.
      var event = UInt16(truncatingIfNeeded: wish & 0x7fff)
      if (wish >> 15 & 1 == 1) != availableWrap { event &-= UInt16(truncatingIfNeeded: size) }
      return nextAvailable &- event &- 1 < unannouncedCount
    default: return true
    }
  }

  func hasUsedPacked() -> Bool { inFlightCount > 0 && looksUsedPacked() }

  private func looksUsedPacked() -> Bool {
    let flags = memory.readAcquiring16(at: descriptor(nextUsed) &+ 14)
    let (isAvailable, isUsed) = (
      flags & VirtioDescriptorFlags.available != 0, flags & VirtioDescriptorFlags.used != 0
    )
    return isAvailable == isUsed && isUsed == usedWrap
  }

  /// What was used before bears the other wrap counter, so nothing looks used while nothing is with the device.
  func isPlausiblePacked() -> Bool {
    guard inFlightCount > 0 else { return !looksUsedPacked() }
    guard hasUsedPacked() else { return true }
    let place = descriptor(nextUsed)
    return isPlausible(UInt32(memory.read16(at: place &+ 12)), byteCount: memory.read32(at: place &+ 8))
  }

  func takePacked() throws(VirtioError) -> VirtioCompletion? {
    guard isPlausiblePacked() else { throw broken() }
    guard hasUsedPacked() else { return nil }
    let place = descriptor(nextUsed)
    let slot = UInt32(memory.read16(at: place &+ 12))
    guard slot < UInt32(size) else { throw broken() }
    let descriptorCount = slots[Int(slot)].descriptorCount
    let completion = try complete(slot, byteCount: memory.read32(at: place &+ 8))
    slots[Int(slot)].next = firstFree
    firstFree = UInt16(truncatingIfNeeded: slot)
    nextUsed &+= descriptorCount
    if Int(nextUsed) >= size {
      nextUsed &-= UInt16(truncatingIfNeeded: size)
      usedWrap.toggle()
    }
    return completion
  }

  func disableInterruptsPacked() { memory.write16(1, at: layout.driver &+ 2) }

  func enableInterruptsPacked() {
    guard usesEvents else { return memory.write16(0, at: layout.driver &+ 2) }
    memory.write16(nextUsed | (usedWrap ? 1 << 15 : 0), at: layout.driver)
    memory.writeReleasing16(2, at: layout.driver &+ 2)
  }
}
