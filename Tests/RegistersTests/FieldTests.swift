import TestSupport
import Testing

@Suite("Generated fields")
struct FieldTests {
  /// Register values to try: all of them for 8 bits, else each bit, each bit missing, and random ones.
  static func backgrounds(width: Int) -> [UInt64] {
    if width == 8 { return Array(0...255) }
    let all: UInt64 = width == 64 ? .max : (1 << UInt64(width)) - 1
    var random = SeededGenerator(seed: UInt64(width))
    let bits = (0..<UInt64(width)).map { 1 << $0 as UInt64 }
    return [0, all] + bits + bits.map { all & ~$0 } + (0..<32).map { _ in random.next() & all }
  }

  /// Values to try for a field: all of them up to 8 bits, else as for a register.
  static func values(_ field: SpecTable.Field) -> [UInt64] {
    field.width <= 8 ? Array(0...field.ones) : backgrounds(width: 64).map { $0 & field.ones }
  }

  @Test("Every type has every field of its spec, and no other", arguments: Device.allCases)
  func complete(device: Device) throws {
    let cases = device.cases
    let spec = try SpecTable(file: cases.file)
    let divided = Set(spec.registers.filter { $0.json["fields"] != nil }.map(\.name)).count + spec.layouts.count
    #expect(cases.divisions.count == divided)
    for division in cases.divisions {
      let register = try #require(spec.division(division.name))
      let visible = register.fields.filter { $0.fixed == nil || $0.access(in: register.access) != "write" }
      #expect(division.fields.map(\.name) == visible.map(\.name))
      #expect(division.width == register.width)
    }
  }

  @Test("Every field reads its bits and no others", arguments: Device.allCases)
  func reading(device: Device) throws {
    let cases = device.cases
    let spec = try SpecTable(file: cases.file)
    for division in cases.divisions {
      let register = try #require(spec.division(division.name))
      for property in division.fields {
        let field = try #require(register.fields.first { $0.name == property.name })
        for raw in Self.backgrounds(width: register.width) {
          let expected = field.isInPlace ? raw & field.mask : raw >> UInt64(field.low) & field.ones
          #expect(property.get(raw) == expected, "\(division.name).\(property.name) of \(raw)")
        }
      }
    }
  }

  @Test("Every field that can be written sets its bits and no others, with any value", arguments: Device.allCases)
  func writing(device: Device) throws {
    let cases = device.cases
    let spec = try SpecTable(file: cases.file)
    for division in cases.divisions {
      let register = try #require(spec.division(division.name))
      for property in division.fields {
        let field = try #require(register.fields.first { $0.name == property.name })
        guard let set = property.set else { continue }
        for raw in Self.backgrounds(width: register.width) {
          for value in Self.values(field) {
            let result = set(raw, field.isInPlace ? value << UInt64(field.low) : value)
            let expected = raw & ~field.mask | value << UInt64(field.low)
            // Comparing first keeps the many good cases cheap.
            if result != expected {
              #expect(result == expected, "\(division.name).\(property.name) = \(value) in \(raw)")
            }
          }
        }
      }
    }
  }

  @Test("A value that is too wide does not reach the neighbours", arguments: Device.allCases)
  func tooWide(device: Device) throws {
    let cases = device.cases
    let spec = try SpecTable(file: cases.file)
    for division in cases.divisions {
      let register = try #require(spec.division(division.name))
      for property in division.fields {
        let field = try #require(register.fields.first { $0.name == property.name })
        guard let set = property.set else { continue }
        #expect(set(0, .max) & ~field.mask == 0)
        #expect(set(register.all, 0) | field.mask == register.all)
      }
    }
  }

  @Test("A field can be set exactly when software can write it", arguments: Device.allCases)
  func setters(device: Device) throws {
    let cases = device.cases
    let spec = try SpecTable(file: cases.file)
    for division in cases.divisions {
      let register = try #require(spec.division(division.name))
      for property in division.fields {
        let field = try #require(register.fields.first { $0.name == property.name })
        let isWritable =
          field.fixed == nil && (field.access(in: register.access) != "read" || field.clears == "onWriteOne")
        #expect((property.set != nil) == isWritable, "\(division.name).\(property.name)")
      }
    }
  }

  @Test("A field's type is the smallest that holds it", arguments: Device.allCases)
  func types(device: Device) throws {
    let cases = device.cases
    let spec = try SpecTable(file: cases.file)
    for division in cases.divisions {
      let register = try #require(spec.division(division.name))
      for property in division.fields {
        let field = try #require(register.fields.first { $0.name == property.name })
        #expect(property.isEnumeration == (field.json["values"] != nil || field.json["enumeration"] != nil))
        if property.isEnumeration { continue }
        let smallest = field.width == 1 ? 1 : [8, 16, 32, 64].first { $0 >= field.width }
        #expect(property.capacity == (field.isInPlace ? register.width : smallest))
      }
    }
  }

  @Test("A new value is the reset value, or zero with what must be written so", arguments: Device.allCases)
  func initial(device: Device) throws {
    let cases = device.cases
    let spec = try SpecTable(file: cases.file)
    for division in cases.divisions {
      let register = try #require(spec.division(division.name))
      let isLayout = spec.layouts[division.name] != nil
      var expected = isLayout ? nil : register.reset
      if expected == nil { expected = register.written(0) }
      #expect(division.initial == expected, "\(division.name)")
    }
  }
}
