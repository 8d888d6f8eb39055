import Machine

/// Where a new program's memory is: chosen at random, as on Linux for x86-64.
///
/// Each part moves by as many bits as there: 22 for the stack, 28 for mappings and the program, 13 for the heap. Source: proc(5),
/// `randomize_va_space`; Linux arch/x86/mm/mmap.c and fs/binfmt_elf.c for the ranges.
public struct AddressLayout: Equatable, Sendable {
  /// Where the stack begins, at the highest address.
  public let stackTop: UInt64
  /// Below what mappings are put.
  public let mappingBase: UInt64
  /// Where a program that can be anywhere, and has a linker, is put.
  public let programBase: UInt64
  /// How far behind the program the heap begins, in bytes.
  public let heapOffset: UInt64
  /// Bytes that the stack's contents begin below its top.
  public let stackOffset: UInt64

  /// Two thirds of a program's addresses. Source: Linux arch/x86/include/asm/elf.h, `ELF_ET_DYN_BASE`.
  private static let programStart: UInt64 = 0x5555_5555_4000
  private static let guardGap: UInt64 = 1 << 20
  private static let stackRandomPages: UInt64 = 0x3f_ffff
  private static let leastGap: UInt64 = 128 << 20

  /// Chooses a layout.
  ///
  /// - Parameters:
  ///   - stackLimit: `RLIMIT_STACK`, for which room is left.
  ///   - random: random numbers; nil for the layout that is always the same (`ADDR_NO_RANDOMIZE`).
  public init(stackLimit: UInt64, random: (() -> UInt64)?) {
    let end = UserSpace.defaultEnd
    let stackShift = ((random?() ?? 0) & Self.stackRandomPages) << 12
    stackTop = end - stackShift
    let room = Self.stackRandomPages << 12 + Self.guardGap
    // Mappings keep to the part above the kernel: five sixths of it at most are left to the stack.
    let mostGap = (end - UserSpace.kernelWindow.upperBound) / 6 * 5
    let gap = min(mostGap, max(Self.leastGap, min(stackLimit, 1 << 46) + room))
    mappingBase = (end - gap - ((random?() ?? 0) & (1 << 28 - 1)) << 12) & ~4_095
    programBase = Self.programStart + ((random?() ?? 0) & (1 << 28 - 1)) << 12
    heapOffset = ((random?() ?? 0) & (1 << 13 - 1)) << 12
    stackOffset = (random?() ?? 0) & 0x1ff0
  }
}
