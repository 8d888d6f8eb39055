public import Foundations
public import Machine
import Registers

/// Everything that is known of one processor, as it found it on itself.
public struct ProcessorRecord: Sendable {
  /// The kernel's number of the processor.
  public var number: Int
  /// Who made it, and which one it is.
  public var identity: ProcessorIdentity
  /// What it can do.
  public var features: ProcessorFeatures
  /// What is wrong with it.
  public var bugs: ProcessorBugs
  /// Where it is.
  public var topology: ProcessorTopology
  /// Its caches.
  public var caches: ProcessorCaches
  /// The state that XSAVE saves.
  public var extendedState: ExtendedState
  /// How memory is cached by its address.
  public var memoryTypes: MemoryTypeRegisters
  /// The revision of its microcode; 0 when unknown.
  public var microcode: UInt32
  /// The largest basic leaf of CPUID.
  public var largestLeaf: UInt32
  /// Bits of physical and of linear addresses.
  public var physicalBits, linearBits: UInt32
  /// The size in bytes that CLFLUSH drops.
  public var flushLineSize: UInt32
  /// How many translations of 4 KiB pages the second-level TLBs hold; 0 when unknown.
  public var translationCount: UInt32
  /// Leaf 80000007h, EDX: management of power.
  public var powerManagement: UInt32

  /// What CPUID says of processor `number`, and what else was read of it.
  public init<Space: CPUIDSpace>(
    number: Int, cpuid: Space, microcode: UInt32 = 0, memoryTypes: MemoryTypeRegisters = MemoryTypeRegisters(),
    capabilities: (ProcessorFeatures) -> ArchitecturalCapabilities = { _ in ArchitecturalCapabilities() }
  ) {
    let registers = CPUIDRegisters(cpuid)
    self.number = number
    identity = ProcessorIdentity(registers)
    var features = ProcessorFeatures.all(of: identity, cpuid: cpuid)
    let stated = capabilities(features)
    if stated.hasEnhancedRestriction { features.insert(.ibrsEnhanced) }
    self.features = features
    bugs = ProcessorBugs.all(of: identity, features, stated)
    topology = ProcessorTopology(registers, identity.vendor)
    caches = ProcessorCaches(registers, identity.vendor)
    extendedState = ExtendedState(registers, features)
    self.memoryTypes = memoryTypes
    self.microcode = microcode
    largestLeaf = registers.largestBasic
    let sizes = registers.addressSizes
    let hasSizes = registers.hasLeaf(0x8000_0008)
    physicalBits = hasSizes ? UInt32(sizes.physicalBits) : 36
    linearBits = hasSizes ? UInt32(sizes.linearBits) : 48
    let line = UInt32(registers.brandAndTopology.flushLineSize) * 8
    flushLineSize = features.contains(.clflush) && line > 0 ? line : 64
    let translations = registers.smallTLB2
    translationCount = UInt32(translations.instructionEntries) + UInt32(translations.dataEntries)
    powerManagement = registers.powerFeatures.rawValue
  }

  /// Reads everything on the processor that runs this.
  ///
  /// - Context: bound to the processor, or interrupts off.
  public static func ofThisProcessor(number: Int) -> ProcessorRecord {
    var record = ProcessorRecord(
      number: number, cpuid: ProcessorIdentification(),
      capabilities: {
        ArchitecturalCapabilities(
          rawValue: $0.contains(.archCapabilities) ? ProcessorState.architecturalCapabilities : 0)
      })
    record.microcode = ProcessorState.microcodeRevision(isIntel: record.identity.vendor == .intel)
    record.memoryTypes = MemoryTypeRegisters.current(
      hasRanges: record.features.contains(.mtrr), hasPageAttributes: record.features.contains(.pat))
    return record
  }

  /// What a processor may differ in from the one that the kernel was set up on.
  public struct Differences: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt8
    /// The differences of `rawValue`.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Another model or stepping.
    public static var model: Differences { Differences(rawValue: 1) }
    /// Other features.
    public static var features: Differences { Differences(rawValue: 2) }
    /// Other caches, as in hybrid processors.
    public static var caches: Differences { Differences(rawValue: 4) }
    /// Other sizes or parts of the extended state.
    public static var extendedState: Differences { Differences(rawValue: 8) }
    /// Memory types that firmware set otherwise, which the manual forbids.
    public static var memoryTypes: Differences { Differences(rawValue: 16) }
    /// Another revision of the microcode.
    public static var microcode: Differences { Differences(rawValue: 32) }
  }

  /// What is not the same as in `other`.
  public func differences(from other: ProcessorRecord) -> Differences {
    var differences = Differences()
    if identity != other.identity { differences.insert(.model) }
    if features != other.features { differences.insert(.features) }
    if caches != other.caches { differences.insert(.caches) }
    let state = extendedState.enabled == other.extendedState.enabled
    if !state || extendedState.bufferByteCount != other.extendedState.bufferByteCount {
      differences.insert(.extendedState)
    }
    if memoryTypes != other.memoryTypes { differences.insert(.memoryTypes) }
    if microcode != other.microcode { differences.insert(.microcode) }
    return differences
  }
}

extension ProcessorRecord.Differences {
  /// Writes what differs, such as `features, microcode`.
  public func write<Sink: TextSink & ~Copyable>(to sink: inout Sink) {
    var isFirst = true
    func write(_ difference: ProcessorRecord.Differences, _ name: String, _ sink: inout Sink) {
      guard contains(difference) else { return }
      if !isFirst { sink.write(", ") }
      isFirst = false
      sink.write(name)
    }
    write(.model, "model", &sink)
    write(.features, "features", &sink)
    write(.caches, "caches", &sink)
    write(.extendedState, "extended state", &sink)
    write(.memoryTypes, "memory types", &sink)
    write(.microcode, "microcode", &sink)
  }
}
