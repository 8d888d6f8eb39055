import Foundations
import LinuxABI
import Machine
import Security
import Testing
import VFS
import VirtualMemory

@testable import Processes
@testable import RAMFileSystem
@testable import SystemCalls

/// PROT_…, MAP_…: as programs have them.
private let (read, write, execute): (UInt64, UInt64, UInt64) = (1, 2, 4)
private let (shared, own, fixed, anonymous): (UInt64, UInt64, UInt64, UInt64) = (1, 2, 0x10, 0x20)
private let none = UInt64.max

@Suite("Calls of memory", .serialized)
struct MemoryCallTests {
  @Test("private memory is there, zero, and gone after munmap")
  func privateMemory() throws {
    try CallWorld.run { world throws in
      let address = UInt64(world.call(.mmap, 0, 8_192, read | write, own | anonymous, none))
      #expect(address & 4_095 == 0 && address > 0)
      #expect(try world.bytes(3, at: address) == [0, 0, 0])
      try world.store([UInt8(7)], at: address + 8_191)
      #expect(world.call(.munmap, address, 8_192) == 0)
      #expect(throws: Errno.EFAULT) { try world.bytes(1, at: address) }
    }
  }

  @Test("who is on the way out waits neither for memory nor for room in files")
  func killed() throws {
    try CallWorld.run { world throws in
      let file = try world.open("/file", [1, 2, 3], .O_RDWR)
      world.task.askToEnd()
      #expect(world.error(.mlock, CallWorld.base, 65_536) == .EINTR)
      #expect(world.error(.mlock2, CallWorld.base, 65_536, 0) == .EINTR)
      #expect(world.error(.madvise, CallWorld.base, 65_536, 23) == .EINTR)
      // MAP_POPULATE.
      let address = UInt64(world.call(.mmap, 0, 65_536, read | write, own | anonymous | 0x8000, none))
      var residentCount = 0
      try world.space.forEachPage(address, 65_536) { _, isResident in residentCount += isResident ? 1 : 0 }
      #expect(address > 0 && residentCount == 0)
      #expect(world.error(.fallocate, file, 0, 0, 1 << 20) == .EINTR)
      #expect(try world.task.files.file(Descriptor(rawValue: Int32(file))).inode.currentAttributes().size == 3)
    }
  }

  @Test("mmap's errors are Linux's, in its order")
  func errors() throws {
    try CallWorld.run { world throws in
      let readOnly = try world.open("/file", [1, 2, 3], [])
      let writeOnly = try world.open("/file", [1, 2, 3], .O_WRONLY)
      #expect(world.error(.mmap, 0, 0, read, own | anonymous, none, 1) == .EINVAL)
      #expect(world.error(.mmap, 0, 0, read, own | anonymous, none) == .EINVAL)
      #expect(world.error(.mmap, 0, 4_096, read, own, 99) == .EBADF)
      #expect(world.error(.mmap, 0, 0, read, own, readOnly) == .EINVAL)
      #expect(world.error(.mmap, 0, 4_096, read, 0, readOnly) == .EINVAL)
      #expect(world.error(.mmap, 0, 4_096, read | write, shared, readOnly) == .EACCES)
      #expect(world.error(.mmap, 0, 4_096, read, own, writeOnly) == .EACCES)
      #expect(world.error(.mmap, 0, 4_096, write, shared, writeOnly) == .EACCES)
      #expect(world.error(.mmap, 0, UInt64.max & ~4_095, read, own | anonymous, none) == .ENOMEM)
      #expect(world.error(.mmap, CallWorld.base, 4_096, read, own | anonymous | 0x10_0000, none) == .EEXIST)
      let directory = try world.task.actor.open(Array("/".utf8).span, [])
      let number = UInt64(try world.task.files.add(directory, limit: 64, closesOnExecution: false).rawValue)
      #expect(world.error(.mmap, 0, 4_096, read, own, number) == .ENODEV)
    }
  }

