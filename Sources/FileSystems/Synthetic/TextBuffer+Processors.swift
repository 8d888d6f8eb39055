import Foundations

extension TextBuffer {
  /// Writes a set of CPUs, one bit each, as hexadecimal numbers of 32 bits with commas between: "1,ffffffff". Source: cpuset(7),
  /// "Mask format".
  public mutating func write(processorMask bits: UInt64) {
    guard bits >> 32 != 0 else { return write(hex: bits) }
    write(hex: bits >> 32)
    write(",")
    write(hex: bits & 0xffff_ffff, width: 8)
  }

  /// Writes a set of CPUs as a list of ranges: "0-3,5". Source: cpuset(7), "List format".
  public mutating func write(processorList bits: UInt64) {
    var rest = bits
    while rest != 0 {
      let first = rest.trailingZeroBitCount
      let count = (~(rest >> UInt64(first))).trailingZeroBitCount
      if rest != bits { write(",") }
      write(decimal: first)
      if count > 1 {
        write("-")
        write(decimal: first + count - 1)
      }
      rest &= count == 64 ? 0 : ~((1 << UInt64(count) - 1) << UInt64(first))
    }
  }
}
