import ACPI
import Foundations
import TestSupport
import Testing

@Suite("DMAR")
struct DMARTests {
  static func device(_ kind: UInt8, _ bus: UInt8, _ steps: [(UInt8, UInt8)], identifier: UInt8 = 0) -> [UInt8] {
    [kind, UInt8(6 + 2 * steps.count), 0, 0, identifier, bus] + steps.flatMap { [$0.0, $0.1] }
  }

  static func structure(_ type: UInt64, _ body: [UInt8]) -> [UInt8] {
    TableBuilder.number(type, 2) + TableBuilder.number(UInt64(body.count + 4), 2) + body
  }

  static func unit(_ flags: UInt8, segment: UInt64 = 0, at base: UInt64, _ devices: [UInt8] = []) -> [UInt8] {
    structure(0, [flags, 0] + TableBuilder.number(segment, 2) + TableBuilder.number(base, 8) + devices)
  }

  static func reserved(_ range: ClosedRange<UInt64>, _ devices: [UInt8]) -> [UInt8] {
    structure(
      1,
      [0, 0, 0, 0] + TableBuilder.number(range.lowerBound, 8) + TableBuilder.number(range.upperBound, 8) + devices)
  }

  static func table(_ structures: [[UInt8]]) -> [UInt8] {
    TableBuilder.table("DMAR", [38, 5] + [UInt8](repeating: 0, count: 10) + structures.flatMap { $0 })
  }

  /// Two units, memory of a device behind a bridge, and structures that are passed over.
  static var usual: [UInt8] {
    table([
      unit(0, at: 0xfed9_0000, device(1, 0, [(2, 0)])),
      unit(1, at: 0xfed9_1000, device(3, 0xf0, [(31, 0)], identifier: 8) + device(4, 0xf0, [(15, 7)])),
      reserved(0x7b00_0000...0x7b7f_ffff, device(2, 0, [(28, 1), (0, 0), (3, 2)])),
      structure(2, [1, 0, 0, 0]), structure(0x99, []),
    ])
  }

  static func read(_ bytes: [UInt8]) throws -> DMAR {
    var builder = TableBuilder()
    let address = builder.place(bytes)
    return try DMAR(try ACPITable(at: address, in: builder.memory))
  }

  @Test("Units, reserved memory and devices are read")
  func usual() throws {
    let dmar = try Self.read(Self.usual)
    let (bits, remaps) = (dmar.addressBits, dmar.remapsInterrupts)
    #expect(bits == 39 && remaps)
    var units: [DMAR.Unit] = []
    var devices: [[DMAR.Device]] = []
    dmar.forEachUnit { unit in units.append(unit) }
    for unit in units {
      var found: [DMAR.Device] = []
      dmar.forEachDevice(of: unit) { found.append($0) }
      devices.append(found)
    }
    #expect(units.map(\.registers) == [0xfed9_0000, 0xfed9_1000] && units.map(\.servesOthers) == [false, true])
    #expect(units.map(\.byteCount) == [4096, 4096])
    #expect(devices[0].map(\.kind) == [.endpoint] && devices[0][0].step(0) == 0x10 && devices[0][0].step(1) == 0)
    #expect(devices[1].map(\.kind) == [.ioAPIC, .hpet] && devices[1].map(\.bus) == [0xf0, 0xf0])
    #expect(devices[1][0].identifier == 8 && devices[1][1].step(0) == 15 << 3 | 7)
    var memory: [DMAR.Reserved] = []
    dmar.forEachReserved { memory.append($0) }
    #expect(memory.map(\.addresses) == [0x7b00_0000..<0x7b80_0000])
    dmar.forEachDevice(of: memory[0]) { device in
      #expect(device.kind == .bridge && device.stepCount == 3)
      #expect((0..<3).map { device.step($0) } == [28 << 3 | 1, 0, 3 << 3 | 2])
    }
  }

  @Test(
    "What cannot be is refused",
    arguments: [
      table([structure(0, [0, 0, 0, 0])]),  // A unit that is too short.
      table([unit(0, at: 0xfed9_0010)]),  // Registers that begin inside a page.
      table([unit(0, at: .max & ~0xfff)]),
      table([reserved(0x2000...0x2000, []) + [0, 0]]),  // A structure without a length.
      table([structure(0x77, []) + [1, 0, 0, 0]]),  // A length of zero.
      table([structure(1, [UInt8](repeating: 0, count: 12))]),
      table([
        structure(1, [0, 0, 0, 0] + TableBuilder.number(0x3000, 8) + TableBuilder.number(0x2fff, 8))
      ]),
      table([unit(0, at: 0x1000, [1, 6, 0, 0, 0, 0])]),  // A device without a way.
      table([unit(0, at: 0x1000, [1, 8, 0, 0, 0, 0, 32, 0])]),
      table([unit(0, at: 0x1000, [1, 8, 0, 0, 0, 0, 0, 8])]),
      table([unit(0, at: 0x1000, [1, 10, 0, 0, 0, 0, 0, 0])]),
      table([unit(0, at: 0x1000, [1, 9, 0, 0, 0, 0, 0, 0, 0])]),
      table([unit(0, at: 0x1000, device(1, 0, Array(repeating: (1, 0), count: 17)))]),
    ])
  func refusals(_ bytes: [UInt8]) {
    #expect(throws: ACPITableError.self) { _ = try Self.read(bytes).addressBits }
  }

  @Test("No table that is cut or damaged traps, and all that is read is inside", arguments: 0..<8)
  func damage(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<2_000 {
      var bytes = Self.usual
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let place = Int.random(in: 36..<bytes.count, using: &generator)
        bytes[place] = UInt8.random(in: 0...255, using: &generator)
      }
      if Bool.random(using: &generator) { bytes.removeLast(Int.random(in: 0..<bytes.count - 36, using: &generator)) }
      RandomCode.seal(&bytes)
      Self.visit(bytes)
    }
  }

  private static func visit(_ bytes: [UInt8]) {
    guard let dmar = try? DMARBox(read(bytes)) else { return }
    var count = 0
    dmar.table.forEachUnit { unit in
      #expect(unit.registers & 0xfff == 0)
      dmar.table.forEachDevice(of: unit) { count += $0.stepCount }
    }
    dmar.table.forEachReserved { memory in
      #expect(!memory.addresses.isEmpty)
      dmar.table.forEachDevice(of: memory) { count += $0.stepCount }
    }
    #expect(count <= bytes.count)
  }

  private final class DMARBox {
    let table: DMAR
    init(_ table: consuming DMAR) { self.table = table }
  }
}
