import Foundations
import Testing

@testable import Processors

@Suite("Processor bugs")
struct BugTests {
  @Test("A recorded processor has the bugs that Linux showed on it")
  func ofLinux() {
    // Linux 6.17 shows `spectre_v2_user` besides, which it has split off `spectre_v2`.
    let shown = ["sysret_ss_attrs", "null_seg", "spectre_v1", "spectre_v2", "spec_store_bypass", "srso"]
    #expect(names(RecordedProcessor.genoaGuest.record.bugs) == shown)
  }

  @Test("An early Skylake server has what was found since")
  func skylake() {
    let bugs = names(RecordedProcessor.skylakeX.record.bugs)
    let all = [
      "cpu_meltdown", "spectre_v1", "spectre_v2", "spec_store_bypass", "l1tf", "mds", "swapgs", "taa", "itlb_multihit",
      "mmio_stale_data", "retbleed", "gds", "bhi",
    ]
    #expect(bugs == all)
  }

  @Test("What a processor says it is safe from is not listed")
  func capabilities() {
    let capabilities = ArchitecturalCapabilities(
      rawValue: 1 << 0 | 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 8 | 7 << 13 | 1 << 20 | 1 << 24 | 1 << 26 | 1 << 27)
    let record = ProcessorRecord(number: 0, cpuid: RecordedProcessor.alderLakeFast, capabilities: { _ in capabilities })
    #expect(names(record.bugs) == ["spectre_v1", "spectre_v2", "swapgs"])
    #expect(record.features.contains(.ibrsEnhanced))
    let silent = RecordedProcessor.alderLakeFast.record
    #expect(silent.bugs.contains([.rfds, .cpuMeltdown, .mds, .bhi]))
  }

  @Test("A processor that does not speculate has none of it")
  func inOrder() {
    var identity = ProcessorIdentity(vendor: .intel, family: 6, model: 0x1c, stepping: 2)
    #expect(ProcessorBugs.all(of: identity, ProcessorFeatures(), ArchitecturalCapabilities()) == [])
    identity.model = 0x3c
    #expect(ProcessorBugs.all(of: identity, ProcessorFeatures(), ArchitecturalCapabilities()).contains(.cpuMeltdown))
  }

  @Test("The first entry that fits a stepping counts")
  func steppings() {
    func affected(_ model: UInt32, _ stepping: UInt32) -> ProcessorBugs {
      .affected(ProcessorIdentity(vendor: .intel, family: 6, model: model, stepping: stepping))
    }
    #expect(!affected(0x55, 5).contains(.its))
    #expect(affected(0x55, 6).contains(.its))
    #expect(!affected(0x8e, 11).contains(.its))
    #expect(affected(0x8e, 12).contains(.its))
    #expect(!affected(0x9e, 12).contains(.its))
    #expect(affected(0x9e, 13).contains(.its))
    #expect(!affected(0xa6, 0).contains(.gds))
    #expect(affected(0xa6, 1).contains(.gds))
    #expect(affected(0x01, 0) == [])
  }
}
