import Foundation
import SpecKit
import Testing

/// What the committed specs generate is committed too, so that a change to a generator or a spec can be read in review.
@Suite struct GoldenTests {
  /// A product of a committed spec and the file that holds what it generates.
  struct Case: CustomTestStringConvertible, Sendable {
    let product: String
    let spec: String
    let output: String
    var testDescription: String { output }
  }

  static let cases = [
    Case(product: "interrupt-stubs", spec: "interrupts.json", output: "InterruptStubs.S"),
    Case(product: "interrupt-vectors", spec: "interrupts.json", output: "InterruptVectors.swift"),
    Case(product: "boot-steps", spec: "boot-steps.json", output: "BootSteps.swift"),
    Case(product: "errno", spec: "errno.json", output: "Errno.swift"),
    Case(product: "signals", spec: "signals.json", output: "Signals.swift"),
    Case(product: "system-call-types", spec: "syscall-types.json", output: "SystemCallTypes.swift"),
    Case(product: "system-calls", spec: "syscalls.json", output: "SystemCalls.swift"),
    Case(product: "system-call-dispatch", spec: "syscalls.json", output: "Dispatch.swift"),
    Case(product: "system-call-fuzz-table", spec: "syscalls.json", output: "SystemCallFuzz.c"),
    Case(product: "recovery", spec: "recovery.json", output: "Recovery.swift"),
    Case(product: "gpu", spec: "gpu/bochs/display.json", output: "BochsDisplay.swift"),
    Case(product: "gpu", spec: "gpu/virtio/gpu.json", output: "VirtioGPU.swift"),
    Case(product: "event-codes", spec: "input/event-codes.json", output: "EventCodes.swift"),
    Case(product: "keycodes", spec: "input/keycodes.json", output: "KeyCode.swift"),
    Case(product: "keymaps", spec: "keymaps/us.json", output: "KeyMap.swift"),
    Case(
      product: "register-permissions", spec: "registers/pci-configuration.json",
      output: "PCIConfigurationPermissions.swift"),
    Case(product: "acpi-drivers", spec: "acpi/drivers.json", output: "PlatformDriver.swift"),
    Case(product: "pci-drivers", spec: "pci/drivers.json", output: "PCIDriver.swift"),
    Case(product: "registers", spec: "registers/pci-msi.json", output: "PCIMessageInterruptsRegisters.swift"),
    Case(product: "registers", spec: "registers/virtio-pci-common.json", output: "VirtioCommonRegisters.swift"),
    Case(product: "virtio-devices", spec: "virtio/devices.json", output: "VirtioDevices.swift"),
    Case(product: "processor-features", spec: "cpu-features.json", output: "ProcessorFeatures.swift"),
    Case(product: "registers", spec: "registers/uart16550.json", output: "UART16550Registers.swift"),
    Case(product: "registers", spec: "registers/hpet.json", output: "HPETRegisters.swift"),
    Case(product: "registers-internal", spec: "registers/io-apic.json", output: "IOAPICRegisters.swift"),
    Case(product: "registers-internal", spec: "registers/local-apic.json", output: "LocalAPICRegisters.swift"),
    Case(product: "register-models", spec: "registers/pic8259.json", output: "PIC8259Model.swift"),
    Case(product: "register-cases", spec: "registers/elcr.json", output: "EdgeLevelControlCases.swift"),
  ]

  static func generate(_ golden: Case) throws -> [GeneratedFile] {
    try TestFiles.withTemporaryFolder { root in
      let scratch = try ScratchPackage(in: root, name: golden.spec, spec: nil, products: [golden.product])
      return try Generator(package: scratch.package).files(
        targetFile: ScratchPackage.targetFile, entry: 0, outputs: [golden.output], sources: [ScratchPackage.source])
    }
  }

  @Test("a product of a committed spec is what was reviewed", arguments: cases)
  func reviewed(golden: Case) throws {
    let files = try Self.generate(golden)
    #expect(files.map(\.name) == [golden.output])
    try TestFiles.expect(files[0].contents, matches: "Golden/\(golden.output).golden")
  }

  @Test("generating twice gives the same bytes", arguments: cases)
  func repeatable(golden: Case) throws {
    #expect(try Self.generate(golden) == Self.generate(golden))
  }

  @Test("the committed reference pages are what the specs say")
  func reference() throws {
    let documentation = Documentation(package: SpecPackage(root: TestFiles.root))
    if TestFiles.isRecording { try documentation.write() }
    #expect(try documentation.stale() == [], "run `make docs` and commit")
  }

  @Test("every committed spec and everything that targets generate is without mistakes")
  func check() throws {
    let summary = try Checker(package: SpecPackage(root: TestFiles.root)).check()
    #expect(summary.specs >= 2 && summary.entries >= 75)
  }

  @Test("a generated file is left alone when it has its text, and replaced when it has not")
  func writing() throws {
    try TestFiles.withTemporaryFolder { folder in
      let old = Date(timeIntervalSince1970: 1_000_000)
      func age(_ name: String) throws {
        try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: path(name))
      }
      func path(_ name: String) -> String { folder.appending(path: name).path }
      func date(_ name: String) throws -> Date? {
        try FileManager.default.attributesOfItem(atPath: path(name))[.modificationDate] as? Date
      }
      let files = [GeneratedFile(name: "A.swift", contents: "a"), GeneratedFile(name: "B.swift", contents: "b")]
      try Generator.write(files, to: folder)
      try age("A.swift")
      try age("B.swift")
      try Generator.write([files[0], GeneratedFile(name: "B.swift", contents: "c")], to: folder)
      #expect(try date("A.swift") == old)
      #expect(try date("B.swift") != old)
      #expect(try String(contentsOfFile: path("B.swift"), encoding: .utf8) == "c")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["A.swift", "B.swift"])
    }
  }

  @Test("when one file cannot be written, none of the new ones stays")
  func writingFails() throws {
    try TestFiles.withTemporaryFolder { folder in
      // A folder stands where the second file should go.
      try FileManager.default.createDirectory(
        at: folder.appending(path: "B.swift/x"), withIntermediateDirectories: true)
      let files = [GeneratedFile(name: "A.swift", contents: "a"), GeneratedFile(name: "B.swift", contents: "b")]
      #expect(throws: (any Error).self) { try Generator.write(files, to: folder) }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["B.swift"])
    }
  }
}
