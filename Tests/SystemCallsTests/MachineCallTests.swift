import Foundations
import LinuxABI
import Logging
import Machine
import PageCache
import Processes
import Security
import Testing
import VFS
import Waiting

@testable import SystemCalls

/// A log that a test fills.
private final class TestLog: SystemLog {
  private let ring = SpinLock(LogRing(byteCount: 4_096))
  private let changeCount = SpinLock(0)

  func add(_ level: LogLevel, _ text: Message) {
    ring.withLock { _ = $0.append(level, .kernel, text, nanoseconds: 1_500_000_000) }
    arrivals.wakeAll()
  }

  var changes: Int { changeCount.withLock { $0 } }

  override func read(_ cursor: inout LogRing.Cursor, into record: inout LogRecord) -> Bool {
    ring.withLock { $0.read(&cursor, into: &record) }
  }
  override var oldest: LogRing.Cursor? { ring.withLock { $0.oldest } }
  override var newest: LogRing.Cursor? { ring.withLock { $0.newest } }
  override var byteCount: Int { 4_096 }
  override func change(_ console: ConsoleLevel.Change) { changeCount.withLock { $0 += 1 } }
}

private final class TestServices: MachineServices {
  private let testLog: TestLog

  init(_ log: TestLog) {
    testLog = log
    super.init()
  }

  override func memoryStatistics() -> MemoryStatistics {
    var statistics = MemoryStatistics()
    (statistics.total, statistics.free, statistics.shared, statistics.buffers) = (1_000, 300, 20, 4)
    return statistics
  }
  override var log: SystemLog? { testLog }
}

@Suite("Calls to the machine", .serialized)
struct MachineCallTests {
  init() { MachineControl.start(TestServices(TestLog())) }

  // MARK: Names

  private func names(_ world: CallWorld) throws -> [String] {
    #expect(world.call(.uname, CallWorld.base) == 0)
    return try (0..<6).map { try world.text(at: CallWorld.base + UInt64($0) * 65) }
  }

  @Test("uname's names are Linux's, and programs of older times are told older ones")
  func uname() throws {
    try CallWorld.run { world throws in
      let found = try names(world)
      #expect(found[0] == "Linux" && found[2].hasPrefix("6.1.0") && found[4] == "x86_64")
      #expect(world.call(.personality, 8) == 0)
      #expect(try names(world)[4] == "i686")
      #expect(world.call(.personality, 0x20000) == 8)
      #expect(try names(world)[2].hasPrefix("2.6.61"))
      #expect(world.error(.uname, 8) == .EFAULT)
      let end = CallWorld.base + CallWorld.pageCount << 12
      #expect(world.error(.uname, end - 389) == .EFAULT)
    }
  }

  @Test("names are set by the superuser, 64 bytes long at most")
  func setNames() throws {
    try CallWorld.run { world throws in
      let name = String(repeating: "n", count: 64)
      try world.store(Array(name.utf8))
      #expect(world.call(.sethostname, CallWorld.base, 64) == 0)
      #expect(world.call(.setdomainname, CallWorld.base, 3) == 0)
      let found = try names(world)
      #expect(found[1] == name && found[5] == "nnn")
      #expect(world.error(.sethostname, CallWorld.base, 65) == .EINVAL)
      #expect(world.error(.sethostname, CallWorld.base, UInt64(UInt32.max)) == .EINVAL)
      #expect(world.error(.sethostname, 8, 4) == .EFAULT)
      try world.store(Array("apus".utf8))
      #expect(world.call(.sethostname, CallWorld.base, 4) == 0)
      #expect(world.call(.setuid, 9) == 0)
      #expect(world.error(.sethostname, CallWorld.base, 4) == .EPERM)
      #expect(try names(world)[1] == "apus")
    }
  }

  // MARK: State and end

  @Test("sysinfo tells sizes in bytes")
  func sysinfo() throws {
    try CallWorld.run { world throws in
      #expect(world.call(.sysinfo, CallWorld.base) == 0)
      let words = try (0..<14).map { try world.number(UInt64.self, at: CallWorld.base + UInt64($0) * 8) }
      #expect(words[0] > 0)
      #expect(words[4...7] == [1_000 << 12, 300 << 12, 20 << 12, 4 << 12])
      #expect(words[10] == 1 && words[13] == 1)
    }
  }

  @Test("reboot wants rights and both magic numbers")
  func reboot() throws {
    try CallWorld.run { world throws in
      let (one, two): (UInt64, UInt64) = (0xfee1_dead, 0x2812_1969)
      #expect(world.error(.reboot, 1, two, 0) == .EINVAL)
      #expect(world.error(.reboot, one, 1, 0) == .EINVAL)
      #expect(world.error(.reboot, one, two, 5) == .EINVAL)
      #expect(world.error(.reboot, one, two, 0x4558_4543) == .EINVAL)
      #expect(world.call(.reboot, one, two, 0) == 0)
      #expect(!MachineControl.restartsOnControlAltDelete)
      #expect(world.call(.reboot, one, 672_274_793, 0x89ab_cdef) == 0)
      #expect(MachineControl.restartsOnControlAltDelete)
      #expect(world.call(.setuid, 9) == 0)
      #expect(world.error(.reboot, one, two, 0x4321_fedc) == .EPERM)
      #expect(world.error(.vhangup) == .EPERM)
    }
  }

