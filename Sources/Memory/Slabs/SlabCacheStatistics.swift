/// The figures of one cache: the columns of `/proc/slabinfo`. Source: slabinfo(5).
public struct SlabCacheStatistics: Sendable {
  /// The cache's name.
  public var name: StaticString
  /// Objects in use.
  public var activeObjectCount: Int
  /// Objects that all slabs together hold.
  public var objectCount: Int
  /// Bytes of an object.
  public var objectSize: Int
  /// Objects in a slab.
  public var objectsPerSlab: Int
  /// Frames of a slab.
  public var pagesPerSlab: Int
  /// Slabs with an object in use.
  public var activeSlabCount: Int
  /// Slabs.
  public var slabCount: Int
}
