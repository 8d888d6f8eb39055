/// References that are used without counting them, because somebody keeps them meanwhile anyway.
public enum BorrowedReference {
  /// Runs `body` with `object` as an object of the class that it is of; a conditional cast would make a reference of its own.
  ///
  /// - Returns: nil for an object of another class.
  /// - Throws: what `body` throws.
  @inline(__always)
  public static func use<Object: AnyObject, Subclass: AnyObject, Answer, Failure: Error>(
    _ object: Object, as subclass: Subclass.Type, _ body: (Subclass) throws(Failure) -> Answer
  ) throws(Failure) -> Answer? {
    guard object is Subclass else { return nil }
    defer { withExtendedLifetime(object) {} }
    // SAFETY: it is of that class, as just seen, and whoever calls keeps it while `body` runs.
    let reference = unsafe Unmanaged<Subclass>.fromOpaque(Unmanaged.passUnretained(object).toOpaque())
    let result: Result<Answer, Failure> = unsafe reference._withUnsafeGuaranteedRef { object in
      do throws(Failure) { return .success(try body(object)) } catch { return .failure(error) }
    }
    return try result.get()
  }
}
