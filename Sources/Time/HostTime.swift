#if !os(none)
  import Foundations
  import Machine

  // On the host the clocks always go, by its own: CLOCK_MONOTONIC says what `HostThread.nanoseconds` does, which waits there go by.
  // So no test's deadline is of another clock than the wait that it ends, whichever tests run beside it.
  extension Clock {
    static let data = {
      let data = ClockData()
      _ = makeKeeper(data)
      return data
    }()
    static let keeper = SpinLock(makeKeeper(data))

    private static func makeKeeper(_ data: borrowing ClockData) -> Timekeeper {
      var keeper = Timekeeper()
      let rate = CounterRate(known: 1_000_000_000)
      keeper.start(CounterSource(.timestamp, width: 64, rate: rate, errorPartsPerBillion: 0), at: 0, in: data)
      try? keeper.setRealTime(1_000_000_000_000_000_000, in: data, MachineCounters())
      return keeper
    }
  }

  extension Timers {
    /// Lets timers be made, which no device expires: tests let the queue look at the time themselves. Once, whoever asks.
    public static func startOnHost() { _ = hostStart }

    private static let hostStart: Void = {
      do throws(Errno) {
        try Timers.start { _ in IdleTimerDevice() }
      } catch {
        fatalError("no memory for timers")
      }
    }()
  }

  private final class IdleTimerDevice: TimerDevice {}
#endif
