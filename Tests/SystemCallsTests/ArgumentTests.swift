import Foundations
import Machine
import Testing

@testable import SystemCalls

@Suite("What programs point to")
struct ArgumentTests {
  @Test("a buffer is checked as a whole, and cut to what one call moves")
  func buffers() throws {
    let limit = UserBuffer.transferLimit
    #expect(try UserBuffer(0x1000, count: 0).bytes().count == 0)
    #expect(try UserBuffer(0x1000, count: limit).bytes().count == Int(limit))
    #expect(try UserBuffer(0x1000, count: limit + 1).bytes().count == Int(limit))
    #expect(try UserBuffer(0x1000, count: 1 << 40).bytes().count == Int(limit))
    // What begins well and ends in the kernel, or wraps round, is refused though the part that is moved would be good.
    #expect(throws: Errno.EFAULT) { try UserBuffer(0x1000, count: 0x6000_0000_0000).bytes() }
    #expect(throws: Errno.EFAULT) { try UserBuffer(0x1000, count: .max).bytes() }
    #expect(throws: Errno.EFAULT) { try UserBuffer(0x6000_0000_0000, count: 1).bytes() }
    #expect(throws: Errno.EFAULT) { try UserBuffer(.max, count: 1).bytes() }
    #expect(throws: Errno.EFAULT) { _ = try UserBuffer(0xffff_8000_0000_0000, count: 16).buffer() }
  }

  @Test("nothing is checked before it is used, and null is told")
  func lazy() {
    #expect(UserBuffer(0, count: .max).isNull && !UserBuffer(1, count: .max).isNull)
    #expect(UserPath(0).isNull && !UserPath(.max).isNull)
    #expect(UserString(0).isNull && UserString(.max).address == .max)
  }
}
