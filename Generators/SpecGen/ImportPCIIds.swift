import ArgumentParser
import Foundation
import SpecKit

/// Writes the spec of PCI names anew from the PCI ID Repository's list.
struct ImportPCIIds: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import-pci-ids", abstract: "Imports the names of PCI vendors, devices, subsystems and classes.",
    discussion: "Debian's package pci.ids has the list at the default place.")

  @Option(help: "The list.", completion: .file(extensions: ["ids"]))
  var input = "/usr/share/misc/pci.ids"

  @Option(help: "The spec to write.", completion: .file(extensions: ["json"]))
  var output = "Specs/pci/ids.json"

  func run() throws {
    let text = try String(contentsOf: URL(filePath: input), encoding: .utf8)
    let list: PCIIdentifierFile
    do throws(PCIIdentifierFile.Problem) {
      list = try PCIIdentifierFile(text)
    } catch {
      throw ValidationError("\(input): \(error)")
    }
    try Data(list.spec().utf8).write(to: URL(filePath: output), options: .atomic)
  }
}
