import FileTestSupport
import Foundations
import LinuxABI
import Machine
import Security
import Testing
import VFS
import VirtualMemory

@testable import Executables
@testable import ProcessFileSystem
@testable import Processes

@Suite("The tree of /proc")
struct TreeTests {
  @Test("the root lists the kernel's files, then processes by number, and finds tasks that it does not list")
  func root() throws {
    try withWorld { world in
      let child = try world.fork()
      let thread = try world.cloneThread(child)
      let names = try world.names("")
      #expect(names.starts(with: [".", ".."]))
      for name in ["self", "thread-self", "mounts", "meminfo", "cpuinfo", "stat", "uptime", "sys", "apus"] {
        #expect(names.contains(name))
      }
      #expect(names.suffix(2) == ["1", "\(child.processIdentifier)"])
      #expect(try world.names("\(thread.threadIdentifier)").contains("status"))
      #expect(
        try world.names("\(child.processIdentifier)/task").suffix(2) == [
          "\(child.threadIdentifier)", "\(thread.threadIdentifier)",
        ])
      #expect(throws: Errno.ENOENT) { try world.names("1/task/\(thread.threadIdentifier)") }
      for wrong in ["0", "01", "-1", "+1", "1x", "99999999999999999999", "2147483648", "4294967297", "nothing"] {
        #expect(throws: Errno.ENOENT) { try world.names(wrong) }
      }
    }
  }

  @Test("entries that are listed are found, have the number that is listed, and no number is twice")
  func numbers() throws {
    try withWorld { world in
      let child = try world.fork()
      _ = try world.cloneThread(child)
      for directory in ["", "self", "\(child.processIdentifier)/task", "self/task/1", "sys/kernel", "sys/vm"] {
        var entries: [(name: String, number: UInt64, kind: FileKind)] = []
        try world.open(directory).readEntries { name, number, kind, _ throws(Errno) in
          entries.append((String(decoding: name.array, as: UTF8.self), number, kind))
          return true
        }
        #expect(entries.count > 2)
        var seen: Set<UInt64> = []
        for entry in entries.dropFirst(2) {
          #expect(seen.insert(entry.number).inserted)
          let attributes = try world.attributes("\(directory)/\(entry.name)")
          #expect(attributes.kind == entry.kind)
          #expect(attributes.inode == entry.number, "\(directory)/\(entry.name)")
        }
      }
    }
  }

  @Test("self and thread-self lead each reader to itself, and nowhere without one")
  func selves() throws {
    try withWorld { world in
      let child = try world.fork()
      let thread = try world.cloneThread(child)
      #expect(try world.link("self") == "1")
      world.looking.task = thread
      #expect(try world.link("self") == "\(child.processIdentifier)")
      #expect(try world.link("thread-self") == "\(child.processIdentifier)/task/\(thread.threadIdentifier)")
      #expect(try world.text("thread-self/comm") == "program\n")
      world.looking.task = nil
      #expect(throws: Errno.ENOENT) { try world.link("self") }
    }
  }

  @Test("a directory that is read in pieces gives every entry once")
  func listing() throws {
    try withWorld { world in
      for _ in 0..<20 { _ = try world.fork() }
      let all = try world.names("")
      let directory = try world.open("")
      var names: [String] = []
      while true {
        var count = 0
        try directory.readEntries { name, _, _, _ throws(Errno) in
          if count == 3 { return false }
          count += 1
          names.append(String(decoding: name.array, as: UTF8.self))
          return true
        }
        if count == 0 { break }
      }
      #expect(names == all)
      for position: Int64 in [.max, 1 << 33, -1, 5] {
        if position >= 0 { _ = try directory.seek(to: position) }
        try directory.readEntries { _, _, _, _ throws(Errno) in true }
      }
    }
  }

  @Test("a process that ends while its files are open fails with ESRCH, and its number means another from then on")
  func ends() throws {
    try withWorld { world in
      let child = try world.fork()
      let number = child.processIdentifier
      let stat = try world.open("\(number)/stat")
      let limits = try world.open("\(number)/limits")
      let maps = try world.open("\(number)/maps")
      let descriptors = try world.open("\(number)/fd")
      let tasks = try world.open("\(number)/task")
      world.end(child, code: 3)
      // A zombie has a state and no memory.
      #expect(try world.text("\(number)/stat").contains(") Z 1 "))
      #expect(try world.text("\(number)/status").contains("State:\tZ (zombie)\n"))
      #expect(try world.text("\(number)/cmdline") == "")
      #expect(throws: Errno.ENOENT) { try world.link("\(number)/exe") }
      #expect(throws: Errno.ENOENT) { try world.link("\(number)/cwd") }
      try world.reap(child)
      #expect(throws: Errno.ESRCH) { try stat.read(100) }
      #expect(throws: Errno.ESRCH) { try limits.read(100) }
      #expect(try maps.read(100) == [])
      var count = 0
      try descriptors.readEntries { _, _, _, _ throws(Errno) in
        count += 1
        return true
      }
      #expect(count == 2)
      #expect(throws: Errno.ENOENT) { try tasks.readEntries { _, _, _, _ throws(Errno) in true } }
      #expect(throws: Errno.ENOENT) { try world.text("\(number)/stat") }
    }
  }

  @Test("open files of a process keep nothing of it")
  func references() throws {
    try withWorld { world in
      weak var gone: Task?
      var stat: OpenFile?
      do {
        let child = try world.fork()
        gone = child
        stat = try world.open("\(child.processIdentifier)/stat")
        _ = try stat?.read(10)
        world.end(child)
        try world.reap(child)
      }
      #expect(gone == nil)
      #expect(throws: Errno.ESRCH) { try stat?.read(10, at: 0) }
    }
  }

  @Test("what was open of a process is not told any more when it has executed a program with other rights")
  func newRights() throws {
    try withWorld { world in
      let user = Credentials(user: UserID(rawValue: 1_000), group: GroupID(rawValue: 1_000))
      let (mine, theirs) = (try world.fork(user), try world.fork(user))
      world.looking.task = mine
      let old = try #require(try giveMemory(theirs, "old"))
      let number = theirs.processIdentifier
      let files = try ["environ", "auxv", "personality", "smaps_rollup", "io"].map { try world.open("\(number)/\($0)") }
      let arguments = try world.open("\(number)/cmdline")
      let secret = try #require(try giveMemory(theirs, "secret"))
      secret.isDumpable.store(false, ordering: .relaxed)
      theirs.setCredentials(.root)
      // What it had been is gone.
      old.endUse()
      #expect(try files[0].read(100, at: 0) == [] && files[1].read(100, at: 0) == [])
      for file in files.dropFirst(2) { #expect(throws: Errno.EACCES) { try file.read(100, at: 0) } }
      #expect(try arguments.read(100, at: 0) == Array("secret".utf8))
      _ = theirs.exchangeMemory(nil)
      secret.endUse()
    }
  }

  /// Gives `task` memory in which `content` is its arguments, its environment and its auxiliary vector.
  private func giveMemory(_ task: Task, _ content: String) throws -> ProgramMemory? {
    let space = try AddressSpace.make()
    let start = try space.map(MapRequest(byteCount: 4_096))
    try space.write(content.bytes.span, to: start)
    var program = ProgramMemory.Program()
    let range = start..<start + UInt64(content.utf8.count)
    (program.loaded.arguments, program.loaded.environment, program.loaded.auxiliary) = (range, range, range)
    _ = task.exchangeMemory(ProgramMemory(space, program))
    return task.memory
  }

  @Test("who may not look into a process gets neither its memory nor its files, and owns what is its own")
  func access() throws {
    try withWorld { world in
      let user = Credentials(user: UserID(rawValue: 1_000), group: GroupID(rawValue: 1_000))
      let other = Credentials(user: UserID(rawValue: 1_001), group: GroupID(rawValue: 1_000))
      let (mine, strange, theirs) = (try world.fork(user), try world.fork(other), try world.fork(user))
      world.looking.task = mine
      #expect(try world.attributes("self/environ").user == UserID(rawValue: 1_000))
      #expect(try world.attributes("\(mine.processIdentifier)").user == UserID(rawValue: 1_000))
      for number in [strange.processIdentifier, 1] {
        for file in ["environ", "auxv", "mem"] {
          #expect(throws: Errno.EACCES) { try world.open("\(number)/\(file)") }
        }
        #expect(throws: Errno.EACCES) { try world.open("\(number)/maps") }
        #expect(throws: Errno.EACCES) { try world.open("\(number)/fd") }
        #expect(throws: Errno.EACCES) { try world.link("\(number)/cwd") }
        #expect(throws: Errno.EACCES) { try world.text("\(number)/cwd/x") }
        #expect(try world.text("\(number)/status").contains("Name:\tprogram\n"))
        #expect(try world.text("\(number)/cmdline") == "")
      }
      for number in [mine.processIdentifier, theirs.processIdentifier] {
        #expect(try world.link("\(number)/cwd") == "/")
        #expect(try world.text("\(number)/maps") == "")
        #expect(try world.names("\(number)/fd") == [".", ".."])
      }
    }
  }

  @Test("nothing in /proc can be made, removed, renamed or given away")
  func changes() throws {
    try withWorld { world in
      let actor = world.actor
      #expect(throws: Errno.EPERM) { try actor.makeDirectory("/proc/x".bytes.span, permissions: 0o755) }
      #expect(throws: Errno.EPERM) { try actor.open("/proc/self/x".bytes.span, [.O_CREAT, .O_WRONLY]) }
      #expect(throws: Errno.EPERM) { try actor.remove("/proc/meminfo".bytes.span, .file) }
      #expect(throws: Errno.EPERM) { try actor.setPermissions(try actor.find("/proc/1".bytes.span), 0o777) }
      #expect(throws: Errno.EIO) { try world.write("x", to: "meminfo") }
      #expect(throws: Errno.ENODEV) { try world.open("meminfo").mappedObject() }
    }
  }
}
