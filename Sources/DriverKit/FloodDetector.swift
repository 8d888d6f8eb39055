/// Finds an interrupt that comes faster than its driver can serve it.
///
/// What counts are interrupts that bring no news, because the one before has not been taken up yet. A device that waits for its driver,
/// or tells of each of the buffers that it has, sends at most as many of them as it has buffers: some thousands. One that goes by a
/// clock sends them without end, but the fastest that a PC has, that of its battery-backed clock, ticks 8,192 times a second
/// (Motorola MC146818A, table 5). So ten thousand within a second are a storm. A processor of today spends some percent of its time on
/// them, and one that is emulated a third.
///
/// Only `handle` of one interrupt uses it, on one CPU at a time.
struct FloodDetector {
  /// So many without news are a storm,
  static var limit: UInt32 { 10_000 }
  /// if they come within this time.
  static var windowNanoseconds: UInt64 { 1_000_000_000 }

  private var count: UInt32 = 0
  private var start: UInt64 = 0

  /// Counts an interrupt. The clock is read only twice in a window.
  ///
  /// - Returns: whether it is part of a storm: true once, then everything begins anew.
  mutating func note(isNews: Bool, clock: () -> UInt64) -> Bool {
    guard !isNews else { return false }
    if count == 0 { start = clock() }
    count += 1
    guard count >= Self.limit else { return false }
    count = 0
    return clock() &- start <= Self.windowNanoseconds
  }
}

/// Finds a device that interrupts for nothing, as its driver says each time that it was asked.
///
/// One that comes now and then is a driver that was faster than the interrupt. The numbers are those that
/// `Specs/recovery.json` gives for `spuriousInterrupt`: a hundred within a second are ignored.
struct IdleInterruptPolicy {
  /// So many in a row are not held against the device,
  static var limit: Int { 100 }
  /// in this time.
  static var windowNanoseconds: UInt64 { 1_000_000_000 }

  private var count = 0
  private var start: UInt64 = 0

  /// Notes an interrupt that the device had something to say with.
  mutating func noteServed() { count = 0 }

  /// Notes one without, at `now`.
  ///
  /// - Returns: whether it is one too many.
  mutating func noteIdle(at now: UInt64) -> Bool {
    if count == 0 || now &- start > Self.windowNanoseconds { (count, start) = (0, now) }
    count += 1
    return count > Self.limit
  }
}
