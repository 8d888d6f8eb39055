import Foundations
import LinuxABI
import Machine
import Processes
import Signals
import Time
import VFS

import struct Waiting.PollEvents

/// poll(2).
extension SystemCallContext {
  /// poll(2)
  func poll(_ files: UserPointer<Pollfd>, _ count: UInt64, _ timeout: Int32) throws(Errno) -> Int {
    try poll(files, count, deadline: pollDeadline(milliseconds: timeout))
  }

  /// ppoll(2)
  func ppoll(
    _ files: UserPointer<Pollfd>, _ count: UInt32, _ timeout: UserPointer<Timespec>, _ mask: UserPointer<UInt64>,
    _ maskSize: UInt64
  ) throws(Errno) -> Int {
    let mask = try signalMask(mask, size: maskSize)
    let wait = try LimitedWait(timeout)
    defer { wait.tellRemaining() }
    return try task.withBlockedSignals(mask) { () throws(Errno) in
      try poll(files, UInt64(count), deadline: wait.deadline)
    }
  }

  /// When a wait of a number of milliseconds ends, for a call that goes on after a signal; nil for never.
  private func pollDeadline(milliseconds: Int32) -> UInt64? {
    guard milliseconds > 0 else { return milliseconds == 0 ? 0 : nil }
    return task.deadline(after: UInt64(milliseconds) * 1_000_000)
  }

  /// Polls the files of an array of `struct pollfd`, each of which is a word here: descriptor, events, result.
  private func poll(_ files: UserPointer<Pollfd>, _ count: UInt64, deadline: UInt64?) throws(Errno) -> Int {
    guard count <= task.process.limit(.RLIMIT_NOFILE) else { throw .EINVAL }
    return try UserWords.withWords(Int(count)) { words throws(Errno) in
      try UserWords.copyIn(from: files.address, into: &words)
      let ready = try PollWaiter.poll(deadline: deadline, { () throws(Errno) in try task.pollWaiter() }) {
        waiter throws(Errno) in try look(&words, waiter)
      }
      try UserWords.storeHighest16(of: words.span, to: files.address)
      return ready
    }
  }

  /// Looks at all files, and says how many have something to tell.
  private func look(_ words: inout MutableSpan<UInt64>, _ waiter: PollWaiter?) throws(Errno) -> Int {
    try task.withFiles { table throws(Errno) in
      try table.withOpenFiles { files throws(Errno) in try Self.look(&words, files, waiter) }
    }
  }

  private static func look(
    _ words: inout MutableSpan<UInt64>, _ files: borrowing DescriptorTable.OpenFiles, _ waiter: PollWaiter?
  ) throws(Errno) -> Int {
    var ready = 0
    var index = 0
    while index < words.count {
      let word = words[index]
      let result = try events(word, files, waiter)
      words[index] = word & 0xffff_ffff_ffff | UInt64(result.rawValue) << 48
      if !result.isEmpty { ready &+= 1 }
      index &+= 1
    }
    return ready
  }

  @inline(__always)
  private static func events(
    _ word: UInt64, _ files: borrowing DescriptorTable.OpenFiles, _ waiter: PollWaiter?
  ) throws(Errno) -> PollEvents {
    let descriptor = Int(Int32(truncatingIfNeeded: word))
    let events = try files.use(descriptor) { file throws(Errno) -> PollEvents in
      if file.mode.contains(.path) { return .invalid }
      let wish = PollEvents(rawValue: UInt16(truncatingIfNeeded: word >> 32)).union([.error, .hangUp])
      try waiter?.enter(file, wish)
      return file.poll().intersection(wish)
    }
    // Source: poll(2): a negative descriptor is left out.
    return events ?? (descriptor < 0 ? [] : .invalid)
  }

  /// The set of signals at `mask`; nil when there is none.
  func signalMask(_ mask: UserPointer<UInt64>, size: UInt64) throws(Errno) -> SignalSet? {
    guard !mask.isNull else { return nil }
    guard size == 8 else { throw .EINVAL }
    return SignalSet(rawValue: try mask.load())
  }
}

/// `struct pollfd`, which is read and written as a word.
public enum Pollfd {}

/// A wait whose length a program passed by a pointer, where it is told what is left of it.
struct LimitedWait {
  private enum Form {
    case timespec(UserPointer<Timespec>)
    case timeval(UserPointer<Timeval>)
  }

  /// When it ends, in nanoseconds of the monotonic clock; nil for never, 0 for at once.
  let deadline: UInt64?
  private let form: Form

  /// A wait of the length at `duration`; without end if it is null.
  ///
  /// - Throws: `EINVAL`, `EFAULT`.
  init(_ duration: UserPointer<Timespec>) throws(Errno) {
    form = .timespec(duration)
    deadline = duration.isNull ? nil : Self.deadline(after: try duration.load().total())
  }

  /// As above, for select(2), which takes more than a second of microseconds.
  init(_ duration: UserPointer<Timeval>) throws(Errno) {
    form = .timeval(duration)
    guard !duration.isNull else {
      deadline = nil
      return
    }
    let value = try duration.load()
    let (carried, overflows) = value.seconds.addingReportingOverflow(value.microseconds / 1_000_000)
    guard !overflows else { throw .EINVAL }
    let whole = Timeval(seconds: carried, microseconds: value.microseconds % 1_000_000)
    deadline = Self.deadline(after: try whole.total())
  }

  private static func deadline(after nanoseconds: UInt64) -> UInt64 {
    nanoseconds == 0 ? 0 : ClockDeadline(after: nanoseconds).time
  }

  /// Tells the program what is left of it. As on Linux, memory that cannot be written does not make the call fail.
  func tellRemaining() {
    guard let deadline else { return }
    let now = deadline == 0 ? 0 : Clock.nanoseconds
    let remaining = deadline > now ? deadline - now : 0
    switch form {
    case .timespec(let duration): try? duration.store(Timespec(nanoseconds: remaining))
    case .timeval(let duration): try? duration.store(Timeval(nanoseconds: remaining))
    }
  }
}
