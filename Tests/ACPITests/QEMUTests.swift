import ACPI
import Foundation
import Foundations
import Testing

/// QEMU's own tables, found, read and executed as on that machine; acpiexec evaluates the same objects.
@Suite("ACPI, on QEMU's tables")
struct QEMUTests {
  /// A machine to look at.
  struct Machine: Sendable, CustomTestStringConvertible {
    var name: String
    var arguments: [String]
    var processors = 1
    var possibleProcessors = 1
    var domains = 0
    var hasPCIe = true
    var testDescription: String { name }
  }

  static let machines = [
    Machine(name: "pc", arguments: ["-machine", "pc", "-m", "64M"], hasPCIe: false),
    Machine(
      name: "q35 with root ports, hot-plug and NUMA",
      arguments: [
        "-machine", "q35", "-smp", "3,maxcpus=6", "-m", "64M,slots=2,maxmem=1G", "-object",
        "memory-backend-ram,id=m0,size=32M", "-object", "memory-backend-ram,id=m1,size=32M", "-numa",
        "node,nodeid=0,memdev=m0,cpus=0-2", "-numa", "node,nodeid=1,memdev=m1,cpus=3-5", "-numa",
        "dist,src=0,dst=1,val=21", "-device", "pcie-root-port,id=rp0,chassis=1", "-device",
        "pcie-root-port,id=rp1,chassis=2,bus=pcie.0", "-device", "pcie-pci-bridge,bus=rp0,id=br0", "-device",
        "e1000e,bus=rp1", "-device", "pvpanic",
      ], processors: 3, possibleProcessors: 6, domains: 2),
  ]

