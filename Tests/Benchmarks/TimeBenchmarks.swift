import Foundations
import Machine
import Time

/// Reading the clock, and timers that are armed and stopped, as most are.
enum TimeBenchmarks {
  static func register(_ registrar: inout BenchmarkRegistrar) {
    registrar.measure("clock.monotonic", target: 60, on: Latest.init) { $0.nanoseconds ^= Clock.nanoseconds }
    registrar.measure("timer.arm-and-cancel", on: OneTimer.init) { fixture in
      fixture.timer.arm(at: .max / 2)
      fixture.timer.cancel()
    }
    registrar.measure("timer.arm-and-cancel-among-1000", on: ManyTimers.init) { fixture in
      fixture.timers[500].arm(at: .max / 2 - 500)
      fixture.timers[500].cancel()
    }
  }
}

/// Keeps what was read, so that it has to be read.
private struct Latest: ~Copyable {
  var nanoseconds: UInt64 = 0
  deinit { if nanoseconds == 1 { Machine.pause() } }
}

private struct OneTimer: ~Copyable {
  let timer: Timer
  init() throws(Errno) { timer = try Timer(handler: TimerHandler()) }
}

private struct ManyTimers: ~Copyable {
  var timers = GrowableArray<Timer>()

  init() throws(Errno) {
    for index in 0..<1_000 {
      try timers.append(Timer(handler: TimerHandler()))
      timers[index].arm(at: .max / 2 - UInt64(index))
    }
  }
}
