import Foundation
import Subprocess

/// One boot of Apus in QEMU: what to boot, and how it ended.
struct Guest: Sendable {
  /// What QEMU is given.
  enum Image: Sendable {
    /// The ISO, booted by GRUB with the command line that was written into it.
    case iso(path: String)
    /// The ELF, booted by QEMU itself.
    case kernel(path: String, commandLine: String)
  }

  /// How QEMU runs the guest's instructions.
  enum Acceleration: String, Sendable {
    /// As fast as it can.
    case fast = "tcg"
    /// On one CPU, with clocks that advance by a nanosecond an instruction.
    case counted = "icount"
  }

  var image: Image
  var machine = "q35"
  /// QEMU's name of the CPU, or nil for the best one.
  var processorModel: String?
  var firmware = "bios"
  var processors = 1
  var memory = "128M"
  var acceleration = Acceleration.fast
  /// The initial file system that QEMU loads with a kernel.
  var initramfs: String?
  var extraArguments: [String] = []
  var timeoutSeconds = 60

  /// How a boot ended.
  struct Outcome: Sendable {
    enum Ending: Sendable, Equatable {
      /// The kernel ended QEMU through isa-debug-exit, with this status.
      case exited(status: Int)
      /// QEMU ended by itself: a triple fault, a bad option.
      case stopped(code: Int)
      /// The guest had not ended in time and was killed.
      case hung
    }
    var ending: Ending
    /// What the first serial port received.
    var log: String
  }

  /// What `Tools/qemu.sh` is told.
  var environment: [Environment.Key: String?] {
    var environment: [Environment.Key: String?] = [
      "MACHINE": machine, "FIRMWARE": firmware, "CPUS": "\(processors)", "MEMORY": memory,
      "ACCEL": acceleration.rawValue,
    ]
    if let processorModel { environment["CPU"] = processorModel }
    switch image {
    case .iso(let path):
      environment["BOOT"] = "iso"
      environment["ISO"] = path
    case .kernel(let path, let commandLine):
      environment["BOOT"] = "kernel"
      environment["KERNEL"] = path
      environment["APPEND"] = commandLine
      environment["INITRAMFS"] = initramfs ?? ""
    }
    return environment
  }

  /// Boots, waits for the end or the time limit, and returns what the serial port said.
  func run(scratch: URL) async throws -> Outcome {
    let serial = scratch.appending(path: "\(UUID().uuidString).log")
    defer { try? FileManager.default.removeItem(at: serial) }
    let arguments =
      ["--kill-after=5", "\(timeoutSeconds)", "Tools/qemu.sh", "-serial", "file:\(serial.path)", "-monitor", "none"]
      + ["-device", "isa-debug-exit,iobase=0xf4,iosize=4"] + extraArguments

    let result = try await Subprocess.run(
      .name("timeout"), arguments: Arguments(arguments),
      environment: .inherit.updating(environment),
      output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
    var log = (try? String(decoding: Data(contentsOf: serial), as: UTF8.self)) ?? ""
    if !result.standardError.isEmpty { log += "\nQEMU: " + result.standardError }

    let ending: Outcome.Ending
    switch result.terminationStatus {
    case .exited(124), .exited(137): ending = .hung
    case .exited(let code) where code & 1 == 1 && code > 1: ending = .exited(status: Int(code >> 1))
    case .exited(let code): ending = .stopped(code: Int(code))
    case .signaled(let signal): ending = .stopped(code: -Int(signal))
    }
    return Outcome(ending: ending, log: log)
  }
}
