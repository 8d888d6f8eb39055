import Machine

/// Split queues: a table of descriptors, a ring of those made available, a ring of those used. Source: VIRTIO 1.2,
/// section 2.7.
extension VirtioQueue {
  private var mask: UInt16 { UInt16(truncatingIfNeeded: size &- 1) }

  private var availableFlags: Int { layout.driver }
  private var availableIndex: Int { layout.driver &+ 2 }
  private func availableEntry(_ index: UInt16) -> Int { layout.driver &+ 4 &+ Int(index & mask) &* 2 }
  /// Where the driver says at which used entry it wants to be told.
  private var usedEvent: Int { layout.driver &+ 4 &+ size &* 2 }

  private var usedFlags: Int { layout.device }
  private var usedIndex: Int { layout.device &+ 2 }
  private func usedEntry(_ index: UInt16) -> Int { layout.device &+ 4 &+ Int(index & mask) &* 8 }
  /// Where the device says at which available entry it wants to be told.
  private var availableEvent: Int { layout.device &+ 4 &+ size &* 8 }

  /// Writes the pending segments and makes them available.
  ///
  /// - Returns: the slot, which is the first descriptor.
  func submitSplit(isTable: Bool) -> UInt16 {
    let head = firstFree
    if isTable {
      firstFree = slots[Int(head)].next
      for index in 0..<pending.count {
        let place = table(head) &+ index &* VirtioQueueLayout.descriptorByteCount
        let next = UInt16(truncatingIfNeeded: index + 1)
        writeDescriptor(at: place, pending[index].address, pending[index].byteCount, flags(index), next)
      }
      let byteCount = UInt32(truncatingIfNeeded: pending.count * VirtioQueueLayout.descriptorByteCount)
      writeDescriptor(
        at: layout.descriptors &+ Int(head) &* VirtioQueueLayout.descriptorByteCount,
        memory.deviceAddress &+ UInt64(table(head)), byteCount, VirtioDescriptorFlags.indirect, 0)
    } else {
      for index in 0..<pending.count {
        let place = layout.descriptors &+ Int(firstFree) &* VirtioQueueLayout.descriptorByteCount
        let next = slots[Int(firstFree)].next
        writeDescriptor(at: place, pending[index].address, pending[index].byteCount, flags(index), next)
        firstFree = next
      }
    }
    memory.write16(head, at: availableEntry(nextAvailable))
    nextAvailable &+= 1
    unannouncedCount &+= 1
    memory.writeReleasing16(nextAvailable, at: availableIndex)
    return head
  }

  private func flags(_ index: Int) -> UInt16 {
    (pending[index].direction == .fromDevice ? VirtioDescriptorFlags.write : 0)
      | (index + 1 < pending.count ? VirtioDescriptorFlags.next : 0)
  }

  func wantsNotificationSplit() -> Bool {
    guard usesEvents else { return memory.read16(at: usedFlags) & 1 == 0 }
    let event = memory.read16(at: availableEvent)
    return nextAvailable &- event &- 1 < unannouncedCount
  }

  func hasUsedSplit() -> Bool { memory.readAcquiring16(at: usedIndex) != nextUsed }

  /// No more is used than is with the device.
  func isPlausibleSplit() -> Bool {
    let count = memory.readAcquiring16(at: usedIndex) &- nextUsed
    guard Int(count) <= inFlightCount else { return false }
    for distance in 0..<count {
      let entry = usedEntry(nextUsed &+ distance)
      guard isPlausible(memory.read32(at: entry), byteCount: memory.read32(at: entry &+ 4)) else { return false }
    }
    return true
  }

  func takeSplit() throws(VirtioError) -> VirtioCompletion? {
    let count = memory.readAcquiring16(at: usedIndex) &- nextUsed
    guard count > 0 else { return nil }
    guard Int(count) <= inFlightCount else { throw broken() }
    let entry = usedEntry(nextUsed)
    let slot = memory.read32(at: entry)
    guard slot < UInt32(size) else { throw broken() }
    // The last descriptor of the chain leads to what is free.
    let descriptorCount = Int(slots[Int(slot)].descriptorCount)
    let completion = try complete(slot, byteCount: memory.read32(at: entry &+ 4))
    var last = Int(slot)
    for _ in 1..<max(1, descriptorCount) { last = Int(slots[last].next) }
    slots[last].next = firstFree
    firstFree = UInt16(truncatingIfNeeded: slot)
    nextUsed &+= 1
    return completion
  }

  func disableInterruptsSplit() {
    // With events, one that was asked for comes once, which does no harm.
    if !usesEvents { memory.write16(1, at: availableFlags) }
  }

  func enableInterruptsSplit() {
    if usesEvents {
      memory.write16(nextUsed, at: usedEvent)
    } else {
      memory.write16(0, at: availableFlags)
    }
  }
}
