import Foundations
import LinuxABI
import Machine
import Processes
import Signals
import Time
import VFS

import struct Waiting.PollEvents

/// select(2).
extension SystemCallContext {
  /// select(2)
  func select(
    _ count: Int32, _ readable: UserPointer<FdSet>, _ writable: UserPointer<FdSet>, _ exceptional: UserPointer<FdSet>,
    _ timeout: UserPointer<Timeval>
  ) throws(Errno) -> Int {
    let wait = try LimitedWait(timeout)
    defer { wait.tellRemaining() }
    return try select(count, (readable.address, writable.address, exceptional.address), deadline: wait.deadline)
  }

  /// pselect6(2)
  func pselect6(
    _ count: Int32, _ readable: UserPointer<FdSet>, _ writable: UserPointer<FdSet>, _ exceptional: UserPointer<FdSet>,
    _ timeout: UserPointer<Timespec>, _ mask: UserPointer<PselectMask>
  ) throws(Errno) -> Int {
    let wait = try LimitedWait(timeout)
    var blocked: SignalSet?
    if !mask.isNull {
      let words = UserPointer<UInt64>(mask.address)
      blocked = try signalMask(UserPointer(try words.load()), size: try words.load(at: 1))
    }
    defer { wait.tellRemaining() }
    return try task.withBlockedSignals(blocked) { () throws(Errno) in
      try select(count, (readable.address, writable.address, exceptional.address), deadline: wait.deadline)
    }
  }

  /// Polls the descriptors below `count` that are in the sets at `addresses`, and leaves those in them that are ready.
  private func select(
    _ count: Int32, _ addresses: (UInt64, UInt64, UInt64), deadline: UInt64?
  ) throws(Errno) -> Int {
    guard count >= 0 else { throw .EINVAL }
    // As on Linux, what lies behind the table, which has room for 64 at least, is not looked at.
    let count = min(Int(count), max(task.files.end, 64))
    let wordCount = (count + 63) / 64
    // The three sets, and the three results.
    return try UserWords.withWords(6 * wordCount) { words throws(Errno) in
      try Self.copyIn(addresses.0, into: &words, 0..<wordCount)
      try Self.copyIn(addresses.1, into: &words, wordCount..<2 * wordCount)
      try Self.copyIn(addresses.2, into: &words, 2 * wordCount..<3 * wordCount)
      let ready = try PollWaiter.poll(deadline: deadline, { () throws(Errno) in try task.pollWaiter() }) {
        waiter throws(Errno) in try look(&words, wordCount, count, waiter)
      }
      try Self.copyOut(words.span, 3 * wordCount..<4 * wordCount, to: addresses.0)
      try Self.copyOut(words.span, 4 * wordCount..<5 * wordCount, to: addresses.1)
      try Self.copyOut(words.span, 5 * wordCount..<6 * wordCount, to: addresses.2)
      return ready
    }
  }

  private static func copyIn(
    _ address: UInt64, into words: inout MutableSpan<UInt64>, _ range: Range<Int>
  ) throws(Errno) {
    guard address != 0 else { return }
    var part = words._mutatingExtracting(range)
    try UserWords.copyIn(from: address, into: &part)
  }

  private static func copyOut(_ words: Span<UInt64>, _ range: Range<Int>, to address: UInt64) throws(Errno) {
    guard address != 0 else { return }
    try UserMemory.copyOut(words.extracting(range), to: address)
  }

  // What the three sets mean. Source: select(2), "Correspondence between select() and poll() notifications".
  private static var inputEvents: PollEvents { [.readNormal, .readBand, .input, .hangUp, .error] }
  private static var outputEvents: PollEvents { [.writeBand, .writeNormal, .output, .error] }
  private static var exceptionEvents: PollEvents { .priority }

  /// Looks at all files, and says how often one is in a result.
  private func look(
    _ words: inout MutableSpan<UInt64>, _ wordCount: Int, _ count: Int, _ waiter: PollWaiter?
  ) throws(Errno) -> Int {
    try task.withFiles { table throws(Errno) in
      try table.withOpenFiles { files throws(Errno) in
        var ready = 0
        for index in 0..<wordCount {
          let limit = min(count - index * 64, 64)
          ready += try Self.look(&words, wordCount, index, limit, files, waiter)
        }
        return ready
      }
    }
  }

  /// Looks at the first `limit` of the files that word `index` of each set stands for.
  private static func look(
    _ words: inout MutableSpan<UInt64>, _ wordCount: Int, _ index: Int, _ limit: Int,
    _ files: borrowing DescriptorTable.OpenFiles, _ waiter: PollWaiter?
  ) throws(Errno) -> Int {
    let sets = (words[index], words[wordCount + index], words[2 * wordCount + index])
    var results: (UInt64, UInt64, UInt64) = (0, 0, 0)
    // Shifted out is all of it.
    var rest = (sets.0 | sets.1 | sets.2) & ~(UInt64.max << UInt64(limit))
    while rest != 0 {
      let bit = rest & ~(rest - 1)
      let descriptor = index * 64 + rest.trailingZeroBitCount
      rest &= rest - 1
      let events = try files.use(descriptor) { file throws(Errno) -> PollEvents in
        guard !file.mode.contains(.path) else { throw .EBADF }
        try waiter?.enter(file, inputEvents.union(outputEvents).union(exceptionEvents))
        return file.poll()
      }
      guard let events else { throw .EBADF }
      if !events.isDisjoint(with: inputEvents) { results.0 |= sets.0 & bit }
      if !events.isDisjoint(with: outputEvents) { results.1 |= sets.1 & bit }
      if !events.isDisjoint(with: exceptionEvents) { results.2 |= sets.2 & bit }
    }
    words[3 * wordCount + index] = results.0
    words[4 * wordCount + index] = results.1
    words[5 * wordCount + index] = results.2
    return results.0.nonzeroBitCount + results.1.nonzeroBitCount + results.2.nonzeroBitCount
  }
}

/// `fd_set`, which is read and written as words.
public enum FdSet {}
/// What pselect6(2) is told of a set of signals, which is read as words.
public enum PselectMask {}
