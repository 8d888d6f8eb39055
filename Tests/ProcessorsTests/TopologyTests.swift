import Foundations
import TestSupport
import Testing

@testable import Processors

@Suite("Processor topology")
struct TopologyTests {
  private static func place(_ processor: RecordedProcessor) -> [UInt32] {
    let topology = processor.record.topology
    return [topology.localAPIC, topology.package, topology.die, topology.core, topology.thread]
  }

  @Test("Each recorded processor is where it says, by whatever leaf it has")
  func recorded() {
    // Local APIC, package, die, core, thread.
    #expect(Self.place(.alderLakeFast) == [8, 0, 0, 4, 0])
    #expect(Self.place(.alderLakeSlow) == [0x14, 0, 0, 10, 0])
    #expect(Self.place(.skylakeX) == [10, 0, 0, 5, 0])
    #expect(Self.place(.vermeer) == [3, 0, 0, 1, 1])
    #expect(Self.place(.conroe) == [0, 0, 0, 0, 0])
    #expect(Self.place(.genoaGuest.with(0xb, 0) { $0.edx = 1 }) == [1, 0, 0, 1, 0])
    #expect(Self.place(.qemuMax) == [0, 0, 0, 0, 0])
  }

  @Test("Bits of thread and package come from the leaves")
  func bits() {
    func bits(_ processor: RecordedProcessor) -> [UInt32] {
      let topology = processor.record.topology
      return [topology.threadBits, topology.dieBits, topology.packageBits]
    }
    #expect(bits(.alderLakeFast) == [1, 6, 6])
    #expect(bits(.skylakeX) == [1, 4, 4])
    #expect(bits(.vermeer) == [1, 4, 4])
    #expect(bits(.conroe) == [0, 1, 1])
    #expect(bits(.conroe.with(1) { $0.edx &= ~(1 << 28) }) == [0, 0, 0])
    // A server of two dies a package, 32 threads each, from leaf 1Fh.
    let dies = RecordedProcessor.alderLakeFast
      .with(0x1f, 1) { $0 = CPUIDResult(eax: 5, ebx: 32, ecx: 0x201, edx: 0x64) }
      .with(0x1f, 2) { $0 = CPUIDResult(eax: 6, ebx: 64, ecx: 0x502, edx: 0x64) }
      .with(0x1f, 0) { $0.edx = 0x64 }
    #expect(bits(dies) == [1, 5, 6])
    #expect(Self.place(dies) == [0x64, 1, 1, 18, 0])
  }

  @Test("An APIC number of 32 bits is not cut")
  func wideNumbers() {
    let processor = RecordedProcessor.skylakeX.with(0xb, 0) { $0.edx = 0xffff_fff5 }
    #expect(Self.place(processor) == [0xffff_fff5, 0x0fff_ffff, 0, 2, 1])
  }

  @Test("Package, core and thread make up the number again, and different numbers are different places")
  func partsAreComplete() {
    var generator = SeededGenerator(seed: 2)
    for _ in 0..<50_000 {
      let threadBits = UInt32.random(in: 0...40, using: &generator)
      let dieBits = UInt32.random(in: 0...40, using: &generator)
      let packageBits = UInt32.random(in: 0...40, using: &generator)
      func make(_ number: UInt32) -> ProcessorTopology {
        ProcessorTopology(localAPIC: number, threadBits: threadBits, dieBits: dieBits, packageBits: packageBits)
      }
      let topology = make(UInt32.random(in: 0...UInt32.max, using: &generator))
      let whole =
        UInt64(topology.package) << UInt64(topology.packageBits) | UInt64(topology.core) << UInt64(topology.threadBits)
        | UInt64(topology.thread)
      if whole != UInt64(topology.localAPIC) { Issue.record("\(topology) is not whole") }
      if topology.core >> (topology.dieBits - topology.threadBits) != topology.die && topology.dieBits < 32 {
        Issue.record("\(topology) has a core of another die")
      }
      let other = make(topology.localAPIC ^ 1 << UInt32.random(in: 0...31, using: &generator))
      let isSame =
        topology.sharesCore(with: other) && topology.thread == other.thread
      if isSame { Issue.record("\(topology) and \(other) are one place") }
      #expect(!topology.sharesCore(with: other) || topology.sharesPackage(with: other))
    }
  }

