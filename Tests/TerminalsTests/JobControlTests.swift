import Foundations
import LinuxABI
import Machine
import Testing

@testable import Terminals

@Suite("Job control")
struct JobControlTests {
  /// A terminal that session 10 controls, with its leader's group in the foreground.
  private func controlled() throws -> Pair {
    let pair = try Pair(controlling: true)
    #expect(pair.jobs.events == [.controls])
    #expect(pair.terminal.session == 10 && pair.terminal.foregroundGroup == 10)
    pair.jobs.events = []
    return pair
  }

  @Test("Typed signals go to the foreground, before what follows is treated")
  func typed() throws {
    let pair = try controlled()
    try pair.master.write("lost\u{3}kept\u{1a}")
    #expect(pair.jobs.events == [.signal(.SIGINT, group: 10), .signal(.SIGTSTP, group: 10)])
    pair.set { $0.local.insert(.NOFLSH) }
    try pair.master.write("a\u{1c}b\n")
    #expect(pair.jobs.events.last == .signal(.SIGQUIT, group: 10))
    #expect(try pair.slave.readText() == "ab\n")
  }

  @Test("Reading in the background stops, or fails where that would do nothing or be for ever")
  func backgroundRead() throws {
    let pair = try controlled()
    try pair.master.write("line\n")
    pair.jobs.process.group = 11
    #expect(throws: Errno.EINTR) { try pair.slave.read(10) }
    #expect(pair.jobs.events == [.signal(.SIGTTIN, group: 11)])
    pair.jobs.events = []
    pair.jobs.isOrphaned = true
    #expect(throws: Errno.EIO) { try pair.slave.read(10) }
    pair.jobs.isOrphaned = false
    pair.jobs.ignored = [.SIGTTIN]
    #expect(throws: Errno.EIO) { try pair.slave.read(10) }
    #expect(pair.jobs.events.isEmpty)
    // Who has another terminal may read.
    pair.jobs.process.terminal = nil
    #expect(try pair.slave.readText() == "line\n")
  }

  @Test("Writing in the background stops with TOSTOP, and goes on where SIGTTOU is ignored")
  func backgroundWrite() throws {
    let pair = try controlled()
    pair.jobs.process.group = 11
    try pair.slave.write("free")
    pair.set { $0.local.insert(.TOSTOP) }
    #expect(throws: Errno.EINTR) { try pair.slave.write("held") }
    #expect(pair.jobs.events == [.signal(.SIGTTOU, group: 11)])
    pair.jobs.ignored = [.SIGTTOU]
    try pair.slave.write("ignored")
    pair.jobs.ignored = []
    pair.jobs.isOrphaned = true
    #expect(throws: Errno.EIO) { try pair.slave.write("orphan") }
    #expect(try pair.master.readText() == "freeignored")
  }

  @Test("The end of a leader on a pseudo terminal tells the foreground, and gives the terminal up")
  func leaderEnds() throws {
    let pair = try controlled()
    pair.terminal.endSession(10, isExit: true)
    #expect(pair.jobs.events == [.signal(.SIGHUP, group: 10), .dropped(session: 10)])
    #expect(pair.terminal.session == 0)
    #expect(pair.slave.isHungUp == false)
    pair.jobs.events = []
    pair.terminal.endSession(10, isExit: true)
    #expect(pair.jobs.events.isEmpty)
  }

  @Test("The end of a leader hangs a real terminal up")
  func leaderEndsOnDevice() throws {
    let jobs = TestJobControl()
    jobs.lead(20)
    let device = TestDevice()
    let terminal = try Terminal(device, major: 4, minor: 64, jobControl: jobs)
    let handle = try terminal.open(controlling: true)
    jobs.events = []
    terminal.endSession(20, isExit: true)
    #expect(jobs.events == [.hungUp(session: 20, foreground: 20), .signal(.SIGHUP, group: 20)])
    #expect(handle.isHungUp)
    #expect(try handle.read(10) == [])
    #expect(throws: Errno.EIO) { try handle.write("x") }
    #expect(device.opens == 1 && device.closes == 1)
    // A file opened afterwards works, and the old one's close does not count for it.
    let again = try terminal.open(controlling: false)
    #expect(device.opens == 2)
    try again.write("x")
    #expect(device.sent == "x")
  }

  @Test("A terminal opened with O_NOCTTY, write-only, by no leader or in use is nobody's")
  func notControlling() throws {
    for round in 0..<5 {
      let jobs = TestJobControl()
      jobs.lead(10)
      let terminal = try Terminal(TestDevice(), major: 4, minor: 64, jobControl: jobs)
      var handles: [TerminalHandle] = []
      defer { withExtendedLifetime(handles) {} }
      switch round {
      case 0: handles.append(try terminal.open(controlling: false))
      case 1: handles.append(try terminal.open(canRead: false, controlling: true))
      case 2:
        jobs.process.isSessionLeader = false
        handles.append(try terminal.open(controlling: true))
      case 3:
        jobs.process.terminal = try Pair().terminal
        handles.append(try terminal.open(controlling: true))
      default:
        handles.append(try terminal.open(controlling: true))
        #expect(terminal.session == 10)
        jobs.lead(11)
        jobs.events = []
        handles.append(try terminal.open(controlling: true))
        #expect(terminal.session == 10 && jobs.events.isEmpty)
        continue
      }
      #expect(terminal.session == 0 && jobs.events.isEmpty)
    }
  }

  @Test("A change of the window's size is told once")
  func windowSize() throws {
    let pair = try controlled()
    pair.terminal.resize(WindowSize(rows: 50, columns: 132))
    pair.terminal.resize(WindowSize(rows: 50, columns: 132))
    #expect(pair.jobs.events == [.signal(.SIGWINCH, group: 10)])
    #expect(pair.terminal.size == WindowSize(rows: 50, columns: 132))
  }
}
