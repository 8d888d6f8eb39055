import FileTestSupport
import Foundations
import Input
import LinuxABI
import Machine
import Security
import SyntheticFiles
import Testing
import VFS
import VirtualMemory

@testable import Executables
@testable import ProcessFileSystem
@testable import Processes

@Suite("Texts of /proc")
struct TextTests {
  /// A program's memory with two areas, whose first page begins with `content`.
  private static func giveMemory(_ task: Task, _ content: String, environment: String = "") throws -> UInt64 {
    let space = try AddressSpace.make()
    let start = try space.map(MapRequest(byteCount: 3 << 12))
    _ = try space.map(MapRequest(byteCount: 1 << 12, protection: .read))
    try space.write((content + environment).bytes.span, to: start)
    var program = ProgramMemory.Program()
    program.loaded.arguments = start..<start + UInt64(content.utf8.count)
    program.loaded.environment =
      program.loaded.arguments.upperBound..<program.loaded.arguments.upperBound + UInt64(environment.utf8.count)
    _ = task.exchangeMemory(ProgramMemory(space, program))
    return start
  }

  @Test("stat has 52 fields, whatever the program is called")
  func stat() throws {
    try withWorld { world in
      let child = try world.fork()
      child.name = TaskName("a) Z (b".bytes.span)
      let text = try world.text("\(child.processIdentifier)/stat")
      #expect(text.hasPrefix("\(child.processIdentifier) (a) Z (b) R 1 0 0 0 -1 64 "))
      #expect(text.hasSuffix("\n"))
      let rest = try #require(text.split(separator: ")").last)
      let fields = rest.split(separator: " ")
      #expect(fields.count == 50)
      #expect(fields[17] == "1")
      #expect(fields[15] == "20" && fields[16] == "0")
      #expect(fields[22] == "18446744073709551615")
      #expect(fields[35] == "17")
    }
  }

