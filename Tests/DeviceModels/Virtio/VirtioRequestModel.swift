import Machine

/// A request that the driver made available, as a virtio device sees it.
public struct VirtioRequestModel: Sendable {
  /// A piece of memory.
  public struct Segment: Equatable, Sendable {
    /// Where it is.
    public var address: UInt64
    /// Its size in bytes.
    public var byteCount: Int
  }

  /// The number by which it is given back.
  public var identifier: UInt32
  /// How many descriptors of a packed ring it takes.
  public var descriptorCount: Int
  /// What the device reads.
  public var readable: [Segment] = []
  /// What the device writes.
  public var writable: [Segment] = []

  /// All that the device reads.
  public var bytes: [UInt8] {
    readable.flatMap { SimulatedBus.read($0.address, count: $0.byteCount) ?? [] }
  }

  /// How much the device can write.
  public var room: Int { writable.reduce(0) { $0 + $1.byteCount } }

  /// Writes `bytes`, as many as there is room for.
  ///
  /// - Returns: how many.
  @discardableResult
  public func write(_ bytes: [UInt8]) -> Int {
    var rest = bytes[...]
    for segment in writable {
      let part = rest.prefix(segment.byteCount)
      _ = SimulatedBus.write(Array(part), at: segment.address)
      rest = rest.dropFirst(part.count)
    }
    return bytes.count - rest.count
  }
}
