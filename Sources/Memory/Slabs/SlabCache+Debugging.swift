import PageFrames

/// Poison, red zones and notes, for a cache that debugs. The layout is described at `SlabLayout`.
///
/// The byte values are those that kernel developers know from Linux's reports. Source: Linux, include/linux/poison.h.
extension SlabCache {
  /// Every byte of a free object but the last.
  private static var freePoison: UInt8 { 0x6b }
  /// The last byte of a free object.
  private static var poisonEnd: UInt8 { 0xa5 }
  /// Every byte of an object that was handed out and not written to yet.
  private static var freshPoison: UInt8 { 0x5a }
  /// Every byte of the red zones of a free object.
  private static var freeZone: UInt8 { 0xbb }
  /// Every byte of the red zones of an object in use.
  private static var usedZone: UInt8 { 0xcc }

  private enum ObjectState: UInt64 { case free = 1, inUse, quarantined }

  /// Makes every object of a new slab free.
  mutating func poisonAll(of slab: FrameNumber, count: Int, _ memory: some ObjectMemory) {
    let start = memory.address(of: slab)
    memory.fill(start, count: layout.firstOffset, with: Self.freeZone)
    for position in 0..<count {
      let object = address(ofObject: position + 1, start)
      memory.store(0, at: callerNote(object))
      memory.store(0, at: callerNote(object) &+ 8)
      memory.store(0, at: callerNote(object) &+ 16)
      poison(object, start, memory)
    }
  }

  /// Checks a free object of the slab at `start` and makes it one in use.
  ///
  /// - Throws: what was done to it while it was free.
  mutating func openObject(
    _ object: UInt, _ start: UInt, byteCount: Int, caller: UInt, _ memory: some ObjectMemory
  ) throws(SlabFinding) {
    guard noted(object, memory)?.state == .free else { throw quarantine(.corruptedNotes, object, nil, memory) }
    let last = layout.objectSize - 1
    let changed =
      memory.firstMismatch(object, count: last, with: Self.freePoison)
      ?? memory.firstMismatch(object &+ UInt(last), count: 1, with: Self.poisonEnd).map { (last, $0.found) }
    if let changed { throw quarantine(.useAfterFree, object, changed, memory) }
    try checkZones(object, start, byteCount: layout.objectSize, with: Self.freeZone, memory)
    memory.fill(object, count: byteCount, with: Self.freshPoison)
    fillZones(object, start, byteCount: byteCount, with: Self.usedZone, memory)
    note(.inUse, byteCount: byteCount, object, memory)
    memory.store(UInt64(caller), at: callerNote(object))
  }

  /// Checks an object of the slab at `start` that its user gives back, and poisons it.
  ///
  /// - Throws: what its user did to it, or that it is not in use.
  mutating func closeObject(
    _ object: UInt, _ start: UInt, _ state: SlabState, caller: UInt, _ memory: some ObjectMemory
  ) throws(SlabFinding) {
    guard let noted = noted(object, memory) else {
      // The notes do not say any more whether it is in use.
      switch Self.search(state, start, layout, cipher, for: object, memory) {
      case .present: throw described(finding(.doubleFree, object), memory)
      case .absent: throw quarantine(.corruptedNotes, object, nil, memory)
      case .unknown: throw described(finding(.corruptedNotes, object), memory)
      }
    }
    guard noted.state == .inUse else { throw described(finding(.doubleFree, object), memory) }
    memory.store(UInt64(caller), at: callerNote(object) &+ 8)
    try checkZones(object, start, byteCount: noted.byteCount, with: Self.usedZone, memory)
    poison(object, start, memory)
  }

  /// Adds the objects in use to `sites`, each under the code address that asked for it. Only a debugging cache knows them.
  ///
  /// - Complexity: looks at every object that was ever handed out.
  public func addObjectsInUse(
    to sites: inout AllocationSites, _ memory: some ObjectMemory, in frames: Span<FrameDescriptor>
  ) {
    guard isDebugging else { return }
    addObjectsInUse(of: partial, to: &sites, memory, in: frames)
    addObjectsInUse(of: full, to: &sites, memory, in: frames)
  }

