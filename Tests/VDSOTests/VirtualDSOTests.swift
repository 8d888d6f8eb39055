import Foundations
import Glibc
import Machine
import Testing
import VirtualMemory

@testable import Time
@testable import VDSO

@Suite("VirtualDSO", .serialized)
struct VirtualDSOTests {
  /// A clock whose counter is read by all CPUs, a million years before its base: it stands still.
  private static func standingClock() -> ClockData {
    let data = ClockData()
    data.baseTicks.store(UInt64(Int64.max), ordering: .relaxed)
    data.multiplier.store(1 << 48, ordering: .relaxed)
    data.rawMultiplier.store(1 << 48, ordering: .relaxed)
    data.base.store(7_123_456_789, ordering: .relaxed)
    data.rawBase.store(6_000_000_001, ordering: .relaxed)
    data.realOffset.store(1_700_000_000_900_000_000, ordering: .relaxed)
    data.bootOffset.store(5_000_000_000, ordering: .relaxed)
    data.atomicOffset.store(37_000_000_000, ordering: .relaxed)
    return data
  }

  private static func object(_ data: borrowing ClockData) throws -> SharedObject {
    let frame = try UserFrame.allocate(.file, isZeroed: true)
    let page = ClockPage(frame.share())
    page.publish(data)
    return try SharedObject(frame)
  }

  @Test("Every clock of the page is told to the nanosecond")
  func clocks() throws {
    try SimulatedMemory.exclusive {
      let object = try Self.object(Self.standingClock())
      let expected: [(Int32, Int, Int)] = [
        (0, 1_700_000_008, 23_456_789), (1, 7, 123_456_789), (4, 6, 1), (5, 1_700_000_008, 23_456_789),
        (6, 7, 123_456_789), (7, 12, 123_456_789), (11, 1_700_000_045, 23_456_789),
      ]
      for (clock, seconds, nanoseconds) in expected {
        let (status, time) = try object.clockGetTime(clock)
        #expect(status == 0 && time.tv_sec == seconds && time.tv_nsec == nanoseconds, "clock \(clock)")
      }
      let day = try object.getTimeOfDay()
      #expect(day.tv_sec == 1_700_000_008 && day.tv_usec == 23_456)
      let time = try object.time()
      #expect(time.result == 1_700_000_008 && time.stored == time.result)
    }
  }

  @Test("Time goes on with the counter, also over a second and a year")
  func goesOn() throws {
    try SimulatedMemory.exclusive {
      for gap: UInt64 in [0, 5_000, 3_000_000_000, 31_536_000_000_000_000] {
        let data = Self.standingClock()
        let before = TimestampCounter.now
        data.baseTicks.store(before &- gap, ordering: .relaxed)
        data.fraction.store(1 << 47, ordering: .relaxed)
        let (_, time) = try Self.object(data).clockGetTime(1)
        let after = TimestampCounter.now
        let told = UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
        #expect(time.tv_nsec < 1_000_000_000)
        #expect(told >= 7_123_456_789 + gap && told <= 7_123_456_789 + gap + (after - before))
      }
    }
  }

  @Test("A clock that the page does not tell is asked of the kernel")
  func asks() throws {
    try SimulatedMemory.exclusive {
      let data = Self.standingClock()
      data.isGuarded.store(1, ordering: .relaxed)
      let object = try Self.object(data)
      var real = timespec()
      unsafe clock_gettime(CLOCK_MONOTONIC, &real)
      let (status, time) = try object.clockGetTime(CLOCK_MONOTONIC)
      #expect(status == 0 && (time.tv_sec == real.tv_sec || time.tv_sec == real.tv_sec + 1))
      #expect(try object.time().result > 1_700_000_100)
      // Not of the page in any case: a processor-time clock, and one that there is not.
      let working = try Self.object(Self.standingClock())
      #expect(try working.clockGetTime(CLOCK_PROCESS_CPUTIME_ID).status == 0)
      #expect(try working.clockGetTime(77).status == -EINVAL)
      #expect(try working.clockGetTime(-9_999_999).status == -EINVAL)
    }
  }

  @Test("Time by another counter is not told by the page")
  func otherCounter() throws {
    try SimulatedMemory.exclusive {
      let data = Self.standingClock()
      data.kind.store(CounterKind.highPrecision.rawValue, ordering: .relaxed)
      let (_, time) = try Self.object(data).clockGetTime(1)
      var real = timespec()
      unsafe clock_gettime(CLOCK_MONOTONIC, &real)
      #expect(time.tv_sec == real.tv_sec || time.tv_sec + 1 == real.tv_sec)
    }
  }

  @Test("Clocks that go on between updates have a resolution of a nanosecond")
  func resolution() throws {
    try SimulatedMemory.exclusive {
      let object = try Self.object(Self.standingClock())
      for clock: Int32 in [0, 1, 4, 7, 11] {
        let (status, time) = try object.clockGetResolution(clock)
        #expect(status == 0 && time.tv_sec == 0 && time.tv_nsec == 1)
      }
      #expect(try object.clockGetResolution(99).status == -EINVAL)
    }
  }

  @Test("readelf finds nothing wrong, and the functions with their version")
  func file() throws {
    let text = try ELFImage.described(by: ["-aW"])
    #expect(!text.contains("readelf:") && !text.contains("Warning"))
    #expect(text.contains("Library soname: [linux-vdso.so.1]"))
    for name in ["clock_gettime", "gettimeofday", "clock_getres", "time", "getcpu"] {
      #expect(text.contains("__vdso_\(name)@@LINUX_2.6"))
      #expect(ELFImage.functions["__vdso_\(name)"] != nil)
    }
    #expect(try ELFImage.described(by: ["--debug-dump=frames"]).contains("FDE cie=00000000"))
  }

  @Test("A program has the clocks to read and the code to run, and cannot change them for others")
  func mapping() throws {
    try SimulatedMemory.exclusive {
      try VirtualDSO.start()
      let first = try AddressSpace.make()
      let second = try AddressSpace.make()
      defer {
        first.tearDown()
        second.tearDown()
      }
      let address = try VirtualDSO.map(into: first)
      let other = try VirtualDSO.map(into: second)
      #expect(address > 0 && address % 4096 == 0)
      #expect(first.resolveFault(address - 4096, .read) == .resolved)
      #expect(first.resolveFault(address, .execute) == .resolved)
      #expect(first.resolveFault(address - 4096, .write) != .resolved)
      #expect(first.resolveFault(address, .write) != .resolved)
      #expect(first.resolveFault(address - 4096, .execute) != .resolved)

      try first.protect(address, 4096, [.read, .write])
      first.activate()
      try UserPointer<UInt64>(address).store(0)
      #expect(try UserPointer<UInt64>(address).load() == 0)
      second.activate()
      #expect(try UserPointer<UInt32>(other).load() == 0x464c_457f)
      CurrentAddressSpace.leave()
    }
  }
}
