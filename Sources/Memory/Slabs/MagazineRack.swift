/// One CPU's magazines, by cache number. All zeros are a valid rack.
///
/// Only its CPU uses it, with interrupts off.
public struct MagazineRack: ~Copyable, Sendable {
  /// How many magazines there are, and so how many caches there can be.
  public static let count = 96

  private var magazines = InlineArray<96, Magazine>(repeating: Magazine())

  /// Creates empty magazines.
  public init() {}

  /// Takes an object of cache `number`, or returns nil when the cache has to be asked.
  @inline(__always)
  public mutating func pop(_ number: Int) -> UInt? {
    guard number >= 0, number < Self.count else { return nil }
    return magazines[number].pop()
  }

  /// Puts a free object of cache `number` in.
  ///
  /// - Returns: false when the cache has to be asked.
  @inline(__always)
  public mutating func push(_ object: UInt, _ number: Int) -> Bool {
    guard number >= 0, number < Self.count else { return false }
    return magazines[number].push(object)
  }

  /// How many objects the magazine of cache `number`, 0..<`count`, holds.
  ///
  /// Changes nothing, but a rack that is only read is copied whole: 26 KiB of a kernel stack.
  public mutating func objectCount(_ number: Int) -> Int { Self.count(of: &magazines[number]) }

  @inline(__always)
  private static func count(of magazine: inout Magazine) -> Int { magazine.count }

  /// The magazine of cache `number`, 0..<`count`.
  public subscript(number: Int) -> Magazine {
    get { magazines[number] }
    _modify { yield &magazines[number] }
  }
}
