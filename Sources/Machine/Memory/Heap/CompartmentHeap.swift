import Boot
import Foundations
import PageFrames
import Synchronization

/// The heap of contained work: what the work allocates lies in frames of its own, so that all of it can be given back when the work
/// has ended, also what only its abandoned stack referred to.
///
/// Nothing says that the kernel refers to none of it, so that is looked for (`CompartmentScan`) before frames are given back that
/// still hold objects.
enum CompartmentHeap {
  /// How many there can be at a time.
  static var limit: Int { 256 }
  private static var runLimit: Int { 128 }
  private static var runPageCount: Int { 8 }

  /// Frames that are next to each other.
  struct Run: Sendable {
    var first: FrameNumber
    var count: Int
  }

  private struct State: ~Copyable {
    var isUsed = false
    var isRetired = false
    var heap = EarlyHeap()
    var runs = InlineArray<128, Run>(repeating: Run(first: FrameNumber(0), count: 0))
    var runCount = 0
    /// What the work has taken to share with its device.
    var shared = InlineArray<128, Run>(repeating: Run(first: FrameNumber(0), count: 0))
    var sharedCount = 0
    /// What its device may reach; nil for everything.
    var domain: DMADomain?
  }

  private final class Place {
    let state = SpinLock(State())
  }

  private struct Places: ~Copyable {
    var places = InlineArray<256, Place?>(repeating: nil)
  }

  private static let places = SpinLock(Places())

  // MARK: Making and ending

  /// Makes an empty heap.
  ///
  /// - Returns: its number; nil when there are too many.
  static func make() -> Int? {
    // Made first: nothing is allocated from the kernel's heap with the lock held.
    let new = Place()
    return places.withLock { table in
      for number in 0..<limit {
        if let place = table.places[number] {
          let isFree = place.state.withLock { state in
            guard !state.isUsed else { return false }
            state.isUsed = true
            return true
          }
          if isFree { return number }
        } else {
          new.state.withLock { $0.isUsed = true }
          table.places[number] = new
          return number
        }
      }
      return nil
    }
  }

  private static func place(_ number: Int) -> Place? {
    guard number >= 0, number < limit else { return nil }
    return places.withLock { $0.places[number] }
  }

  /// Ends heap `number`: nothing is allocated from it any more. Its frames are given back now or when they may be.
  static func retire(_ number: Int) {
    retiredCount.add(1, ordering: .relaxed)
    place(number)?.state.withLock { $0.isRetired = true }
    releaseFrames(number, isCertain: false)
  }

  /// How many have ended and still have frames.
  private static let retiredCount = Atomic<Int>(0)

  /// Gives back what ended heaps still hold and nobody refers to.
  ///
  /// - Returns: how many bytes remain, at least 1 for each heap.
  /// - Context: a thread without locks.
  static func collect() -> Int {
    guard retiredCount.load(ordering: .relaxed) > 0 else { return 0 }
    var left = 0
    for number in 0..<limit {
      guard let place = place(number) else { break }
      let isWaiting = place.state.withLock { $0.isUsed && $0.isRetired }
      guard isWaiting else { continue }
      releaseFrames(number, isCertain: !CompartmentScan.isReferenced(number))
      left += place.state.withLock { $0.isUsed && $0.isRetired ? $0.heap.usedByteCount : 0 }
    }
    // Another thread may be giving some back just now.
    return max(left, retiredCount.load(ordering: .relaxed))
  }

  /// Gives the frames of an ended heap back, if it holds nothing or `isCertain` says that nobody refers to what it holds.
  private static func releaseFrames(_ number: Int, isCertain: Bool) {
    guard let place = place(number) else { return }
    // One run at a time, the lock let go of meanwhile.
    while true {
      var domain: DMADomain?
      let run: Run? = place.state.withLock { state in
        guard state.isUsed, state.isRetired, isCertain || state.heap.usedByteCount == 0 else { return nil }
        if state.sharedCount > 0 {
          domain = state.domain
          state.sharedCount -= 1
          state.heap = EarlyHeap()
          return state.shared[state.sharedCount]
        }
        guard state.runCount > 0 else {
          (state.isUsed, state.isRetired) = (false, false)
          retiredCount.subtract(1, ordering: .relaxed)
          state.heap = EarlyHeap()
          // Dropped outside of the lock.
          domain = state.domain.take()
          return nil
        }
        // What is left is nobody's.
        state.heap = EarlyHeap()
        state.runCount -= 1
        return state.runs[state.runCount]
      }
      guard let run else { return }
      if domain?.unmap(first: run.first, count: run.count) ?? true {
        FrameAllocator.releaseRun(run.first, count: run.count)
      }
    }
  }

  // MARK: Allocating

  /// Takes memory from the heap of the work that runs; nil when there is none, or too much is wanted.
  @inline(never)
  static func allocateHere(count: UInt, alignment: UInt) -> UnsafeMutableRawPointer? {
    #if os(none)
      guard let place = place(Int(bitPattern: UInt(apus_read_heap())) - 1) else { return nil }
      Containment.checkStack()
      // SAFETY: what it gives is new memory that only the caller knows.
      return unsafe allocate(from: place, number: Int(bitPattern: UInt(apus_read_heap())) - 1, count, alignment)
    #else
      return nil
    #endif
  }

