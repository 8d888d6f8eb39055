public import PageFrames

/// A cache of equal objects in slabs: pieces of whole frames, cut into objects.
///
/// Free objects are linked through their own first words, which are scrambled with a secret and their own address, so that a
/// link that was overwritten is noticed and not followed. Objects of a new slab are handed out in order, so a slab is not
/// touched when it is made. A slab's state is in the descriptor of its first frame. The caller holds the cache's lock.
public struct SlabCache: Sendable {
  /// Empty slabs that are kept for the next request.
  private static let emptyLimit = 2

  /// The name, as in `/proc/slabinfo`.
  public let name: StaticString
  /// Where objects lie.
  public let layout: SlabLayout
  /// The cache's number, which its frames' descriptors bear as their owner.
  public let number: UInt32
  /// Whether red zones, poison and marks are kept and checked.
  public let isDebugged: Bool
  private let secret: UInt64

  /// Slabs with free objects and objects in use.
  private var partial = FrameList()
  /// Slabs all of whose objects are free.
  private var empty = FrameList()
  /// Slabs all of whose objects are in use; kept only when debugging, to find what was never freed.
  private var full = FrameList()

  /// Slabs now.
  public private(set) var slabCount = 0
  /// Objects that are not in slabs: in use, or in a magazine.
  public private(set) var takenCount = 0
  /// The first misuse that was noticed.
  public private(set) var finding: SlabFinding?

  /// Creates a cache without slabs.
  ///
  /// - Parameter secret: a random number.
  public init(
    name: StaticString, number: UInt32, objectSize: Int, alignment: Int = 16, isDebugged: Bool = false, secret: UInt64
  ) {
    self.name = name
    self.number = number
    self.isDebugged = isDebugged
    self.secret = secret
    layout = SlabLayout(objectSize: objectSize, alignment: alignment, isDebugged: isDebugged)
  }

  /// How many objects a CPU's magazine for this cache should hold: less of large ones, none when debugging.
  public var magazineLimit: UInt32 {
    isDebugged ? 0 : layout.objectSize <= 512 ? 32 : layout.objectSize <= 2048 ? 16 : 8
  }

  /// Takes an object.
  ///
  /// - Parameter caller: the address that asks, kept when debugging.
  /// - Returns: nil when there is no memory.
  public mutating func take(
    caller: UInt = 0, _ memory: some ObjectMemory, _ pages: inout some SlabPageSource, in frames: Span<FrameDescriptor>
  ) -> UInt? {
    guard let slab = slabWithFree(&pages, in: frames) else { return nil }
    var state = SlabState(frames[slab].index)
    let base = memory.address(of: slab)
    let wasEmpty = state.used == 0
    let isFresh = state.firstFree == 0
    let index: Int
    if !isFresh {
      index = state.firstFree - 1
      let place = base &+ UInt(index &* layout.stride)
      let next = memory.load(at: place) ^ scrambler(place)
      if next <= UInt64(layout.capacity) {
        state.firstFree = Int(next)
      } else {
        // The rest of the list is lost: its objects stay taken rather than be handed out twice.
        note(.corruptedLink(address: place))
        state.firstFree = 0
        state.used = state.fresh - 1
      }
    } else {
      index = state.fresh
      state.fresh += 1
    }
    if wasEmpty { empty.remove(slab, in: frames) } else { partial.remove(slab, in: frames) }
    state.used += 1
    frames[slab].index = state.rawValue
    if state.used < layout.capacity {
      partial.prepend(slab, in: frames)
    } else if isDebugged {
      full.prepend(slab, in: frames)
    }
    takenCount += 1
    let place = base &+ UInt(index &* layout.stride)
    // Without a link, be it one from the frame's earlier life, the object can be told from a free one when it comes back.
    memory.store(0, at: place)
    return isDebugged ? markTaken(place, isFresh: isFresh, caller: caller, memory) : place
  }

  /// Puts an object back.
  ///
  /// - Returns: what was wrong with it, in which case nothing has changed.
  public mutating func give(
    _ object: UInt, _ memory: some ObjectMemory, _ pages: inout some SlabPageSource, in frames: Span<FrameDescriptor>
  ) -> SlabFinding? {
    let place = object &- UInt(layout.leadingZone)
    let frame = memory.frame(containing: place)
    guard Int(frame.rawValue) < frames.count, frames[frame].isKind(.slab), frames[frame].owner == number else {
      return note(.notAnObject(address: object))
    }
    let slab = FrameNumber(frame.rawValue & ~(1 << UInt32(layout.order) - 1))
    let base = memory.address(of: slab)
    var state = SlabState(frames[slab].index)
    guard let index = layout.index(atOffset: place &- base), index < state.fresh else {
      return note(.notAnObject(address: object))
    }
    guard state.used > 0 else { return note(.doubleFree(address: object)) }
    if isDebugged {
      if let finding = markFree(place, memory) { return note(finding) }
    } else if memory.load(at: place) ^ scrambler(place) <= UInt64(layout.capacity) {
      return note(.doubleFree(address: object))
    }
    let wasFull = state.used == layout.capacity
    memory.store(UInt64(state.firstFree) ^ scrambler(place), at: place)
    state.firstFree = index + 1
    state.used -= 1
    frames[slab].index = state.rawValue
    takenCount -= 1
    if wasFull {
      if isDebugged { full.remove(slab, in: frames) }
    } else {
      partial.remove(slab, in: frames)
    }
    if state.used > 0 {
      partial.prepend(slab, in: frames)
    } else {
      empty.prepend(slab, in: frames)
      if empty.count > Self.emptyLimit { _ = shrink(to: Self.emptyLimit, &pages, in: frames) }
    }
    return nil
  }

