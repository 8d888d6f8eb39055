/// Equally long entries that begin with an ascending key, all numbers with seven bits a byte, the highest first.
struct PCIColumn: Sendable {
  let bytes: String
  let keyByteCount: Int
  let entryByteCount: Int

  /// How many entries there are.
  var count: Int { bytes.utf8Span.count / entryByteCount }

  /// The number of three bytes at `offset` in entry `index`; nil outside the column.
  func number(_ index: Int, at offset: Int) -> Int? {
    Self.number(bytes.utf8Span.span, index * entryByteCount + offset, byteCount: 3)
  }

  /// The entry of `range` whose key is `key`, nil when there is none.
  func find(_ key: Int, in range: Range<Int>) -> Int? {
    let span = bytes.utf8Span.span
    var lower = range.lowerBound
    var upper = range.upperBound
    while lower < upper {
      let middle = lower + (upper - lower) / 2
      guard let found = Self.number(span, middle * entryByteCount, byteCount: keyByteCount) else { return nil }
      if found == key { return middle }
      if found < key { lower = middle + 1 } else { upper = middle }
    }
    return nil
  }

  /// The number of `byteCount` bytes at `offset`, nil where it passes the end.
  static func number(_ span: Span<UInt8>, _ offset: Int, byteCount: Int) -> Int? {
    guard offset >= 0, byteCount <= span.count, offset <= span.count - byteCount else { return nil }
    var value = 0
    for index in offset..<(offset + byteCount) { value = value << 7 | Int(span[index]) }
    return value
  }
}
