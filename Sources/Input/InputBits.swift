import Foundations

/// A set of codes of one type, as many as keys have: 768.
public struct InputBits: Equatable, Sendable {
  /// How many words there are.
  public static let wordCount = 12
  private var words: InlineArray<12, UInt64>

  /// The empty set.
  @inline(__always)
  public init() { words = InlineArray(repeating: 0) }

  /// The set of the codes below 64 whose bits are set.
  @inline(__always)
  public init(_ first: UInt64) {
    words = InlineArray(repeating: 0)
    words[0] = first
  }

  /// Whether `code` is in the set. One that is too high never is.
  @inline(__always)
  public subscript(code: UInt16) -> Bool {
    get { Int(code >> 6) < Self.wordCount && words[Int(code >> 6)][bit: Int(code & 63)] }
    set {
      guard Int(code >> 6) < Self.wordCount else { return }
      words[Int(code >> 6)][bit: Int(code & 63)] = newValue
    }
  }

  /// Word number `index`, the lowest codes first; 0 behind the last.
  @inline(__always)
  public subscript(word index: Int) -> UInt64 { index >= 0 && index < Self.wordCount ? words[index] : 0 }

  /// Byte number `index`, the lowest codes first; 0 behind the last.
  @inline(__always)
  public func byte(_ index: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: self[word: index >> 3] >> UInt64((index & 7) << 3))
  }

  /// Whether nothing is in the set.
  public var isEmpty: Bool {
    for index in 0..<Self.wordCount where words[index] != 0 { return false }
    return true
  }

  /// How many codes are in the set.
  public var count: Int {
    var count = 0
    for index in 0..<Self.wordCount { count += words[index].nonzeroBitCount }
    return count
  }

  /// The lowest code of the set from `code` on; nil when there is none.
  public func next(from code: UInt16) -> UInt16? {
    var index = Int(code >> 6)
    guard index < Self.wordCount else { return nil }
    var word = words[index] & (UInt64.max << UInt64(code & 63))
    while word == 0 {
      index += 1
      guard index < Self.wordCount else { return nil }
      word = words[index]
    }
    return UInt16(truncatingIfNeeded: index << 6 + word.trailingZeroBitCount)
  }

  /// Whether both have the same codes.
  public static func == (left: InputBits, right: InputBits) -> Bool {
    for index in 0..<wordCount where left.words[index] != right.words[index] { return false }
    return true
  }
}
