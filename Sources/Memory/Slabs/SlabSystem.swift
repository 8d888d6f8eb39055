public import PageFrames

/// The lock around one cache, or around the place for one that is still to come.
public protocol SlabCacheLock: ~Copyable {
  /// Runs `body` with the cache, interrupts off, after waiting for whoever holds it.
  borrowing func withLock<Result: ~Copyable, Failure: Error>(
    _ body: (inout SlabCache) throws(Failure) -> Result
  ) throws(Failure) -> Result
}

/// All caches of the kernel: one for each size class, and the named ones behind them.
///
/// A view that costs nothing to make: it lends the locks, the descriptors and the memory to what is asked of it. Requests go
/// through the CPU's magazines; what those cannot serve goes to one cache under its lock. The frame source is asked while
/// that is held, so its own lock comes after every cache's, and no two caches are ever locked together.
public struct SlabSystem<Lock: SlabCacheLock & ~Copyable, Memory: ObjectMemory>: ~Escapable {
  private let caches: Span<Lock>
  private let frames: Span<FrameDescriptor>
  private let memory: Memory

  /// - Parameters:
  ///   - caches: the places for caches, `MagazineRack.count` at the most.
  ///   - frames: the descriptors of all frames.
  @_lifetime(copy caches, copy frames)
  @inline(__always)
  public init(caches: Span<Lock>, frames: Span<FrameDescriptor>, memory: Memory) {
    self.caches = caches
    self.frames = frames
    self.memory = memory
  }

  // MARK: Caches

  /// Makes the caches of the size classes, whose numbers are those of the classes.
  ///
  /// - Parameter secret: a new random number at each call.
  /// - Precondition: there is a place for each, and none was made before.
  public func makeSizeClasses(debugging: SlabDebugging, secret: () -> UInt64) {
    for index in 0..<SizeClasses.count {
      let layout = SlabLayout(
        objectSize: SizeClasses.size(index), alignment: SizeClasses.alignment(index), debugging: debugging)
      let made = makeCache(
        from: index, name: SizeClasses.name(index), layout: layout, secret: secret())
      precondition(made == index, "the size classes' caches come first")
    }
  }

  /// Makes a cache for one kind of object. It stays for ever.
  ///
  /// - Parameter secret: a random number.
  /// - Returns: its number, or nil when there are too many caches.
  public func makeCache(name: StaticString, layout: SlabLayout, secret: UInt64) -> Int? {
    makeCache(from: SizeClasses.count, name: name, layout: layout, secret: secret)
  }

  private func makeCache(from first: Int, name: StaticString, layout: SlabLayout, secret: UInt64) -> Int? {
    var number = first
    while number < min(caches.count, MagazineRack.count) {
      let isMade = caches[number].withLock { cache in
        guard !cache.isMade else { return false }
        cache = SlabCache(name: name, number: number, layout: layout, secret: secret)
        return true
      }
      if isMade { return number }
      number += 1
    }
    return nil
  }

  /// The number of the cache that the object at `address` belongs to, or nil when it is not in a slab.
  @inline(__always)
  public func cacheNumber(of address: UInt) -> Int? {
    let frame = memory.frame(containing: address)
    guard Int(frame.rawValue) < frames.count, frames[frame].isKind(.slab) else { return nil }
    return Int(frames[frame].owner)
  }

  // MARK: Objects

  /// Takes an object of cache `number`.
  ///
  /// - Parameters:
  ///   - magazines: the CPU's.
  ///   - byteCount: how many bytes of it are wanted; only a debugging cache looks at it.
  ///   - caller: the code address that asks; only a debugging cache looks at it.
  /// - Returns: nil when there is no memory, or no such cache.
  /// - Throws: what was found wrong with an object that was put out of use. Report it, and ask once more.
  @inline(__always)
  public func allocate(
    _ number: Int, through magazines: inout MagazineRack, byteCount: Int? = nil, caller: UInt = 0,
    _ pages: inout some SlabPageSource & ~Copyable
  ) throws(SlabFinding) -> UInt? {
    if let object = magazines.pop(number) { return object }
    return try allocateFromCache(number, through: &magazines, byteCount: byteCount, caller: caller, &pages)
  }

  @inline(never)
  private func allocateFromCache(
    _ number: Int, through magazines: inout MagazineRack, byteCount: Int?, caller: UInt,
    _ pages: inout some SlabPageSource & ~Copyable
  ) throws(SlabFinding) -> UInt? {
    guard number >= 0, number < min(caches.count, MagazineRack.count) else { return nil }
    return try caches[number].withLock { cache throws(SlabFinding) in
      guard cache.isMade else { return nil }
      return try cache.allocate(
        through: &magazines[number], byteCount: byteCount, caller: caller, memory, &pages, in: frames)
    }
  }

  /// Takes back an object of cache `number`.
  ///
  /// - Throws: what is wrong with the object, which is not given back then, or with another one, which does not keep this one
  ///   from being given back. Report it; there is nothing to do again.
  @inline(__always)
  public func release(
    _ object: UInt, to number: Int, through magazines: inout MagazineRack, caller: UInt = 0,
    _ pages: inout some SlabPageSource & ~Copyable
  ) throws(SlabFinding) {
    if magazines.push(object, number) { return }
    try releaseToCache(object, to: number, through: &magazines, caller: caller, &pages)
  }

  @inline(never)
  private func releaseToCache(
    _ object: UInt, to number: Int, through magazines: inout MagazineRack, caller: UInt,
    _ pages: inout some SlabPageSource & ~Copyable
  ) throws(SlabFinding) {
    guard number >= 0, number < min(caches.count, MagazineRack.count) else {
      throw SlabFinding(.notAnObject, cache: number, object: object)
    }
    try caches[number].withLock { cache throws(SlabFinding) in
      guard cache.isMade else { throw SlabFinding(.notAnObject, cache: number, object: object) }
      try cache.release(object, through: &magazines[number], caller: caller, memory, &pages, in: frames)
    }
  }

  // MARK: Figures and reclaim

  /// The figures of cache `number`, or nil when there is none.
  public func statistics(of number: Int) -> SlabCacheStatistics? {
    guard number >= 0, number < min(caches.count, MagazineRack.count) else { return nil }
    return caches[number].withLock { cache in cache.isMade ? cache.statistics : nil }
  }

  /// Gives back what the CPU's magazines hold and all slabs that are empty then.
  ///
  /// - Parameter report: told what is found wrong with an object, which is put out of use. Called without a lock.
  /// - Returns: how many frames were given back.
  public func shrink(
    _ magazines: inout MagazineRack, _ pages: inout some SlabPageSource & ~Copyable,
    report: (SlabFinding) -> Void
  ) -> Int {
    var released = 0
    for number in 0..<min(caches.count, MagazineRack.count) {
      var isDone = false
      while !isDone {
        do throws(SlabFinding) {
          released += try caches[number].withLock { cache throws(SlabFinding) in
            guard cache.isMade else { return 0 }
            try cache.flush(&magazines[number], memory, &pages, in: frames)
            return cache.shrink(&pages, in: frames)
          }
          isDone = true
        } catch {
          report(error)
        }
      }
    }
    return released
  }

  /// The objects in use of all debugging caches, by who asked for them.
  ///
  /// - Context: holds each cache's lock for as long as it takes to look at all its objects.
  public func allocationSites() -> AllocationSites {
    var sites = AllocationSites()
    for number in 0..<min(caches.count, MagazineRack.count) {
      caches[number].withLock { $0.addObjectsInUse(to: &sites, memory, in: frames) }
    }
    sites.sort()
    return sites
  }
}
