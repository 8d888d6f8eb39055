import Foundations
import Testing

@testable import Machine

@Suite("Memory type registers")
struct MemoryTypeRegistersTests {
  /// Registers with a value for each number, which notes every access.
  private final class Model: ModelSpecificRegisterSpace {
    var values: [UInt32: UInt64] = [:]
    var reads: [UInt32] = []
    var writes: [UInt32] = []

    func read(_ index: UInt32) -> UInt64 {
      reads.append(index)
      return values[index] ?? 0
    }
    func write(_ value: UInt64, to index: UInt32) {
      writes.append(index)
      values[index] = value
    }
  }

  private static func read(_ model: Model, hasRanges: Bool = true, hasPageAttributes: Bool = true)
    -> MemoryTypeRegisters
  {
    MemoryTypeRegisters(ModelSpecificRegisters(model), hasRanges: hasRanges, hasPageAttributes: hasPageAttributes)
  }

  @Test("Every register that there is goes to its place, and none is written")
  func places() {
    let model = Model()
    for number in 0x200..<0x214 as Range<UInt32> { model.values[number] = UInt64(number) << 12 }
    for number in [0x250, 0x258, 0x259] as [UInt32] { model.values[number] = UInt64(number) }
    for number in 0x268..<0x270 as Range<UInt32> { model.values[number] = UInt64(number) }
    model.values[0xfe] = 0x50a
    model.values[0x2ff] = 0xc06
    model.values[0x277] = 0x0606
    let registers = Self.read(model)
    #expect(registers.rangeCount == 10 && registers.capabilities == 0x50a && registers.defaultType == 0xc06)
    #expect(registers.pageAttributes == 0x0606)
    let fixed = registers.fixed.indices.map { registers.fixed[$0] }
    #expect(fixed == [0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f])
    for index in 0..<10 {
      #expect(registers.bases[index] == UInt64(0x200 + 2 * index) << 12)
      #expect(registers.masks[index] == UInt64(0x201 + 2 * index) << 12)
    }
    #expect(model.writes.isEmpty)
  }

  @Test("A register that the CPU does not have is not touched")
  func absent() {
    let model = Model()
    #expect(Self.read(model, hasRanges: false, hasPageAttributes: false) == MemoryTypeRegisters())
    #expect(model.reads.isEmpty)
    // Two ranges and no fixed ones.
    model.values[0xfe] = 2
    model.values[0x277] = 6
    _ = Self.read(model)
    #expect(model.reads.sorted() == [0xfe, 0x200, 0x201, 0x202, 0x203, 0x277, 0x2ff])
  }

  @Test("More ranges than the manual allows are cut to those that have registers")
  func manyRanges() {
    let model = Model()
    model.values[0xfe] = 0xff
    #expect(Self.read(model).rangeCount == MemoryTypeRegisters.rangeLimit)
    #expect(model.reads.max() == 0x2ff)
  }

  @Test("Registers are equal when all that count are")
  func equality() {
    let model = Model()
    model.values[0xfe] = 0x502
    let first = Self.read(model)
    #expect(Self.read(model) == first)
    for number in [0x200, 0x203, 0x250, 0x26f, 0x277, 0x2ff] as [UInt32] {
      model.values[number] = 1
      #expect(Self.read(model) != first, "\(number)")
      model.values[number] = 0
    }
  }

  @Test("Loading gives another CPU the same registers, and its ranges are off from the first write to the last")
  func loading() {
    let model = Model()
    model.values[0xfe] = 0x508
    for number in 0x200..<0x210 as Range<UInt32> {
      model.values[number] = UInt64(number) << 12 | UInt64(number & 1) << 11
    }
    for number in 0x268..<0x270 as Range<UInt32> { model.values[number] = 0x0606_0505_0404_0101 }
    for number in [0x250, 0x258, 0x259] as [UInt32] { model.values[number] = 0x0606_0606_0606_0600 }
    model.values[0x2ff] = 0xc06
    let first = Self.read(model, hasPageAttributes: false)
    let other = Model()
    other.values[0xfe] = 0x508
    // What is reserved stays as it is there.
    other.values[0x2ff] = 0x800
    first.load(into: ModelSpecificRegisters(other))
    #expect(Self.read(other, hasPageAttributes: false) == first)
    #expect(other.writes.first == 0x2ff && other.writes.last == 0x2ff)
    #expect(other.writes.filter { $0 == 0x2ff }.count == 2)
    #expect(!other.writes.contains(0x277))
    #expect(other.writes.count == 2 + 11 + 16)
  }
}
