import Foundation
import Subprocess

extension Guest {
  /// Boots, runs `body` with the guest's console and a way to type at it, and ends the guest.
  func converse(
    _ body: @Sendable (GuestConsole, @escaping @Sendable ([UInt8]) async throws -> Void) async throws -> Void
  ) async throws -> String {
    let arguments =
      ["--kill-after=5", "\(timeoutSeconds)", "Tools/qemu.sh", "-serial", "stdio", "-monitor", "none"] + extraArguments
    let console = GuestConsole()
    let result = try await Subprocess.run(
      .name("timeout"), arguments: Arguments(arguments), environment: .inherit.updating(environment),
      input: .inputWriter, output: .sequence, error: .string(limit: 1 << 20)
    ) { execution in
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          for try await buffer in execution.standardOutput {
            let bytes = buffer.bytes
            await console.append(bytes.byteOffsets.map { unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) })
          }
          await console.end()
        }
        let writer = execution.standardInputWriter
        do { try await body(console) { bytes in _ = try await writer.write(bytes) } } catch is GuestConsole.Failure {}
        try? execution.send(signal: .terminate)
        try await group.waitForAll()
      }
    }
    let errors = result.standardError
    return await console.log + (errors.isEmpty ? "" : "\nQEMU: " + errors)
  }
}
