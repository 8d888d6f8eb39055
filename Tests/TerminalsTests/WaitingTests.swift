import Dispatch
import Foundation
import Foundations
import LinuxABI
import Machine
import TestSupport
import Testing

@testable import Terminals

/// A pseudo terminal that threads share.
private final class Shared: Sendable {
  private let pair = SpinLock<Pair?>(nil)

  init(_ pair: Pair) { self.pair.withLock { $0 = pair } }

  var master: PseudoTerminalMaster? { pair.withLock { $0?.master } }
  var slave: TerminalHandle? { pair.withLock { $0?.slave } }
}

/// What a thread did, to be waited for.
private final class Outcome<Value: Sendable>: Sendable {
  private let value = SpinLock<Value?>(nil)
  private let isDone = DispatchSemaphore(value: 0)

  init(_ body: @escaping @Sendable () -> Value) {
    let thread = Thread {
      let value = body()
      self.value.withLock { $0 = value }
      self.isDone.signal()
    }
    thread.start()
  }

  func wait() -> Value? {
    guard isDone.wait(timeout: .now() + 60) == .success else { return nil }
    return value.withLock { $0 }
  }

  var isFinished: Bool { value.withLock { $0 != nil } }
}

@Suite("Waiting at terminals")
struct WaitingTests {
  private func raw(_ pair: Pair, minimum: UInt8, time: UInt8) {
    pair.set {
      $0.input = []
      $0.output = []
      $0.local = []
      $0.characters.minimum = minimum
      $0.characters.time = time
    }
  }

  @Test("A reader waits for its line, and meanwhile another that does not wait is told so")
  func line() throws {
    let pair = try Pair()
    let shared = Shared(pair)
    let reader = Outcome { (try? shared.slave?.read(100, nonBlocking: false)) ?? [] }
    while pair.terminal.readTurn.isFree { usleep(100) }
    #expect(throws: Errno.EAGAIN) { try pair.slave.read(1) }
    try pair.master.write("no line yet")
    #expect(!reader.isFinished)
    try pair.master.write("\n")
    #expect(reader.wait() == Array("no line yet\n".utf8))
  }

  @Test("A hang-up ends the reader's wait with the end of the file, and the writer's with an error")
  func hangUp() throws {
    let pair = try Pair()
    let shared = Shared(pair)
    raw(pair, minimum: 1, time: 0)
    _ = try pair.slave.write([UInt8](repeating: 1, count: 20_000))
    let reader = Outcome { (try? shared.slave?.read(100, nonBlocking: false))?.count ?? -1 }
    let writer = Outcome { (try? shared.slave?.write([1, 2, 3], nonBlocking: false)) ?? -5 }
    while pair.terminal.readTurn.isFree || pair.terminal.writeTurn.isFree { usleep(100) }
    pair.terminal.hangUp()
    #expect(reader.wait() == 0)
    #expect(writer.wait() == -5)
  }

  @Test("The master's wait ends when the slave is closed")
  func slaveCloses() throws {
    let jobs = TestJobControl()
    let registry = PseudoTerminals(jobControl: jobs)
    let master = try registry.openMaster()
    master.unlock()
    var slave: TerminalHandle? = try master.openSlave(controlling: false)
    let holder = MasterHolder(master)
    let reader = Outcome { () -> Int in
      do throws(Errno) { return try holder.master?.read(10, nonBlocking: false).count ?? -1 } catch {
        return -Int(error.rawValue)
      }
    }
    while master.terminal.masterReadTurn.isFree { usleep(100) }
    withExtendedLifetime(slave) {}
    slave = nil
    #expect(reader.wait() == -5)
  }

