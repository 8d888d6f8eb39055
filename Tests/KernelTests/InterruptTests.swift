import Foundations
import Interrupts
import Machine
import Synchronization
import Time

/// Interrupts of the local APIC's timer and of devices' lines.
enum InterruptTests {
  static func register(_ registrar: inout TestRegistrar) {
    registrar.test("interrupts.are-on-after-boot") { () throws(TestFailure) in
      try expect(Processor.hasInterrupts, "interrupts are off")
      try expect(UnexpectedInterrupts.count == 0, "\(UnexpectedInterrupts.count) interrupts were nobody's")
      try expect(
        LocalErrors.count == 0, "\(LocalErrors.count) errors of local APICs, last \(hex: UInt64(LocalErrors.last))")
    }
    registrar.test("interrupts.a-device-line") { () throws(TestFailure) in
      try checkLine()
    }
    registrar.test("interrupts.lines-are-not-shared-by-edges") { () throws(TestFailure) in
      let connection = try connect(4)
      var refusal: Errno?
      do throws(Errno) { _ = try InterruptLines.connect(isa: 4, handler: LineHandler()) } catch { refusal = error }
      try expect(refusal == .EBUSY, "a second handler gives error \(refusal?.rawValue ?? 0)")
      _ = consume connection
      _ = try connect(4)
    }
    registrar.test("interrupts.counts-can-be-read") { () throws(TestFailure) in
      let timer = InterruptVector.localTimer.rawValue
      try expect(VectorHandlers.arrivals(of: timer) > 0, "no interrupt of the timer was counted")
      var lines = LineCounter()
      InterruptsText.write(to: &lines)
      try expect(lines.count >= 2, "the table of counts has \(lines.count) lines")
      try expect(lines.longest >= 12, "its longest line has \(lines.longest) bytes")
    }
    registrar.test("interrupts.lost-ends-are-made-up-for") { () throws(TestFailure) in
      try checkForgottenEnd()
    }
    registrar.test("interrupts.vectors-come-back") { () throws(TestFailure) in
      let before = DeviceVectors.count(on: 0)
      var sources = GrowableArray<InterruptSource>()
      var refusal: Errno?
      do throws(Errno) {
        while true { try sources.append(DeviceVectors.allocate(on: 1, handler: LineHandler())) }
      } catch {
        refusal = error
      }
      try expect(refusal == .ENOSPC, "allocation ended with error \(refusal?.rawValue ?? 0)")
      try expect(sources.count == 192 - before, "only \(sources.count) vectors were to be had")
      while sources.popLast() != nil {}
      try expect(DeviceVectors.count(on: 0) == before, "\(DeviceVectors.count(on: 0)) vectors are taken")
    }
  }

  private final class Expiry: TimerHandler {
    let count = Atomic<Int>(0)
    override func timerExpired(now: UInt64, expirations: UInt64) { count.add(1, ordering: .relaxed) }
  }

  /// An interrupt that stays in service keeps all others away until it is found.
  private static func checkForgottenEnd() throws(TestFailure) {
    let expiry = Expiry()
    let before = ForgottenEnds.count
    LocalInterruptController.forgetEnd()
    // The thread stays on this CPU meanwhile: whatever would make it give way is kept away, too.
    let timer: Timer
    do throws(Errno) {
      timer = try Timer(on: Processor.current, handler: expiry)
    } catch {
      _ = makeUp()
      throw TestFailure(reason: "no timer: error \(error.rawValue)")
    }
    timer.arm(at: Clock.nanoseconds + 1_000_000)
    spin(nanoseconds: 50_000_000)
    let withheld = expiry.count.load(ordering: .relaxed)
    let found = makeUp()
    let second = makeUp()
    spin(nanoseconds: 50_000_000)
    try expect(withheld == 0, "the timer came though a higher interrupt was in service")
    try expect(found == InterruptVector.spurious.rawValue, "vector \(UInt64(found ?? 0)) was found in service")
    try expect(second == nil && ForgottenEnds.count == before &+ 1, "it was found again")
    try expect(expiry.count.load(ordering: .relaxed) == 1, "the timer does not come any more")
  }

  private static func makeUp() -> UInt8? {
    Processor.withoutInterrupts { ForgottenEnds.makeUp(isServing: false) }
  }

  private static func spin(nanoseconds: UInt64) {
    let begin = Clock.nanoseconds
    while Clock.nanoseconds &- begin < nanoseconds { Machine.pause() }
  }

  private static func connect(_ line: UInt8) throws(TestFailure) -> InterruptConnection {
    do throws(Errno) {
      return try InterruptLines.connect(isa: line, handler: LineHandler())
    } catch {
      throw TestFailure(reason: "line \(UInt64(line)) gives error \(error.rawValue)")
    }
  }

  /// The interval timer's line, as long as somebody is connected to it, and not after.
  private static func checkLine() throws(TestFailure) {
    LineHandler.arrivals.store(0, ordering: .relaxed)
    guard let ports = PortSpace.claim(base: 0x40, count: 4) else { throw TestFailure(reason: "no interval timer") }
    let connection = try connect(0)
    // Counter 0, low and high byte, mode 2: again and again, here 1,000 times a second.
    ports.write8(0x34, at: 3)
    ports.write8(0xa9, at: 0)
    ports.write8(0x04, at: 0)
    let begin = Clock.nanoseconds
    while LineHandler.arrivals.load(ordering: .acquiring) < 20, Clock.nanoseconds &- begin < 5_000_000_000 {
      Machine.pause()
    }
    let arrivals = LineHandler.arrivals.load(ordering: .acquiring)
    _ = consume connection
    try expect(arrivals >= 20, "\(arrivals) interrupts in five seconds")
    let last = LineHandler.arrivals.load(ordering: .acquiring)
    spin(nanoseconds: 20_000_000)
    let after = LineHandler.arrivals.load(ordering: .acquiring)
    ports.write8(0x30, at: 3)
    try expect(after == last, "\(after - last) interrupts after the handler was gone")
    try expect(UnexpectedInterrupts.count == 0, "\(UnexpectedInterrupts.count) interrupts were nobody's")
  }
}

private final class LineHandler: InterruptHandler {
  static let arrivals = Atomic<Int>(0)

  override func handle() -> Bool {
    Self.arrivals.add(1, ordering: .relaxed)
    return true
  }
}

/// Counts lines, and the bytes of the longest.
private struct LineCounter: TextSink {
  var count = 0
  var longest = 0
  private var current = 0

  mutating func write(_ bytes: Span<UInt8>) {
    for index in bytes.indices {
      current += 1
      guard bytes[index] == 0x0a else { continue }
      count += 1
      longest = max(longest, current)
      current = 0
    }
  }
}
