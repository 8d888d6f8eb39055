import Events
import Foundations
import LinuxABI
import Machine
import Testing
import VFS

@testable import SystemCalls

@Suite("Calls of events and clocks", .serialized)
struct EventCallTests {
  private func withEvents(_ body: (Program) throws -> Void) throws {
    try Program.run { program throws in
      try EventFiles.start(names: program.names, clock: FileClock())
      try body(program)
    }
  }

  /// An array of `struct pollfd`.
  private func pollArray(_ program: Program, _ items: [(Int64, UInt64)]) -> UInt64 {
    program.store(
      items.flatMap { descriptor, events in
        (0..<8).map { byte in
          UInt8(truncatingIfNeeded: (UInt64(bitPattern: descriptor) & 0xffff_ffff | events << 32) >> (UInt64(byte) * 8))
        }
      })
  }

  @Test("poll says what each descriptor is ready for, and writes nothing but that")
  func poll() throws {
    try withEvents { program in
      let empty = program.call(.eventfd2, 0, UInt64(EventfdFlags.EFD_NONBLOCK.rawValue))
      let full = program.call(.eventfd2, 3, 0)
      program.make("file")
      let file = program.open("file")
      let array = pollArray(
        program, [(empty, 0x1), (full, 0x1), (-5, 0x1), (900, 0x1), (empty, 0x5), (file, 0x45), (full, 0)])
      #expect(program.call(.poll, array, 7, 0) == 4)
      let results = (0..<7).map { program.number(array + UInt64($0) * 8 + 6, width: 2) }
      #expect(results == [0, 1, 0, 0x20, 4, 0x45, 0])
      #expect(program.number(array, width: 4) == UInt64(empty) && program.number(array + 4, width: 2) == 1)
      #expect(program.call(.poll, array, 1, 5) == 0)
      #expect(program.call(.poll, 0, 0, 0) == 0)
      #expect(program.call(.poll, array, 1_000_000, 0) == .error(.EINVAL))
      #expect(program.call(.poll, Program.hole, 1, 0) == .error(.EFAULT))
      #expect(program.call(.poll, 0xffff_8000_0000_0000, 1, 0) == .error(.EFAULT))
      #expect(program.call(.ppoll, array, 1, program.words(0, 1_000_000_000), 0, 8) == .error(.EINVAL))
      let rest = program.words(0, 2_000_000)
      #expect(program.call(.ppoll, array, 1, rest, 0, 8) == 0)
      #expect(program.number(rest) == 0 && program.number(rest + 8) <= 2_000_000)
      #expect(program.call(.ppoll, array, 1, 0, program.words(0), 4) == .error(.EINVAL))
    }
  }

  @Test("poll tells many apart, whatever their number", arguments: [1, 7, 8, 9, 64, 129])
  func pollMany(count: Int) throws {
    try withEvents { program in
      let empty = program.call(.eventfd2, 0, 0)
      let full = program.call(.eventfd2, 3, 0)
      // A path is no file that is ready for anything.
      let path = program.open("/", .O_PATH)
      let kinds: [(Int64, UInt64)] = [(empty, 0), (full, 1), (-1, 0), (700, 0x20), (path, 0x20)]
      let array = pollArray(program, (0..<count).map { (kinds[$0 * 7 % 5].0, 1) })
      let expected = (0..<count).map { kinds[$0 * 7 % 5].1 }
      #expect(program.call(.poll, array, UInt64(count), 0) == Int64(expected.count { $0 != 0 }))
      #expect((0..<count).map { program.number(array + UInt64($0) * 8 + 6, width: 2) } == expected)
    }
  }

  @Test("select leaves those in the sets that are ready, and says how often")
  func select() throws {
    try withEvents { program in
      let empty = program.call(.eventfd2, 0, 0)
      let full = program.call(.eventfd2, 3, 0)
      func bit(_ descriptor: Int64) -> UInt64 { 1 << UInt64(descriptor) }
      let (readable, writable) = (program.words(bit(empty) | bit(full), 7), program.words(bit(full), 7))
      let count = UInt64(full + 1)
      #expect(program.call(.select, count, readable, writable, 0, program.words(0, 0)) == 2)
      #expect(program.number(readable) == bit(full) && program.number(writable) == bit(full))
      // What lies behind the last word is not touched.
      #expect(program.number(readable + 8) == 7)
      let sets = program.words(bit(empty), 0)
      #expect(program.call(.select, count, sets, 0, 0, program.words(0, 2_000)) == 0)
      #expect(program.number(sets) == 0)
      #expect(program.call(.select, UInt64(full + 2), program.words(bit(full + 1)), 0, 0, 0) == .error(.EBADF))
      #expect(program.call(.select, UInt64.max, 0, 0, 0, 0) == .error(.EINVAL))
      #expect(program.call(.select, count, Program.hole, 0, 0, 0) == .error(.EFAULT))
      #expect(program.call(.select, count, sets, 0, 0, program.words(.max, 0)) == .error(.EINVAL))
      let mask = program.words(program.words(0), 4)
      #expect(program.call(.pselect6, count, sets, 0, 0, program.words(0, 0), mask) == .error(.EINVAL))
      #expect(program.call(.pselect6, 0, 0, 0, 0, program.words(0, 0), program.words(0, 0)) == 0)
    }
  }

