public import PageFrames

/// Objects in and out of the slabs, half a magazine at a time.
extension SlabCache {
  /// How many objects a magazine may hold: less of large ones, so that a CPU keeps 16 KiB at the most, and none when debugging.
  public var magazineLimit: Int {
    isDebugging ? 0 : min(Magazine.capacity, max(4, 16_384 / layout.stride & ~1))
  }

  /// Serves a request that `magazine` could not: takes an object, and fills the magazine up to half.
  ///
  /// When the slabs that there are run out, one is added only if not a single object could be had from them.
  ///
  /// - Returns: nil when there is no memory.
  /// - Throws: as the other `allocate`; what was found in the meantime is in the magazine.
  public mutating func allocate(
    through magazine: inout Magazine, byteCount: Int? = nil, caller: UInt = 0, _ memory: some ObjectMemory,
    _ pages: inout some SlabPageSource & ~Copyable, in frames: Span<FrameDescriptor>
  ) throws(SlabFinding) -> UInt? {
    adopt(&magazine)
    guard magazine.limit > 0 else {
      return try allocate(byteCount: byteCount, caller: caller, memory, &pages, in: frames)
    }
    try refill(&magazine, upTo: magazine.limit / 2, memory, &pages, in: frames)
    return magazine.pop()
  }

  /// Takes an object back that `magazine` did not take, giving back half of what is in the magazine if that is full.
  ///
  /// - Throws: what is wrong with `object` or with another object of the magazine. The finding's object is out of the magazine
  ///   then and was not given back; if it is another one, `object` was given back all the same.
  public mutating func release(
    _ object: UInt, through magazine: inout Magazine, caller: UInt = 0, _ memory: some ObjectMemory,
    _ pages: inout some SlabPageSource & ~Copyable, in frames: Span<FrameDescriptor>
  ) throws(SlabFinding) {
    adopt(&magazine)
    guard magazine.limit > 0 else { return try release(object, caller: caller, memory, &pages, in: frames) }
    if magazine.count > 0, magazine[magazine.count &- 1] == object { throw finding(.doubleFree, object) }
    let isFull = magazine.count >= magazine.limit
    defer { magazine.append(object) }
    if isFull { try flush(&magazine, downTo: magazine.limit / 2, memory, &pages, in: frames) }
  }

  /// Gives the objects back that are in `magazine` longest, until it holds `count`.
  ///
  /// - Throws: what is wrong with an object, which is out of the magazine then and was not given back. What is in the magazine
  ///   besides is still there: ask once more.
  public mutating func flush(
    _ magazine: inout Magazine, downTo count: Int = 0, _ memory: some ObjectMemory,
    _ pages: inout some SlabPageSource & ~Copyable, in frames: Span<FrameDescriptor>
  ) throws(SlabFinding) {
    adopt(&magazine)
    var done = 0
    defer { magazine.removeOldest(done) }
    while magazine.count &- done > count {
      let object = magazine[done]
      done &+= 1
      try release(object, memory, &pages, in: frames)
    }
  }

  private mutating func refill(
    _ magazine: inout Magazine, upTo count: Int, _ memory: some ObjectMemory,
    _ pages: inout some SlabPageSource & ~Copyable, in frames: Span<FrameDescriptor>
  ) throws(SlabFinding) {
    while magazine.count < count {
      var found = slabWithFreeObject
      if found == nil && magazine.count == 0 { found = grow(memory, &pages, in: frames) }
      guard let slab = found else { return }
      let start = memory.address(of: slab)
      let old = SlabState(frames[slab].index)
      var state = old
      defer { update(slab, from: old, to: state, in: frames) }
      while magazine.count < count, state.taken < state.total {
        magazine.append(try take(from: &state, of: start, memory))
      }
    }
  }

  /// Tells a magazine how much it may hold, and counts what it handed out.
  private mutating func adopt(_ magazine: inout Magazine) {
    magazine.limit = magazineLimit
    allocationCount &+= magazine.takePopCount()
  }
}
