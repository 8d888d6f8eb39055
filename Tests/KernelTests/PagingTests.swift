import Foundations
import Machine

/// Programs' page tables on the CPU's own TLB. What the tables hold is tested on the host.
enum PagingTests {
  static func register(_ registrar: inout TestRegistrar) {
    registrar.test("paging.unmapped-pages-are-gone") { () throws(TestFailure) in
      let space = try UserMemoryTests.start(pages: 0..<40)
      // More pages than are dropped one by one, and fewer.
      for pages in [0..<36, 37..<38] {
        for page in pages { try touch(page) }
        try space.unmap(pages)
        for page in pages {
          try expect(UserMemoryTests.read(TestSpace.address(page), count: 1) == 0, "page \(page) can still be read")
        }
      }
      try touch(39)
      try UserMemoryTests.end(space, requests: 37)
    }
    registrar.test("paging.permissions-are-gone-when-taken") { () throws(TestFailure) in
      let space = try UserMemoryTests.start(pages: 0..<1)
      try touch(0)
      try space.protect(0..<1, .read)
      try expect(UserMemoryTests.write(TestSpace.base, count: 1) == 0, "a read-only page was written")
      try space.protect(0..<1, [.read, .write])
      try expect(UserMemoryTests.write(TestSpace.base, count: 1) == 1, "a writable page was not written")
      try UserMemoryTests.end(space, requests: nil)
    }
    registrar.test("paging.the-cpu-marks-what-it-uses") { () throws(TestFailure) in
      let space = try UserMemoryTests.start(pages: 0..<0)
      try space.map(0, .read)
      try space.protect(0..<1, [.read, .write])
      try expect(space.entry(0)?.isDirty == false, "a page is dirty from the start")
      _ = UserMemoryTests.read(TestSpace.base, count: 1)
      try expect(space.entry(0)?.isDirty == false, "reading made a page dirty")
      _ = UserMemoryTests.write(TestSpace.base, count: 1)
      try expect(space.entry(0)?.isDirty == true, "writing did not make the page dirty")
      try UserMemoryTests.end(space, requests: 0)
    }
    registrar.test("paging.moved-pages-keep-their-contents") { () throws(TestFailure) in
      let space = try UserMemoryTests.start(pages: 0..<3)
      for page in 0..<3 { try touch(page) }
      try space.move(0..<3, to: 1_000)
      for page in 0..<3 {
        try expect(UserMemoryTests.read(TestSpace.address(page), count: 1) == 0, "page \(page) is still there")
        try check(1_000 + page, UInt8(page + 1))
      }
      try UserMemoryTests.end(space, requests: nil)
    }
    registrar.test("paging.large-pages-can-be-split") { () throws(TestFailure) in
      let space = try UserMemoryTests.start(pages: 0..<0)
      try space.mapHuge(512)
      for page in [512, 700, 1_023] { try touch(page) }
      try expect(space.entry(700)?.byteCount == 2 << 20, "it is not one page")
      try space.unmap(600..<601)
      try expect(space.entry(700)?.byteCount == 4096, "it is still one page")
      for page in [512, 700, 1_023] { try check(page, UInt8(truncatingIfNeeded: page + 1)) }
      try expect(UserMemoryTests.read(TestSpace.address(600), count: 1) == 0, "page 600 is still there")
      try UserMemoryTests.end(space, requests: 1)
    }
    registrar.test("paging.a-child-has-its-parents-pages") { () throws(TestFailure) in
      let parent = try UserMemoryTests.start(pages: 0..<4)
      for page in 0..<4 { try touch(page) }
      let child = try parent.fork(0..<4)
      try expect(UserMemoryTests.write(TestSpace.base, count: 1) == 0, "the parent wrote to a shared page")
      child.activate()
      for page in 0..<4 { try check(page, UInt8(page + 1)) }
      try expect(UserMemoryTests.write(TestSpace.base, count: 1) == 0, "the child wrote to a shared page")
      child.givenAccess = [.read, .write]
      try expect(UserMemoryTests.write(TestSpace.base, count: 1) == 1, "the child's own page was not written")
      parent.activate()
      try check(0, 1)
      try UserMemoryTests.end(parent, requests: 1)
    }
    registrar.test("paging.a-table-may-go-while-it-is-loaded") { () throws(TestFailure) in
      for _ in 0..<50 {
        let space = try UserMemoryTests.start(pages: 0..<3)
        try touch(1)
        CurrentAddressSpace.suspend()
        _ = consume space
        try expect(UserMemoryTests.read(TestSpace.address(1), count: 1) == 0, "the page outlived its table")
      }
    }
    registrar.test("paging.address-spaces-keep-apart") { () throws(TestFailure) in
      let first = try UserMemoryTests.start(pages: 0..<2)
      try store(0, 0xaa)
      let second = try UserMemoryTests.start(pages: 0..<1)
      try store(0, 0xbb)
      for _ in 0..<20 {
        first.activate()
        try check(0, 0xaa)
        second.activate()
        try check(0, 0xbb)
        try expect(UserMemoryTests.read(TestSpace.address(1), count: 1) == 0, "a page of the other program")
      }
      try UserMemoryTests.end(first, requests: 0)
    }
    registrar.test("paging.nothing-of-the-kernel-is-open-to-programs") { () throws(TestFailure) in
      let space = try UserMemoryTests.start(pages: 0..<3)
      let audit = AddressSpaceAudit.run()
      try expect(audit.userPages == 3, "\(audit.userPages) pages where programs live, not 3")
      try expect(audit.openToPrograms == 0, "programs could use \(audit.openToPrograms) pages of the kernel")
      try UserMemoryTests.end(space, requests: 0)
    }
  }

  /// Writes the page's number and one to its first byte.
  private static func touch(_ page: Int) throws(TestFailure) {
    try store(page, UInt8(truncatingIfNeeded: page + 1))
  }

  private static func store(_ page: Int, _ value: UInt8) throws(TestFailure) {
    do throws(Errno) {
      try UserPointer<UInt8>(TestSpace.address(page)).store(value)
    } catch {
      throw TestFailure(reason: "page \(page) cannot be written")
    }
  }

  private static func check(_ page: Int, _ value: UInt8) throws(TestFailure) {
    let found: UInt8? = try? UserPointer<UInt8>(TestSpace.address(page)).load()
    try expect(found == value, "page \(page) begins with \(Int(found ?? 0)), not \(Int(value))")
  }
}
