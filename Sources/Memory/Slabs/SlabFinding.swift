/// A misuse of kernel memory that a slab cache noticed.
///
/// The cache has already put out of use whatever cannot be trusted any more, so whoever gets a finding may log it and go on,
/// or end with it.
public struct SlabFinding: Error, Equatable, Sendable {
  /// What is wrong.
  public enum Kind: Sendable {
    /// What was freed is not the first byte of an object in use. Nothing has changed.
    case notAnObject
    /// What was freed belongs to another cache. Nothing has changed.
    case wrongCache
    /// What was freed is free already. Nothing has changed.
    case doubleFree
    /// The link of a free object was overwritten. The free objects of its slab that were linked stay out of use.
    case corruptedLink
    /// A free object was written to (debugging only). It stays out of use.
    case useAfterFree
    /// Something was written beyond the end of an object (debugging only). It stays out of use.
    case overflow
    /// Something was written before the start of an object (debugging only). It stays out of use.
    case underflow
    /// The notes behind an object were overwritten (debugging only). It stays out of use, or as it is when the damage goes
    /// so far that nobody can tell whether it is in use.
    case corruptedNotes

    /// The kind in words, for a report that is made without memory.
    public var text: StaticString {
      switch self {
      case .notAnObject: "freed, but no object that was allocated"
      case .wrongCache: "freed to the wrong cache"
      case .doubleFree: "freed twice"
      case .corruptedLink: "link overwritten while free"
      case .useAfterFree: "written while free"
      case .overflow: "written beyond its end"
      case .underflow: "written before its start"
      case .corruptedNotes: "allocator's notes overwritten"
      }
    }
  }

  /// What is wrong.
  public let kind: Kind
  /// The number of the cache that noticed.
  public let cache: Int
  /// The address of the object, or what was taken for one.
  public let object: UInt
  /// Where the first wrong byte is, counted from the object's first byte; 0 when no byte is wrong.
  public internal(set) var offset = 0
  /// The first wrong byte; 0 when no byte is wrong.
  public internal(set) var foundByte: UInt8 = 0
  /// The code address that asked for the object last, when debugging; otherwise 0.
  public internal(set) var allocationCaller: UInt = 0
  /// The code address that gave the object back last, when debugging; otherwise 0.
  public internal(set) var releaseCaller: UInt = 0

  init(_ kind: Kind, cache: Int, object: UInt) {
    self.kind = kind
    self.cache = cache
    self.object = object
  }
}