  @Test("no program gets ports")
  func ports() throws {
    try CallWorld.run { world throws in
      #expect(world.error(.ioperm, 0x3f8, 8, 1) == .EPERM)
      #expect(world.call(.ioperm, 0x3f8, 8, 0) == 0)
      #expect(world.error(.ioperm, 0xffff, 2, 0) == .EINVAL)
      #expect(world.error(.ioperm, UInt64.max, 2, 0) == .EINVAL)
      #expect(world.error(.ioperm, 0x3f8, 0, 1) == .EINVAL)
      #expect(world.call(.iopl, 0) == 0)
      #expect(world.error(.iopl, 3) == .EPERM)
      #expect(world.error(.iopl, 4) == .EINVAL)
    }
  }

  @Test("random bytes come in any number, as far as there is memory")
  func random() throws {
    try CallWorld.run { world throws in
      #expect(world.call(.getrandom, CallWorld.base, 5_000, 0) == 5_000)
      let bytes = Set(try world.bytes(5_000))
      #expect(bytes.count > 200)
      #expect(world.error(.getrandom, CallWorld.base, 16, 8) == .EINVAL)
      #expect(world.error(.getrandom, CallWorld.base, 16, 6) == .EINVAL)
      #expect(world.error(.getrandom, 8, 16, 0) == .EFAULT)
      let end = CallWorld.base + CallWorld.pageCount << 12
      #expect(world.call(.getrandom, end - 300, 1_000, 0) == 300)
      #expect(world.call(.getrandom, CallWorld.base, 0, 0) == 0)
    }
  }

  // MARK: The log

  @Test("messages are taken once, shown as often as wanted, and hidden by clearing")
  func log() throws {
    try CallWorld.run { world throws in
      let log = try #require(MachineControl.log as? TestLog)
      log.add(.info, "first")
      log.add(.error, "second\nand more")
      let lines = [
        "<6>[    1.500000] kernel: first\n", "<3>[    1.500000] kernel: second\n<3>[    1.500000] kernel: and more\n",
      ]
      let all = lines.joined()
      let base = CallWorld.base
      #expect(world.call(.syslog, 10, 0, 0) == 4_096)
      #expect(world.call(.syslog, 9, 0, 0) == Int64(all.utf8.count))
      #expect(world.call(.syslog, 3, base, 4_000) == Int64(all.utf8.count))
      #expect(try world.text(at: base, limit: all.utf8.count) == all)
      // The last that fit, whole.
      #expect(world.call(.syslog, 3, base, UInt64(all.utf8.count - 1)) == Int64(lines[1].utf8.count))
      #expect(try world.text(at: base, limit: lines[1].utf8.count) == lines[1])
      // Taken in pieces, if the first does not fit.
      #expect(world.call(.syslog, 2, base, 5) == 5)
      #expect(try world.text(at: base, limit: 5) == "<6>[ ")
      #expect(world.call(.syslog, 9, 0, 0) == Int64(all.utf8.count - 5))
      #expect(world.call(.syslog, 2, base, 60) == Int64(lines[0].utf8.count - 5))
      #expect(world.call(.syslog, 2, base, 4_000) == Int64(lines[1].utf8.count))
      #expect(world.call(.syslog, 9, 0, 0) == 0)
      #expect(world.call(.syslog, 4, base, 4_000) == Int64(all.utf8.count))
      #expect(world.call(.syslog, 3, base, 4_000) == 0)
      log.add(.debug, "third")
      #expect(world.call(.syslog, 3, base, 4_000) == 32)
      #expect(world.call(.syslog, 5, 0, 0) == 0)
      #expect(world.call(.syslog, 3, base, 4_000) == 0)
      #expect(world.error(.syslog, 2, 0, 4) == .EINVAL)
      #expect(world.error(.syslog, 3, base, UInt64(UInt32.max)) == .EINVAL)
      #expect(world.error(.syslog, 11, base, 1) == .EINVAL)
      #expect(world.error(.syslog, 8, 0, 9) == .EINVAL)
      #expect(world.error(.syslog, 3, 8, 4_000) == nil, "there is nothing to copy")
      for (action, level) in [(6, 0), (7, 0), (8, 4)] as [(UInt64, UInt64)] {
        #expect(world.call(.syslog, action, 0, level) == 0)
      }
      #expect(log.changes == 3)
      // As a file: what nobody took, then nothing.
      let path = world.root.rootPath
      let file = try SystemLogFile(OpenRequest(path, [.O_NONBLOCK], .root), path.inode)
      var taken = [UInt8](repeating: 0, count: 100)
      func read() throws(Errno) -> Int {
        var span = taken.mutableSpan
        return try IOBuffer.withBuffer(filling: &span) { buffer throws(Errno) in try file.read(&buffer) }
      }
      #expect(file.poll().contains(.input))
      #expect(try read() == 32)
      #expect(String(decoding: taken[..<32], as: UTF8.self) == "<7>[    1.500000] kernel: third\n")
      #expect(file.poll().isEmpty && file.canPoll)
      #expect(throws: Errno.EAGAIN) { try read() }
      #expect(throws: Errno.EPERM) { try SystemLogFile(OpenRequest(path, [], CallWorld.ordinary), path.inode) }
      #expect(world.call(.setuid, 9) == 0)
      #expect(world.call(.syslog, 3, base, 4_000) == 0)
      #expect(world.error(.syslog, 9, 0, 0) == .EPERM)
    }
  }
}
