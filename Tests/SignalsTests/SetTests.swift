import LinuxABI
import TestSupport
import Testing

@testable import Signals

@Suite("Sets of signals")
struct SetTests {
  private static let signals = (1...Signal.last).compactMap(Signal.init(rawValue:))

  private func set(where isMember: (Signal) -> Bool) -> SignalSet {
    Self.signals.filter(isMember).reduce(into: SignalSet()) { $0.insert(SignalSet($1)) }
  }

  @Test("what is written out as a set is what the specification says of each signal")
  func agreement() {
    #expect(SignalSet.all == set { _ in true })
    #expect(SignalSet.uncatchable == set { !$0.isCatchable })
    #expect(SignalSet.synchronous == set { $0.isSynchronous })
    #expect(SignalSet.stops == set { $0.defaultAction == .stop })
    #expect(SignalSet.all.catchable == set { $0.isCatchable })
  }

  @Test("a signal is its own bit, and a walk visits each once, in order")
  func bits() {
    var random = SeededGenerator(seed: 1)
    for signal in Self.signals {
      #expect(SignalSet(signal).rawValue == 1 << (UInt64(signal.rawValue) - 1))
      #expect(SignalSet(signal).contains(signal) && SignalSet(signal).first == signal)
    }
    for _ in 0..<500 {
      let set = SignalSet(rawValue: UInt64.random(in: 0 ... .max, using: &random))
      var visited: [Signal] = []
      set.forEach { visited.append($0) }
      #expect(visited == Self.signals.filter { set.contains($0) })
    }
  }

  @Test("the first of a set is a fault's, or else the lowest")
  func order() {
    #expect(SignalSet().first == nil)
    #expect(SignalSet(rawValue: 1 << 63).first?.rawValue == 64)
    var random = SeededGenerator(seed: 2)
    for _ in 0..<2_000 {
      let set = SignalSet(
        rawValue: UInt64.random(in: 0 ... .max, using: &random) & UInt64.random(in: 0 ... .max, using: &random))
      let members = Self.signals.filter { set.contains($0) }
      #expect(set.first == members.first(where: \.isSynchronous) ?? members.first)
    }
  }
}
