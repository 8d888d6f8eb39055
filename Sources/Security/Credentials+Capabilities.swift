public import Foundations

public import enum LinuxABI.Capability

extension Credentials {
  /// capset(2) on oneself. Bits that are no capability are dropped.
  ///
  /// - Throws: `EPERM`.
  public mutating func setCapabilities(
    effective newEffective: CapabilitySet, permitted newPermitted: CapabilitySet,
    inheritable newInheritable: CapabilitySet
  ) throws(Errno) {
    let newEffective = newEffective.intersection(.all)
    let newPermitted = newPermitted.intersection(.all)
    let newInheritable = newInheritable.intersection(.all)
    if !has(.CAP_SETPCAP) {
      guard newInheritable.isSubset(of: inheritable.union(permitted)) else { throw .EPERM }
    }
    guard newInheritable.isSubset(of: inheritable.union(bounding)), newPermitted.isSubset(of: permitted),
      newEffective.isSubset(of: newPermitted)
    else { throw .EPERM }
    (effective, permitted, inheritable) = (newEffective, newPermitted, newInheritable)
    ambient = ambient.intersection(newPermitted).intersection(newInheritable)
  }

  /// PR_CAPBSET_DROP.
  ///
  /// - Throws: `EPERM`.
  public mutating func dropFromBounding(_ capability: Capability) throws(Errno) {
    try require(.CAP_SETPCAP)
    bounding.subtract(CapabilitySet(capability))
  }

  /// PR_CAP_AMBIENT_RAISE.
  ///
  /// - Throws: `EPERM` when the capability is not both permitted and inheritable, or securebits say no.
  public mutating func raiseAmbient(_ capability: Capability) throws(Errno) {
    guard permitted.contains(capability), inheritable.contains(capability), !secureBits.contains(.noAmbientRaise)
    else { throw .EPERM }
    ambient.formUnion(CapabilitySet(capability))
  }

  /// PR_CAP_AMBIENT_LOWER.
  public mutating func lowerAmbient(_ capability: Capability) { ambient.subtract(CapabilitySet(capability)) }

  /// PR_CAP_AMBIENT_CLEAR_ALL.
  public mutating func clearAmbient() { ambient = [] }

  /// PR_SET_KEEPCAPS.
  ///
  /// - Throws: `EPERM` when the bit is locked.
  public mutating func setKeepsCapabilities(_ keeps: Bool) throws(Errno) {
    guard secureBits.rawValue & (SecureBits.keepCapabilities.rawValue << 1) == 0 else { throw .EPERM }
    if keeps { secureBits.insert(.keepCapabilities) } else { secureBits.remove(.keepCapabilities) }
  }

  /// PR_SET_SECUREBITS.
  ///
  /// - Throws: `EPERM` for a change of what is locked, an unlocking, unknown bits or a lack of CAP_SETPCAP.
  public mutating func setSecureBits(_ new: SecureBits) throws(Errno) {
    let locks = secureBits.intersection(.allLocks).rawValue
    let changed = secureBits.rawValue ^ new.rawValue
    guard changed & (locks >> 1) == 0, locks & ~new.rawValue == 0,
      new.isSubset(of: SecureBits.allBits.union(.allLocks)), has(.CAP_SETPCAP)
    else { throw .EPERM }
    secureBits = new
  }
}