  @Test("Bytes pass both ways in order, however readers and writers wait")
  func streams() throws {
    let pair = try Pair()
    raw(pair, minimum: 1, time: 0)
    let shared = Shared(pair)
    let total = 300_000
    let producers = [true, false].map { isMaster in
      Outcome { () -> Bool in
        var random = SeededGenerator(seed: isMaster ? 1 : 2)
        var done = 0
        while done < total {
          let piece = (done..<min(total, done + Int.random(in: 1...3_000, using: &random))).map {
            UInt8(truncatingIfNeeded: $0 % 251)
          }
          let end: (any TerminalEnd)? = isMaster ? shared.master : shared.slave
          guard let count = try? end?.write(piece, nonBlocking: false), count == piece.count else { return false }
          done += count
        }
        return true
      }
    }
    let consumers = [true, false].map { isMaster in
      Outcome { () -> Bool in
        var random = SeededGenerator(seed: isMaster ? 3 : 4)
        var done = 0
        while done < total {
          let end: (any TerminalEnd)? = isMaster ? shared.master : shared.slave
          let wanted = Int.random(in: 1...2_000, using: &random)
          guard let piece = try? end?.read(wanted, nonBlocking: false), !piece.isEmpty else { return false }
          for (index, byte) in piece.enumerated() where byte != UInt8(truncatingIfNeeded: (done + index) % 251) {
            return false
          }
          done += piece.count
        }
        return true
      }
    }
    for outcome in producers + consumers { #expect(outcome.wait() == true) }
  }

  @Test("VMIN and VTIME say how long a read waits")
  func patience() throws {
    let pair = try Pair()
    let shared = Shared(pair)
    // At once.
    raw(pair, minimum: 0, time: 0)
    #expect(try pair.slave.read(10, nonBlocking: false) == [])
    try pair.master.write("ab")
    #expect(try pair.slave.read(10, nonBlocking: false).count == 2)
    // Until something comes or the time is over.
    raw(pair, minimum: 0, time: 1)
    #expect(try pair.slave.read(10, nonBlocking: false) == [])
    try pair.master.write("c")
    #expect(try pair.slave.read(10, nonBlocking: false).count == 1)
    // Until so many have come, but no more than fit.
    raw(pair, minimum: 5, time: 0)
    try pair.master.write("1234")
    let reader = Outcome { (try? shared.slave?.read(10, nonBlocking: false)) ?? [] }
    while pair.terminal.readTurn.isFree { usleep(100) }
    #expect(!reader.isFinished)
    try pair.master.write("5")
    #expect(reader.wait() == Array("12345".utf8))
    try pair.master.write("123")
    #expect(try pair.slave.read(3, nonBlocking: false).count == 3)
    // What is there is given to who does not wait.
    try pair.master.write("123")
    #expect(try pair.slave.read(10).count == 3)
    // More than Linux's own limit of 64.
    raw(pair, minimum: 100, time: 0)
    _ = try pair.master.write([UInt8](repeating: 7, count: 150))
    #expect(try pair.slave.read(200, nonBlocking: false).count == 150)
    // Until nothing more comes for a time, which begins with the first.
    raw(pair, minimum: 5, time: 1)
    try pair.master.write("12")
    #expect(try pair.slave.read(10, nonBlocking: false).count == 2)
  }

  @Test("Everything at once ends as it should")
  func storm() throws {
    let pair = try Pair()
    let shared = Shared(pair)
    let workers = (0..<4).map { worker in
      Outcome { () -> Bool in
        var random = SeededGenerator(seed: UInt64(worker))
        for _ in 0..<3_000 {
          guard let master = shared.master, let slave = shared.slave else { return true }
          let bytes = (0..<Int.random(in: 1...50, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
          }
          switch worker {
          case 0: _ = try? master.write(bytes)
          case 1: _ = try? master.read(500)
          case 2: _ = try? slave.write(bytes)
          default:
            _ = try? slave.read(500)
            guard Int.random(in: 0..<30, using: &random) == 0 else { continue }
            var modes = slave.terminal.modes
            modes.local.rawValue ^= 1 << UInt32.random(in: 0..<17, using: &random)
            modes.input.rawValue ^= 1 << UInt32.random(in: 0..<15, using: &random)
            slave.terminal.setModes(modes)
          }
        }
        return true
      }
    }
    for worker in workers { #expect(worker.wait() == true) }
    #expect(pair.terminal.readTurn.isFree && pair.terminal.writeTurn.isFree)
  }
}

/// A master that a thread may have.
private final class MasterHolder: Sendable {
  private let lock: SpinLock<PseudoTerminalMaster?>
  init(_ master: PseudoTerminalMaster?) { lock = SpinLock(master) }
  var master: PseudoTerminalMaster? { lock.withLock { $0 } }
}
