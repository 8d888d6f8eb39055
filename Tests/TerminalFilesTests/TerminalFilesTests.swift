import DeviceFileSystem
import FileTestSupport
import Foundations
import LinuxABI
import Machine
import PageCache
import Security
import Terminals
import Testing
import VFS
import Waiting

@testable import TerminalFiles

/// A tree with /dev/ptmx, /dev/pts and a terminal.
struct TestTree {
  let jobs = TestJobControl()
  let names: DentryCache
  let fileSystem: PseudoTerminalFileSystem
  let mount: Mount
  let actor: FileActor
  let openers: [SpecialFileOpener]

  init(options: String = "gid=5,mode=620,ptmxmode=666") throws {
    names = try DentryCache(bucketCount: 64)
    let cache = try PageCache(frameCount: SimulatedMemory.frameCount, waiting: PageWaiting())
    let devices = try DeviceFileSystem(names: names, clock: FixedClock(), cache: cache)
    let namespace = try MountNamespace(root: devices.mount)
    let context = FileSystemContext(root: devices.mount.rootPath, directory: devices.mount.rootPath)
    actor = FileActor(.root, context, namespace)
    var parsed = PseudoTerminalOptions()
    try parsed.apply(Array(options.utf8).span)
    fileSystem = PseudoTerminalFileSystem(names: names, clock: FixedClock(), options: parsed, jobControl: jobs)
    mount = try fileSystem.makeMount()
    try namespace.attach(mount, at: try actor.find(Array("pts".utf8).span))
    let terminal = try Terminal(TerminalDevice(), major: 4, minor: 64, jobControl: jobs)
    openers = [
      ControllingTerminalOpener(jobs), TerminalOpener(terminal, control: .refused), PseudoTerminalOpener(),
      TerminalOpener(terminal),
    ]
    for (minor, opener) in openers[..<3].enumerated() {
      try SpecialFiles.register(
        .characterDevice, major: 5, minors: UInt32(minor)..<UInt32(minor + 1), opener)
    }
    try SpecialFiles.register(.characterDevice, major: 4, minors: 64..<65, openers[3])
    try devices.add("tty", .characterDevice, DeviceNumber(5, 0), permissions: 0o666)
    try devices.add("console", .characterDevice, DeviceNumber(5, 1), permissions: 0o600)
    try devices.add("ptmx", .characterDevice, DeviceNumber(5, 2), permissions: 0o666)
    try devices.add("ttyS0", .characterDevice, DeviceNumber(4, 64), permissions: 0o620)
  }

  /// Runs `body` with a tree, alone.
  static func run(_ body: (borrowing TestTree) throws -> Void) throws {
    try SimulatedMemory.exclusive {
      let tree = try TestTree()
      defer { for opener in tree.openers { SpecialFiles.unregister(opener) } }
      try body(tree)
    }
  }

  func open(_ path: String, _ flags: OpenFlags = .O_RDWR) throws(Errno) -> OpenFile {
    try actor.open(Array(path.utf8).span, flags)
  }

  /// The names in /dev/pts.
  func slaves() throws -> [String] {
    var found: [String] = []
    try open("pts", .O_DIRECTORY).readEntries { name, _, _, _ throws(Errno) in
      found.append(String(decoding: (0..<name.count).map { name[$0] }, as: UTF8.self))
      return true
    }
    return Array(found.dropFirst(2))
  }
}

extension OpenFile {
  /// TIOCGPTPEER.
  func openPeer(_ flags: OpenFlags) throws(Errno) -> (file: OpenFile, flags: OpenFlags)? {
    try openRelated(TerminalRequest.TIOCGPTPEER.rawValue, flags.rawValue, by: .root)
  }
}

@Suite("TerminalFiles", .serialized)
struct TerminalFilesTests {
  @Test("A master makes a name with the mount's attributes, which both ends work through and which goes with it")
  func pseudoTerminal() throws {
    try TestTree.run { tree in
      #expect(try tree.slaves() == ["ptmx"])
      var master: OpenFile? = try tree.open("ptmx", [.O_RDWR, .O_NONBLOCK])
      #expect(try tree.slaves() == ["ptmx", "0"])
      let attributes = try tree.actor.find(Array("pts/0".utf8).span).inode.currentAttributes()
      #expect(attributes.mode == 0o020620 && attributes.group.rawValue == 5)
      #expect(attributes.representedDevice == DeviceNumber(136, 0))
      #expect(throws: Errno.EIO, "it is locked") { try tree.open("pts/0") }
      try tree.fileSystem.terminals.unlockForTest(0)
      let slave = try tree.open("pts/0", [.O_RDWR, .O_NONBLOCK])
      #expect(slave.canPoll && master?.canPoll == true)
      try master?.write("hello\n")
      #expect(slave.poll().contains(.input))
      #expect(try slave.readText(100) == "hello\n")
      #expect(try master?.readText(100) == "hello\r\n")
      #expect(throws: Errno.EAGAIN) { try slave.read(1) }
      #expect(throws: Errno.ESPIPE) { try slave.seek(to: 0) }
      master = nil
      #expect(try tree.slaves() == ["ptmx"])
      #expect(try slave.readText(1) == "", "hung up")
      #expect(throws: Errno.ENOENT) { try tree.open("pts/0") }
    }
  }

