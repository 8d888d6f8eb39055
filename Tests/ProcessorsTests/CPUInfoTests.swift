import Foundations
import TestSupport
import Testing

@testable import Processors

@Suite("/proc/cpuinfo")
struct CPUInfoTests {
  private static func text(_ records: [ProcessorRecord], kilohertz: UInt64) -> String {
    var sink = TextCollector()
    CPUInfoText.write(records.span, kilohertz: kilohertz, to: &sink)
    return sink.text
  }

  @Test("A recorded processor's block is what Linux wrote for it, byte for byte")
  func sameAsLinux() {
    var first = RecordedProcessor.genoaGuest.record
    first.microcode = 0x0100_0065
    var second = ProcessorRecord(number: 1, cpuid: RecordedProcessor.genoaGuest.with(0xb, 0) { $0.edx = 1 })
    second.microcode = 0x0100_0065
    func block(_ number: Int) -> String {
      """
      processor\t: \(number)
      vendor_id\t: AuthenticAMD
      cpu family\t: 25
      model\t\t: 17
      model name\t: AMD EPYC
      stepping\t: 1
      microcode\t: 0x1000065
      cpu MHz\t\t: 2596.140
      cache size\t: 1024 KB
      physical id\t: 0
      siblings\t: 2
      core id\t\t: \(number)
      cpu cores\t: 2
      apicid\t\t: \(number)
      initial apicid\t: \(number)
      fpu\t\t: yes
      fpu_exception\t: yes
      cpuid level\t: 28
      wp\t\t: yes
      flags\t\t: \(FeatureTests.genoaFlags)
      bugs\t\t: sysret_ss_attrs null_seg spectre_v1 spectre_v2 spec_store_bypass srso
      bogomips\t: 5192.28
      TLB size\t: 3584 4K pages
      clflush size\t: 64
      cache_alignment\t: 64
      address sizes\t: 48 bits physical, 48 bits virtual
      power management:


      """
    }
    #expect(Self.text([first, second], kilohertz: 2_596_140) == block(0) + block(1))
  }

  @Test("Threads and cores of a package are counted over all processors")
  func counts() {
    var records: [ProcessorRecord] = []
    for number in 0..<16 as Range<UInt32> {
      var record = RecordedProcessor.skylakeX.record
      record.number = Int(number)
      // Two packages of four cores of two threads; the package's number has a gap of 16.
      record.topology.localAPIC = number % 8 + number / 8 * 16
      records.append(record)
    }
    let text = Self.text(records, kilohertz: 3_500_000)
    #expect(text.split(separator: "\n").filter { $0 == "siblings\t: 8" }.count == 16)
    #expect(text.split(separator: "\n").filter { $0 == "cpu cores\t: 4" }.count == 16)
    #expect(text.split(separator: "\n").filter { $0 == "physical id\t: 1" }.count == 8)
    #expect(text.contains("bogomips\t: 7000.00\n"))
    #expect(text.contains("cpu MHz\t\t: 3500.000\n"))
  }

  @Test("Power management has Linux's names, and numbers in brackets for those without")
  func power() {
    let text = Self.text([RecordedProcessor.vermeer.record], kilohertz: 0)
    #expect(text.hasSuffix("power management: ts ttp tm hwpstate cpb eff_freq_ro [13] [14]\n\n"))
    #expect(!text.contains("cpu MHz"))
    #expect(text.contains("model name\t: AMD Ryzen 5 5600X3D 6-Core Processor\n"))
  }

  @Test("Whatever CPUID answers, a record can be made and written, and each block has every line once")
  func anyAnswers() {
    var generator = SeededGenerator(seed: 5)
    let keys: [(UInt32, UInt32)] = [
      (0, 0), (1, 0), (4, 0), (4, 1), (7, 0), (7, 1), (10, 0), (0xb, 0), (0xb, 1), (0xd, 0), (0xd, 1), (0xd, 2),
      (0xd, 5),
      (0xd, 9), (0x15, 0), (0x1f, 0), (0x1f, 1), (0x1f, 2), (0x4000_0000, 0), (0x4000_0010, 0), (0x8000_0000, 0),
      (0x8000_0001, 0), (0x8000_0002, 0), (0x8000_0004, 0), (0x8000_0005, 0), (0x8000_0006, 0), (0x8000_0008, 0),
      (0x8000_001d, 0), (0x8000_001d, 3), (0x8000_001e, 0),
    ]
    for round in 0..<1_500 {
      var processor = RecordedProcessor.all[round % RecordedProcessor.all.count]
      for _ in 0..<Int.random(in: 1...20, using: &generator) {
        let key = keys[Int.random(in: 0..<keys.count, using: &generator)]
        processor[key.0, key.1] = CPUIDResult(
          eax: UInt32.random(in: 0...UInt32.max, using: &generator),
          ebx: UInt32.random(in: 0...UInt32.max, using: &generator),
          ecx: UInt32.random(in: 0...UInt32.max, using: &generator),
          edx: UInt32.random(in: 0...UInt32.max, using: &generator))
      }
      let text = Self.text([processor.record], kilohertz: UInt64.random(in: 0...UInt64.max, using: &generator))
      for line in ["processor\t: 0", "vendor_id\t: ", "flags\t\t: ", "bugs\t\t:", "address sizes\t: "] {
        if text.components(line) != 1 { Issue.record("\(line) is not there once: \(text)") }
      }
      if !text.hasSuffix("\n\n") { Issue.record("the block does not end: \(text)") }
    }
  }
}

extension String {
  /// How many lines begin with `prefix`.
  fileprivate func components(_ prefix: String) -> Int { split(separator: "\n").filter { $0.hasPrefix(prefix) }.count }
}
