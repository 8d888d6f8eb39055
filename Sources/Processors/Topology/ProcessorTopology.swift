public import Foundations
public import Registers

/// Where a logical processor is: which thread of which core of which die of which package.
///
/// The number of a local APIC is made of these, the thread in its lowest bits. CPUID tells how many bits each has.
/// Source: Intel SDM vol. 3A, 9.9.3; AMD APM vol. 3, E.4.7, E.4.17 and E.5.
public struct ProcessorTopology: Equatable, Sendable {
  /// The number of the local APIC that the parts come from.
  public var localAPIC: UInt32
  /// How many bits of it number the thread in the core.
  public var threadBits: UInt32
  /// How many of its bits number what is in a die, threads included.
  public var dieBits: UInt32
  /// How many of its bits number what is in a package, threads included.
  public var packageBits: UInt32
  /// The node of memory that is near, from the SRAT; -1 when nothing says.
  public var node: Int32 = -1

  /// The thread in its core.
  public var thread: UInt32 { localAPIC & Self.mask(threadBits) }
  /// The core in its package, as firmware numbers it: numbers may be missing.
  public var core: UInt32 { (localAPIC & Self.mask(packageBits)) &>> threadBits }
  /// The die in its package.
  public var die: UInt32 { dieBits >= 32 ? 0 : (localAPIC & Self.mask(packageBits)) >> dieBits }
  /// The package.
  public var package: UInt32 { packageBits >= 32 ? 0 : localAPIC >> packageBits }

  /// A place made of its bits.
  ///
  /// - Parameters: bits beyond 31 and bits that shrink from thread to package are taken as the nearest that make sense.
  public init(localAPIC: UInt32, threadBits: UInt32, dieBits: UInt32, packageBits: UInt32) {
    self.localAPIC = localAPIC
    self.threadBits = min(threadBits, 31)
    self.packageBits = min(max(packageBits, self.threadBits), 32)
    self.dieBits = min(max(dieBits, self.threadBits), self.packageBits)
  }

  /// What CPUID of the processor itself says.
  public init(_ registers: borrowing CPUIDRegisters<some CPUIDSpace & ~Copyable>, _ vendor: ProcessorVendor) {
    if let topology = Self.extended(registers) {
      self = topology
    } else if vendor == .amd || vendor == .hygon {
      self = Self.amd(registers)
    } else {
      self = Self.legacy(registers)
    }
  }

  private static func mask(_ bits: UInt32) -> UInt32 { bits >= 32 ? .max : (1 << bits) - 1 }

  /// How many bits number `count` things.
  static func bits(for count: UInt32) -> UInt32 {
    count <= 1 ? 0 : UInt32(32 - (count - 1).leadingZeroBitCount)
  }

  /// Leaves 1Fh and 0Bh: levels, each with the number of bits below the next.
  private static func extended(
    _ registers: borrowing CPUIDRegisters<some CPUIDSpace & ~Copyable>
  ) -> ProcessorTopology? {
    let isNew = registers.hasLeaf(0x1f) && registers.topologyV2Count(at: 0).processors != 0
    guard isNew || registers.hasLeaf(0xb) && registers.topologyCount(at: 0).processors != 0 else { return nil }
    let number = isNew ? registers.topologyV2Identifier(at: 0) : registers.topologyIdentifier(at: 0)
    var thread: UInt32 = 0
    var die: UInt32?
    var package: UInt32 = 0
    var isDieNext = false
    for level in 0..<8 {
      let kind =
        isNew ? registers.topologyV2Level(at: level).kind.rawValue : registers.topologyLevel(at: level).kind.rawValue
      let shift = UInt32(isNew ? registers.topologyV2Shift(at: level).bits : registers.topologyShift(at: level).bits)
      if kind == 0 { break }
      if kind == 1 { thread = shift }
      // Levels: 1 thread, 2 core, 3 module, 4 tile, 5 die, 6 group of dies. What is below a die is in it.
      if kind < 5 { die = shift } else if kind == 5 { isDieNext = true }
      package = shift
    }
    return ProcessorTopology(
      localAPIC: number, threadBits: thread, dieBits: isDieNext ? die ?? thread : package, packageBits: package)
  }

  /// Leaves 80000008h and 8000001Eh.
  private static func amd(_ registers: borrowing CPUIDRegisters<some CPUIDSpace & ~Copyable>) -> ProcessorTopology {
    let hasExtension = registers.extendedECX.topologyExtensions && registers.hasLeaf(0x8000_001e)
    let number = hasExtension ? registers.amdExtendedAPIC : UInt32(registers.brandAndTopology.initialAPIC)
    guard registers.hasLeaf(0x8000_0008) else { return legacy(registers) }
    let counts = registers.coreCounts
    let stated = UInt32(counts.apicIDBits)
    let package = stated != 0 ? stated : bits(for: UInt32(counts.threadsMinusOne) + 1)
    // Family 15h counts its compute units here; their cores are cores, not threads.
    let isUnit = registers.signature.extendedFamily < 8
    let threads = hasExtension && !isUnit ? UInt32(registers.amdComputeUnit.threadsMinusOne) + 1 : 1
    let nodes = hasExtension ? UInt32(registers.amdNode.nodesMinusOne) + 1 : 1
    let node = bits(for: nodes)
    return ProcessorTopology(
      localAPIC: number, threadBits: bits(for: threads), dieBits: package > node ? package - node : 0,
      packageBits: package)
  }

  /// Leaves 1 and 4, before there were levels.
  private static func legacy(_ registers: borrowing CPUIDRegisters<some CPUIDSpace & ~Copyable>) -> ProcessorTopology {
    let number = UInt32(registers.brandAndTopology.initialAPIC)
    guard registers.featuresEDX.htt else {
      return ProcessorTopology(localAPIC: number, threadBits: 0, dieBits: 0, packageBits: 0)
    }
    let logical = UInt32(registers.brandAndTopology.logicalProcessors)
    let cores = registers.hasLeaf(4) ? UInt32(registers.cacheType(at: 0).coresMinusOne) + 1 : 1
    let package = bits(for: max(logical, 1))
    let coreBits = min(bits(for: cores), package)
    return ProcessorTopology(
      localAPIC: number, threadBits: package - coreBits, dieBits: package, packageBits: package)
  }

  /// Whether the two are in one package.
  public func sharesPackage(with other: ProcessorTopology) -> Bool { package == other.package }
  /// Whether the two are threads of one core.
  public func sharesCore(with other: ProcessorTopology) -> Bool {
    package == other.package && core == other.core
  }
}
