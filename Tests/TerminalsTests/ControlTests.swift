import Foundations
import LinuxABI
import PageFrames
import TestSupport
import Testing

@testable import Machine
@testable import Terminals

/// A program that has one page.
private final class OnePage: PageFaultHandler {
  static let address: UInt64 = 0x10000
  private var table: UserPageTable

  init(_ table: consuming UserPageTable) {
    self.table = table
    super.init()
  }

  override func resolve(address: UInt64, access: PageFaultAccess) -> Bool {
    guard address >= Self.address, address < Self.address + 4096 else { return false }
    do throws(Errno) {
      try table.map(UserFrame.allocate(isZeroed: true), at: address & ~4095, [.read, .write])
      return true
    } catch {
      return error == .EEXIST
    }
  }

  /// Runs `body` in a program.
  static func run(_ body: () throws -> Void) throws {
    try SimulatedMemory.exclusive {
      SimulatedProcessor.reset(.fourLevel, hasIdentifiers: false)
      let program = OnePage(try UserPageTable())
      CurrentAddressSpace.activate(program.table, handler: program)
      defer { CurrentAddressSpace.leave() }
      try body()
    }
  }
}

@Suite("Requests", .serialized)
struct ControlTests {
  private let address = OnePage.address

  private func control(_ end: any TerminalEnd, _ request: TerminalRequest, _ argument: UInt64) throws(Errno) {
    let result = try end.control(request.rawValue, argument)
    #expect(result == 0)
  }

  private func number(_ end: any TerminalEnd, _ request: TerminalRequest) throws(Errno) -> Int32 {
    try control(end, request, address)
    return try UserPointer<Int32>(address).load()
  }

  private func set(_ end: any TerminalEnd, _ request: TerminalRequest, _ value: Int32) throws(Errno) {
    try UserPointer<Int32>(address).store(value)
    try control(end, request, address)
  }

