import Synchronization

/// A global value that boot creates once and everybody reads afterwards.
///
/// An ordinary global with an initial value that is not a constant would be created lazily through `swift_once`, which
/// neither a trap handler nor a second CPU may enter. A cell starts empty, which is a constant, and is filled by a boot step.
public struct BootCell<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
  // SAFETY of `@unchecked Sendable`: the address goes from 0 to its one value once, by an atomic exchange, and the value
  // behind it is only ever borrowed.
  private let address = Atomic<UInt>(0)

  /// Creates an empty cell.
  @inline(__always)
  public init() {}

  /// Fills the cell. A cell that is already full stays as it is, and `value` is dropped.
  ///
  /// - Returns: whether `value` is now in the cell.
  @discardableResult
  public borrowing func fill(_ value: consuming Value) -> Bool {
    let storage = UnsafeMutablePointer<Value>.allocate(capacity: 1)
    // SAFETY: the storage is new, holds one value, and is given up again if it does not become the cell's.
    unsafe storage.initialize(to: value)
    let (isFilled, _) = address.compareExchange(
      expected: 0, desired: UInt(bitPattern: storage), ordering: .acquiringAndReleasing)
    if !isFilled {
      unsafe storage.deinitialize(count: 1)
      unsafe storage.deallocate()
    }
    return isFilled
  }

  /// Whether `fill` has run.
  public var isFilled: Bool { address.load(ordering: .acquiring) != 0 }

  /// Runs `body` with the value, or returns nil while the cell is empty.
  @inline(__always)
  public borrowing func withValue<Result: ~Copyable, Failure: Error>(
    _ body: (borrowing Value) throws(Failure) -> Result
  ) throws(Failure) -> Result? {
    // SAFETY: a nonzero address was made by `fill` from an initialized `Value` that is never freed.
    guard let storage = unsafe UnsafePointer<Value>(bitPattern: address.load(ordering: .acquiring)) else { return nil }
    return try unsafe body(storage.pointee)
  }
}
