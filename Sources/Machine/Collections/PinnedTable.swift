public import Foundations
import Synchronization

/// Numbered references behind a lock, which are also used without the lock and without counting.
///
/// Who uses them so *pins* the table for that time: an atomic count of those who do. A reference that is removed meanwhile is put
/// aside, and dropped by whoever is the last to go: so it is there for as long as anybody may use it. As long as something is
/// aside nobody pins anew, but counts each reference under the lock, so the last goes soon, whatever the others do.
///
/// `Value` is what else the lock guards. Whoever owns a table calls `removeAll` before it goes: a `deinit` of its own would not be
/// run when it is part of an object, by what Swift 6.3.1 makes of it when it optimizes.
///
/// - Context: references are dropped by who takes them out, or by who ends a use of the table: holding no lock.
@safe
public struct PinnedTable<Object: AnyObject, Value: ~Copyable>: ~Copyable, @unchecked Sendable {
  // SAFETY of `@unchecked Sendable`: places are atomic words, and written only by the holder of the lock. A block of places is
  // released, and a removed reference dropped, only when `pins` was zero after it was removed from where uses look for it.
  /// How many use the table now; negative, by its lowest value added, while something is put aside.
  let pins = Atomic<Int>(0)
  /// Where the block of places is; 0 for none.
  let block = Atomic<UInt>(0)
  private let lock: SpinLock<Value>

  /// Creates a table without places.
  @inline(__always)
  public init(_ value: consuming Value) { lock = SpinLock(value) }

  // MARK: Under the lock

  /// The places, for as long as the lock is held.
  @safe
  public struct Places: ~Copyable {
    // SAFETY (section): made by `withLock` alone, which holds the lock and keeps the table where it is for as long as these are
    // lent; being lent, they are neither copied nor kept.
    private let table: UnsafePointer<PinnedTable>

    @inline(__always)
    fileprivate init(_ table: UnsafePointer<PinnedTable>) { unsafe self.table = table }

    private var current: ReferenceBlock<Object>? {
      unsafe ReferenceBlock(address: table.pointee.block.load(ordering: .relaxed))
    }

    /// Whether somebody uses the table, and may have found what has been removed since.
    private var isPinned: Bool { unsafe table.pointee.pins.load(ordering: .sequentiallyConsistent) & .max != 0 }

    /// How many places there are.
    public var count: Int {
      guard let block = unsafe current else { return 0 }
      return unsafe block.capacity
    }

    /// What is at place `index`; nil for nothing, and for a place that there is not.
    public subscript(index: Int) -> Object? {
      guard let block = unsafe current, let word = unsafe block.word(at: index) else { return nil }
      return unsafe Unmanaged<Object>.fromOpaque(word).takeUnretainedValue()
    }

    /// Whether something is at place `index`.
    public func isFilled(_ index: Int) -> Bool {
      guard let block = unsafe current else { return false }
      return unsafe block.word(at: index) != nil
    }

    /// Puts `object` at place `index`, which is there and empty.
    public func fill(_ index: Int, with object: Object) {
      guard let block = unsafe current else { preconditionFailure("no such place") }
      unsafe block.fill(index, with: object)
    }

    /// Removes what is at place `index`.
    ///
    /// There is room to put it aside if `reserve` was called since as often as something was taken.
    ///
    /// - Returns: it, to be dropped without the lock; nil if there was nothing.
    public func take(_ index: Int) -> Object? {
      guard let block = unsafe current, let word = unsafe block.empty(index) else { return nil }
      let reference = unsafe Unmanaged<Object>.fromOpaque(word)
      // Who pins from here on does not find it.
      guard isPinned else { return unsafe reference.takeRetainedValue() }
      unsafe block.putAside(word)
      if noteAside() { return unsafe reference.takeUnretainedValue() }
      // The last left before it saw that there is something aside.
      _ = unsafe block.takeBack()
      if unsafe block.isAsideEmpty { clearAside() }
      return unsafe reference.takeRetainedValue()
    }

    /// Makes sure that there are `count` places at least, and that whatever is in them can be put aside.
    ///
    /// - Throws: `ENOMEM`; the table is as it was.
    public func reserve(_ count: Int) throws(Errno) {
      let old = unsafe current
      if let old = unsafe old, unsafe old.hasRoom(for: count) { return }
      let new = try unsafe ReferenceBlock<Object>.make(count, from: old)
      unsafe table.pointee.block.store(new.address, ordering: .sequentiallyConsistent)
      guard let old = unsafe old else { return }
      unsafe new.retire(old)
      guard isPinned, noteAside() else {
        unsafe new.releaseRetired()
        if unsafe new.isAsideEmpty { clearAside() }
        return
      }
    }

    /// Gives back the memory if nobody uses it, and nothing is in it.
    fileprivate func removeMemory() {
      guard let old = unsafe current, unsafe !isPinned && old.isUnused else { return }
      unsafe table.pointee.block.store(0, ordering: .sequentiallyConsistent)
      // Who came between has the memory; nothing is in it that could be used.
      guard !isPinned else { return unsafe table.pointee.block.store(old.address, ordering: .sequentiallyConsistent) }
      unsafe old.release()
    }

