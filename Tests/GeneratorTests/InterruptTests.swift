import Foundation
import Testing

@testable import SpecKit

/// The vectors of the committed spec, checked against what is known of the processor from elsewhere.
@Suite struct InterruptTests {
  private let spec: InterruptSpec

  init() throws {
    spec = try SpecPackage(root: TestFiles.root).model(InterruptSpec.self, from: "Specs/interrupts.json").model
  }

  private func entry(_ vector: Int) throws -> InterruptSpec.Entry {
    try #require(spec.vectors.first { $0.range.contains(vector) })
  }

  @Test("each of the 256 vectors has exactly one entry")
  func coverage() throws {
    #expect(spec.vectors.flatMap { Array($0.range) } == Array(0...255))
  }

  @Test("exceptions with an error code are the ones of Linux's EXCEPTION_ERRCODE_MASK and AMD's #SX")
  func errorCodes() throws {
    let withCode = spec.vectors.filter(\.hasErrorCode).flatMap { Array($0.range) }
    let mask = withCode.filter { ![21, 30].contains($0) }.reduce(0) { $0 | 1 << $1 }
    #expect(mask == 0x2002_7D00)
    #expect(withCode.contains(21) && withCode.contains(30))
  }

  @Test("mnemonics stand at the manual's vectors")
  func mnemonics() throws {
    let known = [
      0: "#DE", 1: "#DB", 2: "NMI", 3: "#BP", 4: "#OF", 5: "#BR", 6: "#UD", 7: "#NM", 8: "#DF", 10: "#TS", 11: "#NP",
      12: "#SS",
      13: "#GP", 14: "#PF", 16: "#MF", 17: "#AC", 18: "#MC", 19: "#XM", 20: "#VE", 21: "#CP", 28: "#HV", 29: "#VC",
      30: "#SX",
    ]
    for vector in 0..<32 { #expect(try entry(vector).mnemonic?.value == known[vector], "vector \(vector)") }
  }

  @Test("what cannot trust its stack has one of its own, and user mode raises breakpoint and overflow only")
  func stacksAndPrivileges() throws {
    let stacks = spec.vectors.filter { $0.stackIndex != 0 }.map { [$0.first.value, $0.stackIndex] }
    #expect(stacks == [[1, 4], [2, 2], [8, 1], [18, 3]])
    #expect(spec.vectors.filter { $0.privilegeLevel == 3 }.map(\.first.value) == [3, 4])
  }

  @Test("the gate table of the stubs says what the spec says, in order")
  func gateTable() throws {
    let text = try GoldenTests.generate(GoldenTests.cases[0])[0].contents
    let gates = text.split(separator: "\n").filter { $0.hasPrefix("    gate ") }.map { String($0.dropFirst(9)) }
    let expected = try (0...255).map { vector in
      let entry = try entry(vector)
      // All that is no exception arrives on one stack.
      let stack = vector < 32 ? entry.stackIndex : 5
      return "\(vector), \(stack), \(entry.privilegeLevel), 0x\(entry.gate == .trap ? "f" : "e")"
    }
    #expect(gates == expected)
    let stubs = text.split(separator: "\n").filter { $0.hasPrefix("    stub_") }
    #expect(stubs.count == 256)
    for (vector, stub) in stubs.enumerated() {
      let name = try entry(vector).hasErrorCode ? "stub_with_error_code" : "stub_without_error_code"
      #expect(stub == "    \(name) \(vector)")
    }
  }

  @Test("the stacks that no exception has are in the stubs, and no stack beyond them is used")
  func otherStacks() throws {
    let stacks = try #require(spec.stacks)
    #expect(stacks.arrivals.value == 5 && stacks.exhausted.value == 6)
    let own = spec.vectors.map(\.stackIndex)
    #expect(!own.contains(5) && !own.contains(6) && own.allSatisfy { $0 < 5 })
    let text = try GoldenTests.generate(GoldenTests.cases[0])[0].contents
    #expect(text.contains("apus_stack_plan:\n    .byte 6, 6\n"))
  }

  @Test("every handler call stands at the line and column of its name in the spec")
  func callPlaces() throws {
    let text = try String(contentsOf: TestFiles.root.appending(path: "Specs/interrupts.json"), encoding: .utf8)
    let specLines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let generated = try GoldenTests.generate(GoldenTests.cases[1])[0].contents
    let lines = generated.split(separator: "\n", omittingEmptySubsequences: false)
    var calls = 0
    for (index, line) in lines.enumerated() where line.hasPrefix("#sourceLocation(file: \"Specs/interrupts.json\"") {
      let number = try #require(Int(line.filter(\.isNumber)))
      let call = lines[index + 1]
      let name = call.drop { $0 == " " }.prefix { $0 != "(" }
      let column = call.count - call.drop { $0 == " " }.count
      #expect(specLines[number - 1].dropFirst(column).hasPrefix(name))
      calls += 1
    }
    #expect(calls == spec.vectors.count)
  }

  @Test("the boot has its console and fourteen numbered steps")
  func bootSteps() throws {
    let steps = try SpecPackage(root: TestFiles.root).model(BootStepSpec.self, from: "Specs/boot-steps.json").model
      .steps
    #expect(
      steps.map(\.identifier.value) == [
        "console", "gdt", "idt", "memory", "timers", "cpuDetection", "security", "apic", "smp", "pci", "scheduler",
        "ipc", "drivers", "performanceMonitor", "services",
      ])
  }
}
