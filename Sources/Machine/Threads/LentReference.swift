/// A reference to an object that is lent for the time of a call, and used without counting.
///
/// Contained work that is ended gives back nothing that its stack owned. What it was lent it does not own, so that is not lost, and
/// nothing has to be made anew for each call.
///
/// - Context: one thread at a time.
@safe
public final class LentReference<Object: AnyObject> {
  private var object: Unmanaged<Object>?

  // SAFETY: nothing is referred to.
  /// Lends nothing.
  public init() { unsafe object = nil }

  /// Lends `lent` while `body` runs.
  public func lend<Result>(_ lent: Object, during body: () -> Result) -> Result {
    // SAFETY: the object outlives `body`, and is not found here any more when that has returned.
    unsafe object = Unmanaged.passUnretained(lent)
    defer { unsafe object = nil }
    return withExtendedLifetime(lent, body)
  }

  /// Runs `body` with what is lent; not at all when that is nothing.
  ///
  /// - Throws: what `body` throws.
  public func use<Failure: Error>(_ body: (Object) throws(Failure) -> Void) throws(Failure) {
    // SAFETY (function): `lend` is under way, which keeps the object.
    guard let object = unsafe object else { return }
    var failure: Failure?
    unsafe object._withUnsafeGuaranteedRef { object in
      do throws(Failure) { try body(object) } catch { failure = error }
    }
    if let failure { throw failure }
  }
}
