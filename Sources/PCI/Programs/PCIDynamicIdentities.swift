public import Foundations
import Machine

/// What programs have told a driver to take besides what it knows. Source: Linux Documentation/ABI/testing/sysfs-bus-pci, `new_id` and
/// `remove_id`.
public final class PCIDynamicIdentities {
  /// How many a driver takes note of.
  public static let limit = 256

  private let list = SpinLock(GrowableArray<PCIDynamicIdentity>())

  /// Creates an empty list.
  public init() {}

  /// Adds `identity`, which may be there already.
  ///
  /// - Throws: `ENOSPC` when there are too many, `ENOMEM`.
  /// - Context: any.
  public func add(_ identity: PCIDynamicIdentity) throws(Errno) {
    try list.withLock { list throws(Errno) in
      guard list.count < Self.limit else { throw .ENOSPC }
      try list.append(identity)
    }
  }

  /// Removes the first of which `pattern` says the same, where numbers of the board and bits of the class that are not given are any.
  ///
  /// - Throws: `ENODEV` when there is none.
  /// - Context: any.
  public func remove(_ pattern: PCIDynamicIdentity) throws(Errno) {
    try list.withLock { list throws(Errno) in
      for index in 0..<list.count where pattern.describes(list[index]) {
        _ = list.remove(at: index)
        return
      }
      throw .ENODEV
    }
  }

  /// Whether `function` is one of them.
  ///
  /// - Context: any.
  public func matches(_ function: PCIFunction) -> Bool {
    has { $0.matches(function) }
  }

  /// Whether functions as `identity` says are taken already.
  ///
  /// - Context: any.
  public func covers(_ identity: PCIDynamicIdentity) -> Bool {
    has {
      $0.matches(
        vendor: identity.vendor ?? .max, device: identity.device ?? .max,
        subsystemVendor: identity.subsystemVendor ?? .max, subsystemDevice: identity.subsystemDevice ?? .max,
        classCode: identity.classCode)
    }
  }

  private func has(_ isOne: (PCIDynamicIdentity) -> Bool) -> Bool {
    list.withLock { list in
      for index in 0..<list.count where isOne(list[index]) { return true }
      return false
    }
  }
}
