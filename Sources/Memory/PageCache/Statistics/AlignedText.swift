import Foundations

extension TextSink where Self: ~Copyable {
  /// Writes `value` in decimal, right-aligned in `width` columns.
  mutating func write(_ value: Int, width: Int) {
    var digitCount = value < 0 ? 2 : 1
    var rest = value.magnitude / 10
    while rest > 0 {
      digitCount += 1
      rest /= 10
    }
    write(repeating: 0x20, count: width - digitCount)
    write(decimal: value)
  }
}