  @Test("Caches have the sizes that their makers state, and are shared by those that share them")
  func caches() {
    func sizes(_ processor: RecordedProcessor) -> [UInt64] {
      let caches = processor.record.caches
      return (0..<caches.count).map { caches[$0].byteCount >> 10 }
    }
    #expect(sizes(.alderLakeFast) == [48, 32, 1280, 12288])
    #expect(sizes(.alderLakeSlow) == [32, 64, 2048, 12288])
    #expect(sizes(.skylakeX) == [32, 32, 1024, 8448])
    #expect(sizes(.vermeer) == [32, 32, 512, 98304])
    #expect(sizes(.conroe) == [32, 32, 4096])
    #expect(sizes(.genoaGuest) == [32, 32, 1024, 32768])
    // Leaves 80000005h and 80000006h.
    #expect(sizes(.qemuMax) == [64, 64, 512, 16384])
    let fast = RecordedProcessor.alderLakeFast.record.caches
    #expect(fast[0].contents == .data && fast[1].contents == .instructions && fast[3].contents == .both)
    #expect(fast[0].ways == 12 && fast[0].sets == 64 && fast[0].lineSize == 64 && fast[0].level == 1)
    #expect(fast[0].isShared(8, 9) && !fast[0].isShared(9, 10))
    #expect(fast[2].sharers == 8 && fast[2].isShared(16, 22) && !fast[2].isShared(8, 16))
    #expect(fast[3].isShared(0, 63) && !fast[3].isShared(0, 64))
  }

  @Test("The size that is shown is that of the last level, on AMD of the second")
  func shownSize() {
    func shown(_ processor: RecordedProcessor) -> UInt64 {
      processor.record.caches.shownSize(processor.record.identity.vendor) >> 10
    }
    #expect(shown(.alderLakeFast) == 12288)
    #expect(shown(.vermeer) == 512)
    #expect(shown(.genoaGuest) == 1024)
    #expect(shown(.conroe) == 4096)
  }

  @Test("A slow core differs from a fast one in its caches only")
  func hybrid() {
    let fast = RecordedProcessor.alderLakeFast.record
    let slow = RecordedProcessor.alderLakeSlow.record
    #expect(slow.differences(from: fast) == .caches)
    #expect(fast.differences(from: fast) == [])
    var other = slow
    other.microcode = 7
    other.memoryTypes.pageAttributes ^= 1
    other.identity.stepping += 1
    var sink = TextCollector()
    other.differences(from: fast).write(to: &sink)
    #expect(sink.text == "model, caches, memory types, microcode")
    #expect(RecordedProcessor.qemu64.record.differences(from: fast).contains([.model, .features, .extendedState]))
  }

  @Test("Nodes are numbered in the order in which the firmware names their domains")
  func nodes() {
    var nodes = ProcessorNodes()
    #expect(nodes.node(of: 0) == -1)
    for (number, domain) in [(0, 7), (1, 7), (16, 2), (17, 2), (32, 0xffff_ffff), (1, 2)] as [(UInt32, UInt32)] {
      nodes.add(localAPIC: number, domain: domain)
    }
    #expect([0, 1, 16, 17, 32, 33].map { nodes.node(of: $0) } == [0, 0, 1, 1, 2, -1])
    for number in 100..<200 as Range<UInt32> { nodes.add(localAPIC: number, domain: number) }
    #expect(nodes.node(of: 100) == 3 && nodes.node(of: 158) == 61 && nodes.node(of: 159) == -1)
  }
}
