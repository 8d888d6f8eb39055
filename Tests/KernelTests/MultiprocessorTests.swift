import Foundations
import Interrupts
import Machine
import PageFrames
import Synchronization
import VirtualMemory

/// Several CPUs at once: what each has for itself, what they ask of each other, what they share.
enum MultiprocessorTests {
  private static let four = TestMachine(memory: "256M", processorCount: 4)

  static func register(_ registrar: inout TestRegistrar) {
    registrar.test("smp.every-cpu-has-its-own", on: four) { () throws(TestFailure) in
      try expect(Processor.onlineCount == 4, "\(Processor.onlineCount) CPUs run")
      let inspection = Inspection()
      inspection.run()
      ProcessorMessages.call(inspection, on: .max)
      let seen = Inspection.seen.load(ordering: .acquiring)
      try expect(seen == 0b1111, "the CPUs \(hex: seen) were asked")
      let bad = Inspection.bad.load(ordering: .acquiring)
      try expect(bad == 0, "the CPUs \(hex: bad) lack tables or protections of their own")
    }
    registrar.test("smp.ten-thousand-round-trips", on: four) { () throws(TestFailure) in
      let count = Counter()
      Counter.total.store(0, ordering: .relaxed)
      for round in 0..<10_000 { ProcessorMessages.call(count, on: 1 << UInt64(1 + round % 3)) }
      let total = Counter.total.load(ordering: .acquiring)
      try expect(total == 10_000, "\(total) of 10,000 calls ran")
      for _ in 0..<1_000 { ProcessorMessages.call(count, on: .max) }
      let all = Counter.total.load(ordering: .acquiring)
      try expect(all == 13_000, "\(all - 10_000) of 3,000 calls ran")
    }
    registrar.test("smp.all-call-all", on: four) { () throws(TestFailure) in
      Counter.total.store(0, ordering: .relaxed)
      runEverywhere(CallOthers())
      let total = Counter.total.load(ordering: .acquiring)
      try expect(total == 3 * 500 * 3, "\(total) of \(3 * 500 * 3) calls ran")
    }
    registrar.test("smp.a-lock-keeps-cpus-apart", on: four) { () throws(TestFailure) in
      Contention.value.withLock { $0 = 0 }
      runEverywhere(Contention())
      let value = Contention.value.withLock { $0 }
      try expect(value == 3 * 20_000, "\(value) of \(3 * 20_000) increments were kept")
    }
    registrar.test("smp.memory-from-every-cpu", on: four) { () throws(TestFailure) in
      // The first time, magazines and page tables fill.
      runEverywhere(AllocationWork())
      let failures = AllocationWork.failures.load(ordering: .acquiring)
      try expect(failures == 0, "\(failures) pieces of memory did not keep what was written to them")
      let usage = FrameAllocator.figures.usage
      let before = (usage[.anonymous], usage[.kernel])
      runEverywhere(AllocationWork())
      let after = FrameAllocator.figures.usage
      try expect(after[.anonymous] == before.0, "\(after[.anonymous]) frames of programs, \(before.0) before")
      try expect(after[.kernel] == before.1, "\(after[.kernel]) frames of the kernel, \(before.1) before")
    }
    registrar.test("smp.translations-go-everywhere", on: four) { () throws(TestFailure) in
      try checkShootDown()
    }
    registrar.test("smp.a-table-can-go-while-others-have-it-loaded", on: four) { () throws(TestFailure) in
      for _ in 0..<50 {
        let space = try TestSpace.make()
        try space.map(0)
        let visit = Visit(space)
        ProcessorMessages.call(visit, on: .max)
        let found = Visit.found.load(ordering: .acquiring)
        try expect(found == 3, "\(found) of 3 CPUs read the page")
      }
    }
  }

  /// Faults on other CPUs than the first: reported there, and the others stop.
  static func registerFaults(_ registrar: inout TestRegistrar) {
    registrar.fault(
      "smp.a-fault-on-another-cpu", .pageFault, on: four, report: "on CPU 2", "readNearNull", "receiveCall"
    ) { ProcessorMessages.call(Faulting(), on: 1 << 2) }
    registrar.fault(
      "smp.a-stack-overflow-on-another-cpu", .doubleFault, on: four, report: "stack overflow", "recurse", "on CPU 3"
    ) { ProcessorMessages.call(Overflowing(), on: 1 << 3) }
    registrar.fault(
      "smp.a-fault-while-others-are-deaf", .pageFault, on: four, report: "in the kernel on CPU 1", "readNearNull"
    ) { ProcessorMessages.call(FaultingBesideDeaf(), on: 0b1110) }
  }

  /// Runs `call` on all other CPUs at once, while this one serves what they ask.
  private static func runEverywhere(_ call: SimultaneousCall) {
    SimultaneousCall.present.store(0, ordering: .relaxed)
    ProcessorMessages.call(call, on: .max)
  }