  @Test("epoll's calls check what they are given")
  func epoll() throws {
    try withEvents { program in
      #expect(program.call(.epoll_create, 0) == .error(.EINVAL))
      #expect(program.call(.epoll_create1, 1) == .error(.EINVAL))
      let epoll = program.call(.epoll_create1, UInt64(EpollCreateFlags.EPOLL_CLOEXEC.rawValue))
      let counter = program.call(.eventfd2, 1, 0)
      program.make("file")
      let file = program.open("file")
      // The structure has no gap between its parts.
      let event = program.store([1, 0, 0, 0, 9, 8, 7, 6, 5, 4, 3, 2])
      func control(_ operation: UInt64, _ descriptor: Int64, _ event: UInt64, on set: Int64? = nil) -> Int64 {
        program.call(.epoll_ctl, (set ?? epoll).argument, operation, descriptor.argument, event)
      }
      #expect(control(1, counter, event) == 0)
      #expect(control(1, counter, event) == .error(.EEXIST))
      #expect(control(1, file, event) == .error(.EPERM))
      #expect(control(1, 900, event) == .error(.EBADF))
      #expect(control(1, counter, event, on: 900) == .error(.EBADF))
      #expect(control(1, counter, event, on: counter) == .error(.EINVAL))
      #expect(control(1, epoll, event) == .error(.EINVAL))
      #expect(control(7, counter, event) == .error(.EINVAL))
      #expect(control(3, counter, 0) == .error(.EFAULT))
      let got = program.room(24)
      #expect(program.call(.epoll_wait, epoll.argument, got, 2, 0) == 1)
      #expect(program.bytes(got, 12) == [1, 0, 0, 0, 9, 8, 7, 6, 5, 4, 3, 2])
      #expect(program.call(.epoll_wait, epoll.argument, got, 0, 0) == .error(.EINVAL))
      #expect(program.call(.epoll_wait, epoll.argument, got, UInt64(Int32.max), 0) == .error(.EINVAL))
      #expect(program.call(.epoll_wait, counter.argument, got, 1, 0) == .error(.EINVAL))
      #expect(program.call(.epoll_wait, epoll.argument, Program.hole, 1, 0) == .error(.EFAULT))
      #expect(program.call(.epoll_pwait, epoll.argument, got, 1, 0, program.words(0), 7) == .error(.EINVAL))
      #expect(program.call(.epoll_pwait2, epoll.argument, got, 1, program.words(0, 0), 0, 8) == 1)
      #expect(control(2, counter, 0) == 0)
      #expect(control(2, counter, 0) == .error(.ENOENT))
      #expect(program.call(.epoll_wait, epoll.argument, got, 1, 0) == 0)
      #expect(program.call(.epoll_pwait2, epoll.argument, got, 1, program.words(0, 1_000_000), 0, 8) == 0)
    }
  }

