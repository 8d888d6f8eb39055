public import Foundations
public import Registers

/// A cache.
public struct ProcessorCache: Equatable, Sendable {
  /// What a cache holds.
  public enum Contents: UInt8, Sendable { case data = 1, instructions, both }

  /// What it holds.
  public var contents: Contents
  /// The level, from 1.
  public var level: UInt8
  /// The size in bytes.
  public var byteCount: UInt64
  /// The size of a line in bytes.
  public var lineSize: UInt32
  /// In how many places a line can be.
  public var ways: UInt32
  /// How many sets of ways there are.
  public var sets: UInt32
  /// How many numbers of local APICs may share it.
  public var sharers: UInt32

  /// Whether the processors with these local APICs share it.
  public func isShared(_ left: UInt32, _ right: UInt32) -> Bool {
    let shift = ProcessorTopology.bits(for: sharers)
    return shift >= 32 || left >> shift == right >> shift
  }
}

/// The caches of a processor.
///
/// Source: Intel SDM vol. 2A, CPUID leaf 4; AMD APM vol. 3, E.4.4, E.4.5 and E.4.16.
public struct ProcessorCaches: Equatable, Sendable {
  /// How many caches there are, at most eight.
  public private(set) var count = 0
  private var levels = InlineArray<8, UInt8>(repeating: 0)
  private var contents = InlineArray<8, UInt8>(repeating: 0)
  private var sharers = InlineArray<8, UInt32>(repeating: 0)
  private var geometry = InlineArray<8, UInt64>(repeating: 0)

  /// No caches.
  public init() {}

  /// What CPUID says. A processor that describes no cache has none here.
  public init(_ registers: borrowing CPUIDRegisters<some CPUIDSpace & ~Copyable>, _ vendor: ProcessorVendor) {
    let isAMD = vendor == .amd || vendor == .hygon
    if isAMD, registers.extendedECX.topologyExtensions, registers.hasLeaf(0x8000_001d) {
      for index in 0..<8 {
        let type = registers.amdCacheType(at: index)
        let shape = registers.amdCacheGeometry(at: index)
        add(
          type.rawValue, type.rawValue[bits: 14...25], shape.rawValue, registers.amdCacheSets(at: index))
      }
    } else if isAMD {
      addOldAMD(registers)
    } else if registers.hasLeaf(4) {
      for index in 0..<8 {
        let type = registers.cacheType(at: index)
        add(
          type.rawValue, type.rawValue[bits: 14...25], registers.cacheGeometry(at: index).rawValue,
          registers.cacheSets(at: index))
      }
    }
  }

  /// Cache `index`, from 0.
  public subscript(index: Int) -> ProcessorCache {
    let shape = UInt32(truncatingIfNeeded: geometry[index])
    let lineSize = shape & 0xfff + 1
    let partitions = shape &>> 12 & 0x3ff + 1
    let ways = shape &>> 22 + 1
    let sets = UInt32(truncatingIfNeeded: geometry[index] &>> 32)
    let line = UInt64(lineSize) * UInt64(partitions) * UInt64(ways)
    return ProcessorCache(
      contents: ProcessorCache.Contents(rawValue: contents[index]) ?? .both, level: levels[index],
      byteCount: line.multipliedReportingOverflow(by: UInt64(sets) + 1).partialValue, lineSize: lineSize, ways: ways,
      sets: sets &+ 1, sharers: sharers[index])
  }

  private mutating func add(_ type: UInt32, _ sharersMinusOne: UInt32, _ shape: UInt32, _ setsMinusOne: UInt32) {
    guard count < 8, type & 0x1f != 0, type & 0x1f <= 3 else { return }
    contents[count] = UInt8(type & 0x1f)
    levels[count] = UInt8(type &>> 5 & 7)
    sharers[count] = sharersMinusOne + 1
    geometry[count] = UInt64(setsMinusOne) << 32 | UInt64(shape)
    count += 1
  }

  /// Leaves 80000005h and 80000006h, for AMD processors without the list.
  private mutating func addOldAMD(_ registers: borrowing CPUIDRegisters<some CPUIDSpace & ~Copyable>) {
    let data = registers.dataCache
    let instruction = registers.instructionCache
    addOld(1, .data, UInt32(data.kibibytes), UInt32(data.lineSize), UInt32(data.ways), 1)
    addOld(1, .instructions, UInt32(instruction.kibibytes), UInt32(instruction.lineSize), UInt32(instruction.ways), 1)
    let second = registers.cache2
    addOld(2, .both, UInt32(second.kibibytes), UInt32(second.lineSize), Self.ways(second.rawValue), 1)
    let third = registers.cache3
    let all = UInt32(registers.coreCounts.threadsMinusOne) + 1
    addOld(3, .both, UInt32(third.halfMebibytes) * 512, UInt32(third.lineSize), Self.ways(third.rawValue), all)
  }

  private mutating func addOld(
    _ level: UInt32, _ kind: ProcessorCache.Contents, _ kibibytes: UInt32, _ line: UInt32, _ ways: UInt32,
    _ sharing: UInt32
  ) {
    guard kibibytes > 0, line > 0, ways > 0 else { return }
    // 255 ways mean any place: one set.
    let lines = UInt32(truncatingIfNeeded: UInt64(kibibytes) * 1024 / UInt64(line))
    let real = ways == 0xff ? min(lines, 1024) : ways
    add(
      UInt32(kind.rawValue) | level << 5, sharing - 1, (line - 1) & 0xfff | (real - 1) << 22, max(lines / real, 1) - 1)
  }

  /// The code for the ways of a second- or third-level cache. Source: AMD APM vol. 3, table E-4.
  private static func ways(_ register: UInt32) -> UInt32 {
    switch register &>> 12 & 15 {
    case 1: 1
    case 2: 2
    case 3: 3
    case 4: 4
    case 5: 6
    case 6: 8
    case 8: 16
    case 10: 32
    case 11: 48
    case 12: 64
    case 13: 96
    case 14: 128
    case 15: 0xff
    default: 0
    }
  }

  /// The size that `/proc/cpuinfo` shows: the last level, or on AMD the second, in bytes.
  public func shownSize(_ vendor: ProcessorVendor) -> UInt64 {
    var best: UInt64 = 0
    var level: UInt8 = 0
    for index in 0..<count {
      let cache = self[index]
      if cache.contents == .instructions { continue }
      if vendor == .amd || vendor == .hygon, cache.level > 2 { continue }
      if cache.level >= level {
        level = cache.level
        best = cache.byteCount
      }
    }
    return best
  }

  /// Whether both describe the same caches.
  public static func == (left: ProcessorCaches, right: ProcessorCaches) -> Bool {
    guard left.count == right.count else { return false }
    for index in 0..<left.count where left[index] != right[index] { return false }
    return true
  }
}