  @Test("The modes are read and written in all their forms, at either end")
  func modes() throws {
    try OnePage.run {
      let pair = try Pair()
      try control(pair.slave, .TCGETS, address)
      // c_iflag 0x500, c_oflag 5, c_cflag 0xbf, c_lflag 0x8a3b, then c_line and c_cc, as the host's Linux says.
      let expected: [UInt32] = [
        0x500, 5, 0xbf, 0x8a3b, 0x7f1c_0300, 0x0100_0415, 0x1a13_1100, 0x170f_1200, 0x0000_0016,
      ]
      for (index, word) in expected.enumerated() { #expect(try UserPointer<UInt32>(address).load(at: index) == word) }
      var modes = try UserPointer<Termios>(address).load()
      #expect(modes == pair.terminal.modes)
      modes.local.remove(.ECHO)
      modes.control = [ControlFlags(rawValue: 0x1002), .CREAD]
      modes.line = 9
      try UserPointer<Termios>(address).store(modes)
      try control(pair.master, .TCSETS, address)
      #expect(pair.terminal.modes.outputSpeed == 115_200 && pair.terminal.modes.inputSpeed == 115_200)
      #expect(pair.terminal.modes.control == [ControlFlags(rawValue: 0x1002), .CREAD, .CS8])
      #expect(!pair.terminal.modes.local.contains(.ECHO) && pair.terminal.modes.line == 9)
      // A speed of one's own, and another towards the computer.
      try control(pair.slave, .TCGETS2, address)
      try UserPointer<UInt32>(address).store(0x1000 | 0xf0 | 13 << 16, at: 2)
      try UserPointer<UInt32>(address).store(12_345, at: 10)
      try control(pair.slave, .TCSETS2, address)
      #expect(pair.terminal.modes.outputSpeed == 12_345 && pair.terminal.modes.inputSpeed == 9_600)
      // The old form leaves the upper halves as they are.
      try control(pair.slave, .TCGETA, address)
      #expect(try UserPointer<UInt16>(address).load(at: 0) == 0x500)
      try UserPointer<UInt16>(address).store(0, at: 3)
      try UserPointer<UInt8>(address + 9).store(42)
      try control(pair.slave, .TCSETA, address)
      #expect(pair.terminal.modes.local.rawValue == 0 && pair.terminal.modes.characters.interrupt == 42)
      #expect(pair.terminal.modes.control.rawValue >> 16 == 13)
    }
  }

  @Test("TCSETSF throws away what was typed, TCSETSW does not")
  func flushing() throws {
    try OnePage.run {
      let pair = try Pair()
      try pair.master.write("one\n")
      try control(pair.slave, .TCGETS, address)
      try control(pair.slave, .TCSETSW, address)
      #expect(try number(pair.slave, .FIONREAD) == 4)
      try control(pair.slave, .TCSETSF, address)
      #expect(try number(pair.slave, .FIONREAD) == 0)
      #expect(throws: Errno.EINVAL) { try control(pair.slave, .TCFLSH, 3) }
      #expect(throws: Errno.EINVAL) { try control(pair.slave, .TCXONC, 4) }
    }
  }

  @Test("The foreground group is told and set by the session's own")
  func groups() throws {
    try OnePage.run {
      let pair = try Pair(controlling: true)
      pair.jobs.sessions[12] = 10
      pair.jobs.sessions[30] = 30
      #expect(try number(pair.slave, .TIOCGPGRP) == 10)
      #expect(try number(pair.master, .TIOCGSID) == 10)
      try set(pair.slave, .TIOCSPGRP, 12)
      #expect(try number(pair.slave, .TIOCGPGRP) == 12)
      // Now it is in the background: setting it would stop it.
      pair.jobs.events = []
      #expect(throws: Errno.EINTR) { try set(pair.slave, .TIOCSPGRP, 10) }
      #expect(pair.jobs.events == [.signal(.SIGTTOU, group: 10)])
      pair.jobs.ignored = [.SIGTTOU]
      #expect(throws: Errno.EPERM) { try set(pair.slave, .TIOCSPGRP, 30) }
      #expect(throws: Errno.ESRCH) { try set(pair.slave, .TIOCSPGRP, 31) }
      #expect(throws: Errno.EINVAL) { try set(pair.slave, .TIOCSPGRP, -1) }
      try set(pair.slave, .TIOCSPGRP, 10)
      pair.jobs.lead(30)
      #expect(throws: Errno.ENOTTY) { try number(pair.slave, .TIOCGPGRP) }
      #expect(throws: Errno.ENOTTY) { try set(pair.slave, .TIOCSPGRP, 30) }
    }
  }

  @Test("A leader takes a terminal with TIOCSCTTY, steals one only when it may, and gives it up with TIOCNOTTY")
  func controlling() throws {
    try OnePage.run {
      let pair = try Pair()
      #expect(throws: Errno.EPERM) { try control(pair.slave, .TIOCSCTTY, 0) }
      pair.jobs.lead(10)
      try control(pair.slave, .TIOCSCTTY, 0)
      try control(pair.slave, .TIOCSCTTY, 0)
      #expect(pair.terminal.session == 10 && pair.jobs.events == [.controls])
      pair.jobs.lead(20)
      #expect(throws: Errno.EPERM) { try control(pair.slave, .TIOCSCTTY, 0) }
      #expect(throws: Errno.EPERM) { try control(pair.slave, .TIOCSCTTY, 1) }
      pair.jobs.isPrivileged = true
      #expect(throws: Errno.EPERM) { try control(pair.slave, .TIOCSCTTY, 0) }
      pair.jobs.events = []
      try control(pair.slave, .TIOCSCTTY, 1)
      #expect(pair.jobs.events == [.dropped(session: 10), .controls] && pair.terminal.session == 20)
      pair.jobs.events = []
      try control(pair.slave, .TIOCNOTTY, 0)
      #expect(
        pair.jobs.events == [.signal(.SIGHUP, group: 20), .signal(.SIGCONT, group: 20), .dropped(session: 20)])
      #expect(throws: Errno.ENOTTY) { try control(pair.slave, .TIOCNOTTY, 0) }
      #expect(pair.terminal.session == 0)
    }
  }

  @Test("Requests about pseudo terminals are the master's")
  func masters() throws {
    try OnePage.run {
      let pair = try Pair(controlling: true)
      #expect(try number(pair.master, .TIOCGPTN) == 0)
      #expect(try number(pair.slave, .TIOCGDEV) == 136 << 8)
      try set(pair.master, .TIOCSPTLCK, 1)
      #expect(try number(pair.master, .TIOCGPTLCK) == 1)
      #expect(throws: Errno.EIO) { try pair.master.openSlave(controlling: false) }
      try set(pair.master, .TIOCPKT, 1)
      #expect(try number(pair.master, .TIOCGPKT) == 1)
      pair.jobs.events = []
      try control(pair.master, .TIOCSIG, 3)
      #expect(pair.jobs.events == [.signal(.SIGQUIT, group: 10)])
      #expect(throws: Errno.EINVAL) { try control(pair.master, .TIOCSIG, 9) }
      for request in [TerminalRequest.TIOCGPTN, .TIOCSPTLCK, .TIOCPKT, .TIOCSIG, .TIOCGPTPEER] {
        #expect(throws: Errno.ENOTTY) { try control(pair.slave, request, address) }
      }
    }
  }

