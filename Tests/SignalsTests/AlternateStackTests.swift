import Foundations
import LinuxABI
import Testing

@testable import Signals

@Suite("Alternate stacks")
struct AlternateStackTests {
  private let stack = AlternateStack(base: 0x10_0000, byteCount: 0x4000, flags: [])

  @Test("what is told of a stack depends on where the program is")
  func description() {
    #expect(AlternateStack().described(stackPointer: 5).flags == .SS_DISABLE)
    #expect(stack.described(stackPointer: 0x10_2000).flags == .SS_ONSTACK)
    #expect(stack.described(stackPointer: 0x10_4000).flags == .SS_ONSTACK)
    // The lowest address is behind the last frame that fits.
    #expect(stack.described(stackPointer: 0x10_0000).flags == [])
    #expect(stack.described(stackPointer: 0x10_4001).flags == [])
    let disarming = AlternateStack(base: 0x10_0000, byteCount: 0x4000, flags: .SS_AUTODISARM)
    #expect(disarming.described(stackPointer: 0x10_2000).flags == .SS_AUTODISARM)
  }

  @Test("a stack in use stays; odd flags and small sizes are refused")
  func replacement() throws {
    let other = AlternateStack(base: 1, byteCount: AlternateStack.smallestByteCount, flags: .SS_ONSTACK)
    #expect(throws: Errno.EPERM) { try stack.replaced(by: other, stackPointer: 0x10_2000) }
    #expect(try stack.replaced(by: other, stackPointer: 5) == other)
    let small = AlternateStack(base: 1, byteCount: AlternateStack.smallestByteCount - 1, flags: [])
    #expect(throws: Errno.ENOMEM) { try stack.replaced(by: small, stackPointer: 5) }
    for bits in [3, 4, 0x4000_0000, 0x8000_0003] as [UInt64] {
      let odd = AlternateStack(base: 1, byteCount: 1 << 20, flags: AlternateStackFlags(rawValue: bits))
      #expect(throws: Errno.EINVAL) { try stack.replaced(by: odd, stackPointer: 5) }
    }
    let off = try stack.replaced(
      by: AlternateStack(base: 9, byteCount: 9, flags: .SS_DISABLE), stackPointer: 5)
    #expect(off.byteCount == 0 && off.base == 0 && off.described(stackPointer: 5).flags == .SS_DISABLE)
    let disarming = AlternateStack(base: 1, byteCount: 4096, flags: [.SS_AUTODISARM, .SS_ONSTACK])
    #expect(try stack.replaced(by: disarming, stackPointer: 5) == disarming)
  }

  @Test("no address makes the arithmetic trap")
  func extremes() throws {
    for base in [0, 1, .max, 1 << 63] as [UInt64] {
      for count in [0, 1, .max, 1 << 63] as [UInt64] {
        for pointer in [0, 1, .max, 1 << 63] as [UInt64] {
          let stack = AlternateStack(base: base, byteCount: count, flags: [])
          _ = stack.described(stackPointer: pointer)
          _ = try? AlternateStack().replaced(by: stack, stackPointer: pointer)
          _ = stack.isFree(pointer) && stack.holds(stack.top)
        }
      }
    }
  }
}
