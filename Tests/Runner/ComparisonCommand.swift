import ArgumentParser
import Foundation

/// Runs the same programs on Debian's Linux and on Apus, and prints what each operation costs on both.
struct ComparisonCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Measures system calls on Linux and on Apus.",
    discussion: """
      Both kernels boot the same initramfs with the same command line. Instructions are counted by QEMU on one CPU, and \
      repeat; nanoseconds are taken on two. A ratio is Apus over Linux. What a kernel cannot do shows as "-".
      """)

  @Option(help: "The kernel to boot.") var kernel = "build/apus.elf"
  @Option(help: "The Linux kernel to compare with.") var linux = "build/linux/vmlinuz"
  @Option(help: "The initramfs with the programs.") var initramfs = "build/bench/initramfs.cpio"
  @Option(help: "What to measure: names or families, with commas.") var select: String?
  @Option(help: "Memory of the machine.") var memory = "512M"
  @Option(help: "Memory of the machine whose idle memory is asked for.") var smallMemory = "128M"
  @Option(help: "How often to count instructions, to see how far they repeat.") var `repeat` = 1
  @Flag(help: "Leave out the rows in nanoseconds.") var instructionsOnly = false

  func run() async throws {
    let kernels = [
      ProgramBenchmarks.Kernel(name: "Linux", image: linux), ProgramBenchmarks.Kernel(name: "Apus", image: kernel),
    ]
    // One CPU each, so both at a time.
    var counted: [[ProgramBenchmarks]] = []
    for _ in 0..<max(1, self.repeat) {
      async let first = measure(kernels[0], .instructions)
      async let second = measure(kernels[1], .instructions)
      counted.append(try await [first, second])
    }
    var timed: [ProgramBenchmarks]?
    if !instructionsOnly {
      timed = [try await measure(kernels[0], .wallClock), try await measure(kernels[1], .wallClock)]
    }
    print(ComparisonTable.operations(instructions: counted[0], nanoseconds: timed))
    if counted.count > 1 { print(ComparisonTable.repetition(of: counted)) }
    if select == nil {
      let idle = [try await idleMemory(kernels[0]), try await idleMemory(kernels[1])]
      print("\nidle, on a machine of \(smallMemory)\n" + ComparisonTable.memory(idle))
    }
    for (kernel, results) in zip(kernels, counted[0]) {
      for failure in results.failures { print("\(kernel.name): \(failure.name): \(failure.reason)") }
    }
    guard !counted[0][0].rows.isEmpty else {
      print("nothing was measured on Linux")
      throw ExitCode.failure
    }
  }

  private func measure(
    _ kernel: ProgramBenchmarks.Kernel, _ mode: ProgramBenchmarks.Mode
  ) async throws -> ProgramBenchmarks {
    try await .run(on: kernel, initialMemory: initramfs, mode, selection: select, memory: memory)
  }

  private func idleMemory(_ kernel: ProgramBenchmarks.Kernel) async throws -> ProgramBenchmarks {
    try await .run(
      on: kernel, initialMemory: initramfs, .wallClock, selection: "memory.idle", memory: smallMemory)
  }
}
