/// The figures of one cache, among them the columns of `/proc/slabinfo`. Source: slabinfo(5).
public struct SlabCacheStatistics: Sendable {
  /// The cache's name: `name`.
  public var name: StaticString
  /// Objects that are not free, so in use, in a magazine, or put out of use: `active_objs`.
  public var activeObjectCount: Int
  /// Objects that all slabs together have room for: `num_objs`.
  public var objectCount: Int
  /// Bytes from one object to the next: `objsize`.
  public var objectSize: Int
  /// Objects in a slab of the usual size: `objperslab`.
  public var objectsPerSlab: Int
  /// Frames of a slab of the usual size: `pagesperslab`.
  public var pagesPerSlab: Int
  /// Slabs with an object that is not free: `active_slabs`.
  public var activeSlabCount: Int
  /// All slabs: `num_slabs`.
  public var slabCount: Int
  /// Frames of all slabs.
  public var frameCount: Int
  /// Objects of them that were put out of use because they or their links were found damaged.
  public var quarantinedObjectCount: Int
  /// Objects ever handed out, as far as magazines have told.
  public var allocationCount: UInt64
}
