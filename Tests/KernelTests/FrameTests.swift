import Foundations
import Interrupts
import Machine
import PageFrames
import Synchronization

/// The frame allocator over real memory: where frames come from, what is never handed out, and that all of it comes back.
enum FrameTests {
  private static let small = TestMachine(memory: "64M", hasModule: true)
  private static let large = TestMachine(memory: "16G")

  static func register(_ registrar: inout TestRegistrar, _ summary: KernelTests.BootSummary) {
    registrar.test("frames.each-zone-serves-its-own", on: large) { () throws(TestFailure) in
      for zone in [ZoneKind.dma, .normal, .high] { try checkZone(zone) }
    }
    registrar.test("frames.devices-get-memory-below-16-MiB") { () throws(TestFailure) in
      for count in [1, 3, 16, 256] {
        let run = try run(of: count, limit: .dma)
        try expect(run.addresses.upperBound <= 16 << 20, "\(count) frames end at \(hex: run.addresses.upperBound)")
      }
    }
    registrar.test("frames.8-MiB-are-one-piece") { () throws(TestFailure) in try checkLongRun() }
    registrar.test("frames.the-table-adds-up") { () throws(TestFailure) in try checkTable() }
    registrar.test("frames.the-large-table-adds-up", on: large) { () throws(TestFailure) in try checkTable() }
    registrar.test("frames.holes-of-the-table-are-absent-frames", on: large) { () throws(TestFailure) in
      try checkHole()
    }
    registrar.test("frames.all-memory-is-nobody-else's", on: small) { () throws(TestFailure) in
      try checkAllMemory(summary)
    }
    registrar.test("frames.the-kernel-has-memory-when-programs-have-none", on: small) { () throws(TestFailure) in
      try checkReserve()
    }
    registrar.test("frames.a-module's-are-free-when-it-goes", on: small) { () throws(TestFailure) in
      try checkModule(summary)
    }
    registrar.fault(
      "frames.freed-twice", .invalidOpcode, report: "Swift runtime trap", "freeFrameTwice"
    ) { FaultProvocation.freeFrameTwice() }
    registrar.fault(
      "frames.freed-twice-after-joining-others", .invalidOpcode, report: "Swift runtime trap", "freeJoinedFrame"
    ) { FaultProvocation.freeJoinedFrame() }
    registrar.fault(
      "frames.holes-of-the-table-are-read-only", .pageFault, on: large,
      report: "write to a present page that forbids it, by the kernel"
    ) { FrameTable.descriptors[FrameNumber(containing: 3 << 30)].order = 1 }
  }

  // MARK: Zones and runs

  private static func checkZone(_ zone: ZoneKind) throws(TestFailure) {
    let before = FrameAllocator.statistics.node.zone(zone).freeCount
    let run = try run(of: 5, limit: zone)
    try expect(zone.limits.contains(run.first.rawValue), "frame \(run.first.rawValue) is not in zone \(zone.rawValue)")
    let after = FrameAllocator.statistics.node.zone(zone).freeCount
    try expect(after == before - 5, "zone \(zone.rawValue) has \(after) frames left of \(before)")
  }

  private static func checkLongRun() throws(TestFailure) {
    let before = FrameAllocator.figures.freeCount
    do {
      let run = try run(of: 2048, limit: .high)
      try expect(run.addresses.lowerBound % (4 << 20) == 0, "it begins at \(hex: run.addresses.lowerBound)")
      try expect(FrameAllocator.figures.freeCount == before - 2048, "it took more than it is long")
      for index in 0..<2048 {
        let kind = FrameTable.descriptors[run.first + index].rawKind
        try expect(kind == FrameKind.kernel.rawValue, "frame \(index) of it is of kind \(Int(kind))")
      }
    }
    try expect(FrameAllocator.figures.freeCount == before, "not all of it came back")
  }

  private static func run(of count: Int, limit: ZoneKind) throws(TestFailure) -> FrameRun {
    do throws(Errno) {
      return try FrameRun(count: count, limit: limit)
    } catch {
      throw TestFailure(reason: "no run of \(count) frames up to zone \(limit.rawValue)")
    }
  }

  // MARK: The table

  /// Counts every descriptor by its kind and compares with what the allocator counts.
  private static func checkTable() throws(TestFailure) {
    let descriptors = FrameTable.descriptors
    var counts = InlineArray<16, Int>(repeating: 0)
    var free = 0
    for number in descriptors.indices {
      let kind = Int(descriptors[number].rawKind)
      guard kind < 16 else { throw TestFailure(reason: "frame \(number) is of kind \(kind)") }
      counts[kind] += 1
      if kind == FrameKind.free.rawValue {
        let order = descriptors[number].order
        guard order < 11, number & (1 << order - 1) == 0 else {
          throw TestFailure(reason: "a free block of order \(order) at frame \(number)")
        }
        free += 1 << order
      }
    }
    let (statistics, figures) = (FrameAllocator.statistics, FrameAllocator.figures)
    try expect(free == statistics.node.freeCount, "\(free) frames are in free blocks, not \(statistics.node.freeCount)")
    let cached = counts[Int(FrameKind.cached.rawValue)]
    try expect(cached == statistics.cachedCount, "\(cached) frames are in the cache, not \(statistics.cachedCount)")
    var used = 0
    for kind in [FrameKind.allocated, .slab, .kernel, .pageTable, .anonymous, .file] {
      let count = counts[Int(kind.rawValue)]
      try expect(
        count == figures.usage[kind], "\(count) frames of kind \(Int(kind.rawValue)), not \(figures.usage[kind])")
      used += count
    }
    let managed = figures.managedCount
    try expect(
      free + cached + used == managed, "\(free) free, \(cached) cached and \(used) used are not all \(managed)")
  }

