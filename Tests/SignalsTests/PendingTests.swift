import Foundations
import LinuxABI
import Machine
import TestSupport
import Testing

@testable import Signals

@Suite("Pending signals")
struct PendingTests {
  private static func information(_ signal: Signal, _ value: UInt64) -> SignalInformation {
    .queued(signal, process: 1, user: 2, value: value)
  }

  /// Signals in the order in which they came, of which each standard one is there once.
  private struct Model {
    var entries: [(signal: Signal, value: UInt64)] = []

    func contains(_ signal: Signal) -> Bool { entries.contains { $0.signal == signal } }

    mutating func add(_ signal: Signal, _ value: UInt64) -> Bool {
      guard signal.isRealTime || !contains(signal) else { return false }
      entries.append((signal, value))
      return true
    }

    mutating func take(blocked: SignalSet) -> (signal: Signal, value: UInt64)? {
      let candidates = entries.filter { !blocked.contains($0.signal) }
      let urgent = candidates.filter { $0.signal.isSynchronous }
      let numbers = (urgent.isEmpty ? candidates : urgent).map(\.signal.rawValue)
      guard let lowest = numbers.min(), let index = entries.firstIndex(where: { $0.signal.rawValue == lowest })
      else { return nil }
      return entries.remove(at: index)
    }
  }

  @Test("random sends, takes and removals agree with a list")
  func model() throws {
    var random = SeededGenerator(seed: 3)
    let account = SignalAccount()
    do {
      var pending = PendingSignals()
      var model = Model()
      for step in 0..<20_000 {
        // Few signals, so that they meet; a blocked one now and then.
        let signal = Signal([1, 2, 9, 11, 7, 17, 34, 35, 64].randomElement(using: &random) ?? 1)
        let blocked = SignalSet(rawValue: UInt64.random(in: 0 ... .max, using: &random))
        switch Int.random(in: 0..<40, using: &random) {
        case 0:
          pending.remove(blocked)
          model.entries.removeAll { blocked.contains($0.signal) }
        case 1..<18 + step / 4_000:
          let value = UInt64(step)
          let isNew = try pending.add(signal, Self.information(signal, value), account, limit: .max)
          #expect(isNew == model.add(signal, value))
        default:
          let taken = pending.take(blocked: blocked)
          let expected = model.take(blocked: blocked)
          #expect(taken?.signal == expected?.signal && taken?.information.value == expected?.value)
        }
        #expect(pending.set == model.entries.reduce(into: SignalSet()) { $0.insert(SignalSet($1.signal)) })
        // What is in the one place that takes no memory is counted only if it is a real-time signal.
        #expect(account.count <= model.entries.count && account.count >= model.entries.count { $0.signal.isRealTime })
      }
    }
    #expect(account.count == 0)
  }

  @Test("a limit is told to sigqueue for real-time signals; others lose what is known of them, but come")
  func limits() throws {
    let account = SignalAccount()
    var pending = PendingSignals()
    let realTime = Signal(40)
    for value in 0..<3 {
      #expect(try pending.add(realTime, Self.information(realTime, UInt64(value)), account, limit: 3))
    }
    #expect(account.count == 3)
    #expect(throws: Errno.EAGAIN) {
      try pending.add(realTime, Self.information(realTime, 9), account, limit: 3)
    }
    #expect(throws: Errno.EAGAIN) {
      try pending.add(Signal(41), .sent(Signal(41), .thread, process: 1, user: 1), account, limit: 3)
    }
    #expect(!pending.set.contains(Signal(41)))
    // kill(2) cannot say so.
    #expect(try pending.add(Signal(42), .sent(Signal(42), process: 5, user: 5), account, limit: 3))
    // Nor can sigqueue(3) of a standard signal; what the kernel says is kept beyond the limit.
    #expect(try pending.add(.SIGUSR1, Self.information(.SIGUSR1, 7), account, limit: 0))
    #expect(try pending.add(.SIGUSR2, Self.information(.SIGUSR2, 7), account, limit: 0))
    #expect(try pending.add(.SIGCHLD, .kernel(.SIGCHLD), account, limit: 0))
    #expect(account.count == 4)
    #expect(pending.take(blocked: [])?.information == .bare(.SIGUSR1))
    #expect(pending.take(blocked: [])?.information == .bare(.SIGUSR2))
    #expect(pending.take(blocked: [])?.information == .kernel(.SIGCHLD))
    for value in 0..<3 { #expect(pending.take(blocked: [])?.information.value == UInt64(value)) }
    #expect(pending.take(blocked: [])?.information == .bare(Signal(42)))
    #expect(pending.take(blocked: []) == nil && account.count == 0)
  }

  @Test("without memory every signal still comes, and nothing is counted for ever")
  func noMemory() throws {
    var random = SeededGenerator(seed: 4)
    let account = SignalAccount()
    for round in 0..<200 {
      var pending = PendingSignals()
      var expected = SignalSet()
      let signals = (0..<12).map { _ in Signal(Int.random(in: 1...64, using: &random)) }
      try SimulatedMemory.exclusive {
        AllocationFaults.fail(after: round % 4)
        defer { AllocationFaults.fail(after: nil) }
        for signal in signals {
          _ = try pending.add(signal, .sent(signal, process: 1, user: 1), account, limit: .max)
          expected.insert(SignalSet(signal))
        }
      }
      #expect(pending.set == expected)
      while let taken = pending.take(blocked: []) { #expect(taken.information.signal == taken.signal) }
      #expect(pending.set.isEmpty && account.count == 0)
    }
  }

  @Test("thousands of one signal come in order, and their memory goes when they have")
  func many() throws {
    let account = SignalAccount()
    var pending = PendingSignals()
    for value in 0..<5_000 {
      _ = try pending.add(Signal(50), Self.information(Signal(50), UInt64(value)), account, limit: .max)
    }
    for value in 0..<5_000 { #expect(pending.take(blocked: [])?.information.value == UInt64(value)) }
    #expect(account.count == 0)
    _ = try pending.add(Signal(50), Self.information(Signal(50), 1), account, limit: .max)
    #expect(pending.take(blocked: SignalSet(Signal(50))) == nil)
    pending.remove(.all)
    #expect(account.count == 0 && pending.set.isEmpty)
  }
}