  @Test("status says what proc(5) says, a name and a tab a line")
  func status() throws {
    try withWorld { world in
      let child = try world.fork(Credentials(user: UserID(rawValue: 7), group: GroupID(rawValue: 8)))
      _ = try Self.giveMemory(child, "x\0")
      let lines = try world.text("\(child.processIdentifier)/status").split(separator: "\n")
      for line in lines { #expect(line.contains(":\t")) }
      for line in [
        "Name:\tprogram", "Umask:\t0022", "State:\tR (running)", "Tgid:\t2", "Pid:\t2", "PPid:\t1", "TracerPid:\t0",
        "Uid:\t7\t7\t7\t7", "Gid:\t8\t8\t8\t8", "Groups:\t", "VmSize:\t      16 kB", "VmRSS:\t       4 kB",
        "RssAnon:\t       4 kB", "VmData:\t      12 kB", "Threads:\t1", "CapEff:\t0000000000000000",
        "CapBnd:\t000001ffffffffff", "NoNewPrivs:\t0", "Mems_allowed_list:\t0",
      ] {
        #expect(lines.contains { $0 == line }, "\(line)")
      }
      #expect(try world.text("2/statm") == "4 1 0 0 0 3 0\n")
    }
  }

  @Test("maps has a line an area, and is the same in pieces of any size and at any offset")
  func maps() throws {
    try withWorld { world in
      let start = try Self.giveMemory(world.first, "x\0")
      let text = try world.text("self/maps")
      let second = try #require(world.first.memory?.space.area(endingAfter: 0))
      #expect(second.pageCount > 0)
      let line = String(start, radix: 16) + "-" + String(start + 0x3000, radix: 16) + " rw-p 00000000 00:00 0 \n"
      #expect(text.contains(line))
      #expect(text.split(separator: "\n").count == 2)
      for pieces in [1, 7, 50, 51, 52, 100] { #expect(try world.text("self/maps", pieces: pieces) == text) }
      let file = try world.open("self/maps")
      let bytes = text.bytes
      for offset in [0, 60, 1, 90, 3, bytes.count - 1] {
        #expect(try file.read(40, at: Int64(offset)) == Array(bytes[offset..<min(bytes.count, offset + 40)]))
      }
      for offset: Int64 in [Int64(bytes.count), 1 << 40, .max - 100] { #expect(try file.read(40, at: offset) == []) }
      #expect(throws: Errno.EINVAL) { try file.read(40, at: .max) }
      #expect(throws: Errno.EINVAL) { try file.read(40, at: -1) }
      #expect(throws: Errno.EINVAL) { try file.seek(fromEnd: 0) }
    }
  }

  @Test("arguments and environment are the program's own, with a title that reaches into the environment")
  func arguments() throws {
    try withWorld { world in
      let start = try Self.giveMemory(world.first, "ls\0-l\0", environment: "A=b\0C=d\0")
      #expect(try world.text("self/cmdline") == "ls\0-l\0")
      #expect(try world.text("self/environ") == "A=b\0C=d\0")
      #expect(try world.text("self/cmdline", pieces: 2) == "ls\0-l\0")
      #expect(try world.open("self/environ").read(3, at: 5) == "=d\0".bytes.dropFirst(0).map { $0 })
      for offset: Int64 in [8, 9, 1 << 62] { #expect(try world.open("self/environ").read(3, at: offset) == []) }
      try world.first.memory?.space.write("nginx: master".bytes.span, to: start)
      #expect(try world.text("self/cmdline") == "nginx: master")
    }
  }

  @Test("mem reads and writes a program's memory at its addresses, and only that")
  func memory() throws {
    try withWorld { world in
      let start = Int64(try Self.giveMemory(world.first, "hello"))
      let file = try world.open("self/mem", .O_RDWR)
      #expect(try file.read(5, at: start) == "hello".bytes)
      #expect(try file.read(8_192, at: start).count == 8_192)
      #expect(throws: Errno.EIO) { try file.read(1, at: 0) }
      #expect(throws: Errno.EIO) { try file.read(1, at: .max - 10) }
      let text = "HE".bytes
      #expect(
        try IOBuffer.withBuffer(draining: text.span) { buffer throws(Errno) in try file.write(&buffer, at: start) } == 2
      )
      #expect(try file.read(5, at: start) == "HEllo".bytes)
      #expect(throws: Errno.EIO) {
        try IOBuffer.withBuffer(draining: text.span) { buffer throws(Errno) in try file.write(&buffer, at: 4_096) }
      }
    }
  }

  @Test("names, adjustments and controls take what is written, and refuse nonsense")
  func writing() throws {
    try withWorld { world in
      try world.write("a name that is too long\n", to: "self/comm")
      #expect(try world.text("self/comm") == "a name that is \n")
      let child = try world.fork()
      #expect(throws: Errno.EINVAL) { try world.write("x", to: "\(child.processIdentifier)/comm") }
      try world.write("500\n", to: "self/oom_score_adj")
      #expect(try world.text("self/oom_score_adj") == "500\n")
      #expect(try world.text("self/oom_adj") == "8\n")
      try world.write("-17", to: "self/oom_adj")
      #expect(try world.text("self/oom_score_adj") == "-1000\n")
      for wrong in ["1001", "-1001", "x", "5x", "", " ", "99999999999999999999"] where !wrong.isEmpty {
        #expect(throws: Errno.EINVAL) { try world.write(wrong, to: "self/oom_score_adj") }
      }
      try world.write(" 1\n", to: "sys/vm/overcommit_memory")
      #expect(try world.text("sys/vm/overcommit_memory") == "1\n")
      #expect(throws: Errno.EINVAL) { try world.write("3", to: "sys/vm/overcommit_memory") }
      try world.write("0", to: "sys/vm/overcommit_memory")
      #expect(throws: Errno.EINVAL) {
        try world.write(String(repeating: "1", count: 5_000), to: "sys/vm/overcommit_memory")
      }
      #expect(throws: Errno.EIO) { try world.write("1", to: "sys/kernel/pid_max") }
      let name = try world.text("sys/kernel/hostname")
      try world.write("apus\nrest", to: "sys/kernel/hostname")
      #expect(try world.text("sys/kernel/hostname") == "apus\n")
      try world.write(name, to: "sys/kernel/hostname")
    }
  }

  @Test("descriptors are links to what is open, with the rights that it is open with")
  func descriptors() throws {
    try withWorld { world in
      let file = try world.open("meminfo")
      let descriptor = try world.first.files.add(file, limit: 100, closesOnExecution: true)
      #expect(descriptor.rawValue == 0)
      #expect(try world.link("self/fd/0") == "/proc/meminfo")
      #expect(try world.attributes("self/fd/0").permissions == 0o500)
      #expect(try world.text("self/fd/0") == world.text("meminfo"))
      _ = try file.read(3)
      #expect(
        try world.text("self/fdinfo/0")
          == "pos:\t3\nflags:\t02000000\nmnt_id:\t\(file.path.mount.number)\nino:\t\(file.inode.number)\n")
      #expect(throws: Errno.ENOENT) { try world.link("self/fd/1") }
      #expect(throws: Errno.ENOENT) { try world.link("self/fd/00") }
      let information = try world.open("self/fdinfo/0")
      try world.first.files.remove(descriptor).flush()
      #expect(throws: Errno.ENOENT) { try information.read(10) }
    }
  }