  /// From 3 to 4 GiB a PC with much memory has none.
  private static func checkHole() throws(TestFailure) {
    let descriptors = FrameTable.descriptors
    let hole = FrameNumber(containing: 3 << 30).rawValue..<FrameNumber(containing: 4 << 30).rawValue
    try expect(descriptors.count > Int(hole.upperBound), "the table ends with frame \(descriptors.count)")
    for number in hole {
      let frame = FrameNumber(number)
      guard descriptors[frame].isKind(.absent), descriptors[frame].references.load(ordering: .relaxed) == 0 else {
        throw TestFailure(reason: "frame \(number) of the hole is of kind \(Int(descriptors[frame].rawKind))")
      }
    }
  }

  // MARK: All of memory

  private static func checkAllMemory(_ summary: KernelTests.BootSummary) throws(TestFailure) {
    try expect(summary.modules.count == 1, "the loader loaded \(summary.modules.count) modules")
    let before = FreeBlocks.now
    let free = FrameAllocator.figures.freeCount
    var count = 0
    do {
      let frames = try AllFrames.take()
      count = frames.count
      try stamp(frames, summary)
    }
    try expect(count > free - free / 8, "only \(count) of \(free) free frames were to be had")
    let after = FreeBlocks.now
    try expect(
      after.freeCount == before.freeCount, "\(after.freeCount) frames are free, \(before.freeCount) were before")
    try expect(after == before, "free memory is in other blocks than before")
  }

  /// Sees where each frame lies and writes all over it: what else used it would not survive.
  private static func stamp(
    _ frames: borrowing GrowableArray<UserFrame>, _ summary: KernelTests.BootSummary
  ) throws(TestFailure) {
    let image = ImageLayout.physical
    for index in 0..<frames.count {
      let number = frames[index].number
      let bytes = number.address..<number.address + 4096
      guard bytes.lowerBound >= 0x1_0000 else { throw failure(number, "is low memory") }
      guard !bytes.overlaps(image) else { throw failure(number, "is the image's") }
      for module in summary.modules where bytes.overlaps(module) { throw failure(number, "is a module's") }
      AllFrames.stamp(frames[index])
    }
    for index in 0..<frames.count {
      guard AllFrames.hasStamp(frames[index]) else { throw failure(frames[index].number, "is somebody else's too") }
    }
  }

  private static func failure(_ frame: FrameNumber, _ what: String) -> TestFailure {
    var reason: Message = "frame \(frame.rawValue) "
    reason.write(what)
    return TestFailure(reason: reason)
  }

  /// Tests with the same machine that come later find the module gone.
  private static func checkModule(_ summary: KernelTests.BootSummary) throws(TestFailure) {
    let before = FrameAllocator.figures.freeCount
    var count = 0
    do {
      guard let module = BootModule.take(0) else { throw TestFailure(reason: "there is no module") }
      let bytes = module.bytes
      count = bytes.count
      try expect(count == summary.modules[0].count, "the module has \(count) bytes, not \(summary.modules[0].count)")
      let magic: InlineArray<4, UInt8> = [0x7f, UInt8(ascii: "E"), UInt8(ascii: "L"), UInt8(ascii: "F")]
      for index in 0..<4 { try expect(bytes[index] == magic[index], "it does not begin as the kernel's file does") }
      try expect(BootModule.take(0) == nil, "the module was taken twice")
    }
    let added = FrameAllocator.figures.freeCount - before
    try expect(added == (count + 4095) / 4096, "\(added) frames came free for \(count) bytes")
    try checkTable()
  }

  private static func checkReserve() throws(TestFailure) {
    let frames = try AllFrames.take()
    let node = FrameAllocator.statistics.node
    let free = node.freeCount
    var kept = 0
    for zone in [ZoneKind.dma, .normal, .high] { kept += node.zone(zone).watermarks.minimum }
    try expect(free >= kept, "\(frames.count) frames were taken and only \(free) of \(kept) are left")
    try expect(kept >= 100, "only \(kept) frames are kept for the kernel")
    // These would end the kernel if they failed.
    var objects: [[UInt8]] = []
    for index in 0..<64 { objects.append([UInt8](repeating: UInt8(index), count: 3000 + index)) }
    for index in 0..<64 {
      try expect(objects[index].count == 3000 + index && objects[index].last == UInt8(index), "array \(index) is wrong")
    }
    var isRefused = false
    do throws(Errno) {
      _ = try UserFrame.allocate(isZeroed: false)
    } catch {
      isRefused = error == .ENOMEM
    }
    try expect(isRefused, "a program got a frame after the last")
  }
}
