import Boot
import Foundations
import PageFrames
import Slabs

/// The slab caches over real memory: each under its own lock, with a magazine on each CPU in front.
enum ObjectHeap {
  /// How many caches there can be: one for each size class, and the named ones.
  static let capacity = 64

  // SAFETY (section): the storage for caches is static and large enough, which `start` checks. Caches 0..<count are
  // initialized and stay; `count` only grows, under `registration`.
  nonisolated(unsafe) private static var count = 0
  private static let registration = SpinLock(false)
  nonisolated(unsafe) private static var isDebugged = false

  /// Whether the heap serves requests.
  @inline(__always)
  static var isStarted: Bool { unsafe count > 0 }

  /// Makes the caches of the size classes.
  ///
  /// - Parameter isDebugged: whether every object is poisoned, fenced and accounted for.
  static func start(isDebugged: Bool) {
    precondition(MemoryLayout<SpinLock<SlabCache>>.stride * capacity <= Int(APUS_SLAB_CACHES_SIZE))
    unsafe self.isDebugged = isDebugged
    for index in 0..<SizeClasses.count {
      _ = addCache(name: sizeNames[index], objectSize: SizeClasses.size(index), alignment: 16)
    }
  }

  /// Adds a cache for objects of one kind.
  ///
  /// - Returns: its number, or nil when there are too many.
  static func addCache(name: StaticString, objectSize: Int, alignment: Int) -> Int? {
    registration.withLock { _ in
      let number = unsafe count
      guard number < capacity else { return nil }
      let cache = SlabCache(
        name: name, number: UInt32(number), objectSize: objectSize,
        alignment: number < SizeClasses.count && objectSize & (objectSize - 1) == 0 ? min(objectSize, 4096) : alignment,
        isDebugged: unsafe isDebugged, secret: EarlyRandom.next())
      unsafe place(number).initialize(to: SpinLock(cache))
      ProcessorArea.withCurrent { $0.magazines[number] = Magazine(limit: cache.magazineLimit) }
      unsafe count = number + 1
      return number
    }
  }

  private static func place(_ number: Int) -> UnsafeMutablePointer<SpinLock<SlabCache>> {
    precondition(number >= 0 && number < capacity)
    let base = UInt(apus_slab_caches_address())
    return unsafe UnsafeMutablePointer(
      bitPattern: base + UInt(number * MemoryLayout<SpinLock<SlabCache>>.stride)
    ).unsafelyUnwrapped
  }

  /// Takes an object of cache `number`.
  ///
  /// - Returns: its address, or 0 when there is no memory.
  @inline(__always)
  static func allocate(_ number: Int, _ priority: AllocationPriority) -> UInt {
    let object = ProcessorArea.withCurrent { $0.magazines[number & (capacity - 1)].pop() }
    if object != 0 { return object }
    return refill(number, priority)
  }

  @inline(never)
  private static func refill(_ number: Int, _ priority: AllocationPriority) -> UInt {
    guard number >= 0, unsafe number < count else { return 0 }
    let caller = unsafe isDebugged ? callerOfAllocation : 0
    var finding: SlabFinding?
    let object = unsafe place(number).pointee.withLock { cache in
      var pages = HeapPages(priority: priority)
      let object = ProcessorArea.withCurrent { area in
        cache.refill(&area.magazines[number], caller: caller, HeapMemory(), &pages, in: FrameTable.descriptors) ?? 0
      }
      finding = cache.finding
      return object
    }
    if let finding { report(finding) }
    return object
  }

  /// Who asked: the fourth caller up is the first that is not of the heap or of Swift's runtime.
  private static var callerOfAllocation: UInt {
    var walk = StackWalk.here
    for _ in 0..<4 { _ = walk.next() }
    return UInt(walk.next() ?? 0)
  }

  /// Puts the object at `address`, which lies in a slab of cache `number`, back.
  @inline(__always)
  static func release(_ address: UInt, _ number: Int) {
    if ProcessorArea.withCurrent({ $0.magazines[number & (capacity - 1)].push(address) }) { return }
    flush(address, number)
  }

