import ArgumentParser
import Foundation

/// Boots machines with many PCI functions and compares what the kernel finds with what QEMU says is there.
struct PCICommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pci", abstract: "Compares the kernel's list of PCI functions with QEMU's own.")
  @OptionGroup var options: Runner.Options

  /// A machine and its devices.
  struct Machine: Sendable {
    var name: String
    var machine: String
    var devices: [String] = []
  }

  static let machines = [
    Machine(name: "pc", machine: "pc"),
    Machine(name: "q35", machine: "q35"),
    Machine(
      name: "pc with bridges behind bridges", machine: "pc",
      devices: [
        "pci-bridge,id=b1,chassis_nr=1,addr=5", "pci-bridge,id=b2,chassis_nr=2,bus=b1,addr=1",
        "pci-bridge,id=b3,chassis_nr=3,bus=b2,addr=7", "edu,bus=b3,addr=2", "e1000,bus=b2,addr=4",
        "rtl8139,bus=b1,addr=9",
        "virtio-rng-pci,bus=b3,addr=3", "pci-serial,bus=b1,addr=10",
      ]),
    Machine(
      name: "q35 with root ports", machine: "q35",
      devices: [
        "pcie-root-port,id=r1,chassis=1,slot=1", "pcie-root-port,id=r2,chassis=2,slot=2",
        "pcie-root-port,id=r3,chassis=3,slot=3", "nvme,bus=r1,serial=1", "e1000e,bus=r2",
        "x3130-upstream,id=u,bus=r3", "xio3130-downstream,id=d1,bus=u,chassis=4,slot=4",
        "xio3130-downstream,id=d2,bus=u,chassis=5,slot=5", "virtio-net-pci,bus=d1", "qemu-xhci,bus=d2",
      ]),
    Machine(
      name: "q35 with a tree of conventional bridges", machine: "q35",
      devices: [
        "pcie-pci-bridge,id=p", "pci-bridge,id=b1,chassis_nr=1,bus=p,addr=1",
        "pci-bridge,id=b2,chassis_nr=2,bus=b1,addr=3",
        "edu,bus=b2,addr=1", "ivshmem-plain,memdev=m,bus=b1,addr=5", "virtio-rng-pci,bus=p,addr=2",
        "rtl8139,bus=b2,addr=1f",
      ]),
    Machine(
      name: "q35 with several functions a device", machine: "q35",
      devices: [
        "pcie-root-port,id=r1,chassis=1,slot=1,addr=4.0,multifunction=on",
        "pcie-root-port,id=r2,chassis=2,slot=2,addr=4.1",
        "pcie-root-port,id=r3,chassis=3,slot=3,addr=4.7", "virtio-rng-pci,bus=r3,addr=0.0,multifunction=on",
        "virtio-rng-pci,bus=r3,addr=0.5", "intel-hda,addr=6", "bochs-display,addr=7",
      ]),
  ]

  func run() async throws {
    let board = Scoreboard()
    let kernel = options.kernel
    var machines = Self.machines
    if let filter = options.filter { machines.removeAll { !$0.name.contains(filter) } }
    try await forEachInParallel(machines, width: options.jobs) { machine in
      var arguments = machine.devices.flatMap { ["-device", $0] }
      if machine.devices.contains(where: { $0.contains("memdev=m") }) {
        arguments += ["-object", "memory-backend-ram,id=m,size=4M"]
      }
      var guest = Guest(image: .kernel(path: kernel, commandLine: "quiet test=pci.facts"), extraArguments: arguments)
      guest.machine = machine.machine
      let (log, answer) = try await guest.ask("query-pci", once: "pci: end")
      await board.record("pci list of \(machine.name)", PCIComparison(log: log, answer: answer).verdict)
    }
    try await board.finish("pci lists", countsFile: options.counts)
    if await board.failed > 0 { throw ExitCode.failure }
  }
}