  /// Fills `magazine` up to half, and takes one object more.
  ///
  /// - Returns: that object, or nil when there is no memory.
  public mutating func refill(
    _ magazine: inout Magazine, caller: UInt = 0, _ memory: some ObjectMemory, _ pages: inout some SlabPageSource,
    in frames: Span<FrameDescriptor>
  ) -> UInt? {
    let first = take(caller: caller, memory, &pages, in: frames)
    guard first != nil else { return nil }
    while magazine.count < magazine.limit / 2, let object = take(memory, &pages, in: frames) {
      _ = magazine.push(object)
    }
    return first
  }

  /// Puts objects of `magazine` back until it holds `count`.
  public mutating func flush(
    _ magazine: inout Magazine, downTo count: UInt32, _ memory: some ObjectMemory, _ pages: inout some SlabPageSource,
    in frames: Span<FrameDescriptor>
  ) {
    while magazine.count > count { _ = give(magazine.pop(), memory, &pages, in: frames) }
  }

  /// Gives empty slabs' frames back until `count` empty slabs are left.
  ///
  /// - Returns: how many frames were given back.
  public mutating func shrink(
    to count: Int, _ pages: inout some SlabPageSource, in frames: Span<FrameDescriptor>
  ) -> Int {
    var released = 0
    while empty.count > count, let slab = empty.takeLast(in: frames) {
      pages.release(slab, order: layout.order)
      slabCount -= 1
      released += 1 << layout.order
    }
    return released
  }

  /// Runs `body` with each object in use and the address that asked for it. Only when debugging.
  public func forEachTaken(
    _ memory: some ObjectMemory, in frames: Span<FrameDescriptor>, _ body: (_ object: UInt, _ caller: UInt) -> Void
  ) {
    guard isDebugged else { return }
    for list in [partial, full] {
      var slab = list.first
      while slab != .none {
        let base = memory.address(of: slab)
        for index in 0..<SlabState(frames[slab].index).fresh {
          let place = base &+ UInt(index * layout.stride)
          if isTaken(place, memory) { body(place &+ UInt(layout.leadingZone), caller(of: place, memory)) }
        }
        slab = frames[slab].next
      }
    }
  }

  /// The figures for `/proc/slabinfo`.
  ///
  /// - Parameter magazineCount: objects of this cache in CPUs' magazines.
  public func statistics(magazineCount: Int = 0) -> SlabCacheStatistics {
    SlabCacheStatistics(
      name: name, activeObjectCount: takenCount - magazineCount, objectCount: slabCount * layout.capacity,
      objectSize: layout.objectSize, objectsPerSlab: layout.capacity, pagesPerSlab: 1 << layout.order,
      activeSlabCount: slabCount - empty.count, slabCount: slabCount)
  }

  /// A slab with a free object: a used one, an empty one, or a new one.
  private mutating func slabWithFree(
    _ pages: inout some SlabPageSource, in frames: Span<FrameDescriptor>
  ) -> FrameNumber? {
    if partial.first != .none { return partial.first }
    if empty.first != .none { return empty.first }
    guard let slab = pages.allocate(order: layout.order) else { return nil }
    for index in 0..<1 << layout.order {
      frames[slab + index].kind = .slab
      frames[slab + index].owner = number
    }
    frames[slab].index = 0
    empty.prepend(slab, in: frames)
    slabCount += 1
    return slab
  }

  @inline(__always)
  private func scrambler(_ place: UInt) -> UInt64 { secret ^ UInt64(place).byteSwapped }

  @discardableResult
  mutating func note(_ new: SlabFinding) -> SlabFinding {
    if finding == nil { finding = new }
    return new
  }
}

/// The state of a slab, as it is kept in the `index` of its first frame's descriptor.
struct SlabState {
  /// The number of the first free object plus 1, or 0.
  var firstFree: Int
  /// Objects in use.
  var used: Int
  /// Objects that were ever in use: those from here on have no link yet.
  var fresh: Int

  init(_ rawValue: UInt64) {
    firstFree = Int(rawValue & 0xffff)
    used = Int(rawValue >> 16 & 0xffff)
    fresh = Int(rawValue >> 32 & 0xffff)
  }

  var rawValue: UInt64 { UInt64(firstFree) | UInt64(used) << 16 | UInt64(fresh) << 32 }
}