  @Test("Clocks are read and set by those that may, and others are refused")
  func clocks() throws {
    try withEvents { program in
      let time = program.room(16)
      for clock in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11] as [UInt64] {
        #expect(program.call(.clock_gettime, clock, time) == 0)
        #expect(program.call(.clock_getres, clock, time) == 0)
        #expect(program.number(time) == 0 && program.number(time + 8) == 1)
        #expect(program.call(.clock_getres, clock, 0) == 0)
      }
      for clock in [10, 12, 1_000, UInt64(UInt32.max), UInt64(UInt32(bitPattern: ~77 << 3 | 2))] {
        #expect(program.call(.clock_gettime, clock, time) == .error(.EINVAL))
      }
      // The caller's process and thread, by the number 0.
      for kind in [2, 6] as [Int32] {
        #expect(program.call(.clock_gettime, UInt64(UInt32(bitPattern: ~0 << 3 | kind)), time) == 0)
      }
      #expect(program.call(.clock_gettime, 0, Program.hole) == .error(.EFAULT))
      #expect(program.call(.clock_settime, 1, program.words(1, 0)) == .error(.EINVAL))
      #expect(program.call(.clock_settime, 2, program.words(1, 0)) == .error(.EPERM))
      #expect(program.call(.clock_settime, 0, program.words(1, 1_000_000_000)) == .error(.EINVAL))
      #expect(program.call(.adjtimex, program.room(208)) >= 0)
      #expect(program.call(.clock_adjtime, 1, program.room(208)) == .error(.EOPNOTSUPP))
      #expect(program.call(.settimeofday, 0, program.store([0, 4, 0, 0, 0, 0, 0, 0])) == .error(.EINVAL))
      #expect(program.call(.settimeofday, 0, program.store([60, 0, 0, 0, 0, 0, 0, 0])) == 0)
      let zone = program.room(8)
      #expect(program.call(.gettimeofday, time, zone) == 0 && program.number(zone) == 60)
      program.become(5)
      #expect(program.call(.clock_settime, 0, program.words(1, 0)) == .error(.EPERM))
      #expect(program.call(.settimeofday, program.words(1, 0), 0) == .error(.EPERM))
      let change = program.store([2] + [UInt8](repeating: 0, count: 207))
      #expect(program.call(.adjtimex, change) == .error(.EPERM))
    }
  }

  @Test("Timers and sleeps check what they are given")
  func timers() throws {
    try withEvents { program in
      #expect(program.call(.nanosleep, program.words(0, 1_000), 0) == 0)
      #expect(program.call(.nanosleep, program.words(0, 1_000_000_000), 0) == .error(.EINVAL))
      #expect(program.call(.nanosleep, program.words(.max, 0), 0) == .error(.EINVAL))
      #expect(program.call(.nanosleep, Program.hole, 0) == .error(.EFAULT))
      #expect(program.call(.clock_nanosleep, 4, 0, program.words(0, 1), 0) == .error(.EOPNOTSUPP))
      #expect(program.call(.clock_nanosleep, 3, 0, program.words(0, 1), 0) == .error(.EINVAL))
      #expect(program.call(.clock_nanosleep, 99, 0, program.words(0, 1), 0) == .error(.EINVAL))
      #expect(program.call(.clock_nanosleep, 1, 1, program.words(0, 0), 0) == 0)
      #expect(program.call(.timerfd_create, 2, 0) == .error(.EINVAL))
      #expect(program.call(.timerfd_create, 1, 1) == .error(.EINVAL))
      let setting = program.words(0, 0, 0, 1_000_000_000)
      #expect(program.call(.timerfd_settime, 900, 0, setting, 0) == .error(.EINVAL))
      #expect(program.call(.timerfd_settime, 900, 0, program.words(0, 0, 0, 1), 0) == .error(.EBADF))
      let counter = program.call(.eventfd, 0)
      #expect(program.call(.timerfd_settime, counter.argument, 0, program.words(0, 0, 1, 0), 0) == .error(.EINVAL))
      #expect(program.call(.timerfd_gettime, counter.argument, program.room(32)) == .error(.EINVAL))
      #expect(program.call(.timer_create, 99, 0, program.room(4)) == .error(.EINVAL))
      #expect(program.call(.timer_create, 5, 0, program.room(4)) == .error(.EOPNOTSUPP))
      let strange = program.words(0, 77, 0, 0, 0, 0, 0, 0)
      #expect(program.call(.timer_create, 1, strange, program.room(4)) == .error(.EINVAL))
      for number in [.timer_gettime, .timer_settime, .timer_getoverrun, .timer_delete] as [SystemCallNumber] {
        #expect(program.call(number, 3, 0, program.words(0, 0, 0, 0)) == .error(.EINVAL) || number == .timer_gettime)
      }
      #expect(program.call(.getitimer, 0, program.room(32)) == 0)
      #expect(program.call(.getitimer, 3, program.room(32)) == .error(.EINVAL))
      #expect(program.call(.set_robust_list, 0x1000, 24) == 0)
      #expect(program.call(.set_robust_list, 0x1000, 23) == .error(.EINVAL))
      let (head, size) = (program.room(8), program.room(8))
      #expect(program.call(.get_robust_list, 0, head, size) == 0)
      #expect(program.number(head) == 0x1000 && program.number(size) == 24)
      #expect(program.call(.get_robust_list, 999, head, size) == .error(.ESRCH))
    }
  }
}
