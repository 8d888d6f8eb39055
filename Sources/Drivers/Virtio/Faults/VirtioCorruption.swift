import Machine

/// Rubbish that a broken driver may leave in a queue that it shares with its device.
///
/// For tests of containment only: either the device refuses it, or the driver's own checks find it, or a request gets no
/// answer. Nothing of it leads a device to memory: addresses that are no buffer's lie where no machine has any.
public enum VirtioCorruption: UInt8, CaseIterable, Sendable {
  /// A chain of descriptors that never ends.
  case loop
  /// A descriptor, or a number of a request, beyond the queue.
  case beyond
  /// More is used than was made available.
  case jump
  /// A request is used that was never made.
  case unknown
  /// More was written than there is room for.
  case tooLong
  /// Every byte is 255.
  case ones
  /// Descriptors lead to where there is no memory.
  case stray

  /// Whether the device is to see it; otherwise the driver is.
  var isForDevice: Bool {
    switch self {
    case .loop, .beyond, .ones, .stray: true
    case .jump, .unknown, .tooLong: false
    }
  }

  /// Number `turn` of a round through all of them, once for each of `count` things.
  static func choose(_ turn: Int, of count: Int) -> (thing: Int, kind: VirtioCorruption) {
    let all = Self.allCases
    let turn = max(0, turn)
    return (turn / all.count % max(1, count), all[turn % all.count])
  }
}

extension VirtioQueue {
  /// Beyond what any machine's processor or bus reaches.
  private static var nowhere: UInt64 { 0x7fff_ffff_ffff_f000 }
  /// More than a device can take through a window of a page.
  private static var strayByteCount: UInt32 { 0x1_0000 }

  /// Overwrites the queue with `kind`, and lets the device see it if it is meant to.
  public func corrupt(_ kind: VirtioCorruption) {
    guard !isBroken else { return }
    overwrite(kind)
    guard !kind.isForDevice else { return notifyAnyway() }
    try? check()
    // The device may have put its own words over it just before, once for each request that it had.
    for _ in 0..<inFlightCount where !isBroken {
      overwrite(kind)
      try? check()
    }
  }

  private func overwrite(_ kind: VirtioCorruption) {
    if kind == .ones {
      for offset in 0..<layout.tables { memory.write8(.max, at: offset) }
    } else if isPacked {
      corruptPacked(kind)
    } else {
      corruptSplit(kind)
    }
  }

  /// A slot with something to be written that is with the device, and how much that is.
  private var writableSlot: (number: UInt32, byteCount: UInt64)? {
    for index in 0..<size where slots[index].descriptorCount > 0 && slots[index].writableByteCount > 0 {
      return (UInt32(truncatingIfNeeded: index), slots[index].writableByteCount)
    }
    return nil
  }

  /// What a used entry says for `kind`.
  private func forgery(_ kind: VirtioCorruption) -> (slot: UInt32, byteCount: UInt32) {
    let none = UInt32(truncatingIfNeeded: size)
    guard kind == .tooLong, let slot = writableSlot else {
      for index in 0..<size where slots[index].descriptorCount == 0 {
        return (UInt32(truncatingIfNeeded: index), 0)
      }
      return (none, 0)
    }
    return (slot.number, UInt32(truncatingIfNeeded: min(slot.byteCount &+ 1, UInt64(UInt32.max))))
  }

  private func corruptSplit(_ kind: VirtioCorruption) {
    switch kind {
    case .loop, .stray:
      for index in 0..<size {
        let flags = kind == .loop ? VirtioDescriptorFlags.next : 0
        let address = kind == .loop ? memory.deviceAddress : Self.nowhere
        let byteCount: UInt32 = kind == .loop ? 1 : Self.strayByteCount
        writeDescriptor(
          at: layout.descriptors &+ index &* VirtioQueueLayout.descriptorByteCount, address, byteCount,
          flags | VirtioDescriptorFlags.write, UInt16(truncatingIfNeeded: (index + 1) % size))
      }
      offerSplit(0)
    case .beyond: offerSplit(UInt16(truncatingIfNeeded: size))
    case .jump: useSplit(0, 0, distance: UInt16(truncatingIfNeeded: inFlightCount + 1))
    case .unknown, .tooLong, .ones:
      let (slot, byteCount) = forgery(kind)
      useSplit(slot, byteCount, distance: 1)
    }
  }

  /// Makes `head` available, everywhere and once more than the driver knows of.
  private func offerSplit(_ head: UInt16) {
    for index in 0..<size { memory.write16(head, at: layout.driver &+ 4 &+ index &* 2) }
    memory.writeReleasing16(nextAvailable &+ 1, at: layout.driver &+ 2)
  }

  /// Says as the device would that `slot` is used, and `distance` requests are.
  private func useSplit(_ slot: UInt32, _ byteCount: UInt32, distance: UInt16) {
    for index in 0..<size {
      memory.write32(slot, at: layout.device &+ 4 &+ index &* 8)
      memory.write32(byteCount, at: layout.device &+ 8 &+ index &* 8)
    }
    memory.writeReleasing16(nextUsed &+ distance, at: layout.device &+ 2)
  }

  private func corruptPacked(_ kind: VirtioCorruption) {
    let available = availableWrap ? VirtioDescriptorFlags.available : VirtioDescriptorFlags.used
    let used = usedWrap ? VirtioDescriptorFlags.available | VirtioDescriptorFlags.used : 0
    switch kind {
    case .loop:
      fillPacked(memory.deviceAddress, 1, 0, available | VirtioDescriptorFlags.next | VirtioDescriptorFlags.write)
    case .beyond:
      let number = UInt16(truncatingIfNeeded: size)
      fillPacked(memory.deviceAddress, 1, number, used)
    case .stray: fillPacked(Self.nowhere, Self.strayByteCount, 0, available | VirtioDescriptorFlags.write)
    case .jump:
      // There is no count of what is used: a jump is that all of the ring is, the first request too.
      fillPacked(memory.deviceAddress, 0, UInt16(truncatingIfNeeded: size), used)
      let place = layout.descriptors &+ Int(nextUsed) &* VirtioQueueLayout.descriptorByteCount
      if let slot = writableSlot { memory.write16(UInt16(truncatingIfNeeded: slot.number), at: place &+ 12) }
    case .unknown, .tooLong, .ones:
      let (slot, byteCount) = forgery(kind)
      fillPacked(memory.deviceAddress, byteCount, UInt16(truncatingIfNeeded: slot), used)
    }
  }

  private func fillPacked(_ address: UInt64, _ byteCount: UInt32, _ number: UInt16, _ flags: UInt16) {
    for index in 0..<size {
      writeDescriptor(
        at: layout.descriptors &+ index &* VirtioQueueLayout.descriptorByteCount, address, byteCount, number, flags)
    }
  }
}

extension VirtioDevice {
  /// Overwrites one of its queues, for tests: which one and with what follows from `turn`, a number that counts up.
  public func corrupt(_ turn: Int) {
    guard state == .running, queueCount > 0 else { return }
    let (number, kind) = VirtioCorruption.choose(turn, of: queueCount)
    guard let queue = queue(at: number) else { return }
    // QEMU 7.2's own devices try such a packed queue again for ever, with the lock held that every CPU of the guest needs.
    queue.corrupt(queue.isPacked && kind == .stray ? .beyond : kind)
  }
}
