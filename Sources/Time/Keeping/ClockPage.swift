import Foundations
import Machine
import Synchronization

/// The page in which programs read clocks for themselves: what `ClockData` says, laid out for the code in `Sources/Boot/vdso.S`.
///
/// Each clock has a line: what it was at the last update, in seconds and the nanoseconds of that second, and how it goes on. A program
/// takes the sequence, the words and the counter, and is done if the sequence is even and has not changed. Where programs cannot
/// read the counter that time is told by, or CPUs' counters are not known to agree, the page tells no clock, and programs ask.
struct ClockPage: ~Copyable {
  private let frame: UserFrame
  private let sequence = Atomic<UInt64>(0)

  /// Clocks of the page by their numbers in clock_gettime(2). The coarse ones are as fine as the others: without a regular tick there
  /// is no coarser time that would be cheaper to tell.
  private enum Clock: Int {
    case real = 0
    case monotonic = 1
    case monotonicRaw = 4
    case realCoarse = 5
    case monotonicCoarse = 6
    case boot = 7
    case atomic = 11
  }

  /// Makes a page, which does not tell the time yet, of `frame`, which is all zeros.
  init(_ frame: consuming UserFrame) {
    self.frame = frame
  }

  /// Writes what `data` says.
  ///
  /// - Context: the lock of the timekeeper is held, so that `data` stands still.
  func publish(_ data: borrowing ClockData) {
    frame.storeWord(sequence.wrappingAdd(1, ordering: .relaxed).newValue, at: ClockPageLayout.sequence)
    let isTold =
      data.kind.load(ordering: .relaxed) == CounterKind.timestamp.rawValue
      && data.mask.load(ordering: .relaxed) == .max && data.isGuarded.load(ordering: .relaxed) == 0
    let multiplier = isTold ? data.multiplier.load(ordering: .relaxed) : 0
    let base = data.base.load(ordering: .relaxed)
    let fraction = data.fraction.load(ordering: .relaxed)
    let real = base &+ data.realOffset.load(ordering: .relaxed)
    frame.storeWord(data.baseTicks.load(ordering: .relaxed), at: ClockPageLayout.baseTicks)
    store(.real, multiplier, real, fraction)
    store(.realCoarse, multiplier, real, fraction)
    store(.atomic, multiplier, real &+ data.atomicOffset.load(ordering: .relaxed), fraction)
    store(.monotonic, multiplier, base, fraction)
    store(.monotonicCoarse, multiplier, base, fraction)
    store(.boot, multiplier, base &+ data.bootOffset.load(ordering: .relaxed), fraction)
    store(
      .monotonicRaw, isTold ? data.rawMultiplier.load(ordering: .relaxed) : 0, data.rawBase.load(ordering: .relaxed),
      data.rawFraction.load(ordering: .relaxed))
    frame.storeWord(sequence.wrappingAdd(1, ordering: .relaxed).newValue, at: ClockPageLayout.sequence)
  }

  private func store(_ clock: Clock, _ multiplier: UInt64, _ base: UInt64, _ fraction: UInt64) {
    let line = ClockPageLayout.line(clock.rawValue)
    frame.storeWord(multiplier, at: line + ClockPageLayout.multiplier)
    frame.storeWord(base / Timekeeper.nanosecondsPerSecond, at: line + ClockPageLayout.seconds)
    frame.storeWord(base % Timekeeper.nanosecondsPerSecond, at: line + ClockPageLayout.nanoseconds)
    frame.storeWord(fraction, at: line + ClockPageLayout.fraction)
  }
}