  @Test("Its fixed tables say what the command line asked for", arguments: machines)
  func fixedTables(machine: Machine) throws {
    let folder = try ReferenceTools.scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    let memory = try QEMUTables.memory(machine.arguments, megabytes: 64, in: folder)
    let root = try #require(RootPointer.searchBIOS(memory))
    let list = try ACPITableList(rootPointerAt: root, in: memory)
    for index in 0..<list.entries.count { #expect(list.entries[index].error == nil) }

    let fadt = try FADT(try list.table("FACP", in: memory))
    #expect(fadt.sciInterrupt == 9)
    #expect(fadt.pm1aControl?.space == .systemIO)
    #expect(fadt.pm1aControl?.bitWidth == 16)
    #expect(fadt.timer?.bitWidth == 32)
    #expect(fadt.smiCommandPort == 0xb2)
    let facs = try FACS(at: fadt.facsAddress, in: memory)
    #expect(facs.globalLockAddress == fadt.facsAddress + 16)

    var enabled = 0
    var possible = 0
    var controllers = 0
    var overrides: [UInt8: UInt32] = [:]
    let madt = try MADT(try list.table("APIC", in: memory))
    let (address, hasLegacy) = (madt.localAPICAddress, madt.hasLegacyControllers)
    #expect(address == 0xfee0_0000 && hasLegacy)
    madt.forEach { entry in
      switch entry {
      case .processor(_, _, let isEnabled, _):
        possible += 1
        if isEnabled { enabled += 1 }
      case .ioAPIC(_, let address, _): if address == 0xfec0_0000 { controllers += 1 }
      case .interruptOverride(let source, let interrupt, _): overrides[source] = interrupt
      case .nonmaskable, .localNonmaskable: break
      }
    }
    #expect(enabled == machine.processors)
    #expect(possible == machine.possibleProcessors)
    #expect(controllers == 1)
    #expect(overrides[0] == 2)
    #expect(try HPETDescription(try list.table("HPET", in: memory)).address.address == 0xfed0_0000)
    #expect(list.count(of: "MCFG") == (machine.hasPCIe ? 1 : 0))
    if machine.hasPCIe {
      let mcfg = try MCFG(try list.table("MCFG", in: memory))
      let window = try #require(mcfg[0])
      #expect(window.base == 0xb000_0000 && window.segment == 0 && window.buses == 0...255)
    }
    _ = try WAET(try list.table("WAET", in: memory))
    if machine.domains > 0 {
      var domains: Set<UInt32> = []
      let srat = try SRAT(try list.table("SRAT", in: memory))
      srat.forEach { entry in if case .processor(_, let domain) = entry { domains.insert(domain) } }
      #expect(domains.count == machine.domains)
      let slit = try SLIT(try list.table("SLIT", in: memory))
      let distances = (slit.count, slit.distance(from: 0, to: 1), slit.distance(from: 1, to: 1))
      #expect(distances == (machine.domains, 21, 10))
    }
    try compareCode(machine, list, memory, folder)
  }

  /// Loads the code, starts it, and compares every object of its own with acpiexec's view of it.
  private func compareCode(
    _ machine: Machine, _ list: borrowing ACPITableList, _ memory: SavedMemory, _ folder: URL
  ) throws {
    let host = TestHost()
    let interpreter = try AMLInterpreter(host: host)
    let dsdt = try list.table("DSDT", in: memory)
    try Data(array(dsdt)).write(to: folder.appending(path: "dsdt.dat"))
    #expect(try interpreter.load(array(dsdt)) == 0)
    var files = ["dsdt.dat"]
    for instance in 0..<list.count(of: "SSDT") {
      let table = try list.table("SSDT", instance: instance, in: memory)
      try Data(array(table)).write(to: folder.appending(path: "ssdt\(instance).dat"))
      files.append("ssdt\(instance).dat")
      #expect(try interpreter.load(array(table)) == 0)
    }
    try interpreter.initialize()
    #expect(host.warnings == [])

    let off = try #require(try interpreter.sleepType(5))
    #expect(off.a == 0 && off.b == 0)
    try interpreter.selectInterruptModel(.apic)

    let names: Set<String> = [
      "_STA", "_CRS", "_PRS", "_PRT", "_HID", "_CID", "_UID", "_ADR", "_S3_", "_S4_", "_S5_", "_SUN", "_BBN", "_SEG",
      "_PXM", "_MAT", "_PIC", "_GPE", "_CBA",
    ]
    var paths: [String] = []
    var node = interpreter.next(after: .root)
    while let here = node {
      var path = Text()
      interpreter.writePath(of: here, to: &path)
      if names.contains(String(path.string.suffix(4))), interpreter.argumentCount(of: here) == 0,
        try interpreter.objectType(of: here).rawValue != 0
      {
        paths.append(path.string)
      }
      node = interpreter.next(after: here)
    }
    #expect(paths.count > 60)
    // acpiexec's regions begin with zeros, as the test's host does; -dr: it must not repair results; -es: as Linux.
    let expected = try ReferenceTools.evaluate(["\\_PIC 1"] + paths, files: ["-dr", "-es"] + files, in: folder)
    var differing = 0
    for (path, expectation) in zip(paths, expected.dropFirst()) {
      // acpiexec's result buffer is too small for the routing of 32 slots; `checkRouting` looks at that.
      if expectation == "AE_BUFFER_OVERFLOW" { continue }
      let found = outcome(path, interpreter)
      #expect(found == expectation, "\(path)")
      if found != expectation { differing += 1 }
    }
    try checkRouting(interpreter)
    print("\(machine.name): \(paths.count) objects of QEMU's tables compared with acpiexec, \(differing) differ")
  }

  /// Each slot of the root bus has four pins that lead somewhere.
  private func checkRouting(_ interpreter: AMLInterpreter) throws {
    let root = try #require(interpreter.find("\\_SB.PCI0"))
    #expect(try interpreter.isPCIRoot(root))
    var pins: [Int: Int] = [:]
    var links: [AMLNode] = []
    let hasRoutes = try interpreter.forEachRoute(ofBusBehind: root) { route in
      pins[Int(route.device), default: 0] |= 1 << Int(route.pin)
      if case .link(let link, _) = route.source, !links.contains(link) { links.append(link) }
    }
    #expect(hasRoutes)
    #expect(pins.count >= 31)
    #expect(pins.values.allSatisfy { $0 == 15 })
    #expect(links.count >= 4)
    for link in links {
      let possible = try #require(try interpreter.possibleInterrupts(ofLink: link))
      #expect(possible.count > 0)
      #expect(try interpreter.isCompatible(link, with: ACPIIdentifier("PNP0C0F")))
    }
    // The first link can be set to another interrupt, which it then has.
    let possible = try #require(try interpreter.possibleInterrupts(ofLink: links[0]))
    try interpreter.setInterrupt(ofLink: links[0], to: possible[possible.count - 1], from: possible)
    #expect(try interpreter.currentInterrupts(ofLink: links[0])?[0] == possible[possible.count - 1])
    try interpreter.setInterrupt(ofLink: links[0], to: possible[0], from: possible)
  }
}
