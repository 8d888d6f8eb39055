public import Foundations
import Machine

/// The machine's PCI functions.
public enum PCISystem {
  private static let hierarchy = BootCell<SharedHierarchy>()

  /// Makes `found` the machine's. Only the first time counts.
  public static func install(_ found: consuming PCIHierarchy) { hierarchy.fill(SharedHierarchy(found)) }

  /// Runs `body` with the functions as they are now, or returns nil before they have been looked for.
  ///
  /// - Context: any; no lock is held. What changes while `body` runs, it does not see.
  public static func withHierarchy<Result, Failure: Error>(
    _ body: (borrowing PCIHierarchy) throws(Failure) -> Result
  ) throws(Failure) -> Result? {
    guard let shared = hierarchy.withValue({ $0 }) else { return nil }
    return try shared.read(body)
  }

  /// Runs `body` with the functions, to change what is known of them: after others who do, and while readers go on with what
  /// was known before. When `body` throws, what it has done until then stays done.
  ///
  /// - Returns: nil before functions have been looked for.
  /// - Throws: `ENOMEM` before `body` runs, and what `body` throws.
  /// - Context: a thread without spin locks; `body` may wait, but must not call this again.
  public static func change<Result>(
    _ body: (inout PCIHierarchy) throws(Errno) -> Result
  ) throws(Errno) -> Result? {
    guard let shared = hierarchy.withValue({ $0 }) else { return nil }
    return try shared.change(body)
  }
}
