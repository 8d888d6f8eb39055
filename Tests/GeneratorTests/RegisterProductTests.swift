import Foundation
import Testing

@testable import SpecKit

/// What the products make of all committed specs of registers, and what they refuse.
@Suite struct RegisterProductTests {
  static let specs = SpecPackage(root: TestFiles.root).specs().filter { $0.hasPrefix("Specs/registers/") }
    .map { String($0.dropFirst("Specs/".count)) }

  private func model(_ spec: String) throws -> RegistersSpec {
    try SpecPackage(root: TestFiles.root).model(RegistersSpec.self, from: "Specs/\(spec)").model
  }

  private func text(_ product: String, _ spec: String) throws -> String {
    try TestFiles.withTemporaryFolder { root in
      let scratch = try ScratchPackage(in: root, name: spec, spec: nil, products: [product])
      return try Generator(package: scratch.package).files(
        targetFile: ScratchPackage.targetFile, entry: 0, outputs: ["Output.swift"], sources: [])[0].contents
    }
  }

  @Test("the specs of the first part are all there")
  func present() {
    #expect(
      Set(Self.specs).isSuperset(
        of: [
          "uart16550", "pit8254", "pic8259", "elcr", "rtc-mc146818", "local-apic", "io-apic", "hpet", "msr", "cpuid",
          "system-control",
        ].map { "registers/\($0).json" }))
  }

  @Test("a sensitive register has no public accessor, and its own type does not exist", arguments: specs)
  func sensitive(spec: String) throws {
    let model = try self.model(spec)
    let sensitive = model.registers.filter { model.isSensitive($0) }
    guard sensitive.count < model.registers.count else {
      #expect(throws: SpecErrors.self) { try self.text("registers", spec) }
      return
    }
    let text = try self.text("registers", spec)
    for register in model.registers {
      let names = [
        "var \(register.name.value):", "func \(register.name.value)(",
        "func modify\(register.name.value.capitalizedFirst)(",
      ]
      let isThere =
        names.contains { text.contains($0) } || text.contains("struct \(register.name.value.capitalizedFirst):")
      // The names of fields are indented deeper, and could be those of registers.
      if model.isSensitive(register) {
        #expect(!text.contains("\n  @inlinable public var \(register.name.value):"), "\(register.name.value)")
        #expect(!text.contains("struct \(register.name.value.capitalizedFirst):"), "\(register.name.value)")
      } else {
        #expect(isThere, "\(register.name.value)")
      }
    }
  }

  @Test("the registers that decide about privilege and memory are sensitive")
  func privilege() throws {
    let wanted = [
      "registers/msr.json": [
        "extendedFeatureEnable", "syscallSegments", "syscallTarget", "syscallCompatibilityTarget", "syscallFlagMask",
        "fsBase", "gsBase", "kernelGSBase", "apicBase", "pageAttributes", "rangeBase", "rangeMask", "rangeDefault",
        "fixedRanges64K", "fixedRanges16K", "fixedRanges4K", "supervisorComponents", "featureControl",
        "microcodeUpdate",
        "debugControl", "systemEnterSegment", "systemEnterStack", "systemEnterInstruction",
      ], "registers/pic8259.json": ["initializationCommand2"], "registers/hpet.json": ["messageRoute"],
    ]
    for (spec, names) in wanted {
      let model = try self.model(spec)
      for name in names { #expect(model.isSensitive(try #require(model.register(name))), "\(name)") }
    }
    for spec in ["registers/local-apic.json", "registers/io-apic.json"] {
      let model = try self.model(spec)
      #expect(model.registers.allSatisfy { model.isSensitive($0) })
    }
  }

  @Test("a sensitive field of a public register can be read and is kept by writes")
  func sensitiveField() throws {
    let text = try self.text("registers", "registers/hpet.json")
    #expect(text.contains("public var usesMessages: Bool { rawValue[bit: 14] }"))
    #expect(!text.contains("rawValue[bit: 14] = newValue"))
    #expect(text.contains("& 0xffffffff0000bf7e | old & 0xffff4081"))
    let whole = try self.text("registers-internal", "registers/hpet.json")
    #expect(whole.contains("set { rawValue[bit: 14] = newValue }"))
  }

  @Test("nothing that is generated is unsafe", arguments: specs)
  func safe(spec: String) throws {
    for product in ["registers-internal", "register-models", "register-cases"] {
      let text = try self.text(product, spec)
      for word in ["unsafe", "Unsafe", "@_", "Unmanaged", "@unchecked", "!."] {
        #expect(!text.contains(word), "\(word)")
      }
    }
  }

  @Test("a bit without a field is kept, cleared or set as the policy says")
  func policies() throws {
    let text = try self.text("registers-internal", "registers/local-apic.json")
    #expect(text.contains("space.write32(newValue.rawValue | 0xfffffff, at: 0xe0)"))
    #expect(text.contains("space.write32(newValue.rawValue & 0x13ff, at: 0xf0)"))
  }
}
