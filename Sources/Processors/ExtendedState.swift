public import Foundations
public import Registers

/// The processor state that XSAVE saves: which parts there are, how large, and where each lies in a buffer.
///
/// Source: Intel SDM vol. 1, chapter 13; vol. 2A, CPUID leaf 0Dh.
public struct ExtendedState: Sendable {
  /// Parts of the state, a bit each, as in XCR0.
  public struct Components: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt64
    /// The parts of `rawValue`.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The x87 unit.
    public static var x87: Components { Components(rawValue: 1 << 0) }
    /// XMM registers and MXCSR.
    public static var sse: Components { Components(rawValue: 1 << 1) }
    /// The upper halves of the YMM registers.
    public static var avx: Components { Components(rawValue: 1 << 2) }
    /// Mask registers and the ZMM registers, which come together.
    public static var avx512: Components { Components(rawValue: 7 << 5) }
    /// Rights of protection keys.
    public static var protectionKeys: Components { Components(rawValue: 1 << 9) }
    /// Tiles: their configuration and data. Left off, because each thread would carry 8 KiB of them.
    public static var tiles: Components { Components(rawValue: 3 << 17) }
  }

  /// The area of FXSAVE, and the header behind it.
  public static let legacyByteCount: UInt32 = 512
  /// The legacy area and the header: the smallest buffer of XSAVE.
  public static let smallestByteCount: UInt32 = 576

  /// What the processor can save, of user state.
  public let available: Components
  /// What the kernel turns on; empty without XSAVE.
  public let enabled: Components
  /// What the processor can save besides, of supervisor state. None of it is turned on.
  public let supervisor: Components
  /// Whether XSAVEC and with it the compacted format is there.
  public let isCompactable: Bool
  private var sizes = InlineArray<32, UInt32>(repeating: 0)
  private var offsets = InlineArray<32, UInt32>(repeating: 0)
  private var alignedMask: UInt32 = 0

  /// What CPUID says of a processor with `features`.
  public init(_ registers: borrowing CPUIDRegisters<some CPUIDSpace & ~Copyable>, _ features: ProcessorFeatures) {
    guard features.contains(.xsave), registers.hasLeaf(0xd) else {
      available = []
      enabled = []
      supervisor = []
      isCompactable = false
      return
    }
    let low = UInt64(registers.saveComponentsLow.rawValue)
    available = Components(rawValue: low | UInt64(registers.saveComponentsHigh) << 32)
    isCompactable = features.contains(.xsavec)
    supervisor = Components(rawValue: UInt64(registers.supervisorComponentsLow.rawValue))
    var wanted: Components = [.x87, .sse]
    if features.contains(.avx), available.contains(.avx) {
      wanted.insert(.avx)
      // XCR0 refuses some of the three without the others, and all without AVX.
      if features.contains(.avx512f), available.contains(.avx512) { wanted.formUnion(.avx512) }
    }
    if features.contains(.pku), available.contains(.protectionKeys) { wanted.insert(.protectionKeys) }
    enabled = wanted.intersection(available.union([.x87, .sse]))
    for component in 2..<32 {
      sizes[component] = registers.saveComponentSize(at: component - 2)
      offsets[component] = registers.saveComponentOffset(at: component - 2)
      if registers.saveComponentFlags(at: component - 2).isAligned { alignedMask |= 1 << UInt32(component) }
    }
  }

  /// The size of part `component`, 2 to 31, in bytes; 0 for one that the processor does not have.
  public func size(of component: Int) -> UInt32 {
    component >= 2 && component < 32 ? sizes[component] : component < 2 ? Self.legacyByteCount : 0
  }

  /// Where part `component` lies in a buffer in the standard format, from its beginning.
  public func standardOffset(of component: Int) -> UInt32 {
    component >= 2 && component < 32 ? offsets[component] : 0
  }

  /// Where part `component` lies in a compacted buffer of `components`; nil when it is not one of them.
  public func compactedOffset(of component: Int, in components: Components) -> UInt32? {
    guard component < 32, components.rawValue &>> UInt64(component) & 1 != 0 else { return nil }
    if component < 2 { return 0 }
    var offset = Self.smallestByteCount
    for index in 2...component where components.rawValue &>> UInt64(index) & 1 != 0 {
      // Parts that share a cache line with others would be slow: they begin at 64 bytes.
      if alignedMask &>> UInt32(index) & 1 != 0 { offset = (offset &+ 63) & ~63 }
      if index == component { return offset }
      offset = offset &+ sizes[index]
    }
    return nil
  }

  /// How large a buffer in the standard format of `components` must be, in bytes.
  public func standardSize(of components: Components) -> UInt32 {
    var end = Self.smallestByteCount
    for index in 2..<32 where components.rawValue &>> UInt64(index) & 1 != 0 {
      end = max(end, offsets[index] &+ sizes[index])
    }
    return end
  }

  /// How large a compacted buffer of `components` must be, in bytes.
  public func compactedSize(of components: Components) -> UInt32 {
    var last = 0
    for index in 2..<32 where components.rawValue &>> UInt64(index) & 1 != 0 { last = index }
    guard last >= 2, let offset = compactedOffset(of: last, in: components) else { return Self.smallestByteCount }
    return offset &+ sizes[last]
  }

  /// How large a buffer for a thread is, in bytes: for what is enabled, in the format that the processor writes best.
  public var bufferByteCount: UInt32 {
    enabled.isEmpty ? Self.legacyByteCount : isCompactable ? compactedSize(of: enabled) : standardSize(of: enabled)
  }

  /// What is wrong with what CPUID says, or nil: parts that overlap or lie outside of the size that it gives in total.
  public func inconsistency(_ registers: borrowing CPUIDRegisters<some CPUIDSpace & ~Copyable>) -> String? {
    if available.isEmpty { return nil }
    guard available.contains([.x87, .sse]) else { return "x87 and SSE are not in XCR0" }
    var end = Self.smallestByteCount
    for index in 2..<32 where available.rawValue &>> UInt64(index) & 1 != 0 {
      if sizes[index] == 0 { return "a part of the extended state has no size" }
      for other in 2..<index where available.rawValue &>> UInt64(other) & 1 != 0 {
        let isBefore = offsets[index] &+ sizes[index] <= offsets[other]
        let isBehind = offsets[other] &+ sizes[other] <= offsets[index]
        if !isBefore, !isBehind { return "parts of the extended state overlap" }
      }
      if offsets[index] < Self.smallestByteCount { return "a part of the extended state overlaps the header" }
      end = max(end, offsets[index] &+ sizes[index])
    }
    if end != registers.saveSizeLargest { return "the parts of the extended state do not add up to its size" }
    return nil
  }
}
