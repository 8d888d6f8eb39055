import Foundation
import Subprocess

extension Guest {
  /// Boots, waits until the serial port has said `marker`, asks QEMU one question by QMP, and ends it.
  ///
  /// The guest must not end by itself; there is no isa-debug-exit.
  ///
  /// - Returns: What the serial port said, and QEMU's answer as JSON; empty when there was none in time.
  func ask(_ command: String, once marker: String) async throws -> (log: String, answer: String) {
    let serial = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).log")
    defer { try? FileManager.default.removeItem(at: serial) }
    let arguments =
      ["--kill-after=5", "\(timeoutSeconds)", "Tools/qemu.sh", "-serial", "file:\(serial.path)", "-monitor", "none"]
      + ["-qmp", "stdio"] + extraArguments
    @Sendable func log() -> String { (try? String(decoding: Data(contentsOf: serial), as: UTF8.self)) ?? "" }

    let result = try await Subprocess.run(
      .name("timeout"), arguments: Arguments(arguments), environment: .inherit.updating(environment),
      input: .inputWriter, output: .sequence, error: .string(limit: 1 << 20)
    ) { execution in
      var answer = ""
      let writer = execution.standardInputWriter
      _ = try await writer.write("{\"execute\":\"qmp_capabilities\"}\n")
      var isAsked = false
      for try await line in execution.standardOutput.strings(bufferingPolicy: .unbounded) {
        guard line.contains("\"return\"") || line.contains("\"error\"") else { continue }
        if isAsked {
          answer = line
          break
        }
        let end = ContinuousClock.now + .seconds(timeoutSeconds)
        while !log().contains(marker), ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(50)) }
        isAsked = true
        _ = try await writer.write("{\"execute\":\"\(command)\"}\n")
      }
      _ = try? await writer.write("{\"execute\":\"quit\"}\n")
      try? await writer.finish()
      return answer
    }
    let errors = result.standardError
    return (log() + (errors.isEmpty ? "" : "\nQEMU: " + errors), result.closureResult)
  }
}
