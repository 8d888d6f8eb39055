import Synchronization

/// A reference that its owner uses without counting, and exchanges when it does not use it.
///
/// - Context: one thread, the owner's, at a time.
@safe
public final class PinnedReference<Object: AnyObject>: @unchecked Sendable {
  // SAFETY (section), and of `@unchecked Sendable`: `word` owns a reference. It is only dropped when nobody used it after it was
  // taken out of there, which ends the kernel otherwise; both are atomic, so this holds whoever does it.
  private let word: Atomic<UInt>
  private let uses = Atomic<Int>(0)

  /// Creates a reference to `object`.
  public init(_ object: Object) {
    word = unsafe Atomic(UInt(bitPattern: Unmanaged.passRetained(object).toOpaque()))
  }

  deinit { unsafe Self.reference(word.load(ordering: .relaxed)).release() }

  private static func reference(_ word: UInt) -> Unmanaged<Object> {
    unsafe Unmanaged.fromOpaque(UnsafeRawPointer(bitPattern: word).unsafelyUnwrapped)
  }

  /// Runs `body` with the object, which stays while it runs.
  ///
  /// - Throws: what `body` throws.
  @inline(__always)
  public func use<Answer, Failure: Error>(
    _ body: (Object) throws(Failure) -> Answer
  ) throws(Failure) -> Answer {
    uses.wrappingAdd(1, ordering: .sequentiallyConsistent)
    defer { uses.wrappingSubtract(1, ordering: .sequentiallyConsistent) }
    let reference = unsafe Self.reference(word.load(ordering: .sequentiallyConsistent))
    let result: Result<Answer, Failure> = unsafe reference._withUnsafeGuaranteedRef { object in
      do throws(Failure) { return .success(try body(object)) } catch { return .failure(error) }
    }
    return try result.get()
  }

  /// Makes it refer to `new`. Not within `use`.
  ///
  /// - Returns: what it referred to.
  public func exchange(_ new: Object) -> Object {
    let new = unsafe UInt(bitPattern: Unmanaged.passRetained(new).toOpaque())
    let old = word.exchange(new, ordering: .sequentiallyConsistent)
    precondition(uses.load(ordering: .sequentiallyConsistent) == 0, "exchanged while it is used")
    return unsafe Self.reference(old).takeRetainedValue()
  }
}
