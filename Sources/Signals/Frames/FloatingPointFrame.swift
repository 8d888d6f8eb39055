import Foundations
import Machine

/// The floating-point and vector registers in a signal frame.
///
/// In the form of XSAVE there are words in the place that the CPU leaves to software: a mark that there is more than FXSAVE
/// writes, its sizes, and which parts there are; and behind all a second mark, so that a copy that was cut off is seen. Source:
/// Linux arch/x86/include/uapi/asm/sigcontext.h, `struct _fpx_sw_bytes`; arch/x86/kernel/fpu/signal.c.
enum FloatingPointFrame {
  /// FP_XSTATE_MAGIC1.
  private static let firstMark: UInt32 = 0x4650_5853
  /// FP_XSTATE_MAGIC2, and its size.
  private static let lastMark: UInt32 = 0x4650_5845
  private static let lastMarkByteCount = 4
  /// Where the software's words are in the area.
  private static let softwareOffset: UInt64 = 464
  /// The legacy area and the header: anything smaller has no extended part.
  private static let smallestByteCount: UInt32 = 576

  /// How many bytes the registers take in a frame.
  @inline(__always)
  static var byteCount: UInt64 {
    UInt64(FPUState.isExtended ? FPUState.byteCount + lastMarkByteCount : FPUState.byteCount)
  }

  /// Where the registers go below `stackPointer`.
  @inline(__always)
  static func address(below stackPointer: UInt64) -> UInt64 { (stackPointer &- byteCount) & ~63 }

  /// Saves the registers.
  ///
  /// - Throws: `EFAULT`.
  @inline(__always)
  static func save(to address: UInt64) throws(Errno) {
    guard FPUState.isExtended else { return try FPUState.saveLegacy(to: address) }
    let size = UInt64(FPUState.byteCount)
    let words: InlineArray<7, UInt64> = [
      UInt64(firstMark) | (size + UInt64(lastMarkByteCount)) << 32, FPUState.components, size, 0, 0, 0,
      UInt64(lastMark),
    ]
    try FPUState.saveExtended(to: address, software: words, mark: address &+ size)
  }

  /// Loads the registers from a frame; without one they become what a program begins with.
  ///
  /// - Throws: `EFAULT` when the program cannot read it, or the CPU does not take it.
  @inline(__always)
  static func restore(from address: UInt64) throws(Errno) {
    guard address != 0 else { return FPUState.reset() }
    guard FPUState.isExtended else { return try FPUState.restoreLegacy(from: address) }
    guard let components = try extendedComponents(at: address) else {
      return try FPUState.restoreLegacy(from: address)
    }
    try FPUState.restoreExtended(from: address, components)
  }

  /// Which parts a frame says it has beside what FXSAVE writes; nil when it has no more than that.
  @inline(__always)
  private static func extendedComponents(at address: UInt64) throws(Errno) -> UInt64? {
    let (mark, components, third) = try UserWords.withCopy(3, from: address &+ softwareOffset) { words in
      (words[0], words[1], words[2])
    }
    let size = UInt32(truncatingIfNeeded: third)
    guard UInt32(truncatingIfNeeded: mark) == firstMark, size >= smallestByteCount,
      UInt64(size) <= UInt64(FPUState.byteCount), UInt64(size) <= mark >> 32
    else { return nil }
    let last = try UserPointer<UInt32>(address &+ UInt64(size)).load()
    return last == lastMark ? components : nil
  }
}
