/// A reference to an object that is there for ever from now on, used without counting.
///
/// What there is once, or once for each CPU, and never ends, needs no count of who uses it.
@safe
public struct LastingReference<Object: AnyObject>: @unchecked Sendable {
  // SAFETY (section), and of `@unchecked Sendable`: the reference that `init` takes is never given back, so the object is there for
  // ever; it is not changed, and the object looks after itself.
  private let reference: Unmanaged<Object>

  /// Makes `object` stay for ever.
  @inline(__always)
  public init(_ object: Object) { unsafe reference = Unmanaged.passRetained(object) }

  /// The object, counted for the caller.
  @inline(__always)
  public var object: Object { unsafe reference.takeUnretainedValue() }

  /// Runs `body` with the object.
  @inline(__always)
  public func use<Result>(_ body: (Object) -> Result) -> Result {
    unsafe reference._withUnsafeGuaranteedRef { body($0) }
  }
}
