import Foundations
import Testing

@Suite("Errno") struct ErrnoTests {
  @Test("numbers outside 1 to 4095 are no errors")
  func range() {
    for number: Int32 in [.min, -1, 0, 4096, .max] { #expect(Errno(rawValue: number) == nil) }
    #expect(Errno(rawValue: 4095)?.rawValue == 4095)
  }

  @Test("an error has a name and a description together, or neither")
  func texts() {
    var named = 0
    for number: Int32 in 1...4095 {
      let error = Errno(rawValue: number)
      #expect((error?.name == nil) == (error?.description == nil))
      if error?.name != nil { named += 1 }
    }
    #expect(named == 131)
    #expect(Errno.ENOENT.name == "ENOENT" && Errno.ENOENT.description == "no such file or directory")
    #expect(Errno(rawValue: 41)?.name == nil && Errno(rawValue: 134)?.name == nil)
  }

  @Test("a failed call returns the number negated, and aliases are the same error")
  func results() {
    #expect(Errno.EPERM.systemCallResult == -1)
    #expect(Errno.EHWPOISON.systemCallResult == -133)
    #expect(Errno.EWOULDBLOCK == .EAGAIN && Errno.EDEADLOCK == .EDEADLK && Errno.ENOTSUP == .EOPNOTSUPP)
  }

  @Test("can be thrown as a typed error")
  func thrown() {
    func open() throws(Errno) { throw .EMFILE }
    #expect(throws: Errno.EMFILE) { try open() }
  }
}
