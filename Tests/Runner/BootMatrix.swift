/// The machines that every build must boot on.
struct BootMatrix {
  /// One machine.
  struct Machine: Sendable {
    var name: String
    var guest: Guest
    /// What the log must say where boot has to stop; nil where it must succeed.
    var refusal: String?
    /// What the log must say besides.
    var remark: String?
  }

  /// BIOS and UEFI, `pc` and `q35`, 1 to 8 CPUs, 64 MiB to 16 GiB, by GRUB and by `-kernel`, covering every pair that matters.
  static func machines(iso: String, kernel: String, commandLine: String) -> [Machine] {
    var machines: [Machine] = []
    func add(
      _ image: Guest.Image, _ how: String, _ machine: String, _ firmware: String, _ processors: Int, _ memory: String,
      processorModel: String? = nil
    ) {
      machines.append(
        Machine(
          name: "\(how) \(firmware) \(machine) \(processors) CPU \(memory)\(processorModel.map { " \($0)" } ?? "")",
          guest: Guest(
            image: image, machine: machine, processorModel: processorModel, firmware: firmware, processors: processors,
            memory: memory, timeoutSeconds: 120)))
    }
    let processorsAndMemory = [(1, "64M"), (2, "128M"), (4, "512M"), (8, "16G")]
    for machine in ["pc", "q35"] {
      for (processors, memory) in processorsAndMemory {
        add(.kernel(path: kernel, commandLine: commandLine), "kernel", machine, "bios", processors, memory)
        for firmware in ["bios", "uefi"] {
          add(.iso(path: iso), "iso", machine, firmware, processors, memory)
        }
      }
    }
    // CPUs without five levels of page tables, and without SMEP, SMAP and 1 GiB pages besides.
    for model in ["max,la57=off", "qemu64"] {
      let image = Guest.Image.kernel(path: kernel, commandLine: commandLine)
      add(image, "kernel", "q35", "bios", 1, "512M", processorModel: model)
    }
    machines += oddMachines(kernel: .kernel(path: kernel, commandLine: commandLine))
    // A CPU that the kernel cannot run on is refused by the name of what it lacks.
    machines.append(
      Machine(
        name: "kernel bios q35 1 CPU 512M without FXSAVE",
        guest: Guest(
          image: .kernel(path: kernel, commandLine: commandLine), machine: "q35", processorModel: "qemu64,-fxsr",
          firmware: "bios", processors: 1, memory: "512M", timeoutSeconds: 120),
        refusal: "this CPU has no FXSAVE (fxsr)"))
    return machines
  }
  /// Machines with parts missing, or with parts that small ones lack.
  private static func oddMachines(kernel: Guest.Image) -> [Machine] {
    func machine(
      _ name: String, _ machine: String, _ processors: Int, _ memory: String, _ arguments: [String] = [],
      remark: String? = nil
    ) -> Machine {
      let guest = Guest(
        image: kernel, machine: machine, processors: processors, memory: memory, extraArguments: arguments,
        timeoutSeconds: 120)
      return Machine(name: "kernel bios \(name) \(processors) CPU \(memory)", guest: guest, remark: remark)
    }
    return [
      machine("pc without HPET", "pc,hpet=off", 2, "128M", remark: "ACPI timer"),
      machine("q35 without HPET", "q35,hpet=off", 4, "128M", remark: "ACPI timer"),
      machine(
        "q35 with 2 nodes", "q35", 4, "512M", nodes(["256M", "256M"], processorsEach: 2, distance: 20),
        remark: "node 1, domain 1: 256 MiB, distances 20 10"),
      machine(
        "pc with 4 nodes", "pc", 8, "512M", nodes(["64M", "64M", "128M", "256M"], processorsEach: 2, distance: 31),
        remark: "node 3, domain 3: 256 MiB, distances 31 31 31 10"),
      machine(
        "q35 with a tree of bridges", "q35", 2, "256M",
        [
          "-device", "pcie-root-port,id=r1,chassis=1,slot=1", "-device", "pcie-root-port,id=r2,chassis=2,slot=2",
          "-device", "x3130-upstream,id=u,bus=r1", "-device", "xio3130-downstream,id=d1,bus=u,chassis=3,slot=3",
          "-device", "pcie-pci-bridge,id=p,bus=r2", "-device", "pci-bridge,id=q,bus=p,chassis_nr=4",
          "-device", "e1000e,bus=d1", "-device", "edu,bus=q",
        ], remark: "[1234:11e8]"),
    ]
  }

  /// QEMU's arguments for nodes with so much memory each.
  private static func nodes(_ memory: [String], processorsEach: Int, distance: Int) -> [String] {
    var arguments: [String] = []
    for (node, size) in memory.enumerated() {
      let first = node * processorsEach
      arguments += ["-object", "memory-backend-ram,id=m\(node),size=\(size)"]
      arguments += ["-numa", "node,nodeid=\(node),memdev=m\(node),cpus=\(first)-\(first + processorsEach - 1)"]
      for other in 0..<node { arguments += ["-numa", "dist,src=\(other),dst=\(node),val=\(distance)"] }
    }
    return arguments.filter { !$0.isEmpty }
  }
}
