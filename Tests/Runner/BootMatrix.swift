/// The machines that every build must boot on.
struct BootMatrix {
  /// One machine.
  struct Machine: Sendable {
    var name: String
    var guest: Guest
    /// What the log must say where boot has to stop; nil where it must succeed.
    var refusal: String?
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
}
