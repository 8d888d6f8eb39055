public import Foundations

extension ProcessorFeatures {
  /// Everything that is known of a processor: what CPUID says, what follows from it, without features that lack their needs.
  ///
  /// What Linux concludes is concluded here by the same rules, so that programs that read `/proc/cpuinfo` see the same names.
  public static func all(
    of identity: ProcessorIdentity, cpuid: borrowing some CPUIDSpace & ~Copyable
  ) -> ProcessorFeatures {
    var features = ProcessorFeatures(cpuid: cpuid)
    features.concludeTime(identity, cpuid)
    features.concludeTopology(identity, cpuid)
    features.concludeSpeculation()
    features.concludeVirtualisation(identity)
    // The two are instructions that every processor with 64-bit mode has.
    features.insert(.cpuid)
    features.insert(.nopl)
    features.removeWhatLacksItsNeeds()
    return features
  }

  /// `constant_tsc`, `nonstop_tsc`, `art`, `rep_good` and `arch_perfmon`.
  private mutating func concludeTime(_ identity: ProcessorIdentity, _ cpuid: borrowing some CPUIDSpace & ~Copyable) {
    // AMD APM vol. 3, E.4.6: the time-stamp counter runs at a constant rate in all states.
    if cpuid.answer(0x8000_0007, 0).edx[bit: 8] {
      insert(.constantTsc)
      insert(.nonstopTsc)
    }
    switch identity.vendor {
    case .intel:
      let isNewPentium4 = identity.family == 15 && identity.model >= 3
      let isNewCore = identity.family == 6 && identity.model >= 14
      if isNewPentium4 || isNewCore { insert(.constantTsc) }
      if identity.family == 6 { insert(.repGood) }
      if cpuid.answer(10, 0).eax & 0xff != 0, cpuid.answer(10, 0).eax &>> 8 & 0xff > 1 { insert(.archPerfmon) }
      let ratio = cpuid.answer(0x15, 0)
      let counts = contains(.constantTsc) && contains(.nonstopTsc) && contains(.tscAdjust)
      if counts, !contains(.hypervisor), ratio.eax != 0, ratio.ebx != 0 { insert(.art) }
      if ratio.eax != 0, ratio.ebx != 0, ratio.ecx != 0 { insert(.tscKnownFreq) }
    case .amd, .hygon:
      if identity.family >= 0xf { insert(.repGood) }
      if identity.family >= 0x10 { concludeAMD(identity) }
    case .centaur, .zhaoxin:
      if identity.family >= 6 { insert(.repGood) }
    case .transmeta, .other: break
    }
    // A hypervisor that says how fast the counter is: leaf 0x40000010.
    if contains(.hypervisor), cpuid.read(leaf: 0x4000_0000, subleaf: 0).eax &- 0x4000_0010 < 0x100,
      cpuid.read(leaf: 0x4000_0010, subleaf: 0).eax != 0
    {
      insert(.tscKnownFreq)
    }
  }

  private mutating func concludeAMD(_ identity: ProcessorIdentity) {
    // Zen: the time counter can be ordered by LFENCE; families below have no such flag to show.
    if identity.family >= 0x17, identity.vendor == .amd { insert(.lfenceRdtsc) }
  }

  /// `xtopology`, `extd_apicid`, `ht` and `amd_dcm`.
  private mutating func concludeTopology(
    _ identity: ProcessorIdentity, _ cpuid: borrowing some CPUIDSpace & ~Copyable
  ) {
    if cpuid.answer(0xb, 0).ecx &>> 8 & 0xff != 0, cpuid.answer(0xb, 0).ebx != 0 { insert(.xtopology) }
    guard identity.vendor == .amd || identity.vendor == .hygon else { return }
    if contains(.apic), identity.family >= 0x10 { insert(.extdApicid) }
    if contains(.topoext), cpuid.answer(0x8000_001e, 0).ecx &>> 8 & 7 != 0 { insert(.amdDcm) }
  }

  /// `ibrs`, `ibpb`, `stibp`, `ssbd` and `ibrs_enhanced`, which Intel and AMD tell in different places.
  private mutating func concludeSpeculation() {
    if contains(.specCtrl) {
      insert(.ibrs)
      insert(.ibpb)
      insert(.msrSpecCtrl)
    }
    if contains(.intelStibp) { insert(.stibp) }
    if contains(.specCtrlSsbd) || contains(.virtSsbd) { insert(.ssbd) }
    if contains(.amdIbrs) {
      insert(.ibrs)
      insert(.msrSpecCtrl)
    }
    if contains(.amdIbpb) { insert(.ibpb) }
    if contains(.amdStibp) {
      insert(.stibp)
      insert(.msrSpecCtrl)
    }
    if contains(.amdSsbd) {
      insert(.ssbd)
      insert(.msrSpecCtrl)
      remove(.virtSsbd)
    }
    if contains(.autoibrs) { insert(.ibrsEnhanced) }
  }

  /// `vmmcall`: AMD's instruction for a call to the hypervisor.
  private mutating func concludeVirtualisation(_ identity: ProcessorIdentity) {
    let isAMD = identity.vendor == .amd || identity.vendor == .hygon
    if isAMD, contains(.svm) || contains(.hypervisor) { insert(.vmmcall) }
  }

  /// Takes out what the kernel has not turned on, although the processor has it: `/proc/cpuinfo` promises what works.
  ///
  /// - Parameter hasFiveLevels: whether page tables have five levels.
  public mutating func removeWhatIsOff(hasFiveLevels: Bool) {
    if !hasFiveLevels { remove(.la57) }
    // Set while the operating system has CR4.PKE on.
    if !contains(.ospke) { remove(.pku) }
  }
}
