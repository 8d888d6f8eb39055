import Boot
import Foundations
import PageFrames
import Slabs

/// The slab caches over real memory: each under its own lock, with a magazine on each CPU in front.
enum ObjectHeap {
  // SAFETY (section): the storage for caches is static and large enough, which `start` checks; `start` makes every place in
  // it before it sets `isStarted`, and they stay. The boot CPU is alone until after that.
  nonisolated(unsafe) private static var places = 0
  nonisolated(unsafe) private static var isDebugging = false

  /// Whether the heap serves requests.
  @inline(__always)
  static var isStarted: Bool { unsafe places > 0 }

  /// Makes the caches of the size classes.
  ///
  /// - Parameter isDebugged: whether every object is poisoned, fenced and accounted for.
  static func start(isDebugged: Bool) {
    precondition(MemoryLayout<SpinLock<SlabCache>>.stride * MagazineRack.count <= Int(APUS_SLAB_CACHES_SIZE))
    for number in 0..<MagazineRack.count { unsafe (storage + number).initialize(to: SpinLock(SlabCache())) }
    unsafe isDebugging = isDebugged
    unsafe places = MagazineRack.count
    system.makeSizeClasses(debugging: isDebugged ? .on : .off) { EarlyRandom.next() }
  }

  private static var storage: UnsafeMutablePointer<SpinLock<SlabCache>> {
    unsafe UnsafeMutablePointer(bitPattern: UInt(apus_slab_caches_address())).unsafelyUnwrapped
  }

  private static var system: SlabSystem<SpinLock<SlabCache>, HeapMemory> {
    @_lifetime(immortal) get {
      let places = unsafe UnsafeBufferPointer(start: UnsafePointer(storage), count: places)
      let caches = unsafe _overrideLifetime(Span(_unsafeElements: places), copying: ())
      return SlabSystem(caches: caches, frames: FrameTable.descriptors, memory: HeapMemory())
    }
  }

  /// Adds a cache for objects of one kind, up to 8,192 bytes large.
  ///
  /// - Returns: its number, or nil when there are too many.
  static func addCache(name: StaticString, objectSize: Int, alignment: Int) -> Int? {
    let debugging: SlabDebugging = unsafe isDebugging ? .on : .off
    let layout = SlabLayout(objectSize: objectSize, alignment: alignment, debugging: debugging)
    return system.makeCache(name: name, layout: layout, secret: EarlyRandom.next())
  }

  /// Takes an object of cache `number`, of which `byteCount` bytes are wanted.
  ///
  /// - Returns: its address, or 0 when there is no memory.
  @inline(__always)
  static func allocate(_ number: Int, byteCount: Int, _ priority: AllocationPriority) -> UInt {
    if let object = ProcessorArea.withCurrent({ $0.magazines.pop(number) }) { return object }
    return refill(number, byteCount, priority)
  }

  @inline(never)
  private static func refill(_ number: Int, _ byteCount: Int, _ priority: AllocationPriority) -> UInt {
    let caller = unsafe isDebugging ? callerOfHeap : 0
    var pages = HeapPages(priority: priority)
    do throws(SlabFinding) {
      return try ProcessorArea.withCurrent { area throws(SlabFinding) in
        try system.allocate(number, through: &area.magazines, byteCount: byteCount, caller: caller, &pages)
      } ?? 0
    } catch {
      report(error)
    }
  }

  /// Who asked: the fourth caller up is the first that is not of the heap or of Swift's runtime.
  private static var callerOfHeap: UInt {
    var walk = StackWalk.here
    for _ in 0..<4 { _ = walk.next() }
    return UInt(walk.next() ?? 0)
  }

  /// Puts the object at `address`, which lies in a slab of cache `number`, back.
  @inline(__always)
  static func release(_ address: UInt, _ number: Int) {
    if ProcessorArea.withCurrent({ $0.magazines.push(address, number) }) { return }
    flush(address, number)
  }

  @inline(never)
  private static func flush(_ address: UInt, _ number: Int) {
    let caller = unsafe isDebugging ? callerOfHeap : 0
    var pages = HeapPages(priority: .kernel)
    do throws(SlabFinding) {
      try ProcessorArea.withCurrent { area throws(SlabFinding) in
        try system.release(address, to: number, through: &area.magazines, caller: caller, &pages)
      }
    } catch {
      report(error)
    }
  }

  /// Says what is wrong with the heap, where it can be said without the heap, and ends the kernel.
  private static func report(_ finding: SlabFinding) -> Never {
    EarlyConsole.write("\nheap: ")
    EarlyConsole.write(finding.kind.text)
    EarlyConsole.write(": ")
    EarlyConsole.write(hexadecimal: UInt64(finding.object))
    write(", byte ", UInt64(bitPattern: Int64(finding.offset)))
    write(" is ", UInt64(finding.foundByte))
    write(", allocated at ", UInt64(finding.allocationCaller))
    write(", freed at ", UInt64(finding.releaseCaller))
    EarlyConsole.write("\n")
    fatalError("the heap is corrupt")
  }

  private static func write(_ label: StaticString, _ value: UInt64) {
    guard value != 0 else { return }
    EarlyConsole.write(label)
    EarlyConsole.write(hexadecimal: value)
  }

  /// Gives empty slabs back, and what this CPU's magazines hold.
  ///
  /// - Returns: how many frames became free.
  static func shrink() -> Int {
    var pages = HeapPages(priority: .kernel)
    return ProcessorArea.withCurrent { system.shrink(&$0.magazines, &pages) { report($0) } }
  }

  /// The figures of cache `number`, what is in this CPU's magazine taken for free; or nil when there is none.
  static func statistics(_ number: Int) -> SlabCacheStatistics? {
    ProcessorArea.withCurrent { area in
      guard var figures = system.statistics(of: number) else { return nil }
      figures.activeObjectCount -= area.magazines.objectCount(number)
      return figures
    }
  }

  /// The objects in use by who asked for them, when debugging.
  static var allocationSites: AllocationSites { system.allocationSites() }
}

/// Frames for slabs.
private struct HeapPages: SlabPageSource {
  let priority: AllocationPriority

  mutating func allocate(order: Int) -> FrameNumber? {
    FrameAllocator.allocateRun(.slab, count: 1 << order, priority)
  }

  mutating func release(_ frame: FrameNumber, order: Int) {
    FrameAllocator.releaseRun(frame, count: 1 << order)
  }
}

/// The physical map as the memory of free objects.
private struct HeapMemory: ObjectMemory {
  // SAFETY (section): the slab cache passes addresses inside its own slabs only, of objects that nobody else has.

  @inline(__always)
  func load(at address: UInt) -> UInt64 {
    unsafe UnsafePointer<UInt64>(bitPattern: address).unsafelyUnwrapped.pointee
  }

  @inline(__always)
  func store(_ value: UInt64, at address: UInt) {
    unsafe UnsafeMutablePointer<UInt64>(bitPattern: address).unsafelyUnwrapped.pointee = value
  }

  @inline(__always)
  func address(of frame: FrameNumber) -> UInt { UInt(PhysicalMap.address(of: frame.address)) }

  @inline(__always)
  func frame(containing address: UInt) -> FrameNumber {
    let offset = UInt64(address) &- PhysicalMap.base
    return offset < PhysicalMap.limit ? FrameNumber(containing: offset) : FrameNumber(.max)
  }
}

extension SpinLock: SlabCacheLock where Value == SlabCache {}