  @Test("mounts are listed as seen from the reader's root, with what would end a field written as octal")
  func mounts() throws {
    try withWorld { world in
      let place = "/a b\\c".bytes
      try world.actor.makeDirectory(place.span, permissions: 0o755)
      let mount = try world.fileSystem.makeMount([.readOnly, .noSetUser])
      mount.source = try MountSource("a name".bytes.span)
      try world.actor.mount(mount, at: try world.actor.find(place.span))
      let lines = try world.text("mounts").split(separator: "\n")
      #expect(
        lines == [
          "none / tmpfs rw 0 0", "none /proc proc rw 0 0", "a\\040name /a\\040b\\134c proc ro,nosuid 0 0",
        ])
      let information = try world.text("self/mountinfo").split(separator: "\n").map { $0.split(separator: " ") }
      #expect(information.count == 3)
      #expect(information[1][1] == information[0][0])
      #expect(information[2][3...] == ["/", "/a\\040b\\134c", "ro,nosuid", "-", "proc", "a\\040name", "rw"])
    }
  }

  @Test("every file can be read whole and in pieces, and says ENOMEM when there is no memory")
  func everything() throws {
    try withWorld { world in
      _ = try Self.giveMemory(world.first, "x\0")
      var files: [String] = []
      for directory in ["", "self", "sys/kernel", "sys/vm", "sys/fs", "apus", "self/task/1"] {
        for name in try world.names(directory) where name != "." && name != ".." && name != "mem" {
          let path = "\(directory)/\(name)"
          // The host has no heap of the kernel's to tell of.
          if try world.attributes(path).kind == .regular, name != "slabinfo", name != "kmsg" { files.append(path) }
        }
      }
      #expect(files.count > 60)
      for path in files {
        let text = try world.text(path)
        if !["/uptime", "/stat", "/loadavg"].contains(path) {
          #expect(try world.text(path, pieces: 13) == text, "\(path)")
        }
        for count in 0..<6 {
          let file = try world.open(path)
          AllocationFaults.fail(after: count)
          let result = Result { () throws(Errno) in try file.readAll(pieces: 4_096) }
          AllocationFaults.fail(after: nil)
          if case .failure(let error) = result { #expect(error == .ENOMEM, "\(path)") }
        }
      }
    }
  }

  @Test("input devices are listed, each with where it is in /sys")
  func inputDevices() throws {
    try withWorld { world in
      let device = try InputDevice(
        InputDescription(name: "Listed", physicalPath: "here/input0", identity: InputIdentity(bus: 3, vendor: 0x1af4)))
      try InputDevices.register(device)
      defer { InputDevices.unregister(device) }
      #expect(
        try world.text("bus/input/devices").contains(
          """
          I: Bus=0003 Vendor=1af4 Product=0000 Version=0000
          N: Name="Listed"
          P: Phys=here/input0
          S: Sysfs=/devices/here
          U: Uniq=
          H: Handlers=
          B: PROP=0
          B: EV=1


          """))
      #expect(try world.names("bus").contains("pci"))
      _ = try world.text("bus/input/handlers")
    }
  }

  @Test("poll(2) tells once of each change of the list of input devices, and of the list as it is at first")
  func inputDeviceChanges() throws {
    try withWorld { world in
      let file = try world.open("bus/input/devices")
      var queueCount = 0
      file.forEachWaitQueue { _ in queueCount += 1 }
      #expect(file.canPoll && queueCount == 1)
      #expect(file.poll() == [.input, .readNormal] && file.poll() == [])
      let device = try InputDevice(InputDescription(name: "Came", identity: InputIdentity(bus: 3)))
      try InputDevices.register(device)
      #expect(file.poll() == [.input, .readNormal] && file.poll() == [])
      #expect(throws: Errno.EBUSY) { try register(device) }
      #expect(try world.open("bus/input/devices").poll() == [.input, .readNormal], "each who has it open for itself")
      InputDevices.unregister(device)
      #expect(file.poll() == [.input, .readNormal] && file.poll() == [])
      InputDevices.unregister(device)
      #expect(file.poll() == [], "it had gone")
      // Other files of /proc are always ready, and nothing can wait for them.
      let handlers = try world.open("bus/input/handlers")
      #expect(!handlers.canPoll && handlers.poll() == [.input, .output, .readNormal, .writeNormal])
    }
  }

  private func register(_ device: InputDevice) throws(Errno) { try InputDevices.register(device) }

  @Test("the machine's files have the lines that programs look for")
  func machine() throws {
    try withWorld { world in
      #expect(try world.text("meminfo").hasPrefix("MemTotal:         262144 kB\nMemFree:          131072 kB\n"))
      #expect(try world.text("cmdline") == "console=ttyS0 quiet\n")
      #expect(try world.text("version") == "Linux version 6.1.0-apus () #1 SMP PREEMPT\n")
      #expect(try world.text("loadavg").hasPrefix("0.00 0.00 0.00 1/1 1\n"))
      let stat = try world.text("stat").split(separator: "\n")
      #expect(stat[0].hasPrefix("cpu  ") && stat[0].split(separator: " ").count == 11)
      for name in ["intr ", "ctxt ", "btime ", "processes ", "procs_running ", "procs_blocked "] {
        #expect(stat.contains { $0.hasPrefix(name) })
      }
      #expect(try world.text("uptime").split(separator: " ").count == 2)
      #expect(try world.text("sys/kernel/osrelease") == "6.1.0-apus\n")
    }
  }
}
