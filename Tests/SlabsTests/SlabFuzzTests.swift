import PageFrames
import Slabs
import TestSupport
import Testing

/// Random requests of several CPUs, checked against a list of what is in use.
@Suite("Slab fuzzing")
struct SlabFuzzTests {
  /// Who drives the caches, and what it holds.
  private final class Driver {
    struct Object {
      var address: UInt
      var number: Int
      var size: Int
      var mark: UInt64
    }

    let bench: SystemBench
    var live: [Object] = []
    var liveCounts: [Int]
    var allocationCounts: [UInt64]
    var failureCount = 0
    var mistakes: [String] = []
    private var generator: SeededGenerator
    private let layouts: [SlabLayout]

    init(seed: UInt64, processorCount: Int, debugging: SlabDebugging) {
      generator = SeededGenerator(seed: seed)
      bench = SystemBench(processorCount: processorCount, debugging: debugging)
      var layouts = (0..<SizeClasses.count).map {
        SlabLayout(objectSize: SizeClasses.size($0), alignment: SizeClasses.alignment($0), debugging: debugging)
      }
      for size in [1, 20, 72, 184, 392, 600, 1100, 3000] {
        let layout = SlabLayout(objectSize: size, alignment: size > 500 ? 64 : 8, debugging: debugging)
        _ = bench.makeCache(name: "named", layout: layout)
        layouts.append(layout)
      }
      self.layouts = layouts
      liveCounts = layouts.map { _ in 0 }
      allocationCounts = layouts.map { _ in 0 }
    }

    func random(_ bound: Int) -> Int { Int(generator.next() % UInt64(bound)) }

    /// Mostly small objects, as in a kernel.
    private func randomCache() -> Int {
      switch random(8) {
      case 0: random(layouts.count)
      case 1: SizeClasses.count + random(layouts.count - SizeClasses.count)
      default: random(12)
      }
    }

    func allocate() {
      let number = randomCache()
      do throws(SlabFinding) {
        guard let address = try bench.allocate(number, on: random(bench.processors.count)) else {
          failureCount += 1
          return
        }
        let size = layouts[number].objectSize
        let object = Object(address: address, number: number, size: size, mark: generator.next())
        if address & UInt(number < SizeClasses.count ? SizeClasses.alignment(number) - 1 : 7) != 0 {
          mistakes.append("object of cache \(number) at \(address) is not aligned")
        }
        // Its user writes from end to end; any object that overlaps would change one end or lose its link.
        if size >= 8 {
          bench.machine[word: address] = object.mark
          bench.machine[word: address + UInt(size - 8) & ~7] = object.mark
        }
        live.append(object)
        liveCounts[number] += 1
        allocationCounts[number] += 1
      } catch {
        mistakes.append("\(error)")
      }
    }

    func release() {
      guard !live.isEmpty else { return }
      let index = random(4) == 0 ? live.count - 1 : random(live.count)
      live.swapAt(index, live.count - 1)
      let object = live.removeLast()
      let last = object.address + UInt(max(object.size, 8) - 8) & ~7
      if object.size >= 8,
        bench.machine[word: object.address] != object.mark || bench.machine[word: last] != object.mark
      {
        mistakes.append("an object of cache \(object.number) was overwritten")
      }
      do throws(SlabFinding) { try bench.release(object.address, on: random(bench.processors.count)) } catch {
        mistakes.append("\(error)")
      }
      liveCounts[object.number] -= 1
    }

    /// Every counter against what is known to be in use.
    func checkCounters() {
      var frames = 0
      for number in layouts.indices {
        guard let figures = bench.statistics(of: number) else { return mistakes.append("no cache \(number)") }
        let atHand = bench.processors.map { $0.magazines[number].count }.reduce(0, +)
        if figures.activeObjectCount != liveCounts[number] + atHand {
          mistakes.append("cache \(number): \(figures.activeObjectCount) active, not \(liveCounts[number]) + \(atHand)")
        }
        if figures.activeObjectCount > figures.objectCount || figures.activeSlabCount > figures.slabCount {
          mistakes.append("cache \(number): more in use than there is")
        }
        frames += figures.frameCount
      }
      if frames != bench.machine.framesOut { mistakes.append("\(frames) frames, not \(bench.machine.framesOut)") }
    }

    func releaseEverything() {
      while !live.isEmpty { release() }
      for processor in bench.processors.indices where !bench.shrink(on: processor).findings.isEmpty {
        mistakes.append("findings at the end")
      }
      checkCounters()
      if bench.machine.framesOut != 0 { mistakes.append("\(bench.machine.framesOut) frames did not come back") }
      for number in layouts.indices where bench.statistics(of: number)?.allocationCount != allocationCounts[number] {
        mistakes.append("cache \(number): allocations were miscounted")
      }
      if let complaint = bench.machine.complaint { mistakes.append(complaint) }
    }

    func run(steps: Int) {
      // Demand swings, so that slabs fill, empty, are given back and are had again.
      var appetite = 5
      for step in 0..<steps {
        if step % 2_000 == 0 { appetite = 2 + random(7) }
        if random(10) < appetite { allocate() } else { release() }
        if step % 5_000 == 0 { checkCounters() }
        if random(3_000) == 0 { _ = bench.shrink(on: random(bench.processors.count)) }
        if random(4_000) == 0 {
          bench.machine.frameLimit = random(3) == 0 ? random(300) : SimulatedMachine.frameCount
          bench.machine.largestOrder = random(3) == 0 ? random(3) : 10
        }
        if !mistakes.isEmpty { return }
      }
      releaseEverything()
    }
  }

  @Test("Whatever CPUs ask for, objects are apart, counters exact, and all frames come back", arguments: 1...4)
  func plain(processorCount: Int) {
    let driver = Driver(seed: UInt64(60 + processorCount), processorCount: processorCount, debugging: .off)
    driver.run(steps: 250_000)
    #expect(driver.mistakes == [])
    #expect(driver.failureCount > 0, "the frames never ran out")
  }

  @Test("Debugging finds nothing in proper use", arguments: 1...2)
  func debugging(processorCount: Int) {
    let driver = Driver(seed: UInt64(70 + processorCount), processorCount: processorCount, debugging: .on)
    driver.run(steps: 30_000)
    #expect(driver.mistakes == [])
    #expect(driver.failureCount > 0, "the frames never ran out")
  }
}
