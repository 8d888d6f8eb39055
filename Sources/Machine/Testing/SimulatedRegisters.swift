#if !os(none)
  import Foundations

  /// The floating-point and vector registers of the simulated processor, for tests on the host: as they lie in memory, with the
  /// rules of XSAVE and XRSTOR. Used within `SimulatedMemory.exclusive`. Source: Intel SDM vol. 1, 13.7 and 13.8.
  public enum SimulatedRegisters {
    private static let headerOffset = 512
    private static let softwareOffset = 464
    private static let maskOffset = 24
    /// MXCSR without the bits that must be zero. Intel SDM vol. 1, 10.2.3.
    private static let allowedControl: UInt32 = 0xffff
    /// Where parts from 2 on lie that the simulated processor has, by their bits.
    private static let parts: [(bit: UInt64, range: Range<Int>)] = [(1 << 2, 576..<832), (1 << 9, 2688..<2696)]
    /// The bits of XCR0 that fit `parts`, and the size.
    public static let components: UInt64 = 0x207
    /// The size of a buffer.
    public static let byteCount = 2_696

    // SAFETY (section): `SimulatedMemory.exclusive` lets one test at a time use the processor.

    /// What is in the registers: the form in memory, without header.
    nonisolated(unsafe) private static var bytes = initial
    /// Which parts are not what a program begins with.
    nonisolated(unsafe) private static var inUse: UInt64 = 0

    private static var initial: [UInt8] {
      var bytes = [UInt8](repeating: 0, count: byteCount)
      bytes.replaceSubrange(0..<2, with: [0x7f, 0x03])
      bytes.replaceSubrange(maskOffset..<maskOffset + 2, with: [0x80, 0x1f])
      return bytes
    }

    /// What the registers hold, without header and software's words.
    public static var contents: [UInt8] {
      get { unsafe bytes }
      set {
        unsafe bytes = newValue
        unsafe bytes.replaceSubrange(softwareOffset..<576, with: [UInt8](repeating: 0, count: 112))
        unsafe inUse = components
      }
    }

    /// Whether the registers are what a program begins with.
    public static var isInitial: Bool { unsafe bytes == initial }

    static func reset(_ which: UInt64) {
      let initial = initial
      for (part, ranges) in ranges where which & part != 0 {
        for range in ranges { unsafe bytes.replaceSubrange(range, with: initial[range]) }
      }
      unsafe inUse &= ~which
    }

    /// The bytes of each part; MXCSR goes with SSE.
    private static var ranges: [(UInt64, [Range<Int>])] {
      [(1, [0..<24, 32..<160]), (2, [24..<32, 160..<416])] + parts.map { ($0.bit, [$0.range]) }
    }

    static func saveExtended(to address: UInt64, _ software: Span<UInt64>, _ mark: UInt64) throws(Errno) {
      let zeros: InlineArray<64, UInt8> = .init(repeating: 0)
      try UserMemory.copyOut(zeros.span, to: address + UInt64(headerOffset))
      let (bytes, inUse) = unsafe (bytes, inUse)
      for (part, ranges) in ranges where inUse & part != 0 || part == 2 {
        for range in ranges {
          try UserMemory.copyOut([UInt8](bytes[range]).span, to: address + UInt64(range.lowerBound))
        }
      }
      try UserPointer<UInt64>(address + UInt64(headerOffset)).store(inUse)
      let words = UserPointer<UInt64>(address + UInt64(softwareOffset))
      for index in 0..<6 { try words.store(software[index], at: index) }
      try UserPointer<UInt32>(mark).store(UInt32(truncatingIfNeeded: software[6]))
    }

    static func saveLegacy(to address: UInt64) throws(Errno) {
      try UserMemory.copyOut([UInt8](unsafe bytes[0..<softwareOffset]).span, to: address)
    }

    static func restoreExtended(from address: UInt64, _ wanted: UInt64) throws(Errno) {
      guard address & 63 == 0 else { throw .EFAULT }
      var buffer = [UInt8](repeating: 0, count: byteCount)
      var span = buffer.mutableSpan
      try UserMemory.copyIn(from: address, into: &span)
      func word(_ offset: Int) -> UInt64 { (0..<8).reduce(0) { $0 | UInt64(buffer[offset + $1]) << UInt64($1 * 8) } }
      // The compacted form is not simulated: it is refused as by a CPU without XSAVEC.
      let present = word(headerOffset)
      guard present & ~components == 0, (1..<8).allSatisfy({ word(headerOffset + $0 * 8) == 0 }) else { throw .EFAULT }
      let control = UInt32(truncatingIfNeeded: word(maskOffset))
      guard wanted & 6 == 0 || control & ~allowedControl == 0 else { throw .EFAULT }
      let initial = initial
      for (part, ranges) in ranges where wanted & part != 0 {
        for range in ranges {
          // MXCSR is loaded even when the part is said to be as in the beginning.
          let isLoaded = present & part != 0 || range == 24..<32
          unsafe bytes.replaceSubrange(range, with: isLoaded ? buffer[range] : initial[range])
        }
      }
      unsafe inUse = unsafe inUse & ~wanted | present & wanted
    }

    static func restoreLegacy(from address: UInt64) throws(Errno) {
      guard address & 15 == 0 else { throw .EFAULT }
      var buffer = [UInt8](repeating: 0, count: 512)
      var span = buffer.mutableSpan
      try UserMemory.copyIn(from: address, into: &span)
      let control = (0..<4).reduce(UInt32(0)) { $0 | UInt32(buffer[maskOffset + $1]) << UInt32($1 * 8) }
      guard control & ~allowedControl == 0 else { throw .EFAULT }
      for range in [0..<416] { unsafe bytes.replaceSubrange(range, with: buffer[range]) }
      unsafe inUse |= 3
    }
  }
#endif
