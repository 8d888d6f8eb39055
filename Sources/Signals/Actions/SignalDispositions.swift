public import Foundations
public import LinuxABI
import Machine
import Synchronization

/// What a process wants done about each signal. Processes share it that were made with `CLONE_SIGHAND`.
///
/// Which signals are ignored or caught is also kept in two words that are read without the lock, to find out quickly that a signal
/// has no effect. Who changes a disposition discards afterwards what is pending of a signal that has none any more; who sends
/// looks at the words under the lock of the queue that it adds to, so nothing that is discarded stays pending.
public final class SignalDispositions {
  /// One for each signal, by its number less one.
  private let entries: SpinLock<GrowableArray<SignalDisposition>>
  private let ignoredBits = Atomic<UInt64>(0)
  private let caughtBits = Atomic<UInt64>(0)
  private let shared = Atomic<Bool>(false)

  /// Makes a table in which each signal does what it does by itself.
  ///
  /// - Throws: `ENOMEM`.
  public init() throws(Errno) {
    var standard = GrowableArray<SignalDisposition>()
    try standard.resize(to: Int(Signal.last), filledWith: .standard)
    entries = SpinLock(standard)
  }

  /// Makes a copy, for a process that is made by fork(2).
  ///
  /// - Throws: `ENOMEM`.
  public convenience init(copying other: SignalDispositions) throws(Errno) {
    try self.init()
    other.entries.withLock { source in
      entries.withLock { target in
        for index in 0..<source.count { target[index] = source[index] }
      }
      ignoredBits.store(other.ignored.rawValue, ordering: .relaxed)
      caughtBits.store(other.caught.rawValue, ordering: .relaxed)
    }
  }

  /// Whether several processes may use it.
  public var isShared: Bool { shared.load(ordering: .relaxed) }

  /// Notes that another process uses it from now on. Never taken back.
  public func noteSharing() { shared.store(true, ordering: .relaxed) }

  /// What is ignored by choice (`SigIgn` of proc(5)).
  @inline(__always)
  public var ignored: SignalSet { SignalSet(rawValue: ignoredBits.load(ordering: .relaxed)) }
  /// What has a handler (`SigCgt` of proc(5)).
  @inline(__always)
  public var caught: SignalSet { SignalSet(rawValue: caughtBits.load(ordering: .relaxed)) }

  /// What is done about `signal`.
  @inline(__always)
  public subscript(signal: Signal) -> SignalDisposition {
    entries.withLock { $0[Self.index(signal)] }
  }

  /// Whether `signal` goes away without a trace.
  @inline(__always)
  public func discards(_ signal: Signal) -> Bool {
    ignored.contains(signal) || !caught.contains(signal) && signal.hasNoEffectByItself
  }

  /// Sets what is done about `signal`.
  ///
  /// - Returns: what was done before.
  /// - Throws: `EINVAL` for one that cannot be caught.
  /// - Context: a thread, interrupts on, no spin lock held.
  @inline(__always)
  public func set(_ signal: Signal, to disposition: SignalDisposition) throws(Errno) -> SignalDisposition {
    try Self.check(signal)
    return entries.withLockInThread { entries in
      let old = entries[Self.index(signal)]
      put(disposition.accepted, signal, &entries)
      return old
    }
  }

  /// The same, for those who do not want to know what was done before.
  ///
  /// - Parameter words: those of a structure; read once the lock is held, so that nothing has to be kept meanwhile.
  /// - Throws: `EINVAL` for one that cannot be caught.
  /// - Context: as `set`.
  @inline(__always)
  public func replace(_ signal: Signal, with words: Span<UInt64>) throws(Errno) {
    try Self.check(signal)
    entries.withLockInThread { put(SignalDisposition(words: words).accepted, signal, &$0) }
  }

  @inline(__always)
  private static func check(_ signal: Signal) throws(Errno) {
    guard !SignalSet.uncatchable.contains(signal) else { throw .EINVAL }
  }

  /// What is done about `signal`, which is being delivered: a handler that is called once only is called for the last time.
  @inline(__always)
  public func take(_ signal: Signal) -> SignalDisposition {
    entries.withLock { entries in
      let found = entries[Self.index(signal)]
      if found.isCaught, found.flags.contains(.SA_RESETHAND) {
        var reset = found
        reset.handler = SignalDisposition.standard.handler
        put(reset, signal, &entries)
      }
      return found
    }
  }

  /// Makes `signal` do what it does by itself: it is about something that the program cannot go on from.
  public func reset(_ signal: Signal) {
    entries.withLock { entries in
      var entry = entries[Self.index(signal)]
      entry.handler = SignalDisposition.standard.handler
      put(entry, signal, &entries)
    }
  }

  /// Makes what was caught do what it does by itself; what was ignored stays ignored. Source: execve(2), clone(2),
  /// `CLONE_CLEAR_SIGHAND`.
  public func resetHandlers() {
    entries.withLock { entries in
      for index in 0..<entries.count {
        entries[index] = entries[index].isIgnored ? .ignored : .standard
      }
      caughtBits.store(0, ordering: .relaxed)
    }
  }

  @inline(__always)
  private static func index(_ signal: Signal) -> Int { Int(signal.rawValue) &- 1 }

  @inline(__always)
  private func put(
    _ disposition: SignalDisposition, _ signal: Signal, _ entries: inout GrowableArray<SignalDisposition>
  ) {
    entries[Self.index(signal)] = disposition
    let bit = SignalSet(signal)
    if disposition.isCaught {
      ignoredBits.store(ignored.subtracting(bit).rawValue, ordering: .relaxed)
      caughtBits.store(caught.union(bit).rawValue, ordering: .relaxed)
    } else {
      let others = ignored.subtracting(bit)
      ignoredBits.store((disposition.isIgnored ? others.union(bit) : others).rawValue, ordering: .relaxed)
      caughtBits.store(caught.subtracting(bit).rawValue, ordering: .relaxed)
    }
  }
}
