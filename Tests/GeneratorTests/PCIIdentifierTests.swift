import Foundation
import SpecKit
import Testing

@Suite struct PCIIdentifierTests {
  static let list = """
    #
    #\tVersion: 2024.01.02
    #\tDate:    2024-01-02 03:04:05
    #
    8086  Intel Corporation
    \t100e  82540EM "Gigabit" Ethernet Controller
    \t\t1af4 1100  QEMU Virtual Machine
    \t\t8086 001e  PRO/1000 MT Desktop Adapter
    \t1237  440FX \\ Natoma
    # Sorted wrongly, as the list sometimes is.
    1AF4  Rüd Hat,  Inc.
    \t1000  Virtio network device

    C 01  Mass storage controller
    \t06  SATA controller
    \t\t01  AHCI 1.0
    C 00  Unclassified device

    """

  @Test("the list becomes a spec in order, without mistakes")
  func imported() throws {
    let text = try PCIIdentifierFile(Self.list).spec()
    try TestFiles.expect(text, matches: "Golden/pci-ids.json.golden")
    try TestFiles.withTemporaryFolder { root in
      let scratch = try ScratchPackage(in: root, name: "pci/list.json", spec: Data(text.utf8), products: ["pci-ids"])
      #expect(try Checker(package: scratch.package).checkSpec("Specs/pci/list.json") == 11)
    }
  }

  @Test("a small list generates what was reviewed, twice the same")
  func generated() throws {
    let text = try PCIIdentifierFile(Self.list).spec()
    try TestFiles.withTemporaryFolder { root in
      let scratch = try ScratchPackage(in: root, name: "pci/list.json", spec: Data(text.utf8), products: ["pci-ids"])
      func files() throws -> [GeneratedFile] {
        try Generator(package: scratch.package).files(
          targetFile: ScratchPackage.targetFile, entry: 0, outputs: ["Standard.swift"], sources: [ScratchPackage.source]
        )
      }
      let first = try files()
      try TestFiles.expect(first[0].contents, matches: "Golden/PCIIdentifiers.swift.golden")
      #expect(try files() == first)
    }
  }

  @Test(
    "a line that is not understood is told with its number",
    arguments: [
      ("80  Intel", "line 5: 4 hexadecimal digits"), ("\t1000  Orphan", "line 5: no line without a tab"),
      ("8086  Intel\n\t\t1af4 1100  Orphan", "line 6: no line with one tab"),
      ("8086  Intel\n\t100e  A\n\t\t1af4  No device", "line 7: 4 hexadecimal digits"),
      ("8086", "line 5: the name is missing"),
      ("8086  Intel\n\t100e  A\n\t\t\t1  Deep", "line 7: 4 hexadecimal digits"),
      ("8086  Intel\n\t100e  A\n\t\t\t1234 1234  Deep", "line 7: there are 3 tabs"),
      ("C 1  Short", "line 5: 2 hexadecimal digits"),
    ])
  func problems(lines: String, message: String) {
    let head = Self.list.split(separator: "\n").prefix(4).joined(separator: "\n")
    do throws(PCIIdentifierFile.Problem) {
      _ = try PCIIdentifierFile(head + "\n" + lines + "\n")
      Issue.record("accepted")
    } catch {
      #expect("\(error)".hasPrefix(message))
    }
  }

  @Test("a list that does not state its version is refused")
  func noVersion() {
    #expect(throws: PCIIdentifierFile.Problem.self) { try PCIIdentifierFile("8086  Intel Corporation\n") }
  }

  @Test(
    "the committed spec is what the installed list gives",
    .enabled(if: installedVersionIsCommitted, "another version of pci.ids"))
  func committed() throws {
    let list = try String(contentsOfFile: "/usr/share/misc/pci.ids", encoding: .utf8)
    let spec = try String(contentsOf: TestFiles.root.appending(path: "Specs/pci/ids.json"), encoding: .utf8)
    let isSame = try PCIIdentifierFile(list).spec() == spec
    #expect(isSame, "run SpecGen import-pci-ids")
  }

  static var installedVersionIsCommitted: Bool {
    guard let list = try? String(contentsOfFile: "/usr/share/misc/pci.ids", encoding: .utf8),
      let version = try? PCIIdentifierFile(list).version,
      let spec = try? String(contentsOf: TestFiles.root.appending(path: "Specs/pci/ids.json"), encoding: .utf8)
    else { return false }
    return spec.prefix(1000).contains("\"version\": \"\(version)\"")
  }
}