    /// What was put aside, one at a time; nil when there is nothing more, or when somebody uses the table again.
    fileprivate func sweep() -> Object? {
      // SAFETY: what is aside was removed before, so whoever pins from now on cannot find it.
      guard let block = unsafe current, !isPinned else { return nil }
      if let word = unsafe block.takeBack() { return unsafe Unmanaged<Object>.fromOpaque(word).takeRetainedValue() }
      unsafe block.releaseRetired()
      clearAside()
      return nil
    }

    /// Makes the last who leaves drop what is aside; false if nobody is there who could.
    private func noteAside() -> Bool {
      unsafe table.pointee.pins.bitwiseOr(.min, ordering: .sequentiallyConsistent).oldValue & .max != 0
    }

    private func clearAside() {
      _ = unsafe table.pointee.pins.bitwiseAnd(.max, ordering: .sequentiallyConsistent)
    }
  }

  /// Runs `body` with the value and the places, after waiting for whoever holds the lock.
  ///
  /// - Context: any; interrupts are off while `body` runs, which drops no reference.
  @inline(__always)
  public borrowing func withLock<Result: ~Copyable, Failure: Error>(
    _ body: (inout Value, borrowing Places) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try lock.withLock { value throws(Failure) in
      // SAFETY: the table stays where it is while it is borrowed.
      try body(&value, unsafe Places(address))
    }
  }

  // MARK: Without the lock

  /// The references, for as long as they are used.
  @safe
  public struct References: ~Copyable {
    // SAFETY (section): made by `withReferences` alone, which keeps the table, and by its count the block and what is found in it, for as
    // long as these are lent; being lent, they are neither copied nor kept.
    private let table: UnsafePointer<PinnedTable>
    private let block: ReferenceBlock<Object>?
    private let count: Int
    private let isCounting: Bool

    @inline(__always)
    fileprivate init(_ table: UnsafePointer<PinnedTable>, isCounting: Bool) {
      unsafe self.table = table
      self.isCounting = isCounting
      let address = unsafe isCounting ? 0 : table.pointee.block.load(ordering: .sequentiallyConsistent)
      unsafe block = ReferenceBlock(address: address)
      count = unsafe block?.capacity ?? 0
    }

    /// Runs `body` with what is at place `index`.
    ///
    /// - Returns: nil if there is nothing, or no such place.
    /// - Throws: what `body` throws.
    /// - Context: a thread without locks.
    @inline(__always)
    public func use<Answer, Failure: Error>(
      _ index: Int, _ body: (Object) throws(Failure) -> Answer
    ) throws(Failure) -> Answer? {
      let found: UnsafeRawPointer?
      // As an unsigned number a negative one is too large.
      if UInt(bitPattern: index) < UInt(bitPattern: count) {
        unsafe found = block.unsafelyUnwrapped.knownWord(at: index)
      } else {
        guard isCounting else { return nil }
        unsafe found = table.pointee.retained(index)
      }
      guard let word = unsafe found else { return nil }
      let reference = unsafe Unmanaged<Object>.fromOpaque(word)
      defer { if isCounting { unsafe reference.release() } }
      let result: Result<Answer, Failure> = unsafe reference._withUnsafeGuaranteedRef { object in
        do throws(Failure) { return .success(try body(object)) } catch { return .failure(error) }
      }
      return try result.get()
    }
  }

  /// How references are kept while they are used.
  public enum Way: Sendable {
    /// All together, by the table: for those who do not wait, and when nobody else could remove anything meanwhile. What is
    /// removed is not dropped before they are through.
    case pinning
    /// Each by itself, by its count.
    case counting
  }

  /// Runs `body` with all references.
  ///
  /// - Throws: what `body` throws.
  /// - Context: a thread without locks.
  @inline(__always)
  public borrowing func withReferences<Answer, Failure: Error>(
    _ way: Way, _ body: (borrowing References) throws(Failure) -> Answer
  ) throws(Failure) -> Answer {
    let isCounting = way == .counting || pins.load(ordering: .relaxed) < 0
    if !isCounting { pins.wrappingAdd(1, ordering: .sequentiallyConsistent) }
    defer {
      // Whether this was the last is looked at again there.
      if !isCounting, pins.wrappingSubtract(1, ordering: .sequentiallyConsistent).newValue < 0 { dropAside() }
    }
    // SAFETY: the table stays where it is while it is borrowed.
    return try body(unsafe References(address, isCounting: isCounting))
  }

  /// Drops all references, and gives back the memory. Nobody uses or changes the table meanwhile, or what they use stays.
  public borrowing func removeAll() {
    for index in 0..<withLock({ _, places in places.count }) {
      if let object = withLock({ _, places in places.take(index) }) { _ = consume object }
    }
    withLock { _, places in places.removeMemory() }
  }

  /// What is at place `index`, counted once more for the caller.
  @inline(never)
  private borrowing func retained(_ index: Int) -> UnsafeRawPointer? {
    guard let object = withLock({ _, places in places[index] }) else { return nil }
    return unsafe UnsafeRawPointer(Unmanaged.passRetained(object).toOpaque())
  }

  /// Drops what was put aside.
  @inline(never)
  private borrowing func dropAside() {
    while let object = withLock({ _, places in places.sweep() }) { _ = consume object }
  }

  /// Where the table itself is: it holds atomics, so it is always in memory and borrowing it never copies it.
  @inline(__always)
  private var address: UnsafePointer<Self> {
    // SAFETY: as in `SpinLock.address`.
    unsafe UnsafePointer(bitPattern: withUnsafePointer(to: self) { UInt(bitPattern: $0) }).unsafelyUnwrapped
  }
}
