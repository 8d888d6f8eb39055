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

  /// Boots and waits until QEMU ends, having told it `command` once the serial port has said `marker`.
  ///
  /// - Returns: What the serial port said, and why QEMU says that it ended: `guest-shutdown` when the guest turned itself off,
  ///   `guest-reset` when it restarted itself; nil when it had not ended in time.
  func ending(after command: String?, once marker: String) async throws -> (log: String, reason: String?) {
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
      var reason: String?
      let writer = execution.standardInputWriter
      _ = try await writer.write("{\"execute\":\"qmp_capabilities\"}\n")
      var command = command
      for try await line in execution.standardOutput.strings(bufferingPolicy: .unbounded) {
        if line.contains("\"SHUTDOWN\"") { reason = Self.reason(in: line) }
        guard line.contains("\"return\""), let next = command else { continue }
        command = nil
        let end = ContinuousClock.now + .seconds(timeoutSeconds)
        while !log().contains(marker), ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(50)) }
        _ = try await writer.write("{\"execute\":\"\(next)\"}\n")
      }
      try? await writer.finish()
      return reason
    }
    let errors = result.standardError
    return (log() + (errors.isEmpty ? "" : "\nQEMU: " + errors), result.closureResult)
  }

  /// The reason in `{"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-shutdown"}}`.
  private static func reason(in event: String) -> String? {
    struct Event: Decodable {
      struct Details: Decodable { var reason: String }
      var data: Details
    }
    return (try? JSONDecoder().decode(Event.self, from: Data(event.utf8)))?.data.reason
  }
}
