import Foundations
import Machine
import Security
import Synchronization
import Testing
import VFS
import Waiting

import struct LinuxABI.OpenFlags

@testable import Events
@testable import Time

/// The clocks of the host.
enum TestClock {
  static func wait(_ nanoseconds: UInt64) {
    let end = Clock.nanoseconds + nanoseconds
    while Clock.nanoseconds < end { HostThread.yield() }
  }
}

@Suite("Timers that are files", .serialized)
struct TimerFileTests {
  private func withTimer(
    _ base: TimeBase = .monotonic, _ flags: OpenFlags = .O_NONBLOCK, _ body: (TimerFile) throws -> Void
  ) throws {
    try withWorld { world in
      Timers.startOnHost()
      try body(try TimerFile.make(world.inodes, .root, by: base, flags))
    }
  }

  @Test("One expiry is told once")
  func once() throws {
    try withTimer { timer throws in
      #expect(timer.setting == .init(value: 0, interval: 0))
      #expect(throws: Errno.EAGAIN) { try timer.take() }
      let old = timer.set(.init(value: 3_000_000, interval: 0), .duration)
      #expect(old == .init(value: 0, interval: 0))
      #expect(timer.setting.value <= 3_000_000 && timer.setting.value > 0)
      #expect(timer.poll() == [])
      TestClock.wait(3_100_000)
      #expect(timer.poll() == [.input, .readNormal])
      #expect(try timer.take() == 1)
      #expect(timer.poll() == [] && timer.setting.value == 0)
      // What has expired and was not read is forgotten with a new setting.
      _ = timer.set(.init(value: 1, interval: 0), .duration)
      TestClock.wait(1_000)
      #expect(timer.poll() == [.input, .readNormal])
      _ = timer.set(.init(value: 0, interval: 0), .duration)
      #expect(throws: Errno.EAGAIN) { try timer.take() }
    }
  }

  @Test("Expiries that nobody read are counted, at their times")
  func intervals() throws {
    try withTimer(.monotonic, []) { timer throws in
      let start = Clock.nanoseconds + 1_000_000
      _ = timer.set(.init(value: start, interval: 500_000), .time)
      var count: UInt64 = 0
      for _ in 0..<5 {
        TestClock.wait(700_000)
        count += try timer.take()
        // Read between the two looks at the clock.
        let now = Clock.nanoseconds
        #expect(count <= (now - start) / 500_000 + 1)
      }
      let setting = timer.setting
      #expect(setting.interval == 500_000 && setting.value <= 500_000)
      let late = (Clock.nanoseconds - start) / 500_000 + 1
      #expect(count + 1 >= late - 1)
      _ = timer.set(.init(value: 1, interval: 1), .time)
      // Every nanosecond since boot.
      #expect(try timer.take() > 1_000_000)
      _ = timer.set(.init(value: .max, interval: .max), .duration)
      #expect(timer.poll() == [])
    }
  }

  @Test("Times of the real clock move with it, durations do not, and some are to be cancelled")
  func steps() throws {
    try withTimer(.realTime) { timer throws in
      _ = timer.set(.init(value: Clock.realTime + 3_600_000_000_000, interval: 0), .time)
      try Clock.setRealTime(Clock.realTime + 3_500_000_000_000)
      #expect(timer.poll() == [] && timer.setting.value <= 100_000_000_000)
      try Clock.setRealTime(Clock.realTime + 200_000_000_000)
      #expect(try timer.take() == 1)
      _ = timer.set(.init(value: 3_600_000_000_000, interval: 0), .duration)
      try Clock.setRealTime(Clock.realTime + 7_200_000_000_000)
      #expect(timer.poll() == [] && timer.setting.value > 3_500_000_000_000)
      _ = timer.set(.init(value: Clock.realTime + 3_600_000_000_000, interval: 0), .cancellableTime)
      #expect(timer.poll() == [])
      try Clock.setRealTime(Clock.realTime + 1)
      #expect(timer.poll() == [.input, .readNormal])
      #expect(throws: Errno.ECANCELED) { try timer.take() }
      #expect(throws: Errno.EAGAIN) { try timer.take() }
    }
  }

  /// Notes that it was told.
  private final class Listener: Waiter {
    let count = Atomic<Int>(0)
    override func notify(_ entry: WaitEntry, _ events: Waiting.PollEvents) -> Bool {
      count.add(1, ordering: .relaxed)
      return true
    }
  }

  @Test("Who waits is woken by the timer's CPU, once for each time that it is armed")
  func waking() throws {
    try withTimer { timer throws in
      let listener = Listener()
      let entry = WaitEntry(listener)
      timer.forEachWaitQueue { $0.add(entry) }
      _ = timer.set(.init(value: 1_000_000, interval: 1_000_000), .duration)
      Timers.serveHere()
      #expect(listener.count.load(ordering: .relaxed) == 0)
      TestClock.wait(3_000_000)
      for _ in 0..<3 { Timers.serveHere() }
      #expect(listener.count.load(ordering: .relaxed) == 1)
      #expect(try timer.take() >= 3)
      TestClock.wait(1_100_000)
      Timers.serveHere()
      #expect(listener.count.load(ordering: .relaxed) == 2)
      timer.forEachWaitQueue { $0.remove(entry) }
    }
  }
}
