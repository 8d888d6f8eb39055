import Foundations
import TestSupport
import Testing

@Suite("Generated accessors")
struct AccessorTests {
  /// How a register is reached, worked out from the JSON alone.
  struct Route {
    let spec: SpecTable
    let register: SpecTable.Register
    let isVariant: Bool
    var isMSR: Bool { isVariant || spec.kind == "msr" }

    /// The accesses of one read of element `index`.
    func reads(_ index: Int) -> [Probe.Access] {
      if let indexed = window(index) { return indexed.flatMap { [$0.select, .read(dataOffset, width: dataWidth)] } }
      return [.read(address(index), width: isMSR ? 64 : register.width)]
    }

    /// The accesses of one write of `bits` to element `index`.
    func writes(_ bits: UInt64, _ index: Int) -> [Probe.Access] {
      guard let indexed = window(index) else {
        return [.write(address(index), width: isMSR ? 64 : register.width, bits)]
      }
      // The upper half goes first, so that what the lower half turns on is complete.
      return indexed.enumerated().reversed().flatMap { part, access in
        let half = bits >> UInt64(part * dataWidth) & (dataWidth == 64 ? .max : (1 << UInt64(dataWidth)) - 1)
        return [access.select, .write(dataOffset, width: dataWidth, half)]
      }
    }

    /// What the probe must answer so that the register reads as `bits`.
    func answers(_ bits: UInt64) -> [UInt64] {
      guard let indexed = window(0), !isMSR else { return [bits] }
      return indexed.indices.map {
        bits >> UInt64($0 * dataWidth) & (dataWidth == 64 ? .max : (1 << UInt64(dataWidth)) - 1)
      }
    }

    private func address(_ index: Int) -> UInt64 {
      isMSR
        ? (register.number("msr") ?? 0) + UInt64(index) * register.stride("msrStride")
        : (register.number("offset") ?? 0) + UInt64(index) * register.stride("stride")
    }

    private func named(_ key: String) -> SpecTable.Register? {
      ((spec.json["indexed"] as? [String: Any])?[key] as? String).flatMap { spec.register($0) }
    }
    private var dataOffset: UInt64 { named("data")?.number("offset") ?? 0 }
    private var dataWidth: Int { named("data")?.width ?? 32 }

    private func window(_ index: Int) -> [(select: Probe.Access, part: Int)]? {
      guard !isMSR, let first = register.number("index"), let select = named("select") else { return nil }
      return (0..<max(1, register.width / dataWidth)).map { part in
        let number = first + UInt64(index) * register.stride("stride") + UInt64(part)
        return (.write(select.number("offset") ?? 0, width: select.width, number), part)
      }
    }
  }

  static func indices(_ register: SpecTable.Register) -> [Int] { Array(0..<register.count) }

  static func samples(width: Int) -> [UInt64] {
    var random = SeededGenerator(seed: 99)
    let all: UInt64 = width == 64 ? .max : (1 << UInt64(width)) - 1
    return [0, all, 0x5555_5555_5555_5555 & all, 0xaaaa_aaaa_aaaa_aaaa & all] + (0..<4).map { _ in random.next() & all }
  }

  @Test("Every register of every spec has its accessors", arguments: Device.allCases)
  func complete(device: Device) throws {
    let cases = device.cases
    let spec = try SpecTable(file: cases.file)
    let direct = spec.registers.filter {
      $0.json["offset"] != nil || $0.json["index"] != nil || spec.kind == "msr" || spec.kind == "cpuid"
    }
    #expect(cases.accessors.filter { !$0.isVariant }.map(\.register) == direct.map(\.name))
    let variant = spec.json["variant"] == nil ? [] : spec.registers.filter { $0.json["msr"] != nil }
    #expect(cases.accessors.filter(\.isVariant).map(\.register) == variant.map(\.name))
    for accessor in cases.accessors {
      let register = try #require(spec.register(accessor.register))
      #expect((accessor.read != nil) == (register.access != "write"))
      #expect((accessor.modify != nil) == (register.access == "readWrite" && !register.fields.isEmpty))
      let mustModify = register.access == "readWrite" && register.reserved == "preserve" && register.reservedMask != 0
      #expect((accessor.write != nil) == (register.access != "read" && !mustModify), "\(register.name)")
    }
  }

  @Test(
    "A read is one access at the right address, and gives all bits",
    arguments: Device.allCases.filter { $0 != .identification })
  func reading(device: Device) throws {
    let cases = device.cases
    let spec = try SpecTable(file: cases.file)
    for accessor in cases.accessors {
      let register = try #require(spec.register(accessor.register))
      guard let read = accessor.read else { continue }
      let route = Route(spec: spec, register: register, isVariant: accessor.isVariant)
      for index in Self.indices(register) {
        for bits in Self.samples(width: register.width) {
          let probe = Probe()
          probe.answers = route.answers(bits)
          #expect(read(probe, index) == bits, "\(register.name)[\(index)]")
          #expect(probe.accesses == route.reads(index), "\(register.name)[\(index)]")
        }
      }
    }
  }

