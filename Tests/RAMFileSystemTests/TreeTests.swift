import FileTestSupport
import Foundations
import LinuxABI
import Machine
import Security
import TestSupport
import Testing
import VFS

@Suite("Trees of names")
struct TreeTests {
  @Test("A list that is read in parts has each name that stays exactly once", arguments: [1, 2, 3])
  func listing(seed: UInt64) throws {
    try withWorld { world in
      var generator = SeededGenerator(seed: seed)
      for number in 0..<200 { try world.makeDirectory("stay\(number)") }
      let directory = try world.open(".", .O_DIRECTORY)
      var seen: [String: Int] = [:]
      var extra: [Int] = []
      var isDone = false
      while !isDone {
        var taken = 0
        var limit = Int.random(in: 1...20, using: &generator)
        try directory.readEntries { name, _, _, _ throws(Errno) in
          guard limit > 0 else { return false }
          limit -= 1
          taken += 1
          var bytes: [UInt8] = []
          for index in name.indices { bytes.append(name[index]) }
          seen[String(decoding: bytes, as: UTF8.self), default: 0] += 1
          return true
        }
        isDone = taken == 0
        // Others come and go meanwhile, but not for ever.
        for _ in 0..<30 where seen.count < 400 {
          if Bool.random(using: &generator), !extra.isEmpty {
            try world.remove("extra\(extra.remove(at: Int.random(in: 0..<extra.count, using: &generator)))", .directory)
          } else {
            let number = Int.random(in: 0..<1_000_000, using: &generator)
            if (try? world.makeDirectory("extra\(number)")) != nil { extra.append(number) }
          }
        }
      }
      for number in 0..<200 { #expect(seen["stay\(number)"] == 1) }
      #expect(seen["."] == 1 && seen[".."] == 1)
      #expect(seen.values.allSatisfy { $0 == 1 })
    }
  }

  @Test("A tree as deep as memory allows goes without the stack of a kernel growing")
  func deepTree() throws {
    try withWorld { world in
      for _ in 0..<10_000 {
        try world.makeDirectory("d")
        try world.actor.changeDirectory(to: try world.find("d"))
      }
      var text = GrowableArray<UInt8>()
      #expect(throws: Errno.ENAMETOOLONG) { try world.actor.workingDirectory(into: &text) }
      try world.actor.changeDirectory(to: try world.find("/"))
    }
  }

  @Test("Names that nobody has leave the cache, and are found again")
  func shrinking() throws {
    try withWorld { world in
      let kept = try world.open("kept", .O_CREAT)
      for number in 0..<500 { _ = try world.open("f\(number)", .O_CREAT) }
      #expect(world.names.count == 501)
      for _ in 0..<20 { _ = world.names.scan(10_000) }
      #expect(world.names.count == 1)
      for number in 0..<500 { _ = try world.find("f\(number)") }
      #expect(try world.find("kept").dentry === kept.path.dentry)
    }
  }

  @Test("What was not found in directories that are gone does not keep them")
  func namesInRemovedDirectories() throws {
    try withWorld { world in
      for number in 0..<500 {
        try world.makeDirectory("d\(number)")
        try world.makeDirectory("d\(number)/below")
        #expect(throws: Errno.ENOENT) { try world.find("d\(number)/below/absent") }
        #expect(throws: Errno.ENOENT) { try world.find("d\(number)/absent") }
        try world.remove("d\(number)/below", .directory)
        try world.remove("d\(number)", .directory)
      }
      #expect(world.names.count < 16)
      #expect(throws: Errno.ENOENT) { try world.find("absent") }
      #expect(try world.find("/").inode.currentAttributes().linkCount == 2)
    }
  }

  @Test("Links lead on 40 times and no more")
  func links() throws {
    try withWorld { world in
      _ = try world.open("l0", .O_CREAT)
      for number in 1...41 {
        let (name, target) = (Array("l\(number)".utf8), Array("l\(number - 1)".utf8))
        try world.actor.makeLink(name.span, to: target.span)
      }
      _ = try world.find("l40")
      #expect(throws: Errno.ELOOP) { try world.find("l41") }
      #expect(throws: Errno.ELOOP) { try world.open("l1", .O_NOFOLLOW) }
      #expect(try world.open("l1", [.O_NOFOLLOW, .O_PATH]).inode.kind == .symbolicLink)
    }
  }

  @Test("A walk that may not leave does not")
  func resolve() throws {
    try withWorld { world in
      try world.makeDirectory("jail")
      try world.makeDirectory("jail/in")
      let (out, absolute) = (Array("jail/out".utf8), Array("jail/abs".utf8))
      try world.actor.makeLink(out.span, to: Array("../..".utf8).span)
      try world.actor.makeLink(absolute.span, to: Array("/in".utf8).span)
      let jail = try world.find("jail")
      func find(_ path: String, _ resolve: ResolveFlags) throws(Errno) -> Path {
        let bytes = Array(path.utf8)
        return try world.actor.find(bytes.span, from: jail, resolve: resolve)
      }
      #expect(throws: Errno.EXDEV) { try find("out", .RESOLVE_BENEATH) }
      #expect(throws: Errno.EXDEV) { try find("abs", .RESOLVE_BENEATH) }
      #expect(throws: Errno.EXDEV) { try find("in/../..", .RESOLVE_BENEATH) }
      #expect(try find("in/..", .RESOLVE_BENEATH).dentry === jail.dentry)
      #expect(try find("out", .RESOLVE_IN_ROOT).dentry === jail.dentry)
      #expect(try find("abs", .RESOLVE_IN_ROOT).dentry === world.find("jail/in").dentry)
      #expect(throws: Errno.ELOOP) { try find("abs", .RESOLVE_NO_SYMLINKS) }
    }
  }

  @Test("Mounts hide what is below, are left by two dots, and are busy while used")
  func mounts() throws {
    try withWorld { world in
      try world.makeDirectory("m")
      _ = try world.open("m/below", .O_CREAT)
      let other = RAMWorld.fileSystem(world)
      let mount = try other.makeMount()
      try world.actor.mount(mount, at: world.find("m"))
      #expect(throws: Errno.ENOENT) { try world.find("m/below") }
      try world.makeDirectory("m/in")
      #expect(try world.find("m/in/../..").isSame(as: world.find("/")))
      #expect(throws: Errno.EBUSY) { try world.remove("m", .directory) }
      let (old, new) = (Array("m/in".utf8), Array("in".utf8))
      #expect(throws: Errno.EXDEV) { try world.actor.rename(old.span, to: new.span) }
      do {
        let file = try world.open("m/f", [.O_CREAT, .O_RDWR])
        #expect(throws: Errno.EBUSY) { try world.actor.unmount(world.find("m"), isLazy: false) }
        withExtendedLifetime(file) {}
      }
      mount.restrictions = .readOnly
      #expect(throws: Errno.EROFS) { try world.makeDirectory("m/x") }
      #expect(throws: Errno.EROFS) { try world.open("m/f", .O_WRONLY) }
      _ = try world.open("m/f")
      #expect(throws: Errno.EINVAL) { try world.actor.unmount(world.find("m/in"), isLazy: false) }
      try world.actor.unmount(world.find("m"), isLazy: false)
      _ = try world.find("m/below")
      #expect(world.namespace.count == 1)
    }
  }

  @Test("A bound part is the same files, and a tree of mounts comes along if asked")
  func binding() throws {
    try withWorld { world in
      for name in ["a", "a/b", "c", "d"] { try world.makeDirectory(name) }
      try world.actor.mount(RAMWorld.fileSystem(world).makeMount(), at: world.find("a/b"))
      _ = try world.open("a/b/upper", .O_CREAT)
      _ = try world.namespace.bind(world.find("a"), at: world.find("c"), isRecursive: false)
      _ = try world.namespace.bind(world.find("a"), at: world.find("d"), isRecursive: true)
      #expect(throws: Errno.ENOENT) { try world.find("c/b/upper") }
      _ = try world.find("d/b/upper")
      _ = try world.open("c/new", .O_CREAT)
      _ = try world.find("a/new")
      #expect(try world.find("d/b/..").isSame(as: world.find("d")))
    }
  }

  @Test("Descriptors are the lowest free ones, as in a plain array", arguments: [1, 2])
  func descriptors(seed: UInt64) throws {
    try withWorld { world in
      var generator = SeededGenerator(seed: seed)
      let files = try (0..<4).map { try world.open("f\($0)", .O_CREAT) }
      let table = DescriptorTable()
      var model: [Int?] = Array(repeating: nil, count: 300)
      for _ in 0..<20_000 {
        let number = Int.random(in: 0..<300, using: &generator)
        let descriptor = Descriptor(rawValue: Int32(number))
        let file = Int.random(in: 0..<4, using: &generator)
        switch Int.random(in: 0..<5, using: &generator) {
        case 0, 1:
          let minimum = Int.random(in: 0..<4, using: &generator) == 0 ? number : 0
          let expected = model[minimum...].firstIndex { $0 == nil }
          let got = try? table.add(files[file], minimum: Int32(minimum), limit: 300, closesOnExecution: file == 0)
          #expect(got?.rawValue == expected.map(Int32.init))
          if let expected { model[expected] = file }
        case 2:
          let old = try? table.remove(descriptor)
          #expect(old === model[number].map { files[$0] })
          model[number] = nil
        case 3:
          let old = try table.replace(descriptor, by: files[file], limit: 300, closesOnExecution: file == 0)
          #expect(old === model[number].map { files[$0] })
          model[number] = file
        default:
          #expect((try? table.file(descriptor)) === model[number].map { files[$0] })
          #expect((try? table.closesOnExecution(descriptor)) == model[number].map { $0 == 0 })
        }
      }
      #expect(throws: Errno.EBADF) { try table.file(Descriptor(rawValue: -1)) }
      for start in stride(from: -3, to: 303, by: 4) {
        try table.withOpenFiles { found throws(Errno) in
          for number in start..<start + 4 {
            let expected = model.indices.contains(number) ? model[number].map { files[$0] } : nil
            #expect(found.use(number) { $0 === expected } ?? (expected == nil))
          }
        }
      }
      let copy = try table.copy()
      copy.closeForExecution()
      for number in 0..<300 {
        let kept = model[number] == 0 ? nil : model[number].map { files[$0] }
        #expect((try? copy.file(Descriptor(rawValue: Int32(number)))) === kept)
      }
      #expect(table.count == model.count { $0 != nil })
    }
  }

  @Test("Structures have their members where the C headers have them")
  func structures() throws {
    var found = FileAttributes()
    found.device = DeviceNumber(0x123, 0x45678)
    (found.inode, found.kind, found.permissions, found.linkCount) = (0x1122_3344_5566_7788, .regular, 0o4755, 7)
    (found.user, found.group) = (UserID(rawValue: 1001), GroupID(rawValue: 1002))
    found.representedDevice = DeviceNumber(5, 6)
    (found.size, found.blockSize, found.blockCount) = (99_999, 4096, 200)
    found.accessTime = FileTime(seconds: -1, nanoseconds: 1)
    found.modificationTime = FileTime(seconds: 2, nanoseconds: 3)
    found.changeTime = FileTime(seconds: 4, nanoseconds: 5)
    found.birthTime = FileTime(seconds: 6, nanoseconds: 7)
    let stat = Self.encode(StatStructure(found))
    let expected: [(Int, Int, UInt64)] = [
      (0, 8, 0x4561_2378), (8, 8, found.inode), (16, 8, 7), (24, 4, 0o104755), (28, 4, 1001), (32, 4, 1002),
      (40, 8, 0x506), (48, 8, 99_999), (56, 8, 4096), (64, 8, 200), (72, 8, .max), (80, 8, 1), (88, 8, 2), (96, 8, 3),
      (104, 8, 4), (112, 8, 5),
    ]
    for (offset, width, value) in expected { #expect(Self.number(stat, offset, width) == value, "at \(offset)") }
    let statx = Self.encode(StatxStructure(found, mountNumber: 77, isMountRoot: true))
    let expectedX: [(Int, Int, UInt64)] = [
      (0, 4, 0x1fff), (4, 4, 4096), (8, 8, 0x2000), (16, 4, 7), (20, 4, 1001), (24, 4, 1002), (28, 2, 0o104755),
      (32, 8, found.inode), (40, 8, 99_999), (48, 8, 200), (56, 8, 0x2000), (64, 8, .max), (72, 4, 1), (80, 8, 6),
      (88, 4, 7), (96, 8, 4), (104, 4, 5), (112, 8, 2), (120, 4, 3), (128, 4, 5), (132, 4, 6), (136, 4, 0x123),
      (140, 4, 0x45678), (144, 8, 77),
    ]
    for (offset, width, value) in expectedX { #expect(Self.number(statx, offset, width) == value, "at \(offset)") }
    try withWorld(.init(pageCount: 100, fileCount: 50)) { world in
      let statfs = Self.encode(try StatfsStructure(world.find("/")))
      let values: [(Int, UInt64)] = [(0, 0x0102_1994), (8, 4096), (16, 100), (24, 100), (40, 50), (48, 49), (64, 255)]
      for (offset, value) in values { #expect(Self.number(statfs, offset, 8) == value, "at \(offset)") }
    }
  }

  @Test("Entries of directories are records of eight bytes each, and continue where there was no room")
  func entries() throws {
    try withWorld { world in
      for name in ["a", "four", String(repeating: "n", count: 255)] { try world.makeDirectory(name) }
      let directory = try world.open(".", .O_DIRECTORY)
      #expect(throws: Errno.EINVAL) { try Self.read(directory, 20, .wide) }
      #expect(try Self.read(directory, 24, .wide) == [".:4"])
      #expect(try Self.read(directory, 100, .wide) == ["..:4", "a:4", "four:4"])
      #expect(throws: Errno.EINVAL) { try Self.read(directory, 279, .wide) }
      #expect(try Self.read(directory, 280, .wide).count == 1)
      #expect(try Self.read(directory, 280, .wide) == [])
      _ = try directory.seek(to: 0)
      #expect(try Self.read(directory, 120, .old) == [".:4", "..:4", "a:4", "four:4"])
      // What is left of a long name is not seen behind a shorter one, whatever its length.
      for length in 1..<20 { try world.makeDirectory(String(repeating: "s", count: length)) }
      let shorter = (1..<20).map { String(repeating: "s", count: $0) + ":4" }
      for form in [OpenFile.EntryForm.old, .wide] {
        _ = try directory.seek(to: 0)
        #expect(try Self.read(directory, 4_096, form).suffix(19) == shorter[...])
      }
    }
  }

  @Test("Each name of a large directory is read once, whatever the names' lengths and the memory for them")
  func listing() throws {
    try withWorld { world in
      var names: [String] = []
      for length in 1...255 {
        let name = String(length % 10) + String(repeating: "x", count: length - 1)
        if !names.contains(name) { names.append(name) }
        try world.makeDirectory(name)
      }
      for index in 0..<200 {
        names.append("f\(index)")
        try world.makeDirectory("f\(index)")
      }
      let directory = try world.open(".", .O_DIRECTORY)
      let expected = [".:4", "..:4"] + names.map { $0 + ":4" }
      for form in [OpenFile.EntryForm.wide, .old] {
        for size in [280, 1_000, 1_024, 1_300, 4_096, 65_536] {
          _ = try directory.seek(to: 0)
          var found: [String] = []
          while case let part = try Self.read(directory, size, form), !part.isEmpty { found += part }
          #expect(found == expected)
        }
      }
    }
  }

  private static func read(
    _ file: OpenFile, _ count: Int, _ form: OpenFile.EntryForm
  ) throws(Errno) -> [String] {
    var bytes = [UInt8](repeating: 0xee, count: count)
    var span = bytes.mutableSpan
    let filled = try IOBuffer.withBuffer(filling: &span) { buffer throws(Errno) in
      try file.readEntries(into: &buffer, form)
    }
    var result: [String] = []
    var at = 0
    while at < filled {
      let length = Int(number(bytes, at + 16, 2))
      let start = at + (form == .wide ? 19 : 18)
      let kind = form == .wide ? bytes[at + 18] : bytes[at + length - 1]
      result.append(String(decoding: bytes[start...].prefix { $0 != 0 }, as: UTF8.self) + ":\(kind)")
      #expect(length % 8 == 0)
      at += length
    }
    return result
  }

  private static func encode<Value: UserValue>(_ value: Value) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Value.userByteCount)
    var span = bytes.mutableSpan
    value.write(toUserBytes: &span)
    return bytes
  }

  private static func number(_ bytes: [UInt8], _ offset: Int, _ width: Int) -> UInt64 {
    (0..<width).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64($1 * 8) }
  }
}