  @Test("what is sealed against writing is not mapped to be written")
  func seals() throws {
    try CallWorld.run { world throws in
      let fileSystem = try #require(world.root.fileSystem as? RAMFileSystem)
      func makeFile() throws -> UInt64 {
        let inode = try fileSystem.makeUnnamed(NewFile(.regular, permissions: 0o777), [])
        let path = try AnonymousFileSystem.makePath(to: inode, name: Array("memfd:x".utf8).span)
        let file = try world.task.actor.open(path, .O_RDWR, isNew: true)
        try file.truncate(to: 4_096)
        return UInt64(try world.task.files.add(file, limit: 64, closesOnExecution: false).rawValue)
      }
      let (addSeals, againstWriting, againstFutureWriting): (UInt64, UInt64, UInt64) = (1_033, 8, 16)
      let first = try makeFile()
      let view = UInt64(world.call(.mmap, 0, 4_096, read | write, shared, first))
      #expect(world.error(.fcntl, first, addSeals, againstWriting) == .EBUSY)
      #expect(world.call(.munmap, view, 4_096) == 0)
      #expect(world.call(.fcntl, first, addSeals, againstWriting) == 0)
      let second = try makeFile()
      let kept = UInt64(world.call(.mmap, 0, 4_096, read | write, shared, second))
      #expect(world.call(.fcntl, second, addSeals, againstFutureWriting) == 0)
      try world.store([UInt8(7)], at: kept)
      for (number, content) in [(first, UInt8(0)), (second, 7)] {
        #expect(world.error(.mmap, 0, 4_096, read | write, shared, number) == .EPERM)
        let view = UInt64(world.call(.mmap, 0, 4_096, read, shared, number))
        #expect(try world.bytes(1, at: view) == [content])
        #expect(world.error(.mprotect, view, 4_096, read | write) == .EACCES)
        let copy = UInt64(world.call(.mmap, 0, 4_096, read | write, own, number))
        try world.store([UInt8(9)], at: copy)
        #expect(try world.bytes(1, at: view) == [content])
      }
    }
  }

  @Test("limits that another sets count for the memory of the process that they are of")
  func limitsOfOthers() throws {
    try CallWorld.run { world throws in
      let other = try world.addProcess(.root)
      try world.store([1 << 20, 1 << 21] as [UInt64])
      // RLIMIT_MEMLOCK and RLIMIT_AS.
      for resource: UInt64 in [8, 9] {
        #expect(world.call(.prlimit64, UInt64(other.processIdentifier), resource, CallWorld.base, 0) == 0)
      }
      #expect(other.memory?.space.limits.total == 1 << 20 && other.memory?.space.limits.locked == 1 << 20)
      #expect(world.space.limits.total == .max)
      other.memory?.endUse()
    }
  }

  @Test("a file that is mapped shared can be written only through a descriptor that could")
  func files() throws {
    try CallWorld.run { world throws in
      let readOnly = try world.open("/file", Array("hello".utf8), [])
      let both = try world.open("/file", Array("hello".utf8), .O_RDWR)
      let view = UInt64(world.call(.mmap, 0, 4_096, read, shared, readOnly))
      #expect(try world.bytes(6, at: view) == Array("hello".utf8) + [0])
      #expect(world.error(.mprotect, view, 4_096, read | write) == .EACCES)
      #expect(world.call(.mprotect, view, 4_096, read | execute) == 0)
      let page = UInt64(world.call(.mmap, 0, 4_096, read | write, shared, both))
      try world.store(Array("J".utf8), at: page)
      #expect(try world.bytes(1, at: view) == Array("J".utf8))
      #expect(world.call(.msync, page, 4_096, 4) == 0)
      let copy = UInt64(world.call(.mmap, 0, 4_096, read | write, own, readOnly))
      try world.store(Array("x".utf8), at: copy)
      #expect(try world.bytes(1, at: view) == Array("J".utf8))
    }
  }

