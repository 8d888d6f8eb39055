public import PageFrames

/// Objects in and out of the slabs, one at a time.
extension SlabCache {
  /// Takes an object.
  ///
  /// - Parameters:
  ///   - byteCount: how many bytes of it are wanted; a debugging cache's red zone begins behind them. No more than there are.
  ///   - caller: the code address that asks, which a debugging cache notes.
  /// - Returns: nil when there is no memory.
  /// - Throws: what was found wrong with the object that would have been taken. It will not be found again: ask once more.
  public mutating func allocate(
    byteCount: Int? = nil, caller: UInt = 0, _ memory: some ObjectMemory,
    _ pages: inout some SlabPageSource & ~Copyable, in frames: Span<FrameDescriptor>
  ) throws(SlabFinding) -> UInt? {
    guard let slab = slabWithFreeObject ?? grow(memory, &pages, in: frames) else { return nil }
    let old = SlabState(frames[slab].index)
    var state = old
    defer { update(slab, from: old, to: state, in: frames) }
    let start = memory.address(of: slab)
    let object = try take(from: &state, of: start, memory)
    if isDebugging {
      let length = min(byteCount ?? layout.objectSize, layout.objectSize)
      try openObject(object, start, byteCount: length, caller: caller, memory)
    }
    allocationCount &+= 1
    return object
  }

  /// Gives an object back.
  ///
  /// - Parameter caller: the code address that gives it back, which a debugging cache notes.
  /// - Throws: what is wrong with the object; it was not given back.
  public mutating func release(
    _ object: UInt, caller: UInt = 0, _ memory: some ObjectMemory, _ pages: inout some SlabPageSource & ~Copyable,
    in frames: Span<FrameDescriptor>
  ) throws(SlabFinding) {
    let frame = memory.frame(containing: object)
    guard Int(frame.rawValue) < frames.count, frames[frame].isKind(.slab) else {
      throw finding(.notAnObject, object)
    }
    guard frames[frame].owner == UInt32(number) else { throw finding(.wrongCache, object) }
    let slab = FrameNumber(frame.rawValue & ~(1 &<< UInt32(frames[frame].order) &- 1))
    let start = memory.address(of: slab)
    let old = SlabState(frames[slab].index)
    guard let index = layout.index(atOffset: object &- start), index < old.touched else {
      throw finding(.notAnObject, object)
    }
    guard old.taken > 0 else { throw finding(.doubleFree, object) }
    if isDebugging {
      try closeObject(object, start, old, caller: caller, memory)
    } else if isLinked(object, old, start, memory) {
      throw finding(.doubleFree, object)
    }
    let link = object &+ layout.linkOffset
    memory.store(cipher.encode(UInt64(old.firstFree), at: link), at: link)
    var state = old
    state.firstFree = index &+ 1
    state.taken &-= 1
    update(slab, from: old, to: state, in: frames)
    if state.taken == 0 { trim(&pages, in: frames) }
  }

  /// Takes a free object from the slab at `start`, which has one.
  ///
  /// - Throws: `.corruptedLink`. Where the list of free objects goes on is not known then, so all that were on it become taken
  ///   and stay out of use.
  @inline(__always)
  mutating func take(
    from state: inout SlabState, of start: UInt, _ memory: some ObjectMemory
  ) throws(SlabFinding) -> UInt {
    let linkedCount = state.touched &- state.taken
    guard linkedCount > 0 else {
      state.touched &+= 1
      state.taken &+= 1
      return address(ofObject: state.touched, start)
    }
    let object = address(ofObject: state.firstFree, start)
    let link = object &+ layout.linkOffset
    let next = cipher.decode(memory.load(at: link), at: link)
    // The last object links to none and the others to one: a list that is too short or too long is damaged as well.
    guard next <= UInt64(truncatingIfNeeded: state.touched), (next == 0) == (linkedCount == 1) else {
      state.firstFree = 0
      state.taken = state.touched
      quarantinedCount += linkedCount
      throw finding(.corruptedLink, object)
    }
    // Without its link an object can be told from a free one when it comes back.
    memory.store(0, at: link)
    state.firstFree = Int(truncatingIfNeeded: next)
    state.taken &+= 1
    return object
  }

  /// The address of the object that is the `position`th, counted from 1, of the slab at `start`.
  @inline(__always)
  func address(ofObject position: Int, _ start: UInt) -> UInt { layout.address(ofObject: position, start) }

  /// Whether the object looks like one on its slab's list of free objects.
  ///
  /// The object's first word almost always answers that. If it is a link, the list is walked to be certain.
  @inline(__always)
  private func isLinked(_ object: UInt, _ state: SlabState, _ start: UInt, _ memory: some ObjectMemory) -> Bool {
    guard cipher.decode(memory.load(at: object), at: object) <= UInt64(truncatingIfNeeded: state.total) else {
      return false
    }
    return Self.search(state, start, layout, cipher, for: object, memory) != .absent
  }

  /// What a walk along a slab's list of free objects tells of one object.
  enum Listing { case present, absent, unknown }

  /// Walks the list until it comes to the object, to the end, or to a damaged link.
  ///
  /// Static, as the cache would be copied to call a method that does not change it.
  @inline(never)
  static func search(
    _ state: SlabState, _ start: UInt, _ layout: SlabLayout, _ cipher: LinkCipher, for object: UInt,
    _ memory: some ObjectMemory
  ) -> Listing {
    var position = state.firstFree
    for _ in 0..<state.total where position != 0 {
      let candidate = layout.address(ofObject: position, start)
      if candidate == object { return .present }
      let link = candidate &+ layout.linkOffset
      let next = cipher.decode(memory.load(at: link), at: link)
      guard next <= UInt64(state.touched) else { return .unknown }
      position = Int(next)
    }
    return position == 0 ? .absent : .unknown
  }
}
