import Foundations
import LinuxABI
import Machine
import Processes
import Security

/// capget(2) and capset(2).
extension SystemCallContext {
  // Source: capget(2), "Current details"; linux/capability.h.
  private static let firstVersion: UInt32 = 0x1998_0330
  private static let secondVersion: UInt32 = 0x2007_1026
  private static let thirdVersion: UInt32 = 0x2008_0522

  /// How many structures there are for the header's version.
  ///
  /// - Throws: `EINVAL` for an unknown version; the header has become one of the version that is preferred.
  private func structureCount(_ header: UserPointer<CapUserHeader>) throws(Errno) -> Int {
    switch try UserPointer<UInt32>(header.address).load() {
    case Self.firstVersion: return 1
    case Self.secondVersion, Self.thirdVersion: return 2
    default:
      try UserPointer<UInt32>(header.address).store(Self.thirdVersion)
      throw .EINVAL
    }
  }

  /// capget(2)
  func capget(_ header: UserPointer<CapUserHeader>, _ data: UserPointer<CapUserData>) throws(Errno) {
    let count: Int
    do throws(Errno) {
      count = try structureCount(header)
    } catch {
      // Without data the version is what is asked for.
      if data.isNull && error == .EINVAL { return }
      throw error
    }
    if data.isNull { return }
    let number = try header.load().number
    guard number >= 0 else { throw .EINVAL }
    var credentials = task.credentials
    if number != 0 && number != task.threadIdentifier {
      guard let other = task.process.tree.task(number) else { throw .ESRCH }
      credentials = other.credentialsForOthers
    }
    for index in 0..<count {
      let shift = UInt64(index) * 32
      let part = CapUserData(
        effective: UInt32(truncatingIfNeeded: credentials.effective.rawValue >> shift),
        permitted: UInt32(truncatingIfNeeded: credentials.permitted.rawValue >> shift),
        inheritable: UInt32(truncatingIfNeeded: credentials.inheritable.rawValue >> shift))
      try data.store(part, at: index)
    }
  }

  /// capset(2)
  func capset(_ header: UserPointer<CapUserHeader>, _ data: UserPointer<CapUserData>) throws(Errno) {
    let count = try structureCount(header)
    let number = try header.load().number
    guard number == 0 || number == task.threadIdentifier else { throw .EPERM }
    var (effective, permitted, inheritable): (UInt64, UInt64, UInt64) = (0, 0, 0)
    for index in 0..<count {
      let (part, shift) = (try data.load(at: index), UInt64(index) * 32)
      effective |= UInt64(part.effective) << shift
      permitted |= UInt64(part.permitted) << shift
      inheritable |= UInt64(part.inheritable) << shift
    }
    var credentials = task.credentials
    try credentials.setCapabilities(
      effective: CapabilitySet(rawValue: effective), permitted: CapabilitySet(rawValue: permitted),
      inheritable: CapabilitySet(rawValue: inheritable))
    task.become(credentials)
  }
}