  @Test("A write is one access at the right address, with fixed and reserved bits in order", arguments: Device.allCases)
  func writing(device: Device) throws {
    let cases = device.cases
    let spec = try SpecTable(file: cases.file)
    for accessor in cases.accessors {
      let register = try #require(spec.register(accessor.register))
      guard let write = accessor.write else { continue }
      let route = Route(spec: spec, register: register, isVariant: accessor.isVariant)
      for index in Self.indices(register) {
        for bits in Self.samples(width: register.width) {
          let probe = Probe()
          write(probe, index, bits)
          #expect(probe.accesses == route.writes(register.written(bits), index), "\(register.name)[\(index)] = \(bits)")
        }
      }
    }
  }

  @Test(
    "Modifying reads once, shows what was read but for bits that ones clear, and writes once",
    arguments: Device.allCases)
  func modifying(device: Device) throws {
    let cases = device.cases
    let spec = try SpecTable(file: cases.file)
    for accessor in cases.accessors {
      let register = try #require(spec.register(accessor.register))
      guard let modify = accessor.modify else { continue }
      let route = Route(spec: spec, register: register, isVariant: accessor.isVariant)
      let clearing = register.fields.reduce(0) { $1.clears == "onWriteOne" ? $0 | $1.mask : $0 }
      for index in Self.indices(register) {
        for old in Self.samples(width: register.width) {
          for new in Self.samples(width: register.width) {
            let probe = Probe()
            probe.answers = route.answers(old)
            var shown: UInt64?
            modify(probe, index) { value in
              shown = value
              return new
            }
            #expect(shown == old & ~clearing)
            let expected = route.reads(index) + route.writes(register.written(new, old: old), index)
            #expect(probe.accesses == expected, "\(register.name)[\(index)]: \(old) to \(new)")
          }
        }
      }
    }
  }

  @Test("Modifying and changing nothing clears nothing and keeps everything else", arguments: Device.allCases)
  func idle(device: Device) throws {
    let cases = device.cases
    let spec = try SpecTable(file: cases.file)
    for accessor in cases.accessors {
      let register = try #require(spec.register(accessor.register))
      guard let modify = accessor.modify else { continue }
      let route = Route(spec: spec, register: register, isVariant: accessor.isVariant)
      for old in Self.samples(width: register.width) {
        let probe = Probe()
        probe.answers = route.answers(old)
        modify(probe, 0) { $0 }
        let clearing = register.fields.reduce(0) { $1.clears == "onWriteOne" ? $0 | $1.mask : $0 }
        #expect(
          Array(probe.accesses.suffix(route.writes(0, 0).count))
            == route.writes(register.written(old & ~clearing, old: old), 0))
      }
    }
  }

  @Test("CPUID is asked for the leaf, subleaf and output of the spec")
  func identification() throws {
    let spec = try SpecTable(file: "Specs/registers/cpuid.json")
    for accessor in cpuidCases().accessors {
      let register = try #require(spec.register(accessor.register))
      for index in Self.indices(register) {
        let probe = Probe()
        // All ones: every leaf is there. The outputs differ in their low byte only.
        probe.identification = CPUIDResult(eax: 0xffff_ff01, ebx: 0xffff_ff02, ecx: 0xffff_ff03, edx: 0xffff_ff04)
        let read = try #require(accessor.read)
        let value = read(probe, index)
        let place = ["eax", "ebx", "ecx", "edx"].firstIndex(of: register.json["output"] as? String ?? "")
        #expect(value == 0xffff_ff01 + UInt64(place ?? 9), "\(register.name)")
        let leaf = UInt32(register.number("leaf") ?? 0)
        let subleaf = UInt32(register.number("subleaf") ?? 0) + UInt32(index)
        #expect(probe.accesses.last == .leaf(leaf, subleaf), "\(register.name)")
      }
    }
  }

  @Test("A leaf above the largest is not asked and reads as zero", arguments: [0, 1, 7, 0x16] as [UInt32])
  func missingLeaves(largest: UInt32) throws {
    let spec = try SpecTable(file: "Specs/registers/cpuid.json")
    for accessor in cpuidCases().accessors {
      let register = try #require(spec.register(accessor.register))
      let probe = Probe()
      // No hypervisor bit, and no extended leaves: 0x80000000 answers with a number below its range.
      probe.identification = CPUIDResult(eax: largest, ebx: 1, ecx: 1, edx: 1)
      let read = try #require(accessor.read)
      let value = read(probe, 0)
      let leaf = register.number("leaf") ?? 0
      #expect(
        (value != 0) == (leaf <= UInt64(largest) && (largest != 0 || leaf != 0 || register.name != "largestBasic")),
        "\(register.name)")
      if leaf > UInt64(largest) { #expect(!probe.accesses.contains(.leaf(UInt32(leaf), 0)) || leaf == 0x8000_0000) }
    }
  }
}
