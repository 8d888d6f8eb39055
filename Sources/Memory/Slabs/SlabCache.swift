public import PageFrames

/// A cache of equal kernel objects in slabs: runs of page frames, cut into objects.
///
/// Free objects are linked through their own memory by links that tell when they were overwritten (`LinkCipher`). Objects of
/// a new slab are handed out in order, so making a slab touches none of its memory. A slab's state (`SlabState`) is in the
/// descriptor of its first frame; `owner` of each of its frames is the cache's number, `order` the slab's.
///
/// The caller holds the cache's lock, interrupts off, and passes the memory, the source of frames and the descriptors, always
/// the same ones.
public struct SlabCache: ~Copyable, Sendable {
  /// The name, as in `/proc/slabinfo`.
  public let name: StaticString
  /// How the objects lie in the slabs.
  public let layout: SlabLayout
  private let numberField: UInt8
  let cipher: LinkCipher

  /// Slabs with objects that are free and objects that are not; requests are served from the first.
  private(set) var partial = FrameList()
  /// Slabs all of whose objects are free.
  private(set) var empty = FrameList()
  /// Slabs none of whose objects is free; kept only when debugging, to find what was never given back.
  private(set) var full = FrameList()

  private(set) var slabCount = 0
  private var frameCount = 0
  private var objectCount = 0
  /// Objects that are not free: in use, in a magazine, or out of use.
  private(set) var takenCount = 0
  /// Objects that are out of use for ever, because they or their links are damaged.
  var quarantinedCount = 0
  var allocationCount: UInt64 = 0

  /// Creates a place for a cache.
  public init() {
    name = ""
    layout = SlabLayout()
    numberField = 0
    cipher = LinkCipher(secret: 0)
  }

  /// Creates a cache without slabs.
  ///
  /// - Parameters:
  ///   - number: what the owner of the cache knows it by, 0..<256.
  ///   - layout: where the objects lie.
  ///   - secret: a random number, from which links and notes are made unpredictable.
  public init(name: StaticString, number: Int, layout: SlabLayout, secret: UInt64) {
    self.name = name
    self.layout = layout
    numberField = UInt8(number)
    cipher = LinkCipher(secret: secret)
  }

  /// Whether this is a cache, and not just a place for one.
  @inline(__always)
  public var isMade: Bool { layout.stride > 0 }
  /// What the owner of the cache knows it by.
  public var number: Int { Int(numberField) }
  /// Whether everything is checked, and nothing kept in magazines.
  public var isDebugging: Bool { layout.isDebugging }

  /// The figures now.
  public var statistics: SlabCacheStatistics {
    SlabCacheStatistics(
      name: name, activeObjectCount: takenCount, objectCount: objectCount, objectSize: layout.stride,
      objectsPerSlab: layout.objectsPerSlab, pagesPerSlab: 1 << layout.order, activeSlabCount: slabCount - empty.count,
      slabCount: slabCount, frameCount: frameCount, quarantinedObjectCount: quarantinedCount,
      allocationCount: allocationCount)
  }

  // MARK: Slabs

  /// Empty slabs that are kept for the next requests: 16 KiB, and one at least.
  private var emptyLimit: Int { max(1, 4 >> layout.order) }

  /// A slab with a free object: a partial one, so that the others can become empty, or else an empty one.
  @inline(__always)
  var slabWithFreeObject: FrameNumber? {
    if partial.first != .none { return partial.first }
    return empty.first == .none ? nil : empty.first
  }

  /// Adds an empty slab: of the usual size, or when there is no memory for that, of the smallest.
  mutating func grow(
    _ memory: some ObjectMemory, _ pages: inout some SlabPageSource & ~Copyable, in frames: Span<FrameDescriptor>
  ) -> FrameNumber? {
    var order = layout.order
    var allocated = pages.allocate(order: order)
    if allocated == nil, layout.smallestOrder < order {
      order = layout.smallestOrder
      allocated = pages.allocate(order: order)
    }
    guard let slab = allocated else { return nil }
    precondition(slab.rawValue & (1 << UInt32(order) - 1) == 0, "a slab lies at a multiple of its size")
    for index in 0..<1 << order {
      frames[slab + index].kind = .slab
      frames[slab + index].owner = UInt32(numberField)
      frames[slab + index].order = order
    }
    let state = SlabState(total: layout.objectCount(order: order))
    frames[slab].index = state.rawValue
    empty.prepend(slab, in: frames)
    slabCount += 1
    frameCount += 1 << order
    objectCount += state.total
    if isDebugging { poisonAll(of: slab, count: state.total, memory) }
    return slab
  }

  /// Gives empty slabs back until `count` are left.
  ///
  /// - Returns: how many frames were given back.
  @discardableResult
  public mutating func shrink(
    keeping count: Int = 0, _ pages: inout some SlabPageSource & ~Copyable, in frames: Span<FrameDescriptor>
  ) -> Int {
    var released = 0
    while empty.count > count, let slab = empty.takeLast(in: frames) {
      let order = frames[slab].order
      slabCount -= 1
      frameCount -= 1 << order
      objectCount -= SlabState(frames[slab].index).total
      frames[slab].index = 0
      for index in 0..<1 << order {
        frames[slab + index].owner = 0
        frames[slab + index].order = 0
      }
      pages.release(slab, order: order)
      released += 1 << order
    }
    return released
  }

  /// Writes a slab's changed state down and puts the slab on the list where it belongs now.
  @inline(__always)
  mutating func update(
    _ slab: FrameNumber, from old: SlabState, to new: SlabState, in frames: Span<FrameDescriptor>
  ) {
    frames[slab].index = new.rawValue
    takenCount &+= new.taken &- old.taken
    guard new.occupancy != old.occupancy else { return }
    switch old.occupancy {
    case .empty: empty.remove(slab, in: frames)
    case .partial: partial.remove(slab, in: frames)
    case .full: if isDebugging { full.remove(slab, in: frames) }
    }
    switch new.occupancy {
    case .empty: empty.prepend(slab, in: frames)
    case .partial: partial.prepend(slab, in: frames)
    case .full: if isDebugging { full.prepend(slab, in: frames) }
    }
  }

  /// Gives a slab back when more of them are empty than are kept.
  @inline(__always)
  mutating func trim(_ pages: inout some SlabPageSource & ~Copyable, in frames: Span<FrameDescriptor>) {
    if empty.count > emptyLimit { shrink(keeping: emptyLimit, &pages, in: frames) }
  }

  /// A finding about `object`.
  func finding(_ kind: SlabFinding.Kind, _ object: UInt) -> SlabFinding {
    SlabFinding(kind, cache: number, object: object)
  }
}