  @Test("An exclusive terminal opens for the privileged only")
  func exclusive() throws {
    try OnePage.run {
      let pair = try Pair()
      try control(pair.slave, .TIOCEXCL, 0)
      #expect(try number(pair.slave, .TIOCGEXCL) == 1)
      #expect(throws: Errno.EBUSY) { try pair.master.openSlave(controlling: false) }
      pair.jobs.isPrivileged = true
      _ = try pair.master.openSlave(controlling: false)
      pair.jobs.isPrivileged = false
      try control(pair.slave, .TIOCNXCL, 0)
      _ = try pair.master.openSlave(controlling: false)
    }
  }

  @Test("Typing for others, hanging up and unknown line disciplines are refused")
  func refused() throws {
    try OnePage.run {
      let pair = try Pair()
      try UserPointer<UInt8>(address).store(0x0a)
      #expect(throws: Errno.EIO) { try control(pair.slave, .TIOCSTI, address) }
      #expect(throws: Errno.EPERM) { try control(pair.slave, .TIOCVHANGUP, 0) }
      #expect(throws: Errno.EINVAL) { try set(pair.slave, .TIOCSETD, 3) }
      try set(pair.slave, .TIOCSETD, 0)
      #expect(throws: Errno.ENOTTY) { try pair.slave.control(0x5499, 0) }
      #expect(throws: Errno.EFAULT) { try control(pair.slave, .TCGETS, 0) }
      pair.jobs.isPrivileged = true
      try UserPointer<UInt8>(address).store(0x0a)
      try control(pair.slave, .TIOCSTI, address)
      #expect(try pair.slave.readText() == "\n")
      try control(pair.slave, .TIOCVHANGUP, 0)
      #expect(pair.slave.isHungUp)
    }
  }

  @Test("A fault ends a read with what was moved before, and EFAULT when that is nothing")
  func faults() throws {
    try OnePage.run {
      let pair = try Pair()
      try pair.master.write("0123456789\n")
      var buffer = IOBuffer(try UserBytes(address: address + 4090, count: 11))
      #expect(try pair.slave.read(&buffer, nonBlocking: true) == 6)
      try pair.master.write("more\n")
      var bad = IOBuffer(try UserBytes(address: address + 4096, count: 5))
      #expect(throws: Errno.EFAULT) { try pair.slave.read(&bad, nonBlocking: true) }
      #expect(throws: Errno.EFAULT) { try pair.slave.write(&bad, nonBlocking: true) }
    }
  }

  @Test("No request with any argument ends the kernel")
  func fuzz() throws {
    try OnePage.run {
      var random = SeededGenerator(seed: 77)
      var pair = try Pair()
      let requests = (0x5400...0x5460).map { UInt32($0) } + [0x802c_542a, 0x402c_542b, 0x402c_542d, 0x8004_5430]
      for round in 0..<15_000 {
        if round % 500 == 0 { pair = try Pair() }
        pair.jobs.isPrivileged = random.below(2) == 0
        if random.below(20) == 0 { pair.jobs.lead(Int32(random.below(5))) }
        for index in 0..<11 {
          try UserPointer<UInt32>(address).store(UInt32(truncatingIfNeeded: random.next()), at: index)
        }
        var modes = pair.terminal.modes
        // A terminal that waits for START for ever is no use.
        modes.characters.minimum = 0
        pair.terminal.setModes(modes)
        let choices = [address, 0, UInt64(random.below(5)), random.next(), UserSpace.kernelWindow.lowerBound]
        let request = requests[random.below(requests.count)]
        let argument = choices[random.below(choices.count)]
        let end: any TerminalEnd = random.below(2) == 0 ? pair.slave : pair.master
        _ = try? end.control(request, argument)
        _ = try? pair.master.write((0..<random.below(40)).map { _ in UInt8(truncatingIfNeeded: random.next()) })
        _ = try? pair.slave.write((0..<random.below(40)).map { _ in UInt8(truncatingIfNeeded: random.next()) })
        _ = try? pair.slave.read(random.below(100))
        _ = try? pair.master.read(random.below(200))
        let isSound = pair.terminal.state.withLock { $0.discipline.isSound }
        try #require(isSound, "after request \(request) in round \(round)")
      }
    }
  }
}

extension LineDiscipline {
  /// Whether the positions are in order and nothing is over its limit.
  fileprivate var isSound: Bool {
    count >= 0 && count <= Self.capacity && readableCount >= 0 && readableCount <= count
      && echoHead &- echoTail <= Self.capacity && output.count >= 0 && output.count <= output.limit
  }
}
