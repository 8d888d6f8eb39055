import Foundations
import Interrupts
import Machine

enum ProcessorTests {
  static func register(_ registrar: inout TestRegistrar) {
    registrar.test("processor.segments-are-ours") { () throws(TestFailure) in
      try expect(SegmentTable.isLoaded, "GDT, CS or TR is not the kernel's")
    }
    registrar.test("processor.interrupt-table-is-ours") { () throws(TestFailure) in
      try expect(InterruptTable.isLoaded, "IDTR is not the kernel's")
    }
    registrar.test("processor.breakpoint-returns") { () throws(TestFailure) in
      for round in 0..<1_000 {
        try expect(BreakpointProbe.roundTrip(), "round \(round) did not come back")
      }
    }
    registrar.test("processor.breakpoint-keeps-registers") { () throws(TestFailure) in
      try expect(BreakpointProbe.keepsRegisters(), "a general register changed across a breakpoint")
    }
    registrar.test("processor.protections-are-on") { () throws(TestFailure) in
      let missing = ProtectionFeatures.available.subtracting(ProtectionFeatures.enabled)
      try expect(missing.isEmpty, "available but off: \(hex: missing.rawValue)")
      try expect(ProtectionFeatures.enabled.contains([.writeProtect, .noExecute]), "write protection or NX is off")
    }
    registrar.test("processor.time-stamps-go-forward") { () throws(TestFailure) in
      var last = TimestampCounter.atEntry
      for _ in 0..<100_000 {
        let now = TimestampCounter.now
        try expect(now > last, "\(now) after \(last)")
        last = now
      }
    }
  }
}
