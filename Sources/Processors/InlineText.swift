public import Foundations

/// A short ASCII text stored in place, as CPUID gives it: four letters a register, zeros behind the end.
public struct InlineText<let capacity: Int>: Sendable {
  private var bytes = InlineArray<capacity, UInt8>(repeating: 0)
  /// How many letters there are.
  public private(set) var count = 0

  /// The empty text.
  public init() {}

  /// Appends the letters of `word`, lowest byte first, up to a zero; what is not printable becomes a question mark.
  public mutating func append(_ word: UInt32) {
    for shift in stride(from: 0, to: 32, by: 8) as StrideTo<UInt32> {
      let byte = UInt8(truncatingIfNeeded: word >> shift)
      guard byte != 0, count < capacity else { return }
      bytes[count] = byte >= 0x20 && byte < 0x7f ? byte : 0x3f
      count += 1
    }
  }

  /// Removes spaces at both ends.
  public mutating func trim() {
    while count > 0, bytes[count - 1] == 0x20 { count -= 1 }
    var first = 0
    while first < count, bytes[first] == 0x20 { first += 1 }
    guard first > 0 else { return }
    for index in first..<count { bytes[index - first] = bytes[index] }
    count -= first
  }

  /// Whether it is `text`.
  public func isEqual(to text: String) -> Bool {
    var index = 0
    for byte in text.utf8 {
      guard index < count, bytes[index] == byte else { return false }
      index += 1
    }
    return index == count
  }

  /// Writes it.
  public func write<Sink: TextSink & ~Copyable>(to sink: inout Sink) {
    for index in 0..<count { sink.write(byte: bytes[index]) }
  }
}
