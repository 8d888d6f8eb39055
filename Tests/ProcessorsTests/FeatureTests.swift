import Foundation
import Foundations
import Machine
import TestSupport
import Testing

@testable import Processors

@Suite("Processor features")
struct FeatureTests {
  /// What Linux wrote for the machine of this recording.
  static let genoaFlags = """
    fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 ht syscall nx mmxext \
    fxsr_opt pdpe1gb rdtscp lm constant_tsc rep_good nopl xtopology nonstop_tsc cpuid extd_apicid pni pclmulqdq ssse3 fma \
    cx16 pcid sse4_1 sse4_2 x2apic movbe popcnt tsc_deadline_timer aes xsave avx f16c rdrand hypervisor lahf_lm cmp_legacy \
    cr8_legacy abm sse4a misalignsse 3dnowprefetch osvw topoext vmmcall fsgsbase tsc_adjust bmi1 avx2 smep bmi2 erms \
    invpcid avx512f avx512dq rdseed adx smap avx512ifma clflushopt clwb avx512cd sha_ni avx512bw avx512vl xsaveopt xsavec \
    xgetbv1 xsaves avx512_bf16 clzero xsaveerptr arat avx512vbmi umip avx512_vbmi2 gfni vaes vpclmulqdq avx512_vnni \
    avx512_bitalg avx512_vpopcntdq rdpid fsrm
    """

