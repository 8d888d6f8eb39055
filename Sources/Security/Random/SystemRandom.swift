public import Foundations
public import Machine

/// The machine's random bytes, good for keys: getrandom(2), /dev/urandom, the addresses of programs.
///
/// Seeded when first used and again every so often, from the CPU's generator, from how unevenly time passes, and from what was
/// mixed in.
public enum SystemRandom {
  private struct State: ~Copyable {
    var pool = RandomPool()
    /// How many more requests are served before new seed is gathered.
    var requestsLeft = 0
    /// The time stamp of the last seed.
    var seeded: UInt64 = 0
  }

  private static let state = SpinLock(State())

  /// New seed after so many requests, and after so many ticks of the time-stamp counter: some tens of seconds.
  private static let requestLimit = 1 << 16
  private static let tickLimit: UInt64 = 1 << 36
  /// What is asked for at once without a stream of its own.
  private static let shortByteCount = 32

  /// Fills `bytes`.
  ///
  /// - Context: any.
  public static func fill(_ bytes: inout MutableSpan<UInt8>) {
    guard bytes.count > 0 else { return }
    let taken = take()
    if bytes.count <= shortByteCount {
      for index in bytes.indices { bytes[index] = byte(index, of: taken) }
      return
    }
    var cipher = ChaCha20(key: taken)
    var index = 0
    while index < bytes.count {
      let block = cipher.next()
      for offset in 0..<min(ChaCha20.blockByteCount, bytes.count - index) {
        bytes[index + offset] = UInt8(truncatingIfNeeded: block[offset >> 2] >> (UInt32(offset & 3) * 8))
      }
      index += ChaCha20.blockByteCount
    }
  }

  /// A random number.
  ///
  /// - Context: any.
  public static func next() -> UInt64 {
    let taken = take()
    return UInt64(taken[0]) | UInt64(taken[1]) << 32
  }

  /// Mixes in what somebody offers. It cannot make what is given out any worse, and counts for nothing.
  ///
  /// - Context: any.
  public static func mix(_ bytes: Span<UInt8>) {
    state.withLock { $0.pool.mix(bytes) }
  }

  /// Writes random bytes to as much of `buffer` as a program's memory takes.
  ///
  /// - Parameter isInterrupted: asked after every 4,096 bytes whether to be content with what there is.
  /// - Returns: how many bytes.
  /// - Throws: `EFAULT` if there is none.
  /// - Context: a thread without locks.
  public static func write(to buffer: inout IOBuffer, unless isInterrupted: () -> Bool) throws(Errno) -> Int {
    var bytes = InlineArray<256, UInt8>(repeating: 0)
    var count = 0
    while buffer.remaining > 0 {
      let wanted = min(256, buffer.remaining)
      var span = bytes.mutableSpan
      var part = span._mutatingExtracting(0..<wanted)
      fill(&part)
      do throws(Errno) {
        let moved = try buffer.write(bytes.span.extracting(0..<wanted))
        count += moved
        if moved < wanted { break }
      } catch {
        if count == 0 { throw error }
        break
      }
      if count & 4_095 == 0, isInterrupted() { break }
    }
    return count
  }

  // MARK: The pool

  private static func byte(_ index: Int, of words: InlineArray<8, UInt32>) -> UInt8 {
    UInt8(truncatingIfNeeded: words[index >> 2] >> (UInt32(index & 3) * 8))
  }

  private static func take() -> InlineArray<8, UInt32> {
    let now = TimestampCounter.now
    let needsSeed = state.withLock { $0.requestsLeft == 0 || now &- $0.seeded > tickLimit }
    if needsSeed { reseed(now) }
    return state.withLock { state in
      if state.requestsLeft > 0 { state.requestsLeft -= 1 }
      return state.pool.take()
    }
  }

  @inline(never)
  private static func reseed(_ now: UInt64) {
    // Without the lock, as it takes a while; two at once do no harm.
    let seed = Entropy.gather()
    state.withLock { state in
      state.pool.reseed(seed)
      (state.requestsLeft, state.seeded) = (requestLimit, now)
    }
  }
}

/// Where what nobody can know comes from.
enum Entropy {
  /// How often the time is taken. Each time must be worth a quarter of a bit where the CPU has no generator.
  private static let timeCount = 1_024
  private static let hardwareWordCount = 8

  /// 32 bytes of seed.
  static func gather() -> InlineArray<8, UInt32> {
    var hash = BLAKE2s()
    for _ in 0..<hardwareWordCount {
      if let word = HardwareRandom.next() { hash.update(word) }
    }
    var last = TimestampCounter.now
    hash.update(last)
    var cipher = ChaCha20(key: [0, 1, 2, 3, 4, 5, 6, 7])
    for index in 0..<timeCount {
      // What is done between two looks at the time takes a little more or less each time: caches, interrupts, refreshes.
      hash.update(UInt64(cipher.next()[index & 15]))
      let now = TimestampCounter.now
      hash.update(now &- last)
      last = now
    }
    return hash.finish()
  }
}
