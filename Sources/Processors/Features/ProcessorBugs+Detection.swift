public import Foundations

/// What MSR 0x10A says a processor is not affected by; zeros where there is no such register.
///
/// Source: Intel SDM vol. 4, table 2-2, IA32_ARCH_CAPABILITIES.
public struct ArchitecturalCapabilities: Sendable {
  /// The register's bits.
  public var rawValue: UInt64

  /// Capabilities from the register's bits.
  public init(rawValue: UInt64 = 0) { self.rawValue = rawValue }

  var isSafeFromMeltdown: Bool { rawValue[bit: 0] }
  var hasEnhancedRestriction: Bool { rawValue[bit: 1] }
  var usesReturnAlternates: Bool { rawValue[bit: 2] }
  var isSafeFromStoreBypass: Bool { rawValue[bit: 4] }
  var isSafeFromDataSampling: Bool { rawValue[bit: 5] }
  var isSafeFromPageChanges: Bool { rawValue[bit: 6] }
  var hasTransactionControl: Bool { rawValue[bit: 7] }
  var isSafeFromTransactionAborts: Bool { rawValue[bit: 8] }
  var isSafeFromStaleData: Bool { rawValue[bits: 13...15] == 7 }
  var isSafeFromHistoryInjection: Bool { rawValue[bit: 20] }
  var isSafeFromBarrierReturns: Bool { rawValue[bit: 24] }
  var isSafeFromGatherSampling: Bool { rawValue[bit: 26] }
  var isSafeFromRegisterSampling: Bool { rawValue[bit: 27] }
  var clearsRegisterFile: Bool { rawValue[bit: 28] }
  var isSafeFromTargetSelection: Bool { rawValue[bit: 62] }
}

extension ProcessorBugs {
  /// The bugs of a processor: those of its model in the spec, less what it says it is safe from.
  ///
  /// Source: the vendors' advisories, which Linux follows; Intel SDM vol. 4, IA32_ARCH_CAPABILITIES; AMD APM vol. 3, E.4.7, E.4.17.
  public static func all(
    of identity: ProcessorIdentity, _ features: ProcessorFeatures, _ capabilities: ArchitecturalCapabilities
  ) -> ProcessorBugs {
    let immune = ProcessorBugs.immune(identity)
    let affected = ProcessorBugs.affected(identity)
    var bugs = ProcessorBugs()
    bugs.addSpeculation(immune, features, capabilities)
    bugs.addSampling(immune, affected, features, capabilities)
    bugs.addBranches(identity, immune, affected, features, capabilities)
    bugs.addErrata(identity, features)
    return bugs
  }

  /// Spectre and Meltdown.
  private mutating func addSpeculation(
    _ immune: ProcessorBugs, _ features: ProcessorFeatures, _ capabilities: ArchitecturalCapabilities
  ) {
    if !immune.contains(.itlbMultihit), !capabilities.isSafeFromPageChanges { insert(.itlbMultihit) }
    guard !immune.contains(.spectreV1) else { return }
    insert(.spectreV1)
    if !immune.contains(.spectreV2) { insert(.spectreV2) }
    let isSafe = capabilities.isSafeFromStoreBypass || features.contains(.amdSsbNo)
    if !immune.contains(.specStoreBypass), !isSafe { insert(.specStoreBypass) }
    if !immune.contains(.swapgs) { insert(.swapgs) }
    guard !immune.contains(.cpuMeltdown), !capabilities.isSafeFromMeltdown else { return }
    insert(.cpuMeltdown)
    if !immune.contains(.l1tf) { insert(.l1tf) }
  }

