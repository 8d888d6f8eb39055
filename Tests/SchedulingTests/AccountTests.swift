import TestSupport
import Testing

@testable import Scheduling

@Suite("Accounts of time")
struct AccountTests {
  @Test("time that was never looked at is the program's; what was found is divided as it was found")
  func divided() {
    var time = SampledTime()
    #expect(time.divide(5_000) == (5_000, 0))
    time.sample(isProgram: true, total: 10_000)
    #expect(time.divide(12_000) == (12_000, 0))
    time.sample(isProgram: false, total: 40_000)
    // A quarter in the program, three quarters in the kernel; but what was told is not taken back.
    #expect(time.divide(40_000) == (12_000, 28_000))
    #expect(time.divide(100_000) == (25_000, 75_000))
    // A clock that goes back is no time.
    time.sample(isProgram: true, total: 30_000)
    #expect(time.divide(90_000) == (25_000, 75_000))
  }

  @Test("both parts only grow and are the whole, whatever the samples are", arguments: 1...20)
  func monotonic(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var time = SampledTime()
    var total: UInt64 = 0
    var last: (user: UInt64, system: UInt64) = (0, 0)
    for _ in 0..<1_000 {
      total &+= UInt64.random(in: 0...(seed % 3 == 0 ? 1 << 50 : 20_000_000), using: &random)
      if Bool.random(using: &random) { time.sample(isProgram: Bool.random(using: &random), total: total) }
      let now = time.divide(total)
      #expect(now.user >= last.user && now.system >= last.system)
      #expect(now.user + now.system == total)
      last = now
    }
  }

  @Test("load averages come to what there is, the shorter sooner, and fall again")
  func loads() {
    var load = LoadAverages()
    load.update(0)
    #expect(load == LoadAverages())
    load.update(1)
    #expect(load.oneMinute == 164 && load.fiveMinutes == 34 && load.fifteenMinutes == 11)
    for _ in 0..<11 { load.update(1) }
    // 1 - 1/e after a minute.
    #expect(load.oneMinute * 100 / LoadAverages.one == 63)
    #expect(load.oneMinute > load.fiveMinutes && load.fiveMinutes > load.fifteenMinutes)
    load.update(1, intervals: 1_000)
    #expect(load.oneMinute == LoadAverages.one && load.fifteenMinutes == LoadAverages.one)
    load.update(0, intervals: .max)
    #expect(load.oneMinute == 0 && load.fiveMinutes == 0)
    load.update(.max)
    load.update(-1)
  }

  @Test("a CPU's time is idle, the program's or the kernel's, by what it was found at")
  func processor() throws {
    var queue = try RunQueue()
    queue.begin(at: 1_000)
    let (program, nice) = (SchedulingEntity(), SchedulingEntity(SchedulingParameters(nice: Nice(clamping: 10))))
    #expect(queue.times(at: 2_000).idle == 1_000)
    _ = queue.enqueue(program, .new, at: 3_000)
    _ = queue.next(.preempted, at: 3_000)
    #expect(queue.times(at: 3_500).idle == 2_000)
    queue.sample(isProgram: true, at: 5_000)
    #expect(queue.times(at: 5_000).user == 2_000)
    queue.sample(isProgram: false, at: 6_000)
    #expect(queue.times(at: 6_500).system == 1_000)
    _ = queue.enqueue(nice, .new, at: 7_000)
    _ = queue.next(.waits, at: 7_000)
    queue.sample(isProgram: true, at: 9_000)
    // What had not been looked at counts as what it was found at.
    #expect(queue.times(at: 9_000).nice == 3_000)
    _ = queue.next(.waits, at: 9_500)
    #expect(queue.times(at: 10_500).idle == 3_000)
    queue.sample(isProgram: false, at: 11_000)
    let times = queue.times(at: 11_000)
    #expect(times.system == 1_500 && times.idle == 3_500)
    #expect(times.user + times.nice + times.system + times.idle == 10_000)
    #expect(queue.account(of: program, at: 11_000).divided == (2_667, 1_333))
    #expect(queue.account(of: nice, at: 11_000).divided == (2_500, 0))
  }
}
