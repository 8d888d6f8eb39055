/// Objects in use by the code address that asked for them: where memory goes, and what leaks.
///
/// Of bounded size, as it is made where nothing can be allocated: when there are more addresses than places, the objects of
/// the others are counted together.
public struct AllocationSites: Sendable {
  /// How many addresses are told apart.
  public static let capacity = 64

  /// The objects of one address.
  public struct Site: Equatable, Sendable {
    /// The code address that asked; 0 in `others`.
    public var caller: UInt = 0
    /// How many objects.
    public var objectCount = 0
    /// How many bytes they have.
    public var byteCount = 0
  }

  private var sites = InlineArray<64, Site>(repeating: Site())
  /// How many addresses there are.
  public private(set) var count = 0
  /// The objects of addresses that there was no place for.
  public private(set) var others = Site()

  /// Creates an account of nothing.
  public init() {}

  /// The site at `index`, 0..<`count`, the most bytes first once `sort` was called.
  public subscript(index: Int) -> Site { sites[index] }

  /// Counts an object of `byteCount` bytes that `caller` asked for.
  public mutating func add(caller: UInt, byteCount: Int) {
    for index in 0..<count where sites[index].caller == caller {
      sites[index].objectCount += 1
      sites[index].byteCount += byteCount
      return
    }
    guard count < Self.capacity else {
      others.objectCount += 1
      others.byteCount += byteCount
      return
    }
    sites[count] = Site(caller: caller, objectCount: 1, byteCount: byteCount)
    count += 1
  }

  /// Puts the sites with the most bytes first.
  public mutating func sort() {
    for index in 0..<count {
      var place = index
      while place > 0, sites[place - 1].byteCount < sites[place].byteCount {
        sites.swapAt(place - 1, place)
        place -= 1
      }
    }
  }
}
