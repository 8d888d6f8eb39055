import FileTestSupport
import Foundations
import LinuxABI
import Machine
import PageCache
import TestSupport
import Testing
import VFS

@testable import RAMFileSystem

@Suite("Content of files")
struct ContentTests {
  @Test("Random writes, holes and sizes leave what a plain array has", arguments: [1, 2, 3, 4])
  func randomContent(seed: UInt64) throws {
    try withWorld { world in
      var generator = SeededGenerator(seed: seed)
      let file = try world.open("f", [.O_CREAT, .O_RDWR])
      var model: [UInt8] = []
      for step in 0..<1_500 {
        let offset = Int.random(in: 0..<40_000, using: &generator)
        let count = Int.random(in: 0..<9_000, using: &generator)
        switch Int.random(in: 0..<10, using: &generator) {
        case 0...3:
          let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ step) }
          #expect(try file.write(bytes, at: Int64(offset)) == count)
          if count > 0 {
            if model.count < offset + count { model += [UInt8](repeating: 0, count: offset + count - model.count) }
            model.replaceSubrange(offset..<offset + count, with: bytes)
          }
        case 4...6:
          let end = min(model.count, offset + count)
          #expect(try file.read(count, at: Int64(offset)) == (offset < end ? Array(model[offset..<end]) : []))
        case 7:
          try file.truncate(to: Int64(offset))
          model = Array(model.prefix(offset)) + [UInt8](repeating: 0, count: max(0, offset - model.count))
        case 8:
          try file.allocate(Int64(offset)..<Int64(offset + count), .punchHole)
          for index in offset..<offset + count where index < model.count { model[index] = 0 }
        default:
          guard count > 0 else { continue }
          try file.allocate(Int64(offset)..<Int64(offset + count), .clearKeepingSize)
          for index in offset..<offset + count where index < model.count { model[index] = 0 }
        }
      }
      #expect(try file.read(model.count + 1, at: 0) == model)
    }
  }

  @Test("A file that goes gives its pages and its place back")
  func accounting() throws {
    try withWorld(.init(pageCount: 20, fileCount: 3)) { world in
      for _ in 0..<5 {
        let file = try world.open("f", [.O_CREAT, .O_RDWR])
        #expect(try file.write([UInt8](repeating: 1, count: 20 * 4096)) == 20 * 4096)
        #expect(try world.fileSystem.statistics().freeBlockCount == 0)
        #expect(throws: Errno.ENOSPC) { try file.write([1], at: 20 * 4096) }
        #expect(throws: Errno.ENOSPC) { try file.write([UInt8](repeating: 1, count: 4096), at: 20 * 4096) }
        // What is there can be overwritten.
        #expect(try file.write([2], at: 5) == 1)
        try file.truncate(to: 10 * 4096)
        #expect(try world.fileSystem.statistics().freeBlockCount == 10)
        try file.allocate(0..<4096 * 4, .punchHole)
        #expect(try world.fileSystem.statistics().freeBlockCount == 14)
        try world.remove("f")
        // Still open, so its pages are still there.
        #expect(try world.fileSystem.statistics().freeBlockCount == 14)
      }
      #expect(try world.fileSystem.statistics().freeBlockCount == 20)
      try world.makeDirectory("a")
      try world.makeDirectory("b")
      #expect(throws: Errno.ENOSPC) { try world.makeDirectory("c") }
      try world.remove("a", .directory)
      try world.makeDirectory("c")
    }
  }

  @Test("What was never written takes no memory, read or not")
  func holes() throws {
    try withWorld { world in
      let file = try world.open("f", [.O_CREAT, .O_RDWR])
      #expect(try file.write([1], at: 1 << 40) == 1)
      #expect(try file.read(10_000, at: 1 << 30) == [UInt8](repeating: 0, count: 10_000))
      let found = try file.inode.currentAttributes()
      #expect(found.size == (1 << 40) + 1)
      #expect(found.blockCount == 8)
      #expect(try file.seek(to: .data, from: 0) == 1 << 40)
      #expect(try file.seek(to: .hole, from: 1 << 40) == (1 << 40) + 1)
    }
  }

  @Test("All memory is free again when the file system goes")
  func memory() throws {
    try withWorld { world in
      try world.makeDirectory("m")
      let before = SimulatedMemory.freeCount
      try world.actor.mount(RAMWorld.fileSystem(world).makeMount(), at: world.find("m"))
      for number in 0..<50 {
        let file = try world.open("m/f\(number)", [.O_CREAT, .O_RDWR])
        _ = try file.write([UInt8](repeating: 3, count: 40_000))
      }
      #expect(SimulatedMemory.freeCount <= before - 500)
      try world.actor.unmount(world.find("m"), isLazy: false)
      #expect(SimulatedMemory.freeCount == before)
    }
  }

  @Test("A program that runs cannot be written, nor a file that is written run")
  func textBusy() throws {
    try withWorld { world in
      let file = try world.open("f", [.O_CREAT, .O_RDWR])
      #expect(throws: Errno.ETXTBSY) { try file.inode.beginExecuting() }
      let inode = file.inode
      withExtendedLifetime(consume file) {}
      try inode.beginExecuting()
      for _ in 0..<3 { #expect(throws: Errno.ETXTBSY) { try world.open("f", .O_WRONLY) } }
      _ = try world.open("f")
      inode.endExecuting()
      _ = try world.open("f", .O_WRONLY)
    }
  }

  @Test("Each allocation that fails is ENOMEM, and then nothing has happened")
  func memoryShortage() throws {
    try withWorld { world in
      var failures = 0
      for count in 0..<60 {
        AllocationFaults.fail(after: count)
        var failure: Errno?
        do throws(Errno) { _ = try world.open("file\(count)", [.O_CREAT, .O_RDWR]) } catch { failure = error }
        AllocationFaults.fail(after: nil)
        if let failure {
          failures += 1
          #expect(failure == .ENOMEM)
          #expect(throws: Errno.ENOENT) { try world.find("file\(count)") }
        } else {
          _ = try world.find("file\(count)")
        }
      }
      #expect(failures > 0 && failures < 60)
    }
  }

  @Test("Extended attributes are made, replaced, listed and removed")
  func extendedAttributes() throws {
    try withWorld { world in
      let inode = try world.open("f", .O_CREAT).inode
      let (name, other) = (Array("user.a".utf8), Array("user.b".utf8))
      #expect(throws: Errno.ENODATA) { try inode.setExtendedAttribute(name.span, to: [1].span, .replace) }
      try inode.setExtendedAttribute(name.span, to: [1, 2].span, .make)
      #expect(throws: Errno.EEXIST) { try inode.setExtendedAttribute(name.span, to: [1].span, .make) }
      try inode.setExtendedAttribute(other.span, to: [3].span, .makeOrReplace)
      try inode.setExtendedAttribute(name.span, to: [65, 66].span, .replace)
      var value = GrowableArray<UInt8>()
      try inode.extendedAttribute(name.span, into: &value)
      #expect(value.text == "AB")
      var names = GrowableArray<UInt8>()
      try inode.listExtendedAttributes(into: &names)
      #expect(names.text == "user.a\0user.b\0")
      try inode.removeExtendedAttribute(name.span)
      #expect(throws: Errno.ENODATA) { try inode.removeExtendedAttribute(name.span) }
      let large = [UInt8](repeating: 0, count: 70_000)
      #expect(throws: Errno.ENOSPC) { try inode.setExtendedAttribute(name.span, to: large.span, .make) }
    }
  }

  @Test("What takes memory besides content and files counts as some of them")
  func hiddenMemory() throws {
    try withWorld(.init(pageCount: 2, fileCount: 6)) { world in
      let free = { try world.fileSystem.statistics().freeFileCount }
      let file = try world.open("f", .O_CREAT).path
      #expect(try free() == 4)
      for (name, left) in [("g", UInt64(3)), ("h", 2)] {
        try world.actor.link(file, to: Array(name.utf8).span)
        #expect(try free() == left)
      }
      try world.remove("f")
      #expect(try free() == 3)
      let name = Array("user.a".utf8)
      try file.inode.setExtendedAttribute(name.span, to: [UInt8](repeating: 1, count: 1_500).span, .make)
      #expect(try free() == 1)
      let large = [UInt8](repeating: 1, count: 3_500)
      #expect(throws: Errno.ENOSPC) { try file.inode.setExtendedAttribute(name.span, to: large.span, .replace) }
      #expect(throws: Errno.ENOSPC) {
        try world.actor.link(file, to: Array("i".utf8).span)
        try world.actor.link(file, to: Array("j".utf8).span)
      }
      try world.remove("i")
      try file.inode.setExtendedAttribute(name.span, to: [1].span, .replace)
      #expect(try free() == 2)
      try file.inode.removeExtendedAttribute(name.span)
      #expect(try free() == 3)
      let target = [UInt8](repeating: 0x61, count: 128)
      for name in ["k", "l"] { try world.actor.makeLink(Array(name.utf8).span, to: target.span) }
      #expect(try world.fileSystem.statistics().freeBlockCount == 0 && free() == 1)
      #expect(throws: Errno.ENOSPC) { try world.actor.makeLink(Array("m".utf8).span, to: target.span) }
      try world.actor.makeLink(Array("m".utf8).span, to: target.span.extracting(1..<128))
      for name in ["k", "l", "m"] { try world.remove(name) }
      // What was looked up stays in the cache, which gives way.
      _ = world.names.scan(.max)
      _ = world.names.scan(.max)
      #expect(try world.fileSystem.statistics().freeBlockCount == 2 && free() == 3)
    }
  }

  @Test("Who is on the way out while space is reserved reserves nothing")
  func killed() throws {
    try withWorld { world in
      let file = try world.open("f", [.O_CREAT, .O_RDWR])
      #expect(try file.write([UInt8](repeating: 1, count: 8_192)) == 8_192)
      let free = try world.fileSystem.statistics().freeBlockCount
      var looks = 0
      #expect(throws: Errno.EINTR) {
        try file.allocate(0..<200 << 12, .reserve) {
          looks += 1
          return looks > 2
        }
      }
      #expect(try looks == 3 && file.endOffset() == 8_192)
      #expect(try world.fileSystem.statistics().freeBlockCount == free)
    }
  }

  @Test("Space is reserved without a limit, however the counts of pages differ for a moment")
  func unlimited() throws {
    try withWorld { world in
      let file = try world.open("f", [.O_CREAT, .O_RDWR])
      #expect(try file.write([UInt8](repeating: 1, count: 8_192)) == 8_192)
      world.fileSystem.givePages(2)
      try file.allocate(0..<12_288, .reserve)
      #expect(try file.endOffset() == 12_288)
      try world.fileSystem.takePages(2)
    }
  }
}