  private func addObjectsInUse(
    of slabs: FrameList, to sites: inout AllocationSites, _ memory: some ObjectMemory, in frames: Span<FrameDescriptor>
  ) {
    var slab = slabs.first
    while slab != .none {
      let start = memory.address(of: slab)
      for position in 0..<SlabState(frames[slab].index).touched {
        let object = address(ofObject: position + 1, start)
        guard let noted = noted(object, memory), noted.state == .inUse else { continue }
        let caller = UInt(truncatingIfNeeded: memory.load(at: callerNote(object)))
        sites.add(caller: caller, byteCount: noted.byteCount)
      }
      slab = frames[slab].next
    }
  }

  // MARK: Parts of an object's place

  private func stateNote(_ object: UInt) -> UInt { object &+ layout.notesOffset }
  private func callerNote(_ object: UInt) -> UInt { object &+ layout.notesOffset &+ 8 }

  private func note(_ state: ObjectState, byteCount: Int, _ object: UInt, _ memory: some ObjectMemory) {
    let address = stateNote(object)
    memory.store(cipher.encode(state.rawValue << 16 | UInt64(byteCount), at: address), at: address)
  }

  private func noted(_ object: UInt, _ memory: some ObjectMemory) -> (state: ObjectState, byteCount: Int)? {
    let address = stateNote(object)
    let value = cipher.decode(memory.load(at: address), at: address)
    guard let state = ObjectState(rawValue: value >> 16) else { return nil }
    return (state, Int(value & 0xffff))
  }

  private func poison(_ object: UInt, _ start: UInt, _ memory: some ObjectMemory) {
    let last = layout.objectSize - 1
    memory.fill(object, count: last, with: Self.freePoison)
    memory.fill(object &+ UInt(last), count: 1, with: Self.poisonEnd)
    fillZones(object, start, byteCount: layout.objectSize, with: Self.freeZone, memory)
    note(.free, byteCount: 0, object, memory)
  }

  /// Bytes of the red zone before the object: none where they would lie outside the slab at `start`.
  private func leadingZone(_ object: UInt, _ start: UInt) -> Int { object == start ? 0 : SlabLayout.redZone }

  private func fillZones(
    _ object: UInt, _ start: UInt, byteCount: Int, with byte: UInt8, _ memory: some ObjectMemory
  ) {
    let end = object &+ UInt(byteCount)
    memory.fill(end, count: Int(stateNote(object) &- end), with: byte)
    let zone = leadingZone(object, start)
    memory.fill(object &- UInt(zone), count: zone, with: byte)
  }

  private mutating func checkZones(
    _ object: UInt, _ start: UInt, byteCount: Int, with byte: UInt8, _ memory: some ObjectMemory
  ) throws(SlabFinding) {
    let end = object &+ UInt(byteCount)
    if let changed = memory.firstMismatch(end, count: Int(stateNote(object) &- end), with: byte) {
      throw quarantine(.overflow, object, (byteCount + changed.offset, changed.found), memory)
    }
    let zone = leadingZone(object, start)
    if let changed = memory.firstMismatch(object &- UInt(zone), count: zone, with: byte) {
      throw quarantine(.underflow, object, (changed.offset - zone, changed.found), memory)
    }
  }

  /// Puts a damaged object, which is taken, out of use.
  private mutating func quarantine(
    _ kind: SlabFinding.Kind, _ object: UInt, _ changed: (offset: Int, found: UInt8)?, _ memory: some ObjectMemory
  ) -> SlabFinding {
    note(.quarantined, byteCount: 0, object, memory)
    quarantinedCount += 1
    var finding = finding(kind, object)
    if let changed {
      finding.offset = changed.offset
      finding.foundByte = changed.found
    }
    return described(finding, memory)
  }

  /// The finding with what the notes say about its object.
  private func described(_ finding: SlabFinding, _ memory: some ObjectMemory) -> SlabFinding {
    var result = finding
    result.allocationCaller = UInt(truncatingIfNeeded: memory.load(at: callerNote(finding.object)))
    result.releaseCaller = UInt(truncatingIfNeeded: memory.load(at: callerNote(finding.object) &+ 8))
    return result
  }
}
