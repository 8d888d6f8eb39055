import Foundations
import Testing

@Suite("Bit fields")
struct BitFieldTests {
  private func check<Word: FixedWidthInteger & UnsignedInteger>(_ type: Word.Type) {
    for low in 0..<Word.bitWidth {
      for high in low..<Word.bitWidth {
        let ones: Word = (low...high).reduce(0) { $0 | 1 << Word($1) }
        var value: Word = 0
        value[bits: low...high] = Word.max
        #expect(value == ones)
        #expect(value[bits: low...high] == Word.mask(width: high - low + 1))
        value = Word.max
        value[bits: low...high] = 0
        #expect(value == ~ones)
        #expect(value[bits: low...high] == 0)
      }
      var value: Word = 0
      value[bit: low] = true
      #expect(value == (1 as Word) << Word(low))
      #expect(value[bit: low])
      value[bit: low] = false
      #expect(value == 0)
    }
    var value: Word = 0
    value[bit: Word.bitWidth] = true
    #expect(value == 0)
    #expect(!Word.max[bit: Word.bitWidth])
  }

  @Test("Every range of every width reads and writes exactly its own bits")
  func everyRange() {
    check(UInt8.self)
    check(UInt16.self)
    check(UInt32.self)
    check(UInt64.self)
  }
}