  @Test("nothing is executed from a mount that forbids it, nor becomes so")
  func noExecution() throws {
    try CallWorld.run { world throws in
      let file = try world.open("/file", [1], [])
      world.root.restrictions.insert(.noExecution)
      #expect(world.error(.mmap, 0, 4_096, read | execute, own, file) == .EPERM)
      let page = UInt64(world.call(.mmap, 0, 4_096, read, own, file))
      #expect(world.error(.mprotect, page, 4_096, read | execute) == .EACCES)
      // What a personality adds is not insisted on.
      #expect(world.call(.personality, 0x40_0000) == 0)
      #expect(world.call(.mmap, 0, 4_096, read, own, file) > 0)
    }
  }

  @Test("mprotect refuses what it does not know, and holes")
  func protection() throws {
    try CallWorld.run { world throws in
      let base = CallWorld.base
      #expect(world.error(.mprotect, base + 1, 4_096, read) == .EINVAL)
      #expect(world.error(.mprotect, base, 4_096, 0x100) == .EINVAL)
      #expect(world.call(.mprotect, base, 0, 0x100) == 0)
      #expect(world.error(.mprotect, base, 4_096, 1 << 40) == .EINVAL)
      #expect(world.error(.mprotect, base, 17 << 12, read) == .ENOMEM)
      #expect(world.call(.mprotect, base, 4_096, read) == 0)
      #expect(throws: Errno.EFAULT) { try world.store([1]) }
      #expect(world.error(.pkey_mprotect, base, 4_096, read | write, 1) == .EINVAL)
      #expect(world.call(.pkey_mprotect, base, 4_096, read | write, none) == 0)
      try world.store([1])
      #expect(world.error(.pkey_alloc, 0, 0) == .ENOSPC)
      #expect(world.error(.pkey_alloc, 1, 0) == .EINVAL)
      #expect(world.error(.pkey_free, 1) == .EINVAL)
    }
  }

  @Test("the break moves, and stays where it is when it cannot")
  func programBreak() throws {
    try CallWorld.run { world throws in
      world.space.setHeapStart(0x200_0000)
      #expect(world.call(.brk, 0) == 0x200_0000)
      #expect(world.call(.brk, 0x200_3001) == 0x200_3001)
      try world.store([5], at: 0x200_3000)
      #expect(world.call(.brk, 0x100_0000) == 0x200_3001)
      #expect(world.call(.brk, 0x200_1000) == 0x200_1000)
      #expect(throws: Errno.EFAULT) { try world.bytes(1, at: 0x200_3000) }
    }
  }

  @Test("mremap grows, moves and refuses")
  func remap() throws {
    try CallWorld.run { world throws in
      let old = UInt64(world.call(.mmap, 0, 4_096, read | write, own | anonymous, none))
      try world.store([42], at: old)
      #expect(world.error(.mremap, old, 4_096, 8_192, 0x8) == .EINVAL)
      #expect(world.error(.mremap, old + 1, 4_096, 8_192, 1) == .EINVAL)
      let new = UInt64(world.call(.mremap, old, 4_096, 64 << 12, 1))
      #expect(try world.bytes(1, at: new) == [42])
      #expect(world.error(.mremap, 0x7000_0000_0000, 4_096, 8_192, 1) == .EFAULT)
    }
  }

  @Test("mincore tells what is in memory")
  func residence() throws {
    try CallWorld.run { world throws in
      let pages = UInt64(world.call(.mmap, 0, 300 << 12, read | write, own | anonymous, none))
      for page in [0, 7, 299] as [UInt64] { try world.store([1], at: pages + page << 12) }
      #expect(world.call(.mincore, pages, 300 << 12, CallWorld.base) == 0)
      let found = try world.bytes(300).enumerated().filter { $0.element & 1 != 0 }.map(\.offset)
      #expect(found == [0, 7, 299])
      #expect(world.error(.mincore, pages + 1, 4_096, CallWorld.base) == .EINVAL)
      #expect(world.error(.mincore, pages, 4_096, 8) == .EFAULT)
      #expect(world.error(.mincore, 0x1000_0000, 4_096, CallWorld.base) == .ENOMEM)
      #expect(world.error(.mincore, UInt64.max & ~4_095, 4_096, CallWorld.base) == .ENOMEM)
    }
  }