  private static func checkShootDown() throws(TestFailure) {
    let space = try TestSpace.make()
    for page in 0..<40 { try space.map(page) }
    Reader.readable.store(0, ordering: .relaxed)
    runEverywhere(Reader(space))
    // Each CPU sees 40 pages, then 39, then 3.
    let readable = Reader.readable.load(ordering: .acquiring)
    try expect(readable == 3 * (40 + 39 + 3), "the CPUs read \(readable) of \(3 * (40 + 39 + 3)) pages")
  }
}

/// What a CPU has for itself.
private final class Inspection: ProcessorCall {
  static let seen = Atomic<UInt64>(0)
  static let bad = Atomic<UInt64>(0)

  override func run() {
    let bit = UInt64(1) << UInt64(Processor.current)
    Self.seen.bitwiseOr(bit, ordering: .relaxed)
    let isGood =
      SegmentTable.isLoaded && InterruptTable.isLoaded
      && ProtectionFeatures.available.subtracting(ProtectionFeatures.enabled).isEmpty
      && Processor.localAPIC(of: Processor.current) == LocalInterruptController.number
    if !isGood { Self.bad.bitwiseOr(bit, ordering: .relaxed) }
  }
}

private final class Counter: ProcessorCall {
  static let total = Atomic<Int>(0)
  override func run() { Self.total.add(1, ordering: .relaxed) }
}

/// Work that all CPUs but the first do at the same time.
private class SimultaneousCall: ProcessorCall {
  static let present = Atomic<Int>(0)

  final override func run() {
    meet()
    work()
    // Nobody leaves while another may still ask it something.
    meet()
  }

  /// Waits until all are here.
  final func meet() {
    let workers = Processor.onlineCount - 1
    let place = Self.present.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue
    let goal = (place / workers + 1) * workers
    while Self.present.load(ordering: .acquiring) < goal { ProcessorMessages.serve() }
  }

  func work() {}
}

private final class CallOthers: SimultaneousCall {
  override func work() {
    let counter = Counter()
    for _ in 0..<500 { ProcessorMessages.call(counter, on: .max) }
  }
}

private final class Contention: SimultaneousCall {
  static let value = SpinLock(0)
  override func work() { for _ in 0..<20_000 { Self.value.withLock { $0 += 1 } } }
}

/// Frames, small and large pieces of the heap, and pages of the dynamic map, whose addresses every CPU must forget.
private final class AllocationWork: SimultaneousCall {
  static let failures = Atomic<Int>(0)

  override func work() {
    let mark = UInt8(Processor.current)
    for round in 0..<60 {
      do throws(Errno) {
        var frames = GrowableArray<UserFrame>()
        for _ in 0..<100 { try frames.append(UserFrame.allocate(isZeroed: round % 8 == 0)) }
        var small = GrowableArray<UInt8>()
        for _ in 0..<3_000 { try small.append(mark) }
        // More than a slab holds, and not a power of two: mapped page by page.
        var large = GrowableArray<UInt8>()
        try large.resize(to: 300 * 4096 + round, filledWith: mark)
        for index in stride(from: 0, to: large.count, by: 4096) where large[index] != mark { throw .EIO }
        for index in 0..<small.count where small[index] != mark { throw .EIO }
      } catch {
        Self.failures.add(1, ordering: .relaxed)
      }
    }
  }
}

/// Reads a program's pages on CPUs that keep their translations, while one of them takes pages away.
private final class Reader: SimultaneousCall {
  static let readable = Atomic<Int>(0)
  private let space: TestSpace

  init(_ space: TestSpace) {
    self.space = space
    super.init()
  }

  override func work() {
    space.activate()
    read()
    take(3..<4)
    read()
    take(4..<40)
    read()
    CurrentAddressSpace.leave()
  }

  private func read() {
    for page in 0..<40 {
      do throws(Errno) {
        _ = try UserPointer<UInt64>(TestSpace.address(page)).load()
        Self.readable.add(1, ordering: .relaxed)
      } catch {}
    }
  }

  private func take(_ pages: Range<Int>) {
    meet()
    if Processor.current == 2 { do throws(TestFailure) { try space.unmap(pages) } catch {} }
    meet()
  }
}

/// Reads a page and stays on the table without using it, as an idle CPU does.
private final class Visit: ProcessorCall {
  static let found = Atomic<Int>(0)
  private let space: TestSpace

  init(_ space: TestSpace) {
    self.space = space
    Self.found.store(0, ordering: .relaxed)
    super.init()
  }

  override func run() {
    space.activate()
    do throws(Errno) {
      _ = try UserPointer<UInt64>(TestSpace.address(0)).load()
      Self.found.add(1, ordering: .relaxed)
    } catch {}
    CurrentAddressSpace.suspend()
  }
}

private final class Faulting: ProcessorCall {
  override func run() { FaultProvocation.readNearNull() }
}

private final class Overflowing: ProcessorCall {
  override func run() { _ = FaultTests.recurse(0) }
}

/// One CPU faults while the others spin with interrupts off, where only an NMI reaches them.
private final class FaultingBesideDeaf: ProcessorCall {
  override func run() {
    if Processor.current == 1 { FaultProvocation.readNearNull() }
    while true { Machine.pause() }
  }
}