  private static func allocate(
    from place: Place, number: Int, _ count: UInt, _ alignment: UInt
  ) -> UnsafeMutableRawPointer? {
    guard count < 1 << 24, alignment <= 4096 else { return nil }
    while true {
      // SAFETY: new memory of this heap that only the caller knows.
      let found = unsafe place.state.withLock { state in
        unsafe state.heap.allocate(count: count, alignment: alignment)
      }
      if let found = unsafe found { return unsafe found }
      let pages = max(runPageCount, Int((count + alignment + 64) >> 12) + 1)
      guard grow(place, number, pages) else { return nil }
    }
  }

  private static func grow(_ place: Place, _ number: Int, _ pages: Int) -> Bool {
    guard let first = FrameAllocator.allocateRun(.compartment, count: pages, .kernel) else { return false }
    for page in 0..<pages {
      FrameTable.descriptors[first + page].owner = UInt32(number)
      // What was there before would look like references.
      FrameMemory.clear(first + page)
    }
    let isKept = place.state.withLock { state in
      guard state.runCount < runLimit, !state.isRetired else { return false }
      state.runs[state.runCount] = Run(first: first, count: pages)
      state.runCount += 1
      state.heap.add(start: UInt(PhysicalMap.address(of: first.address)), count: UInt(pages) << 12)
      return true
    }
    if !isKept { FrameAllocator.releaseRun(first, count: pages) }
    return isKept
  }

  /// Takes a block of heap `number` back.
  static func release(_ memory: UnsafeMutableRawPointer, number: Int) {
    let isBlock: Bool =
      place(number)?.state.withLock { state in
        // SAFETY: it frees only what it finds to be its own.
        unsafe state.heap.release(memory)
      } ?? false
    if !isBlock { fatalError("freed memory that is not allocated") }
  }

  // MARK: Memory for devices

  /// Sets what the device of the work of heap `number` may reach: what is shared from now on is mapped there.
  static func setDomain(_ domain: DMADomain?, number: Int) {
    var old = domain
    place(number)?.state.withLock { state in swap(&state.domain, &old) }
    // The old one is dropped here, outside of the lock.
  }

  /// Notes frames that the work of heap `number` shares with its device, to be given back with its heap, and lets the device reach
  /// them.
  ///
  /// - Throws: `ENOMEM` when there is no room to note them; what mapping them throws.
  static func share(_ run: Run, number: Int) throws(Errno) {
    guard let place = place(number) else { throw .ENOMEM }
    var domain: DMADomain?
    let isNoted = place.state.withLock { state in
      guard state.sharedCount < runLimit else { return false }
      state.shared[state.sharedCount] = run
      state.sharedCount += 1
      domain = state.domain
      return true
    }
    guard isNoted else { throw .ENOMEM }
    guard let domain else { return }
    do throws(Errno) { try asKernel { () throws(Errno) in try domain.map(first: run.first, count: run.count) } } catch {
      _ = forget(run.first, place)
      throw error
    }
  }

  /// Forgets them, whose owner gives them back, and takes them from the device.
  ///
  /// - Returns: whether the device cannot reach them any more.
  static func unshare(_ run: Run, number: Int) -> Bool {
    guard let place = place(number), let domain = forget(run.first, place) else { return true }
    return asKernel { domain.unmap(first: run.first, count: run.count) }
  }

  /// Runs `body` as the kernel's own work, as all of this is already where there is a kernel.
  private static func asKernel<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    #if os(none)
      return try body()
    #else
      return try SimulatedCompartment.asKernel(body)
    #endif
  }

  private static func forget(_ first: FrameNumber, _ place: Place) -> DMADomain? {
    place.state.withLock { state in
      for index in 0..<state.sharedCount where state.shared[index].first == first {
        state.sharedCount -= 1
        state.shared[index] = state.shared[state.sharedCount]
        return state.domain
      }
      return nil
    }
  }

  // MARK: Which heap is in use

  /// The heap of the contained work that runs; nil when none does, or the kernel works for it.
  static var current: Int? {
    #if os(none)
      let number = apus_read_heap()
      return number == 0 ? nil : Int(truncatingIfNeeded: number) - 1
    #else
      return SimulatedCompartment.current
    #endif
  }

  /// Makes allocations come from the heap of the thread that runs, after they came from the kernel's for a while.
  @inline(__always)
  static func useThreads() {
    #if os(none)
      let heap = ThreadContext.withCurrent { $0.heap } ?? 0
      ProcessorArea.withCurrentQuietly { $0.heap = heap }
    #endif
  }

  /// The runs of heap `number`.
  static func forEachRun(_ number: Int, _ body: (Run) -> Void) {
    guard let place = place(number) else { return }
    place.state.withLock { state in
      for index in 0..<state.runCount { body(state.runs[index]) }
    }
  }

  /// Where heap `number` keeps its books.
  static func books(_ number: Int) -> Range<UInt64> {
    guard let place = place(number) else { return 0..<0 }
    // SAFETY: the address is compared with others and never followed.
    let address = unsafe UInt64(UInt(bitPattern: Unmanaged.passUnretained(place).toOpaque()))
    return address..<address + UInt64(MemoryLayout<State>.size) + 64
  }

  /// How many bytes heap `number` has given out.
  static func usedByteCount(_ number: Int) -> Int { place(number)?.state.withLock { $0.heap.usedByteCount } ?? 0 }
}