  @Test("A slave is opened through its master, whoever may reach its name")
  func peer() throws {
    try TestTree.run { tree in
      let master = try tree.open("pts/ptmx", [.O_RDWR, .O_NONBLOCK])
      #expect(throws: Errno.EIO) { try master.openPeer(.O_RDWR) }
      try tree.fileSystem.terminals.unlockForTest(0)
      let peer = try #require(try master.openPeer([.O_RDWR, .O_NOCTTY, .O_CLOEXEC]))
      #expect(peer.flags.contains(.O_CLOEXEC))
      #expect(peer.file.mode == [.read, .write])
      try peer.file.write("x")
      #expect(try master.readText(9) == "x")
      var text = GrowableArray<UInt8>()
      try tree.actor.describe(peer.file.path, into: &text)
      #expect((0..<text.count).map { text[$0] } == Array("/pts/0".utf8))
      #expect(try peer.file.openPeer(.O_RDWR) == nil, "a slave has no peer to open")
      #expect(try master.openRelated(0x5401, 0, by: .root) == nil)
    }
  }

  @Test("A name that was found before its master went opens neither the old terminal nor the new one of that number")
  func staleName() throws {
    try TestTree.run { tree in
      var master: OpenFile? = try tree.open("ptmx")
      let stale = try tree.actor.find(Array("pts/0".utf8).span)
      master = nil
      #expect(throws: Errno.EIO) { try tree.actor.open(stale, .O_RDWR, isNew: false) }
      master = try tree.open("ptmx")
      try tree.fileSystem.terminals.unlockForTest(0)
      #expect(throws: Errno.EIO) { try tree.actor.open(stale, .O_RDWR, isNew: false) }
      _ = try tree.open("pts/0")
      _ = master
    }
  }

  @Test("Numbers are used again, names are plain numbers, and there are no more than allowed")
  func numbers() throws {
    try TestTree.run { tree in
      var masters = [try tree.open("ptmx"), try tree.open("ptmx"), try tree.open("ptmx")]
      #expect(try tree.slaves() == ["ptmx", "0", "1", "2"])
      for name in ["pts/00", "pts/3", "pts/+1", "pts/1x", "pts/99999", "pts/ptmxx", "pts/4294967296"] {
        #expect(throws: Errno.ENOENT, "\(name)") { try tree.open(name) }
      }
      masters.remove(at: 1)
      #expect(try tree.slaves() == ["ptmx", "0", "2"])
      masters.append(try tree.open("ptmx"))
      #expect(try tree.slaves() == ["ptmx", "0", "1", "2"])
      var options = tree.fileSystem.options
      options.limit = 3
      options.masterPermissions = 0o600
      tree.fileSystem.setOptions(options, of: tree.mount)
      #expect(throws: Errno.ENOSPC) { try tree.open("ptmx") }
      #expect(try tree.slaves() == ["ptmx", "0", "1", "2"])
      #expect(try tree.actor.find(Array("pts/ptmx".utf8).span).inode.currentAttributes().permissions == 0o600)
      #expect(throws: Errno.EPERM) { try tree.actor.remove(Array("pts/0".utf8).span, .file) }
    }
  }

  @Test("/dev/ptmx needs a devpts beside it")
  func withoutFileSystem() throws {
    try TestTree.run { tree in
      try tree.actor.unmount(tree.mount.rootPath, isLazy: true)
      #expect(throws: Errno.ENODEV) { try tree.open("ptmx") }
    }
  }

  @Test("A leader of a session gets what it opens as its terminal, but not by the name of the console")
  func controlling() throws {
    try TestTree.run { tree in
      #expect(throws: Errno.ENXIO) { try tree.open("tty") }
      tree.jobs.lead(7)
      let console = try tree.open("console")
      #expect(tree.jobs.process.terminal == nil)
      _ = try tree.open("ttyS0", [.O_RDWR, .O_NOCTTY])
      #expect(tree.jobs.process.terminal == nil)
      let serial = try tree.open("ttyS0")
      #expect(tree.jobs.process.terminal === (serial as? TerminalFile)?.terminal)
      #expect((console as? TerminalFile)?.terminal === (serial as? TerminalFile)?.terminal)
      let own = try tree.open("tty")
      #expect((own as? TerminalFile)?.terminal === tree.jobs.process.terminal)
    }
  }

  @Test(
    "Options are numbers behind their names",
    arguments: ["gid", "gid=", "gid=x", "mode=9", "uid=4294967296", "max=4097", "size=1", "gid=5;mode=620"])
  func badOptions(text: String) {
    var options = PseudoTerminalOptions()
    #expect(throws: Errno.EINVAL) { try options.apply(Array(text.utf8).span) }
  }

  @Test("Options that are not given stay as they are")
  func options() throws {
    var options = PseudoTerminalOptions()
    try options.apply(Array("newinstance,uid=3,,mode=0620,max=7".utf8).span)
    #expect(options.user?.rawValue == 3 && options.group == nil)
    #expect(options.permissions == 0o620 && options.masterPermissions == 0 && options.limit == 7)
  }
}