  @Test("advice that this kernel does not follow is unknown to it")
  func advice() throws {
    try CallWorld.run { world throws in
      try world.store([9])
      #expect(world.call(.madvise, CallWorld.base, 4_096, 4) == 0)
      #expect(try world.bytes(1) == [0])
      for advice in [12, 13, 25, 100, 101, 999] as [UInt64] {
        #expect(world.error(.madvise, CallWorld.base, 4_096, advice) == .EINVAL, "\(advice)")
      }
      #expect(world.error(.madvise, CallWorld.base, 17 << 12, 0) == .ENOMEM)
      #expect(world.error(.msync, CallWorld.base, 4_096, 5) == .EINVAL)
      #expect(world.error(.msync, CallWorld.base, 4_096, 8) == .EINVAL)
      #expect(world.error(.msync, CallWorld.base, 17 << 12, 1) == .ENOMEM)
    }
  }

  @Test("who may not lock memory is limited, and who changes users loses that right")
  func locks() throws {
    try CallWorld.run { world throws in
      let base = CallWorld.base
      #expect(world.call(.setrlimit, 8, base) == 0)
      #expect(world.call(.mlock2, base, 4_096, 1) == 0)
      #expect(world.error(.mlock2, base, 4_096, 2) == .EINVAL)
      #expect(world.call(.munlockall) == 0)
      #expect(world.error(.mlockall, 0) == .EINVAL)
      #expect(world.error(.mlockall, 4) == .EINVAL)
      #expect(world.call(.mlockall, 3) == 0)
      #expect(world.call(.munlockall) == 0)
      #expect(world.call(.setuid, 1_000) == 0)
      #expect(world.error(.mlock, base, 4_096) == .EPERM)
      #expect(world.call(.munlock, base, 4_096) == 0)
    }
  }

  @Test("policies of memory are kept, and mean the one node that there is")
  func policies() throws {
    try CallWorld.run { world throws in
      let (mode, nodes) = (CallWorld.base, CallWorld.base + 8)
      #expect(world.call(.get_mempolicy, mode, nodes, 64, 0, 0) == 0)
      #expect(try world.number(Int32.self, at: mode) == 0)
      #expect(try world.number(UInt64.self, at: nodes) == 0)
      #expect(world.call(.get_mempolicy, 0, nodes, 64, 0, 4) == 0)
      #expect(try world.number(UInt64.self, at: nodes) == 1)
      // MPOL_BIND needs a node that there is.
      try world.store([UInt64(2)], at: nodes)
      #expect(world.error(.set_mempolicy, 2, nodes, 64) == .EINVAL)
      #expect(world.error(.set_mempolicy, 2, 0, 0) == .EINVAL)
      try world.store([UInt64(3)], at: nodes)
      #expect(world.call(.set_mempolicy, 2, nodes, 64) == 0)
      #expect(world.call(.get_mempolicy, mode, nodes, 64, 0, 0) == 0)
      #expect(try world.number(Int32.self, at: mode) == 2)
      #expect(try world.number(UInt64.self, at: nodes) == 1)
      #expect(world.error(.get_mempolicy, mode, 0, 0, 0, 1) == .EINVAL)
      #expect(world.call(.set_mempolicy, 3, nodes, 64) == 0)
      #expect(world.call(.get_mempolicy, mode, 0, 0, 0, 1) == 0)
      #expect(world.error(.set_mempolicy, 0, nodes, 64) == .EINVAL)
      #expect(world.call(.set_mempolicy, 0, 0, 0) == 0)
      #expect(world.error(.set_mempolicy, 0xc002, nodes, 64) == .EINVAL)
      #expect(world.error(.set_mempolicy, 9, 0, 0) == .EINVAL)
      #expect(world.call(.mbind, CallWorld.base, 8_192, 2, nodes, 64, 0) == 0)
      #expect(world.error(.mbind, CallWorld.base, 17 << 12, 2, nodes, 64, 0) == .EFAULT)
      #expect(world.error(.mbind, CallWorld.base + 1, 4_096, 2, nodes, 64, 0) == .EINVAL)
    }
  }
}
