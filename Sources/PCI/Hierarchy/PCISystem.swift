import Foundations
import Machine

/// The machine's PCI functions.
public enum PCISystem {
  private static let hierarchy = BootCell<SpinLock<PCIHierarchy>>()

  /// Makes `found` the machine's. Only the first time counts.
  public static func install(_ found: consuming PCIHierarchy) { hierarchy.fill(SpinLock(found)) }

  /// Runs `body` with the functions, or returns nil before they have been looked for.
  ///
  /// - Context: any; interrupts are off meanwhile, so `body` must be short.
  public static func withHierarchy<Result, Failure: Error>(
    _ body: (inout PCIHierarchy) throws(Failure) -> Result
  ) throws(Failure) -> Result? {
    try hierarchy.withValue { lock throws(Failure) in
      try lock.withLock { hierarchy throws(Failure) in try body(&hierarchy) }
    }
  }
}