  /// What leaks from buffers inside the processor.
  private mutating func addSampling(
    _ immune: ProcessorBugs, _ affected: ProcessorBugs, _ features: ProcessorFeatures,
    _ capabilities: ArchitecturalCapabilities
  ) {
    guard !immune.contains(.spectreV1) else { return }
    if !immune.contains(.mds), !capabilities.isSafeFromDataSampling {
      insert(.mds)
      if affected.contains(.msbdsOnly) { insert(.msbdsOnly) }
    }
    let hasTransactions = features.contains(.rtm) || capabilities.hasTransactionControl
    if hasTransactions, !capabilities.isSafeFromTransactionAborts { insert(.taa) }
    let hasRandom = features.contains(.rdrand) || features.contains(.rdseed)
    if hasRandom, affected.contains(.srbds) { insert(.srbds) }
    if !capabilities.isSafeFromStaleData {
      if affected.contains(.mmioStaleData) {
        insert(.mmioStaleData)
      } else if !immune.contains(.mmioUnknown) {
        insert(.mmioUnknown)
      }
    }
    let gathers = features.contains(.avx) && affected.contains(.gds)
    if gathers, !capabilities.isSafeFromGatherSampling { insert(.gds) }
    let leaksRegisters = capabilities.clearsRegisterFile || affected.contains(.rfds)
    if leaksRegisters, !capabilities.isSafeFromRegisterSampling { insert(.rfds) }
  }

  /// What mispredicted branches do besides Spectre.
  private mutating func addBranches(
    _ identity: ProcessorIdentity, _ immune: ProcessorBugs, _ affected: ProcessorBugs, _ features: ProcessorFeatures,
    _ capabilities: ArchitecturalCapabilities
  ) {
    guard !immune.contains(.spectreV1) else { return }
    let trustsReturns = affected.contains(.retbleed) || capabilities.usesReturnAlternates
    if trustsReturns, !features.contains(.btcNo) { insert(.retbleed) }
    let isEnhanced = capabilities.hasEnhancedRestriction || features.contains(.autoibrs)
    if isEnhanced, !immune.contains(.eibrsPbrsb), !capabilities.isSafeFromBarrierReturns { insert(.eibrsPbrsb) }
    if affected.contains(.smtRsb), features.contains(.ht) { insert(.smtRsb) }
    if !immune.contains(.bhi), !capabilities.isSafeFromHistoryInjection { insert(.bhi) }
    if affected.contains(.srso), !features.contains(.srsoNo) { insert(.srso) }
    if affected.contains(.its), !capabilities.isSafeFromTargetSelection, !features.contains(.bhiCtrl) {
      insert(.its)
      if affected.contains(.itsNativeOnly) { insert(.itsNativeOnly) }
    }
    let isSafeFromScheduler = features.contains(.tsaSqNo) && features.contains(.tsaL1No)
    if affected.contains(.tsa), !isSafeFromScheduler { insert(.tsa) }
    let clearsReturns = features.contains(.amdIbpbRet)
    if identity.vendor == .amd, features.contains(.amdIbpb), !clearsReturns { insert(.ibpbNoRet) }
  }

  /// What is wrong without any speculation.
  private mutating func addErrata(_ identity: ProcessorIdentity, _ features: ProcessorFeatures) {
    switch identity.vendor {
    case .amd, .hygon:
      insert(.sysretSsAttrs)
      if !features.contains(.nullSelClrBase) { insert(.nullSeg) }
      if !features.contains(.xsaveerptr) { insert(.fxsaveLeak) }
      if identity.family < 0x10 { insert(.swapgsFence) }
      if identity.family == 0x10 { insert(.tlbMmatch) }
      let isFirstZen = identity.family == 0x17 && (identity.model < 0x30 || identity.model &>> 4 == 5)
      if isFirstZen || identity.vendor == .hygon { insert(.div0) }
    case .intel:
      guard identity.family == 6, features.contains(.monitor) else { return }
      if identity.model == 0x1d || identity.model == 0x2e || identity.model == 0x2f { insert(.clflushMonitor) }
      if identity.model == 0x5c { insert(.monitor) }
    case .centaur, .zhaoxin, .transmeta, .other: break
    }
  }

  /// Writes the names, each behind a space, in Linux's order.
  public func writeNames<Sink: TextSink & ~Copyable>(to sink: inout Sink) {
    var rest = rawValue
    while rest != 0 {
      let number = rest.trailingZeroBitCount
      rest &= rest &- 1
      guard let name = ProcessorBugs.name(number) else { continue }
      sink.write(byte: 0x20)
      sink.write(name)
    }
  }
}