  @Test("A recorded processor has the flags that Linux showed on it, in the same order")
  func flagsOfLinux() {
    // Linux had the rate of the counter from KVM's clock besides, which CPUID does not tell.
    #expect(
      names(RecordedProcessor.genoaGuest.record.features) == Self.genoaFlags.split(separator: " ").map(String.init))
  }

  /// What Linux shows for reasons other than CPUID: MSRs, what it is set up to, or what else it knows.
  static let concludedElsewhere: Set<String> = [
    "tsc_known_freq", "tsc_reliable", "art", "pti", "la57", "pebs", "bts", "ring3mwait", "cpuid_fault", "tpr_shadow",
    "flexpriority", "ept", "vpid", "ept_ad", "vnmi", "split_lock_detect", "user_shstk", "rapl", "ssbd", "ibrs", "ibpb",
    "stibp", "ibrs_enhanced", "pku", "ospke", "vmx", "svm", "sgx", "sgx_lc", "up", "nonstop_tsc_s3",
    "tdx_host_platform",
    "mwaitx", "monitor", "x2apic", "mtrr", "amd_lbr_v2", "bus_lock_detect", "sev", "sev_es", "sev_snp", "sme", "hle",
    "rtm",
    "epb", "cdp_l3", "cdp_l2", "enqcmd", "nopl", "vmmcall",
  ]

  @Test("The flags of the machine that runs the tests are those of its Linux, but for what CPUID cannot tell")
  func flagsOfThisMachine() throws {
    guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return }
    let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("flags") })
    let shown = Set(line.drop { $0 != ":" }.dropFirst().split(separator: " ").map(String.init))
    let record = ProcessorRecord(number: 0, cpuid: ProcessorIdentification())
    let found = Set(names(record.features))
    #expect(found.subtracting(shown).subtracting(Self.concludedElsewhere) == [])
    // A newer Linux knows names that are not in the spec; those in the spec must be found.
    let known = Set((0..<UInt16(ProcessorFeatures.wordCount * 32)).compactMap { ProcessorFeature(rawValue: $0).name })
    #expect(shown.intersection(known).subtracting(found).subtracting(Self.concludedElsewhere) == [])
  }

  @Test("Nothing is missing in the emulator's processors, and each required feature is missed by its name")
  func required() throws {
    #expect(RecordedProcessor.qemu64.record.features.firstMissing == nil)
    #expect(RecordedProcessor.qemuMax.record.features.firstMissing == nil)
    let old = try #require(RecordedProcessor.conroe.record.features.firstMissing)
    #expect(old == .syscall)
    #expect(old.name == "syscall")
    #expect(old.need == "SYSCALL")
    for feature in [.fpu, .tsc, .msr, .pae, .cx8, .apic, .cmov, .fxsr, .sse, .sse2] as [ProcessorFeature] {
      let processor = RecordedProcessor.qemu64.with(1) { $0.edx &= ~(1 << UInt32(feature.rawValue & 31)) }
      let missing = try #require(processor.record.features.firstMissing)
      #expect(missing == feature, "\(feature.name ?? "")")
      #expect(missing.need != nil)
    }
    for feature in [.syscall, .nx, .lm] as [ProcessorFeature] {
      let processor = RecordedProcessor.qemu64.with(0x8000_0001) { $0.edx &= ~(1 << UInt32(feature.rawValue & 31)) }
      #expect(processor.record.features.firstMissing == feature)
    }
  }

  @Test("Without FXSAVE there is no AVX-512, and without XSAVES no enqcmd")
  func needs() {
    let processor = RecordedProcessor.genoaGuest.with(1) { $0.edx &= ~(1 << 24) }
    let features = processor.record.features
    for gone in [
      .fxsr, .mmx, .mmxext, .sse, .sse2, .sse3, .aes, .xsave, .xsaves, .avx, .avx2, .fma, .avx512f, .avx512Bf16,
      .avx512Vpopcntdq, .vaes, .cmov,
    ] as [ProcessorFeature] {
      #expect(!features.contains(gone), "\(gone.name ?? "")")
    }
    #expect(features.contains(.smep))
  }

  @Test("Removing what lacks its needs is done after once, and removes nothing that is complete")
  func cleanUpIsStable() {
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<3_000 {
      var features = ProcessorFeatures()
      for index in features.words.indices {
        features.words[index] = UInt32.random(in: 0...UInt32.max, using: &generator)
      }
      let before = features
      features.removeWhatLacksItsNeeds()
      let once = features
      features.removeWhatLacksItsNeeds()
      #expect(features == once)
      #expect(once.count <= before.count)
      #expect(!once.contains(.avx) || once.contains(.xsave) && once.contains(.fxsr) && once.contains(.fpu))
      #expect(!once.contains(.amxInt8) || once.contains(.amxTile) && once.contains(.xfd) && once.contains(.xgetbv1))
      #expect(once.contains(.smep) == before.contains(.smep))
    }
  }

  @Test("A leaf behind the last one gives no features, though the processor answers something")
  func leavesBehindTheEnd() {
    // Leaf 0Dh is the last that QEMU has: 15h, 1Fh and 8000001Eh answer with its numbers.
    let features = RecordedProcessor.qemuMax.record.features
    for absent in [.tscKnownFreq, .perfmonV2, .amdDcm, .amdLbrV2, .lfenceRdtsc] as [ProcessorFeature] {
      #expect(!features.contains(absent))
    }
    var cut = RecordedProcessor.genoaGuest
    cut[0].eax = 6
    #expect(!cut.record.features.contains(.avx2))
    cut = .alderLakeFast
    cut[7].eax = 0
    #expect(!cut.record.features.contains(.avxVnni))
  }

  @Test("Speculation flags are the same for both vendors")
  func speculation() {
    let intel = RecordedProcessor.skylakeX.record.features
    #expect(intel.contains(.ibrs) && intel.contains(.ibpb) && intel.contains(.stibp) && !intel.contains(.ssbd))
    let amd = RecordedProcessor.vermeer.record.features
    #expect(amd.contains(.ibrs) && amd.contains(.ibpb) && amd.contains(.stibp) && amd.contains(.ssbd))
    #expect(amd.contains(.cqmLlc) && amd.contains(.cqmMbmLocal) && amd.contains(.catL3) && amd.contains(.cdpL3))
    #expect(amd.contains(.mba) && amd.contains(.hwPstate) && amd.contains(.cpb) && amd.contains(.aperfmperf))
  }

  @Test("What the kernel would use and does without is listed by name")
  func unavailable() {
    let list = names(RecordedProcessor.genoaGuest.record.features.unavailable)
    #expect(list == ["la57"])
    let emulated = names(RecordedProcessor.qemuMax.record.features.unavailable)
    #expect(emulated.contains("x2apic") && emulated.contains("pcid") && !emulated.contains("smep"))
  }

  @Test("Features that are off are not promised")
  func off() {
    var features = RecordedProcessor.qemuMax.record.features
    #expect(features.contains(.la57) && features.contains(.pku))
    features.removeWhatIsOff(hasFiveLevels: false)
    #expect(!features.contains(.la57) && !features.contains(.pku))
  }
}
