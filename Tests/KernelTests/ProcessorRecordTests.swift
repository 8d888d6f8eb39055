import Foundations
import Interrupts
import Machine
import Processors
import Registers
import Synchronization

/// What the processors module makes of the real CPU.
enum ProcessorRecordTests {
  static func register(_ registrar: inout TestRegistrar) {
    registrar.test("processor-record.features-and-state-are-consistent") { () throws(TestFailure) in
      let record = ProcessorRecord.ofThisProcessor(number: 0)
      try expect(record.features.firstMissing == nil, "a required feature is missing on a CPU that runs")
      let fault = record.extendedState.inconsistency(CPUIDRegisters(ProcessorIdentification()))
      try expect(fault == nil, "\(fault ?? "")")
      let size = record.extendedState.bufferByteCount
      try expect(size >= ExtendedState.legacyByteCount && size <= 16_384, "a buffer of \(size) bytes")
      let hasProtection = ProtectionFeatures.available.contains(.supervisorAccessPrevention)
      try expect(record.features.contains(.smap) == hasProtection, "SMAP is seen by one and not by the other")
    }
    registrar.test("processor-record.memory-types-are-as-set") { () throws(TestFailure) in
      let record = ProcessorRecord.ofThisProcessor(number: 0)
      let attributes = record.memoryTypes.pageAttributes
      try expect(attributes == PageAttributeTable.kernel.rawValue, "PAT is \(hex: attributes)")
      let ranges = MemoryTypeRanges(record.memoryTypes, physicalBits: record.physicalBits)
      // The image is at 1 MiB. A loader without firmware leaves the registers off.
      let image = ranges.type(of: 0x10_0000..<0x40_0000)
      try expect(!ranges.isEnabled || image == .writeBack, "the image's memory is not cached")
      let device = ranges.type(at: 0xfee0_0000)
      try expect(!ranges.isEnabled || device == .uncacheable, "the local APIC's registers are cached")
    }
    registrar.test("processor-record.cpuinfo-can-be-parsed") { () throws(TestFailure) in
      let record = ProcessorRecord.ofThisProcessor(number: 0)
      var counts = CPUInfoText.PackageCounts(of: record, in: InlineArray<1, ProcessorRecord>(repeating: record).span)
      try expect(counts.processors == 1 && counts.cores == 1, "one CPU is \(counts.processors) CPUs")
      counts.processors = 4
      var parser = InfoParser()
      CPUInfoText.write(record, counts, kilohertz: 2_000_000, to: &parser)
      try expect(parser.isComplete, "a line has no colon, or the block has no empty line behind it")
      try expect(parser.lines >= 20, "\(parser.lines) lines")
    }
    let four = TestMachine(memory: "256M", processorCount: 4)
    registrar.test("processor-record.all-cpus-are-alike", on: four) { () throws(TestFailure) in
      Comparison.places.store(0, ordering: .relaxed)
      let comparison = Comparison(ProcessorRecord.ofThisProcessor(number: 0))
      ProcessorMessages.call(comparison, on: .max & ~1)
      let differences = Comparison.differences.load(ordering: .acquiring)
      try expect(differences == 0, "CPUs differ in \(hex: differences)")
      let places = Comparison.places.load(ordering: .acquiring)
      try expect(places == 0b1110, "the CPUs that ran say that they are \(hex: places)")
    }
  }
}

/// Checks that text is lines of a name, a tab, a colon and a value, with an empty line at the end.
private struct InfoParser: TextSink {
  var lines = 0
  private var length = 0
  private var hasColon = false
  private var isBroken = false
  private var endsEmpty = false

  var isComplete: Bool { !isBroken && endsEmpty && length == 0 }

  mutating func write(_ bytes: Span<UInt8>) {
    for index in bytes.indices {
      let byte = bytes[index]
      guard byte == 0x0a else {
        if endsEmpty { isBroken = true }
        length += 1
        if byte == 0x3a { hasColon = true }
        if byte < 0x20 && byte != 0x09 || byte > 0x7e { isBroken = true }
        continue
      }
      if length == 0 {
        endsEmpty = true
      } else {
        lines += 1
        if !hasColon { isBroken = true }
      }
      length = 0
      hasColon = false
    }
  }
}

/// Describes each CPU on itself and notes what differs.
private final class Comparison: ProcessorCall {
  static let differences = Atomic<UInt64>(0)
  static let places = Atomic<UInt64>(0)
  private let first: ProcessorRecord

  init(_ first: ProcessorRecord) {
    self.first = first
    super.init()
  }

  override func run() {
    let record = ProcessorRecord.ofThisProcessor(number: Processor.current)
    let found = record.differences(from: first)
    Self.differences.bitwiseOr(UInt64(found.rawValue), ordering: .relaxed)
    Self.places.bitwiseOr(1 << UInt64(record.topology.localAPIC & 63), ordering: .releasing)
  }
}
