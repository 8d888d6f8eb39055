/// A misuse of kernel memory that a slab cache noticed.
public enum SlabFinding: Equatable, Sendable {
  /// What was freed is not the beginning of an object of the cache.
  case notAnObject(address: UInt)
  /// What was freed is free already.
  case doubleFree(address: UInt)
  /// A free object's link was overwritten: somebody wrote to it after freeing it.
  case corruptedLink(address: UInt)
  /// Something was written before or behind the object (debugging only).
  case overrun(address: UInt, caller: UInt)
  /// Something was written into the object while it was free (debugging only).
  case useAfterFree(address: UInt)
}
