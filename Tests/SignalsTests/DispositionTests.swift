import Foundations
import LinuxABI
import TestSupport
import Testing

@testable import Signals

@Suite("What is done about signals")
struct DispositionTests {
  private func caught(_ flags: SignalActionFlags = [], mask: SignalSet = []) -> SignalDisposition {
    SignalDisposition(handler: 0x40_1000, flags: flags.union(.SA_RESTORER), restorer: 0x40_2000, mask: mask)
  }

  @Test("a table begins with the standard, gives back what was there, and refuses SIGKILL and SIGSTOP")
  func setting() throws {
    let table = try SignalDispositions()
    #expect(try table.set(.SIGUSR1, to: caught()) == .standard)
    #expect(try table.set(.SIGUSR1, to: .ignored) == caught())
    #expect(table[.SIGUSR1] == .ignored && table[.SIGUSR2] == .standard)
    #expect(throws: Errno.EINVAL) { try table.set(.SIGKILL, to: .ignored) }
    #expect(throws: Errno.EINVAL) { try table.set(.SIGSTOP, to: .standard) }
  }

  @Test("flags that are not known and signals that cannot be blocked are left out")
  func acceptance() throws {
    let table = try SignalDispositions()
    let wild = SignalDisposition(
      handler: 7, flags: SignalActionFlags(rawValue: .max), restorer: .max, mask: .all)
    _ = try table.set(Signal(64), to: wild)
    let kept = table[Signal(64)]
    #expect(!kept.flags.contains(.SA_UNSUPPORTED) && kept.flags.contains([.SA_RESTART, .SA_RESETHAND, .SA_ONSTACK]))
    #expect(kept.flags.rawValue & 0x200 == 0 && kept.flags.rawValue >> 32 == 0)
    #expect(kept.mask == SignalSet.all.subtracting(.uncatchable) && kept.restorer == .max && kept.handler == 7)
  }

  @Test("the two sets follow every change")
  func sets() throws {
    let table = try SignalDispositions()
    var random = SeededGenerator(seed: 5)
    for _ in 0..<2_000 {
      let signal = Signal(Int.random(in: 1...64, using: &random))
      guard signal.isCatchable else { continue }
      let choices = [SignalDisposition.standard, .ignored, caught(), caught(.SA_RESETHAND)]
      switch Int.random(in: 0..<12, using: &random) {
      case 0: table.resetHandlers()
      case 1: table.reset(signal)
      case 2, 3: _ = table.take(signal)
      default: _ = try table.set(signal, to: choices[Int.random(in: 0..<4, using: &random)])
      }
      for number in 1...64 {
        let entry = table[Signal(number)]
        #expect(table.ignored.contains(Signal(number)) == entry.isIgnored)
        #expect(table.caught.contains(Signal(number)) == entry.isCaught)
        #expect(table.discards(Signal(number)) == entry.discards(Signal(number)))
      }
    }
  }

  @Test("a handler for once is called for the last time when it is taken")
  func once() throws {
    let table = try SignalDispositions()
    _ = try table.set(.SIGINT, to: caught([.SA_RESETHAND, .SA_SIGINFO]))
    #expect(table.take(.SIGINT).isCaught)
    #expect(table[.SIGINT].isStandard && table[.SIGINT].flags.contains(.SA_SIGINFO))
    _ = try table.set(.SIGINT, to: caught())
    #expect(table.take(.SIGINT).isCaught && table.take(.SIGINT).isCaught)
  }

  @Test("a copy is its own; execve leaves only what is ignored")
  func copies() throws {
    let table = try SignalDispositions()
    _ = try table.set(.SIGINT, to: caught(.SA_RESTART, mask: .all))
    _ = try table.set(.SIGHUP, to: SignalDisposition(handler: 1, flags: .SA_NOCLDWAIT, restorer: 5, mask: .all))
    let copy = try SignalDispositions(copying: table)
    copy.resetHandlers()
    #expect(copy[.SIGINT] == .standard && copy[.SIGHUP] == .ignored)
    #expect(table[.SIGINT].isCaught && table[.SIGHUP].restorer == 5)
    #expect(copy.ignored == SignalSet(.SIGHUP) && copy.caught.isEmpty && table.caught == SignalSet(.SIGINT))
  }

  @Test("what does nothing by itself, or is ignored, goes away without a trace")
  func discarding() throws {
    let table = try SignalDispositions()
    #expect(table.discards(.SIGCHLD) && table.discards(.SIGURG) && table.discards(.SIGWINCH))
    #expect(table.discards(.SIGCONT) && !table.discards(.SIGTSTP) && !table.discards(.SIGTERM))
    _ = try table.set(.SIGCHLD, to: caught())
    _ = try table.set(.SIGTERM, to: .ignored)
    #expect(!table.discards(.SIGCHLD) && table.discards(.SIGTERM))
  }
}
