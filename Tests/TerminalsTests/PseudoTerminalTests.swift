import Foundations
import LinuxABI
import Machine
import Testing
import Waiting

@testable import Terminals

@Suite("Pseudo terminals")
struct PseudoTerminalTests {
  @Test("A slave opens when it is unlocked, and as long as the master is open")
  func opening() throws {
    let registry = PseudoTerminals(jobControl: TestJobControl())
    var master: PseudoTerminalMaster? = try registry.openMaster()
    let terminal = try #require(registry.slave(0))
    #expect(throws: Errno.EIO) { try terminal.open(controlling: false) }
    master?.unlock()
    let slave = try terminal.open(controlling: false)
    master = nil
    #expect(slave.isHungUp)
    #expect(registry.slave(0) == nil)
    #expect(throws: Errno.EIO) { try terminal.open(controlling: false) }
    #expect(slave.poll() == [.input, .output, .error, .hangUp, .readNormal, .writeNormal])
    #expect(try slave.read(5) == [])
    #expect(throws: Errno.EIO) { try slave.write("x") }
    #expect(throws: Errno.EIO) { try slave.control(TerminalRequest.TCGETS.rawValue, 0) }
    #expect(throws: Errno.ENOTTY) { try slave.control(TerminalRequest.TIOCSPGRP.rawValue, 0) }
  }

  @Test("Closing the master hangs the slave's session up")
  func hangUp() throws {
    let jobs = TestJobControl()
    jobs.lead(10)
    let registry = PseudoTerminals(jobControl: jobs)
    var master: PseudoTerminalMaster? = try registry.openMaster()
    master?.unlock()
    let slave = try master?.openSlave(controlling: true)
    jobs.events = []
    master = nil
    #expect(jobs.events == [.hungUp(session: 10, foreground: 10)])
    #expect(slave?.terminal.session == 0)
  }

  @Test("The master reads what was written before the slave was closed, and then fails until it is opened again")
  func slaveClosed() throws {
    let registry = PseudoTerminals(jobControl: TestJobControl())
    let master = try registry.openMaster()
    master.unlock()
    #expect(throws: Errno.EAGAIN) { try master.read(1) }
    var slave: TerminalHandle? = try master.openSlave(controlling: false)
    let second: TerminalHandle? = try master.openSlave(controlling: false)
    try slave?.write("last words")
    slave = nil
    #expect(!master.poll().contains(.hangUp))
    withExtendedLifetime(second) {}
    do { _ = consume second }
    #expect(master.poll().contains([.hangUp, .input]))
    #expect(try master.readText() == "last words")
    #expect(throws: Errno.EIO) { try master.read(1) }
    try master.write("typed ahead\n")
    slave = try master.openSlave(controlling: false)
    #expect(try slave?.readText() == "typed ahead\n")
    #expect(!master.poll().contains(.hangUp))
  }

  @Test("Numbers are the lowest free, free again when both ends are closed, and end at the limit")
  func numbers() throws {
    let registry = PseudoTerminals(jobControl: TestJobControl())
    var masters: [PseudoTerminalMaster?] = []
    for expected in 0..<4 {
      let master = try registry.openMaster()
      #expect(master.number == expected && master.terminal.minor == UInt32(expected))
      master.unlock()
      masters.append(master)
    }
    let slave = try masters[1]?.openSlave(controlling: false)
    masters[1] = nil
    masters[2] = nil
    #expect(registry.nextNumber(from: 0) == 0 && registry.nextNumber(from: 1) == 3)
    #expect(registry.nextNumber(from: 4) == nil)
    // The slave of number 1 is still open.
    #expect(try registry.openMaster().number == 2)
    withExtendedLifetime(slave) {}
    do { _ = consume slave }
    let master = try registry.openMaster()
    #expect(master.number == 1)
  }

  @Test("Without memory no number is lost")
  func memory() {
    SimulatedMemory.exclusive {
      let registry = PseudoTerminals(jobControl: TestJobControl())
      var isDone = false
      for count in 0..<40 where !isDone {
        AllocationFaults.fail(after: count)
        let result = Result { () throws(Errno) in try registry.openMaster().number }
        AllocationFaults.fail(after: nil)
        switch result {
        case .success(let number):
          #expect(number == 0 && count == 4)
          isDone = true
        case .failure(let error): #expect(error == .ENOMEM)
        }
      }
      #expect(isDone)
    }
  }

  @Test("Packet mode tells of flushes and flow control before the data")
  func packets() throws {
    let pair = try Pair()
    pair.terminal.setPacketMode(true)
    try pair.slave.write("data")
    #expect(try pair.master.read(100) == [0] + Array("data".utf8))
    pair.set { $0.input.remove(.IXON) }
    #expect(pair.master.poll().contains([.priority, .input]))
    #expect(try pair.master.read(100) == [16])
    pair.set { $0.input.insert(.IXON) }
    #expect(try pair.master.read(100) == [32])
    try pair.slave.write("more")
    try pair.master.write("\u{13}")
    #expect(try pair.master.read(100) == [4])
    #expect(try pair.master.read(3) == [0] + Array("mo".utf8))
    pair.set { $0.local.insert(.EXTPROC) }
    #expect(try pair.master.read(100) == [64])
  }

  @Test("The lock is let go of after each line that is printed again")
  func reprinting() throws {
    let pair = try Pair()
    try pair.master.write("abc")
    _ = try pair.master.readText()
    let remaining: [Int] = pair.terminal.state.withLock { state in
      for _ in 0..<3 { _ = state.received.append(0x12, .normal) }
      var counts: [Int] = []
      while state.process(isContinued: !counts.isEmpty) != nil { counts.append(state.received.count) }
      return counts
    }
    #expect(remaining == [2, 1, 0])
    #expect(try pair.master.readText() == "^R\r\nabc^R\r\nabc^R\r\nabc")
    try pair.master.write("\u{12}\u{12}d\n")
    #expect(try pair.master.readText() == "^R\r\nabc^R\r\nabcd\r\n")
    #expect(try pair.slave.readText() == "abcd\n")
  }
}
