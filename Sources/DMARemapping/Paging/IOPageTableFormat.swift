/// How the page tables of a kind of IOMMU are written: tables of 512 entries of 64 bits, each level resolving nine bits of an address.
///
/// An entry of zero maps nothing, in every kind.
public struct IOPageTableFormat: Equatable, Sendable {
  /// How many levels of tables there are, 2...6; level 1 names pages.
  public let levelCount: Int
  /// How many bits of an address devices may use, 21...12 + 9 × `levelCount`.
  public let addressBits: Int
  /// The bits of an entry that names a page, besides the page's address.
  public let pageBits: UInt64
  /// The bits of an entry that names a table, besides the table's address.
  public let tableBits: UInt64
  /// Where an entry says which level the table has that it names; nil where the unit counts by itself.
  public let levelShift: Int?
  /// Whether the unit looks into the CPUs' caches.
  public let isCoherent: Bool

  /// Describes a format; numbers out of range become the nearest in range.
  public init(
    levelCount: Int, addressBits: Int, pageBits: UInt64, tableBits: UInt64, levelShift: Int? = nil, isCoherent: Bool
  ) {
    self.levelCount = min(max(levelCount, 2), 6)
    self.addressBits = min(max(addressBits, 21), min(12 + 9 * self.levelCount, 63))
    self.pageBits = pageBits
    self.tableBits = tableBits
    self.levelShift = levelShift.map { min(max($0, 0), 60) }
    self.isCoherent = isCoherent
  }

  /// The entry that names the page at `address`.
  func pageEntry(_ address: UInt64) -> UInt64 { address | pageBits }

  /// The entry that names the table at `address`, which is of `level`.
  func tableEntry(_ address: UInt64, level: Int) -> UInt64 {
    let entry = address | tableBits
    guard let levelShift else { return entry }
    return entry | UInt64(level) << UInt64(levelShift)
  }

  /// The first page number that devices cannot use.
  var pageLimit: UInt64 { 1 << UInt64(addressBits - 12) }
}