  @inline(never)
  private static func flush(_ address: UInt, _ number: Int) {
    guard number >= 0, unsafe number < count else { fatalError("freed memory of no cache") }
    let finding: SlabFinding? = unsafe place(number).pointee.withLock { cache in
      var pages = HeapPages(priority: .kernel)
      return ProcessorArea.withCurrent { area in
        cache.flush(
          &area.magazines[number], downTo: area.magazines[number].limit / 2, HeapMemory(), &pages,
          in: FrameTable.descriptors)
        return cache.give(address, HeapMemory(), &pages, in: FrameTable.descriptors)
      }
    }
    if let finding { report(finding) }
  }

  /// Says what is wrong with the heap, where it can be said without the heap, and ends the kernel.
  private static func report(_ finding: SlabFinding) -> Never {
    EarlyConsole.write("\nheap: ")
    switch finding {
    case .notAnObject(let address): report("freed but never allocated", address)
    case .doubleFree(let address): report("freed twice", address)
    case .corruptedLink(let address): report("link overwritten while free", address)
    case .useAfterFree(let address): report("written while free", address)
    case .overrun(let address, let caller):
      EarlyConsole.write("allocated at ")
      EarlyConsole.write(hexadecimal: UInt64(caller))
      EarlyConsole.write(", ")
      report("written outside its bounds", address)
    }
  }

  private static func report(_ text: StaticString, _ address: UInt) -> Never {
    EarlyConsole.write(text)
    EarlyConsole.write(": ")
    EarlyConsole.write(hexadecimal: UInt64(address))
    EarlyConsole.write("\n")
    fatalError("the heap is corrupt")
  }

  /// Gives empty slabs back, and what this CPU's magazines hold.
  ///
  /// - Returns: how many frames became free.
  static func shrink() -> Int {
    var released = 0
    for number in 0..<(unsafe count) {
      released += unsafe place(number).pointee.withLock { cache in
        var pages = HeapPages(priority: .kernel)
        ProcessorArea.withCurrent { area in
          cache.flush(&area.magazines[number], downTo: 0, HeapMemory(), &pages, in: FrameTable.descriptors)
        }
        return cache.shrink(to: 0, &pages, in: FrameTable.descriptors)
      }
    }
    return released
  }

  /// The figures of cache `number`, or nil when there is none.
  static func statistics(_ number: Int) -> SlabCacheStatistics? {
    guard number >= 0, unsafe number < count else { return nil }
    return unsafe place(number).pointee.withLock { cache in
      let magazineCount = ProcessorArea.withCurrent { Int($0.magazines[number].count) }
      return cache.statistics(magazineCount: magazineCount)
    }
  }

  /// The first misuse that cache `number` noticed.
  static func finding(_ number: Int) -> SlabFinding? {
    guard number >= 0, unsafe number < count else { return nil }
    return unsafe place(number).pointee.withLock { $0.finding }
  }

  /// Runs `body` with each object in use and the address that asked for it, when debugging.
  static func forEachTaken(_ body: (_ object: UInt, _ caller: UInt) -> Void) {
    for number in 0..<(unsafe count) {
      unsafe place(number).pointee.withLock { $0.forEachTaken(HeapMemory(), in: FrameTable.descriptors, body) }
    }
  }

  private static let sizeNames: InlineArray<27, StaticString> = [
    "kmalloc-16", "kmalloc-32", "kmalloc-48", "kmalloc-64", "kmalloc-80", "kmalloc-96", "kmalloc-112", "kmalloc-128",
    "kmalloc-160", "kmalloc-192", "kmalloc-224", "kmalloc-256", "kmalloc-320", "kmalloc-384", "kmalloc-448",
    "kmalloc-512", "kmalloc-640", "kmalloc-768", "kmalloc-896", "kmalloc-1k", "kmalloc-1280", "kmalloc-1536",
    "kmalloc-2k", "kmalloc-3k", "kmalloc-4k", "kmalloc-6k", "kmalloc-8k",
  ]
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
  func frame(containing address: UInt) -> FrameNumber { FrameNumber(containing: UInt64(address) &- PhysicalMap.base) }
}
