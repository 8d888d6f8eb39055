import Foundations
import Interrupts
import Machine

/// Each of these ends in a fault whose report is part of the test.
enum FaultTests {
  static func register(_ registrar: inout TestRegistrar) {
    registrar.fault("fault.divide-error", .divideError, report: "#DE", "apus_divide_by_zero", "FaultTests.swift") {
      FaultProvocation.divideByZero()
    }
    registrar.fault("fault.undefined-instruction", .invalidOpcode, report: "#UD", "code 0f 0b", "FaultTests.swift") {
      FaultProvocation.undefinedInstruction()
    }
    registrar.fault(
      "fault.bad-selector", .generalProtection, report: "#GP", "error code 0x7ff8", "global descriptor 4095"
    ) {
      FaultProvocation.loadBadSelector()
    }
    registrar.fault("fault.non-canonical", .generalProtection, report: "#GP", "readNonCanonical") {
      FaultProvocation.readNonCanonical()
    }
    registrar.fault(
      "fault.null-read", .pageFault, report: "read from a page that is not present, by the kernel",
      "0x0000000000000008: near null",
      "readNearNull"
    ) {
      FaultProvocation.readNearNull()
    }
    registrar.fault(
      "fault.write-to-code", .pageFault, report: "write to a present page that forbids it, by the kernel", "writeToCode"
    ) {
      FaultProvocation.writeToCode()
    }
    registrar.fault(
      "fault.write-to-code-by-its-other-address", .pageFault,
      report: "write to a present page that forbids it, by the kernel"
    ) {
      FaultProvocation.writeToCodeThroughPhysicalMap()
    }
    registrar.fault(
      "fault.execute-data", .pageFault, report: "instruction fetch from a present page that forbids it, by the kernel"
    ) {
      FaultProvocation.executeData()
    }
    registrar.fault("fault.lost-stack", .doubleFault, report: "#DF", "apus_lose_stack") {
      FaultProvocation.loseStack()
    }
    registrar.fault("fault.stack-overflow", .doubleFault, report: "stack overflow", "recurse", "more frames") {
      _ = recurse(0)
    }
    registrar.fault("fault.debug", .debug, report: "#DB") { FaultProvocation.raiseDebug() }
    registrar.fault("fault.non-maskable", .nonMaskable, report: "Non-Maskable") { FaultProvocation.raiseNonMaskable() }
    registrar.fault("fault.unasked-breakpoint", .breakpoint, report: "#BP") { Machine.breakpoint() }
    registrar.fault(
      "fault.swift-overflow", .invalidOpcode, report: "Swift runtime trap: arithmetic overflow", "increment",
      "FaultTests.swift"
    ) {
      _ = increment(Opaque.value(.max))
    }
    registrar.fault(
      "fault.swift-index", .invalidOpcode, report: "Swift runtime trap", "element", "FaultTests.swift"
    ) {
      _ = element(Opaque.value(9), of: [1, 2, 3])
    }
    registrar.fault("fault.swift-nil", .invalidOpcode, report: "Swift runtime trap", "unwrap", "FaultTests.swift") {
      _ = unwrap(Opaque.value(1) == 0 ? 5 : nil)
    }
    registrar.fault("fault.inside-a-report", .invalidOpcode, report: "fault inside the fault report", "#UD") {
      FaultReportTrap.arm()
      FaultProvocation.undefinedInstruction()
    }
  }

  @inline(never)
  static func recurse(_ depth: Int) -> Int {
    depth < 0 ? 0 : Opaque.value(recurse(depth &+ 1)) &+ 1
  }

  @inline(never)
  private static func increment(_ value: Int) -> Int { value + 1 }

  @inline(never)
  private static func element(_ index: Int, of array: [Int]) -> Int { array[index] }

  @inline(never)
  private static func unwrap(_ value: Int?) -> Int {
    // The trap is what the test is for.
    // swift-format-ignore: NeverForceUnwrap
    value!
  }
}

/// Values that the optimizer cannot see through.
enum Opaque {
  @inline(never)
  static func value(_ value: Int) -> Int { TimestampCounter.now == 0 ? 0 : value }
}
