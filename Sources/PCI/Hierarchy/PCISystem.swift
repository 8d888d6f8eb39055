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

  /// The function at `address` as it is known now; nil when there is none.
  ///
  /// - Context: any.
  public static func function(at address: PCIAddress) -> PCIFunction? {
    withHierarchy { hierarchy in hierarchy.index(of: address).map { hierarchy[$0] } } ?? nil
  }

  /// The first function behind `address`, or the first of all.
  ///
  /// - Context: any.
  public static func function(after address: PCIAddress?) -> PCIFunction? {
    withHierarchy { hierarchy in
      var index = 0
      if let address {
        index = hierarchy.firstIndex(from: address)
        if index < hierarchy.count, hierarchy[index].address == address { index += 1 }
      }
      return index < hierarchy.count ? hierarchy[index] : nil
    } ?? nil
  }

  /// The first bus of root `index`, counted from 0; nil when there are not so many.
  ///
  /// - Context: any.
  public static func rootBus(_ index: Int) -> PCIAddress? {
    withHierarchy { hierarchy in
      guard index >= 0, index < hierarchy.roots.count else { return nil }
      let root = hierarchy.roots[index]
      return PCIAddress(segment: root.segment, bus: root.buses.lowerBound, place: 0)
    } ?? nil
  }

  /// Writes the low `width` bytes of `value`, 1, 2 or 4, at `offset` in configuration space of the function at `address`, as a program
  /// asks for.
  ///
  /// - Throws: `ENODEV` when there is no such function, `EPERM` for what programs may not change, `EINVAL` for a place that is none; `ENOMEM`.
  /// - Context: as for `change`. No driver is bound meanwhile.
  public static func writeForProgram(
    _ value: UInt32, to address: PCIAddress, at offset: Int, width: Int
  ) throws(Errno) {
    let written: Void? = try change { hierarchy throws(Errno) in
      guard let index = hierarchy.index(of: address) else { throw .ENODEV }
      try hierarchy[index].writeForProgram(value, at: offset, width: width)
    }
    guard written != nil else { throw .ENODEV }
  }

  /// Notes which driver has the function at `address`, by the name that programs see: nil for none.
  ///
  /// - Throws: `ENODEV` when there is no such function; `ENOMEM`.
  /// - Context: as for `change`.
  public static func setDriver(_ driver: StaticString?, of address: PCIAddress) throws(Errno) {
    let noted: Void? = try change { hierarchy throws(Errno) in try hierarchy.setDriver(driver, of: address) }
    guard noted != nil else { throw .ENODEV }
  }
}
